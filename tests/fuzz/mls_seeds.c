/* Makes the corpora of the targets over mls_scene.h, valid messages and such that are refused behind signature and
 * tags:
 *
 *   mls_seeds write CORPUS     writes CORPUS/mls_process/NAME, ...
 *   mls_seeds check CORPUS     compares them: they go stale if the library draws its random bytes in another order
 *
 * Both run each input and fail unless it ends in the error that is written beside it here. */
#include "mls_seeds.h"

#include <stdio.h>
#include <stdlib.h>

/* --- Files --- */

static const char *corpus;
static bool writes;
static size_t failures;
static size_t made;

void need(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "cannot make %s\n", what);
    exit(EXIT_FAILURE);
}

struct core_slice zeros(size_t len)
{
    static const uint8_t data[MLS_HASH_MAX];
    need(len <= sizeof data, "so many zeros");
    return (struct core_slice){data, len};
}

static const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
#define NAME(name, value, text) {value, #name},
        MLS_ERROR_MAP(NAME)
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].error == error)
            return names[i].name;
    return "?";
}

static bool is_stale(const char *path, const struct bytes_writer *input)
{
    static uint8_t stored[1 << 16];
    FILE *file = fopen(path, "rb");
    if (!file)
        return true;
    const size_t len = fread(stored, 1, sizeof stored, file);
    fclose(file);
    return len != input->len || memcmp(stored, input->data, len) != 0;
}

static void write_file(const char *path, const struct bytes_writer *input)
{
    FILE *file = fopen(path, "wb");
    need(file && fwrite(input->data, 1, input->len, file) == input->len, path);
    fclose(file);
}

void seed(const char *target, const char *name, int expected, const struct bytes_writer *input)
{
    static const struct {
        const char *name;
        int (*take)(const uint8_t *data, size_t size);
    } targets[] = {{"mls_process", scene_take_messages},
                   {"mls_join", scene_take_welcome},
                   {"mls_info", scene_take_info},
                   {"mls_key_package", scene_take_key_package}};
    char path[4096];
    need(bytes_writer_ok(input), name);
    snprintf(path, sizeof path, "%s/%s/%s", corpus, target, name);
    if (writes) {
        write_file(path, input);
    } else if (is_stale(path, input)) {
        fprintf(stderr, "%s is not what is made now: run mls_seeds write, and look at the difference\n", path);
        failures++;
    }
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (strcmp(targets[i].name, target) != 0)
            continue;
        const int rc = targets[i].take(input->data, input->len);
        if (rc != expected) {
            fprintf(stderr, "%s/%s: %s instead of %s\n", target, name, error_name(rc), error_name(expected));
            failures++;
        }
    }
    made++;
}

/* --- Sequences of messages --- */

static void append(struct bytes_writer *w, struct mls_bytes message)
{
    bytes_write_u8(w, 0);
    bytes_write_u16(w, (uint16_t)message.len);
    bytes_write(w, message.data, message.len);
}

/* One message, after what has to come before it. */
static void process(const char *name, int expected, struct mls_bytes before, struct mls_bytes message)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 16);
    if (before.len)
        append(&w, before);
    append(&w, message);
    seed("mls_process", name, expected, &w);
    wire_buffer_free(&w);
}

/* --- Made by members --- */

static struct mls_output proposed(struct party *party, const struct mls_proposal_config *proposal, bool is_public)
{
    const struct mls_framing framing = {
        .is_public = is_public, .authenticated_data = party_text("aad"), .padding = is_public ? 0 : 40};
    struct mls_output message = {0};
    need(mls_group_propose(party->group, &framing, proposal, PARTY_NOW_S, &message) == MLS_OK, "a proposal");
    mls_group_forget_proposals(party->group);
    return message;
}

static struct mls_output committed(struct party *party, const struct mls_proposal_config *proposals, size_t count,
                                   bool is_public, bool with_path)
{
    const struct mls_commit_config config = {.framing.is_public = is_public,
                                             .proposals = proposals,
                                             .proposal_count = count,
                                             .without_received = proposals != NULL,
                                             .without_path = !with_path,
                                             .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    struct mls_output message = {0};
    need(mls_group_commit(party->group, &config, &staged) == MLS_OK, "a commit");
    need(mls_output_copy(mls_in(mls_staged_message(staged)), &message) == MLS_OK, "a commit");
    mls_staged_free(staged);
    return message;
}

/* Each kind of proposal: sent apart in both ways, committed by value, and by reference. Members have it forgotten
 * afterwards. */
static void each_proposal(struct scene *s, const char *kind, const struct mls_proposal_config *proposal)
{
    char name[64];
    struct mls_output message = proposed(&s->carol, proposal, true);
    snprintf(name, sizeof name, "proposal-public-%s", kind);
    process(name, MLS_OK, (struct mls_bytes){0}, party_bytes(message));
    mls_output_free(&message);
    message = proposed(&s->carol, proposal, false);
    snprintf(name, sizeof name, "proposal-private-%s", kind);
    process(name, MLS_OK, (struct mls_bytes){0}, party_bytes(message));

    need(party_receive(&s->alice, party_bytes(message)) == MLS_OK, "a proposal taken");
    struct mls_output commit = committed(&s->alice, NULL, 0, false, true);
    snprintf(name, sizeof name, "commit-reference-%s", kind);
    process(name, MLS_OK, party_bytes(message), party_bytes(commit));
    snprintf(name, sizeof name, "commit-reference-%s-unknown", kind);
    process(name, MLS_PROPOSAL_UNKNOWN, (struct mls_bytes){0}, party_bytes(commit));
    mls_output_free(&commit);
    mls_output_free(&message);
    mls_group_forget_proposals(s->alice.group);
    if (proposal->type == MLS_PROPOSAL_UPDATE)
        return;
    for (int is_public = 0; is_public < 2; is_public++) {
        commit = committed(&s->alice, proposal, 1, is_public, false);
        snprintf(name, sizeof name, "commit-value-%s-%s", is_public ? "public" : "private", kind);
        process(name, MLS_OK, (struct mls_bytes){0}, party_bytes(commit));
        mls_output_free(&commit);
    }
}

/* Our own Update, which the others have received. */
static void own_update(struct scene *s)
{
    struct mls_output commit = committed(&s->alice, NULL, 0, false, true);
    process("commit-update-us", MLS_OK, (struct mls_bytes){0}, party_bytes(commit));
    mls_output_free(&commit);
    mls_group_forget_proposals(s->alice.group);
    mls_group_forget_proposals(s->carol.group);
}

static void valid(struct scene *s)
{
    const struct mls_bytes none = {0};
    const struct mls_extension_item app_id = {MLS_EXTENSION_REQUIRED_CAPABILITIES, party_text("\0\0\0")};
    struct mls_extension_item required = app_id;
    required.data.len = 3;
    const struct mls_proposal_config add = party_add(&s->zoe);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    const struct mls_proposal_config remove = party_remove(4);
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")};
    const struct mls_proposal_config resumption = {
        .type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = mls_group_epoch(s->alice.group) - 1};
    const struct mls_proposal_config reinit = {
        .type = MLS_PROPOSAL_REINIT, .group_id = party_text("next"), .cipher_suite = SUITE_IDENTITY};
    const struct mls_proposal_config extensions = {
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = &required, .extension_count = 1};
    each_proposal(s, "add", &add);
    each_proposal(s, "update", &update);
    each_proposal(s, "remove", &remove);
    each_proposal(s, "psk", &psk);
    each_proposal(s, "resumption", &resumption);
    each_proposal(s, "reinit", &reinit);
    each_proposal(s, "extensions", &extensions);

    const struct mls_proposal_config remove_us = party_remove(1);
    struct mls_output commit = committed(&s->alice, &remove_us, 1, true, true);
    process("commit-remove-us", MLS_OK, none, party_bytes(commit));
    mls_output_free(&commit);
    const struct mls_proposal_config many[] = {add, remove, psk, resumption, extensions};
    commit = committed(&s->alice, many, 5, false, true);
    process("commit-many", MLS_OK, none, party_bytes(commit));
    mls_output_free(&commit);

    struct mls_output data = {0};
    const struct mls_framing padded = {.authenticated_data = party_text("aad"), .padding = 100};
    for (size_t i = 0; i < 3; i++) {
        mls_output_free(&data);
        need(mls_group_seal(s->carol.group, &padded, party_text("hello"), &data) == MLS_OK, "a message");
    }
    process("application-third", MLS_OK, none, party_bytes(data));
    process("application-twice", MLS_GENERATION_USED, party_bytes(data), party_bytes(data));
    mls_output_free(&data);
}

/* Several epochs, until we are removed. */
static void long_life(struct scene *s)
{
    struct party *const committers[] = {&s->carol, &s->eve, &s->alice, &s->carol};
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 16);
    for (size_t i = 0; i < 4; i++) {
        struct mls_output data = {0};
        int rc = MLS_OK;
        const struct mls_proposal_config remove = party_remove(i == 3 ? 1 : 3);
        struct mls_staged *staged = party_commit(committers[i], &remove, i % 2, &rc);
        if (i == 1) /* frank goes */
            need(rc == MLS_OK, "a removal");
        need(rc == MLS_OK && mls_group_seal(committers[i]->group, NULL, party_text("x"), &data) == MLS_OK, "a message");
        append(&w, party_bytes(data));
        append(&w, mls_staged_message(staged));
        struct party *const members[] = {&s->alice, &s->carol, &s->eve};
        for (size_t m = 0; m < 3; m++)
            need(members[m] == committers[i] || party_receive(members[m], mls_staged_message(staged)) == MLS_OK,
                 "a commit taken");
        need(mls_group_merge(committers[i]->group, staged) == MLS_OK, "a merge");
        mls_output_free(&data);
    }
    seed("mls_process", "epochs", MLS_OK, &w);
    wire_buffer_free(&w);
}

/* --- From outside --- */

static void outside(struct scene *s)
{
    struct mls_outside_config config = {
        .suites = &s->suites,
        .suite = SUITE_IDENTITY,
        .group_id = mls_group_id(s->alice.group),
        .epoch = mls_group_epoch(s->alice.group),
        .sender_type = MLS_SENDER_EXTERNAL,
        .signature_private_key = party_bytes(s->server.signature_private),
    };
    const struct mls_bytes none = {0};
    const struct mls_proposal_config proposals[] = {
        party_add(&s->zoe),
        party_remove(3),
        {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")},
        {.type = MLS_PROPOSAL_REINIT, .group_id = party_text("next"), .cipher_suite = SUITE_IDENTITY},
        {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS},
    };
    static const char *const names[] = {"add", "remove", "psk", "reinit", "extensions"};
    char name[64];
    struct mls_output message = {0};
    for (size_t i = 0; i < 5; i++) {
        need(mls_propose_outside(&config, &proposals[i], &message) == MLS_OK, "an external proposal");
        snprintf(name, sizeof name, "external-%s", names[i]);
        process(name, MLS_OK, none, party_bytes(message));
        need(party_receive(&s->alice, party_bytes(message)) == MLS_OK, "an external proposal taken");
        struct mls_output commit = committed(&s->alice, NULL, 0, true, true);
        snprintf(name, sizeof name, "external-%s-committed", names[i]);
        process(name, MLS_OK, party_bytes(message), party_bytes(commit));
        mls_output_free(&commit);
        mls_group_forget_proposals(s->alice.group);
        mls_output_free(&message);
    }
    config.sender = 1;
    need(mls_propose_outside(&config, &proposals[1], &message) == MLS_OK, "a proposal of an unknown sender");
    process("external-unknown", MLS_SENDER, none, party_bytes(message));
    mls_output_free(&message);
    config.sender_type = MLS_SENDER_NEW_MEMBER_PROPOSAL;
    need(mls_propose_outside(&config, &proposals[0], &message) == MLS_OK, "a new member's proposal");
    process("new-member-add", MLS_OK, none, party_bytes(message));
    mls_output_free(&message);
}

static struct mls_output joined_from_outside(struct scene *s, bool resync, bool psk)
{
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *group = NULL;
    const struct mls_bytes psk_id = party_text("psk");
    const struct party *who = resync ? &s->frank : &s->zoe;
    const struct mls_external_config config = {
        .join = {.suites = &s->suites, .policy = who->policy, .now_s = PARTY_NOW_S},
        .leaf = who->leaf,
        .resync = resync,
        .old_leaf = 3,
        .psk_ids = &psk_id,
        .psk_count = psk,
    };
    need(mls_group_info(s->alice.group, true, &info) == MLS_OK, "a GroupInfo");
    need(mls_group_join_external(party_bytes(info), &config, &group, &commit) == MLS_OK, "an external commit");
    mls_group_free(group);
    mls_output_free(&info);
    return commit;
}

/* --- Changed, and given zeros for tags --- */

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
    process(name, expected, (struct mls_bytes){0}, (struct mls_bytes){w.data, w.len});
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

static void list_refusals(struct scene *s, struct mls_bytes commit)
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

/* --- External commits --- */

static void external_commits(struct scene *s)
{
    const struct mls_bytes none = {0};
    struct mls_output resync = joined_from_outside(s, true, false);
    process("joiner-resync", MLS_OK, none, party_bytes(resync));
    mls_output_free(&resync);
    struct mls_output psk = joined_from_outside(s, false, true);
    process("joiner-psk", MLS_OK, none, party_bytes(psk));
    mls_output_free(&psk);
    struct mls_output commit = joined_from_outside(s, false, false);
    process("joiner", MLS_OK, none, party_bytes(commit));

    struct mls_message package;
    need(mls_message_parse(s->zoe.package.data, s->zoe.package.len, &package) == MLS_OK, "a key package");
    const struct mls_proposal init = {.type = MLS_PROPOSAL_EXTERNAL_INIT, .external_init = zeros(32)};
    const struct mls_proposal add = {.type = MLS_PROPOSAL_ADD, .add = package.key_package};
    const struct mls_bytes bytes = party_bytes(commit);
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
    mls_output_free(&commit);
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
    process(name, expected, (struct mls_bytes){0}, (struct mls_bytes){w.data, w.len});
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

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "write") != 0 && strcmp(argv[1], "check") != 0)) {
        fprintf(stderr, "usage: mls_seeds write|check CORPUS\n");
        return EXIT_FAILURE;
    }
    writes = strcmp(argv[1], "write") == 0;
    corpus = argv[2];
    struct scene *s = scene();
    own_update(s);
    seeds_of_joining();
    valid(s);
    outside(s);
    external_commits(s);
    const struct mls_proposal_config add = party_add(&s->zoe);
    struct mls_output commit = committed(&s->alice, NULL, 0, true, true);
    struct mls_output proposal = proposed(&s->carol, &add, true);
    framing_refusals(party_bytes(commit), party_bytes(proposal));
    list_refusals(s, party_bytes(commit));
    path_refusals(party_bytes(commit));
    private_refusals();
    mls_output_free(&commit);
    mls_output_free(&proposal);
    long_life(s);
    printf("%zu inputs, %zu wrong\n", made, failures);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
