/* Messages of a member, or of a joiner, in which one thing is wrong, and which are signed and sealed again: all it
 * takes is zeros. */
#include "mls_seeds.h"

/* --- PublicMessages --- */

/* A PublicMessage with its fields changed and encoded again. */
static void changed(const char *name, int expected, struct mls_bytes message,
                    void (*change)(struct mls_public_message *message, void *ctx), void *ctx)
{
    struct mls_message parsed;
    struct bytes_writer w;
    need(mls_message_parse(message.data, message.len, &parsed) == MLS_OK, name);
    change(&parsed.public_message, ctx);
    wire_buffer_init(&w, 1 << 16);
    mls_message_write(&w, &parsed);
    seed_messages(name, expected, (struct mls_bytes){0}, (struct mls_bytes){w.data, w.len});
    wire_buffer_free(&w);
}

static void change_group(struct mls_public_message *m, void *ctx)
{
    (void)ctx;
    m->content.group_id = MLS_TEXT("other");
}

static void change_epoch(struct mls_public_message *m, void *ctx)
{
    m->content.epoch += *(const int *)ctx;
}

static void change_sender(struct mls_public_message *m, void *ctx)
{
    m->content.sender.index = *(const uint32_t *)ctx;
}

static void change_membership(struct mls_public_message *m, void *ctx)
{
    (void)ctx;
    m->membership_tag = MLS_TEXT("12345678901234567890123456789012");
}

static void change_signature(struct mls_public_message *m, void *ctx)
{
    (void)ctx;
    m->auth.signature = MLS_TEXT("12345678");
}

static void change_confirmation(struct mls_public_message *m, void *ctx)
{
    (void)ctx;
    m->auth.confirmation_tag = MLS_TEXT("12345678901234567890123456789012");
}

static void to_application(struct mls_public_message *m, void *ctx)
{
    (void)ctx;
    m->content.type = MLS_CONTENT_APPLICATION;
    m->content.application = MLS_TEXT("hello");
}

static void drop_path(struct mls_public_message *m, void *ctx)
{
    (void)ctx;
    m->content.commit.has_path = false;
}

static void change_proposals(struct mls_public_message *m, void *ctx)
{
    m->content.commit.proposals = *(const struct core_slice *)ctx;
}

static void framing_refusals(struct mls_bytes commit, struct mls_bytes proposal)
{
    static const uint32_t blank = SCENE_BLANK_LEAF;
    static const uint32_t outside_tree = 1 << 20;
    static const uint32_t our_leaf = 1;
    static const int past = -1;
    static const int future = 1;
    changed("group", MLS_GROUP, commit, change_group, NULL);
    changed("epoch-past", MLS_EPOCH, commit, change_epoch, (void *)&past);
    changed("epoch-future", MLS_EPOCH, proposal, change_epoch, (void *)&future);
    changed("sender-blank", MLS_LEAF, commit, change_sender, (void *)&blank);
    changed("sender-outside", MLS_LEAF, proposal, change_sender, (void *)&outside_tree);
    changed("sender-us", MLS_OWN_MESSAGE, proposal, change_sender, (void *)&our_leaf);
    changed("membership-tag", MLS_MEMBERSHIP, proposal, change_membership, NULL);
    changed("signature", MLS_SIGNATURE, proposal, change_signature, NULL);
    changed("confirmation-tag", MLS_CONFIRMATION, commit, change_confirmation, NULL);
    changed("application-public", MLS_SENDER, commit, to_application, NULL);
    changed("commit-without-path", MLS_PATH_REQUIRED, commit, drop_path, NULL);
}

/* The commit with other proposals by value; its path stays. */
static void listed(const char *name, int expected, struct mls_bytes commit, const struct mls_proposal *proposals,
                   size_t count)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 16);
    for (size_t i = 0; i < count; i++)
        mls_proposal_or_ref_write(&w, &(struct mls_proposal_or_ref){.type = MLS_BY_VALUE, .proposal = proposals[i]});
    struct core_slice list = wire_buffer_slice(&w);
    changed(name, expected, commit, change_proposals, &list);
    wire_buffer_free(&w);
}

static struct mls_proposal removal(uint32_t leaf)
{
    return (struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .remove = leaf};
}

static void list_refusals(const struct scene *s, struct mls_bytes commit)
{
    struct mls_message package;
    need(mls_message_parse(s->zoe.package.data, s->zoe.package.len, &package) == MLS_OK, "a key package");
    const struct mls_proposal add = {.type = MLS_PROPOSAL_ADD, .add = package.key_package};
    struct mls_proposal psk = {.type = MLS_PROPOSAL_PSK,
                               .psk = {.type = MLS_PSK_EXTERNAL, .id = MLS_TEXT("psk"), .nonce = zeros(32)}};
    const struct mls_proposal reinit = {.type = MLS_PROPOSAL_REINIT,
                                        .reinit = {.group_id = MLS_TEXT("next"), .version = 1, .cipher_suite = 1}};
    struct mls_proposal extensions = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS};
    const struct mls_proposal external_init = {.type = MLS_PROPOSAL_EXTERNAL_INIT, .external_init = zeros(32)};
    const struct mls_proposal update = {.type = MLS_PROPOSAL_UPDATE, .update = package.key_package.leaf_node};

#define LISTED(name, expected, ...)                                                                                    \
    listed(name, expected, commit, (const struct mls_proposal[]){__VA_ARGS__},                                         \
           sizeof((const struct mls_proposal[]){__VA_ARGS__}) / sizeof(struct mls_proposal))
    LISTED("list-remove-committer", MLS_PROPOSAL_LIST, removal(0));
    LISTED("list-remove-blank", MLS_PROPOSAL, removal(SCENE_BLANK_LEAF));
    LISTED("list-remove-outside", MLS_PROPOSAL, removal(1000));
    LISTED("list-remove-twice", MLS_PROPOSAL_LIST, removal(3), removal(3));
    LISTED("list-update-by-value", MLS_PROPOSAL_LIST, update);
    LISTED("list-add-twice", MLS_DUPLICATE, add, add);
    LISTED("list-psk-twice", MLS_PROPOSAL_LIST, psk, psk);
    LISTED("list-reinit-and-remove", MLS_PROPOSAL_LIST, reinit, removal(3));
    LISTED("list-extensions-twice", MLS_PROPOSAL_LIST, extensions, extensions);
    LISTED("list-external-init", MLS_PROPOSAL_LIST, external_init);
    psk.psk.nonce = zeros(31);
    LISTED("list-psk-nonce", MLS_PSK, psk);
    psk.psk.nonce = zeros(32);
    psk.psk.id = MLS_TEXT("unknown");
    LISTED("list-psk-unknown", MLS_PSK, psk);
    psk.psk = (struct mls_psk_id){.type = MLS_PSK_RESUMPTION,
                                  .usage = MLS_PSK_REINIT,
                                  .group_id = MLS_TEXT("group"),
                                  .epoch = 4,
                                  .nonce = zeros(32)};
    LISTED("list-psk-reinit", MLS_PSK, psk);
    extensions.group_context_extensions = MLS_TEXT("\x12\x34\x00");
    LISTED("list-extensions-unsupported", MLS_UNSUPPORTED, extensions);
    extensions.group_context_extensions = MLS_TEXT("\x00\x05\x02\x01\x00");
    LISTED("list-extensions-malformed", MLS_EXTENSION, extensions);
#undef LISTED
}

/* --- Paths --- */

static void change_leaf(struct mls_public_message *m, void *ctx)
{
    void (*const *change)(struct mls_leaf_node *) = ctx;
    (*change)(&m->content.commit.path.leaf_node);
}

static void leaf_key_same(struct mls_leaf_node *leaf)
{
    leaf->encryption_key = mls_ratchet_tree_leaf(scene()->alice.group->tree, 0)->encryption_key;
}

static void leaf_key_others(struct mls_leaf_node *leaf)
{
    leaf->encryption_key = mls_ratchet_tree_leaf(scene()->alice.group->tree, 2)->encryption_key;
}

static void leaf_key_bad(struct mls_leaf_node *leaf)
{
    leaf->encryption_key = MLS_TEXT("\xff"
                                    "2345678901234567890123456789012");
}

static void leaf_key_short(struct mls_leaf_node *leaf)
{
    leaf->encryption_key.len--;
}

static void leaf_signer_others(struct mls_leaf_node *leaf)
{
    leaf->signature_key = mls_ratchet_tree_leaf(scene()->alice.group->tree, 2)->signature_key;
}

static void leaf_signature(struct mls_leaf_node *leaf)
{
    leaf->signature = MLS_TEXT("12345678");
}

static void leaf_credential(struct mls_leaf_node *leaf)
{
    leaf->credential.content = MLS_TEXT("carol");
}

static void leaf_source(struct mls_leaf_node *leaf)
{
    leaf->source = MLS_LEAF_UPDATE;
}

static void leaf_parent_hash(struct mls_leaf_node *leaf)
{
    leaf->parent_hash = MLS_TEXT("12345678901234567890123456789012");
}

static void leaf_versions(struct mls_leaf_node *leaf)
{
    leaf->capabilities.versions = (struct core_slice){0};
}

static void leaf_extension(struct mls_leaf_node *leaf)
{
    leaf->extensions = MLS_TEXT("\x12\x34\x00");
}

static void path_fewer(struct mls_public_message *m, void *ctx)
{
    struct mls_update_path *path = &m->content.commit.path;
    struct bytes_reader r = mls_walk(path->nodes);
    struct mls_update_path_node node;
    (void)ctx;
    need(mls_update_path_node_next(&r, &node) && mls_update_path_node_next(&r, &node), "a path of two");
    path->nodes.len -= bytes_reader_left(&r);
    path->node_count = 2;
}

/* The first node of the path changed. */
static void change_node(struct mls_public_message *m, void *ctx)
{
    static struct bytes_writer w;
    void (*const *change)(struct mls_update_path_node *) = ctx;
    struct mls_update_path *path = &m->content.commit.path;
    struct bytes_reader r = mls_walk(path->nodes);
    struct mls_update_path_node node;
    wire_buffer_free(&w);
    wire_buffer_init(&w, 1 << 16);
    for (size_t i = 0; mls_update_path_node_next(&r, &node); i++) {
        if (i == 0)
            (*change)(&node);
        mls_update_path_node_write(&w, &node);
    }
    path->nodes = wire_buffer_slice(&w);
}

static void node_key_others(struct mls_update_path_node *node)
{
    node->encryption_key = mls_ratchet_tree_leaf(scene()->alice.group->tree, 2)->encryption_key;
}

static void node_key_other(struct mls_update_path_node *node)
{
    node->encryption_key = MLS_TEXT("12345678901234567890123456789012");
}

static void node_no_secrets(struct mls_update_path_node *node)
{
    node->secrets = (struct core_slice){0};
    node->secret_count = 0;
}

/* The ciphertexts of the node, each changed alike. */
static void rewrite_secrets(struct mls_update_path_node *node, void (*change)(struct mls_hpke_ciphertext *))
{
    static struct bytes_writer w;
    struct bytes_reader r = mls_walk(node->secrets);
    struct mls_hpke_ciphertext ciphertext;
    wire_buffer_free(&w);
    wire_buffer_init(&w, 1 << 16);
    while (mls_hpke_ciphertext_next(&r, &ciphertext)) {
        change(&ciphertext);
        mls_hpke_ciphertext_write(&w, &ciphertext);
    }
    node->secrets = wire_buffer_slice(&w);
}

static void ciphertext_short(struct mls_hpke_ciphertext *ciphertext)
{
    ciphertext->ciphertext.len--;
}

static void ciphertext_tag(struct mls_hpke_ciphertext *ciphertext)
{
    ciphertext->ciphertext = MLS_TEXT("123456789012345678901234567890123456789012345678");
}

static void ciphertext_secret(struct mls_hpke_ciphertext *ciphertext)
{
    static uint8_t other[32 + CORE_TAG_MAX] = {1};
    ciphertext->ciphertext = (struct core_slice){other, sizeof other};
}

static void node_secret_short(struct mls_update_path_node *node)
{
    rewrite_secrets(node, ciphertext_short);
}

static void node_secret_tag(struct mls_update_path_node *node)
{
    rewrite_secrets(node, ciphertext_tag);
}

static void node_secret_other(struct mls_update_path_node *node)
{
    rewrite_secrets(node, ciphertext_secret);
}

static void path_refusals(struct mls_bytes commit)
{
    static const struct {
        const char *name;
        int expected;
        void (*change)(struct mls_leaf_node *);
    } leaves[] = {
        {"leaf-key-same", MLS_DUPLICATE, leaf_key_same},
        {"leaf-key-others", MLS_DUPLICATE, leaf_key_others},
        {"leaf-key-bad", MLS_KEY, leaf_key_bad},
        {"leaf-key-short", MLS_KEY, leaf_key_short},
        {"leaf-signer", MLS_DUPLICATE, leaf_signer_others},
        {"leaf-signature", MLS_SIGNATURE, leaf_signature},
        {"leaf-credential", MLS_CREDENTIAL, leaf_credential},
        {"leaf-source", MLS_LEAF_NODE, leaf_source},
        {"leaf-parent-hash", MLS_PARENT_HASH, leaf_parent_hash},
        {"leaf-versions", MLS_UNSUPPORTED, leaf_versions},
        {"leaf-extension", MLS_UNSUPPORTED, leaf_extension},
    };
    static const struct {
        const char *name;
        int expected;
        void (*change)(struct mls_update_path_node *);
    } nodes[] = {
        {"path-key-others", MLS_DUPLICATE, node_key_others}, {"path-key-other", MLS_PARENT_HASH, node_key_other},
        {"path-no-secrets", MLS_PATH, node_no_secrets},      {"path-secret-short", MLS_MALFORMED, node_secret_short},
        {"path-secret-tag", MLS_AUTH, node_secret_tag},      {"path-secret-other", MLS_PATH, node_secret_other},
    };
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++)
        changed(leaves[i].name, leaves[i].expected, commit, change_leaf, (void *)&leaves[i].change);
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
        changed(nodes[i].name, nodes[i].expected, commit, change_node, (void *)&nodes[i].change);
    changed("path-fewer", MLS_PATH, commit, path_fewer, NULL);
}

/* --- PrivateMessages --- */

/* One of carol's, with what was encrypted: zeros make every tag. */
static void sealed(const char *name, int expected, uint32_t leaf, uint32_t generation, struct core_slice plain,
                   uint8_t tag)
{
    uint8_t sender_data[4 + 4 + 4 + CORE_TAG_MAX] = {0};
    struct bytes_writer ciphertext;
    struct bytes_writer w;
    wire_buffer_init(&ciphertext, 1 << 16);
    wire_buffer_init(&w, 1 << 16);
    bytes_writer_init(&w, sender_data, 8);
    bytes_write_u32(&w, leaf);
    bytes_write_u32(&w, generation);
    bytes_write(&ciphertext, plain.data, plain.len);
    for (size_t i = 0; i < CORE_TAG_MAX; i++)
        bytes_write_u8(&ciphertext, tag);
    const struct mls_message message = {.wire_format = MLS_WIRE_PRIVATE_MESSAGE,
                                        .private_message = {.group_id = MLS_TEXT("group"),
                                                            .epoch = mls_group_epoch(scene()->alice.group),
                                                            .content_type = MLS_CONTENT_APPLICATION,
                                                            .encrypted_sender_data = {sender_data, sizeof sender_data},
                                                            .ciphertext = wire_buffer_slice(&ciphertext)}};
    wire_buffer_init(&w, 1 << 16);
    mls_message_write(&w, &message);
    seed_messages(name, expected, (struct mls_bytes){0}, (struct mls_bytes){w.data, w.len});
    wire_buffer_free(&ciphertext);
    wire_buffer_free(&w);
}

static void private_refusals(void)
{
    /* "hi", a signature of eight zeros, padding */
    static const uint8_t plain[] = {2, 'h', 'i', 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t other[sizeof plain];
    const struct core_slice whole = {plain, sizeof plain};
    sealed("private", MLS_OK, 2, 0, whole, 0);
    sealed("private-ahead", MLS_OK, 2, MLS_GENERATIONS_AHEAD, whole, 0);
    sealed("private-far", MLS_GENERATION_FAR, 2, UINT32_MAX, whole, 0);
    sealed("private-tag", MLS_AUTH, 2, 0, whole, 1);
    sealed("private-blank", MLS_LEAF, SCENE_BLANK_LEAF, 0, whole, 0);
    sealed("private-outside", MLS_LEAF, UINT32_MAX, 0, whole, 0);
    sealed("private-us", MLS_OWN_MESSAGE, 1, 0, whole, 0);
    sealed("private-cut", MLS_MALFORMED, 2, 0, (struct core_slice){plain, 5}, 0);
    memcpy(other, plain, sizeof other);
    other[sizeof other - 1] = 1;
    sealed("private-padding", MLS_MALFORMED, 2, 0, (struct core_slice){other, sizeof other}, 0);
    memcpy(other, plain, sizeof other);
    other[4] = 1;
    sealed("private-signature", MLS_SIGNATURE, 2, 0, (struct core_slice){other, sizeof other}, 0);
}

/* --- The whole --- */

void seeds_of_refused_joiners(struct mls_bytes bytes)
{
    const struct scene *s = scene();
    struct mls_message package;
    need(mls_message_parse(s->zoe.package.data, s->zoe.package.len, &package) == MLS_OK, "a key package");
    const struct mls_proposal init = {.type = MLS_PROPOSAL_EXTERNAL_INIT, .external_init = zeros(32)};
    const struct mls_proposal add = {.type = MLS_PROPOSAL_ADD, .add = package.key_package};
    listed("joiner-no-init", MLS_PROPOSAL_LIST, bytes, NULL, 0);
    listed("joiner-two-inits", MLS_PROPOSAL_LIST, bytes, (struct mls_proposal[]){init, init}, 2);
    listed("joiner-adds", MLS_PROPOSAL_LIST, bytes, (struct mls_proposal[]){init, add}, 2);
    listed("joiner-removes-two", MLS_PROPOSAL_LIST, bytes, (struct mls_proposal[]){init, removal(3), removal(4)}, 3);
    listed("joiner-removes-blank", MLS_PROPOSAL, bytes, (struct mls_proposal[]){init, removal(SCENE_BLANK_LEAF)}, 2);
    listed("joiner-removes-other", MLS_CREDENTIAL, bytes, (struct mls_proposal[]){init, removal(4)}, 2);
    struct core_slice reference = MLS_TEXT("\x02\x01\x00");
    changed("joiner-by-reference", MLS_PROPOSAL_LIST, bytes, change_proposals, &reference);
    changed("joiner-without-path", MLS_SENDER, bytes, drop_path, NULL);
    changed("joiner-confirmation-tag", MLS_CONFIRMATION, bytes, change_confirmation, NULL);
    changed("joiner-signature", MLS_SIGNATURE, bytes, change_signature, NULL);
}

void seeds_of_refused(struct mls_bytes commit, struct mls_bytes proposal)
{
    framing_refusals(commit, proposal);
    list_refusals(scene(), commit);
    path_refusals(commit);
    private_refusals();
}
