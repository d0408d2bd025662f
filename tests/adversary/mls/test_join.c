/* Who invites is dishonest: GroupInfos and Welcomes that are signed and sealed whole, and lie (RFC 9420 section
 * 12.4.3.1). And key packages brought from elsewhere. */
#include <string.h>

#include "forge.h"
#include "unit.h"

static const uint8_t bytes[64] = {9};

/* alice forges; bob is in her group; carol is to be brought in. */
struct invitation {
    struct party a;
    struct party b;
    struct party c;
    struct mls_output info;    /* without the tree */
    struct mls_output tree;    /* of before carol */
    struct mls_staged *staged; /* adds carol */
};

static void invite(struct invitation *i)
{
    int rc = MLS_OK;
    *i = (struct invitation){0};
    party_init(&i->a, "alice", 1);
    party_init(&i->b, "bob", 1);
    party_init(&i->c, "carol", 1);
    party_gather(&i->a, &i->b, 1);
    const struct mls_proposal_config add = party_add(&i->c);
    i->staged = party_commit(&i->a, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_info(i->a.group, false, &i->info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_tree(i->a.group, &i->tree), MLS_OK);
}

/* For all that was tried, the true Welcome is taken. */
static void invitation_wipe(struct invitation *i)
{
    CU_ASSERT_EQUAL(party_join(&i->c, mls_staged_welcome(i->staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(i->a.group, i->staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&i->a, &i->c));
    mls_output_free(&i->info);
    mls_output_free(&i->tree);
    party_wipe(&i->a);
    party_wipe(&i->b);
    party_wipe(&i->c);
}

/* --- GroupInfo --- */

static int join_external(struct invitation *i, void (*change)(struct mls_group_info *, void *), void *ctx)
{
    struct mls_output forged = {0};
    struct mls_output commit = {0};
    struct mls_group *made = NULL;
    const struct mls_external_config config = {
        .join = {.policy = i->c.policy, .now_s = PARTY_NOW_S, .tree = party_bytes(i->tree)}, .leaf = i->c.leaf};
    forge_group_info(&i->a, party_bytes(i->info), change, ctx, &forged);
    int rc = mls_group_join_external(party_bytes(forged), &config, &made, &commit);
    mls_group_free(made);
    mls_output_free(&commit);
    mls_output_free(&forged);
    return rc;
}

static void as_it_is(struct mls_group_info *info, void *ctx)
{
    (void)info;
    (void)ctx;
}

static void set_tag_len(struct mls_group_info *info, void *ctx)
{
    info->confirmation_tag = (struct core_slice){bytes, *(const size_t *)ctx};
}

static void set_context_extensions(struct mls_group_info *info, void *ctx)
{
    info->group_context.extensions = *(const struct core_slice *)ctx;
}

static void drop_extensions(struct mls_group_info *info, void *ctx)
{
    (void)ctx;
    info->extensions = (struct core_slice){0};
}

static void set_signer(struct mls_group_info *info, void *ctx)
{
    info->signer = *(const uint32_t *)ctx;
}

static void set_extensions(struct mls_group_info *info, void *ctx)
{
    info->extensions = *(const struct core_slice *)ctx;
}

static void test_group_info(void)
{
    static const size_t lengths[] = {0, 31, 33};
    static const uint32_t signers[] = {2, 7, UINT32_MAX};
    const uint8_t not_senders[] = {0, MLS_EXTENSION_EXTERNAL_SENDERS, 1, 'x'};
    const uint8_t not_capabilities[] = {0, MLS_EXTENSION_REQUIRED_CAPABILITIES, 1, 'x'};
    struct core_slice extensions[] = {{not_senders, sizeof not_senders}, {not_capabilities, sizeof not_capabilities}};
    struct invitation i;
    invite(&i);
    CU_ASSERT_EQUAL(join_external(&i, as_it_is, NULL), MLS_OK);
    for (size_t k = 0; k < 3; k++) {
        size_t len = lengths[k];
        uint32_t signer = signers[k];
        CU_ASSERT_EQUAL(join_external(&i, set_tag_len, &len), MLS_CONFIRMATION);
        CU_ASSERT_EQUAL(join_external(&i, set_signer, &signer), MLS_LEAF);
    }
    for (size_t k = 0; k < 2; k++)
        CU_ASSERT_EQUAL(join_external(&i, set_context_extensions, &extensions[k]), MLS_EXTENSION);
    CU_ASSERT_EQUAL(join_external(&i, drop_extensions, NULL), MLS_EXTENSION);
    invitation_wipe(&i);
}

/* A tree of 2^30 leaves, claimed in 40 bytes: as the extension, and by a last node far out. */
static void test_huge_tree(void)
{
    static const uint8_t starts[][8] = {
        {0, MLS_EXTENSION_RATCHET_TREE, 36, 0xbf, 0xff, 0xff, 0xff, 0}, /* all of it */
        {0, MLS_EXTENSION_RATCHET_TREE, 36, 0x80, 0x00, 0x00, 0x20, 0}, /* no more than there is, blank */
    };
    struct invitation i;
    invite(&i);
    for (size_t k = 0; k < 2; k++) {
        uint8_t extension[39] = {0};
        struct core_slice slice = {extension, sizeof extension};
        memcpy(extension, starts[k], sizeof starts[k]);
        CU_ASSERT_EQUAL(join_external(&i, set_extensions, &slice), MLS_MALFORMED);
    }
    /* the largest tree allowed, and one node more: blanks, then a leaf */
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    bytes_write_u16(&w, MLS_EXTENSION_RATCHET_TREE);
    const size_t extension = wire_begin_vector(&w);
    const size_t tree = wire_begin_vector(&w);
    bytes_reserve(&w, 2 << MLS_TREE_DEPTH_MAX);
    const struct mls_node leaf = {.type = MLS_NODE_LEAF, .leaf = *mls_ratchet_tree_leaf(i.a.group->tree, 0)};
    mls_node_write(&w, &leaf);
    wire_end_vector(&w, tree);
    wire_end_vector(&w, extension);
    struct core_slice slice = wire_buffer_slice(&w);
    CU_ASSERT_EQUAL(join_external(&i, set_extensions, &slice), MLS_MALFORMED);
    wire_buffer_free(&w);
    invitation_wipe(&i);
}

/* --- Welcome --- */

typedef void (*change_welcome)(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx);

static int join_from(struct invitation *i, change_welcome change, void *ctx, const struct mls_group *old)
{
    struct mls_output forged = {0};
    struct mls_group *made = NULL;
    const struct mls_join_config config = {.policy = i->c.policy, .now_s = PARTY_NOW_S, .resumed = old};
    forge_welcome(&i->a, &i->c, mls_staged_welcome(i->staged), change, ctx, &forged);
    int rc = mls_group_join(party_bytes(forged), i->c.keys, &config, &made);
    mls_group_free(made);
    mls_output_free(&forged);
    return rc;
}

static void short_joiner(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    (void)info;
    (void)ctx;
    secrets->joiner_secret.len--;
}

static void long_path_secret(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    (void)info;
    (void)ctx;
    secrets->path_secret = (struct core_slice){bytes, 33};
}

static void other_path_secret(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    (void)info;
    (void)ctx;
    secrets->path_secret = (struct core_slice){bytes, 32};
}

static void other_suite(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    (void)secrets;
    (void)ctx;
    info->group_context.cipher_suite = 3;
}

static void other_tag(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    (void)secrets;
    (void)ctx;
    info->confirmation_tag = (struct core_slice){bytes, 32};
}

static void other_tree_hash(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    (void)secrets;
    (void)ctx;
    info->group_context.tree_hash = (struct core_slice){bytes, 32};
}

static void set_psks(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    (void)info;
    secrets->psks = *(const struct core_slice *)ctx;
}

static void test_welcome(void)
{
    static const struct {
        change_welcome change;
        int want;
    } cases[] = {
        {short_joiner, MLS_MALFORMED}, {long_path_secret, MLS_MALFORMED}, {other_path_secret, MLS_PATH},
        {other_suite, MLS_SUITE},      {other_tag, MLS_CONFIRMATION},     {other_tree_hash, MLS_TREE},
    };
    struct invitation i;
    invite(&i);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        CU_ASSERT_EQUAL(join_from(&i, cases[k].change, NULL, NULL), cases[k].want);
    invitation_wipe(&i);
}

static void test_psks(void)
{
    struct invitation i;
    struct mls_psk_id id = {.type = MLS_PSK_EXTERNAL, .id = {(const uint8_t *)"psk", 3}};
    struct bytes_writer w;
    struct core_slice list;
    invite(&i);
    i.c.psk = "secret";
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    for (size_t len = 31; len <= 33; len++) {
        id.nonce = (struct core_slice){bytes, len};
        w.len = 0;
        mls_psk_id_write(&w, &id);
        list = wire_buffer_slice(&w);
        CU_ASSERT_EQUAL(join_from(&i, set_psks, &list, NULL), len == 32 ? MLS_AUTH : MLS_PSK);
    }
    /* links to another group that carol is in: one is not what was committed, two are never */
    struct party old;
    party_init(&old, "carol", 1);
    party_found(&old);
    id = (struct mls_psk_id){.type = MLS_PSK_RESUMPTION,
                             .usage = MLS_PSK_BRANCH,
                             .group_id = old.group->epoch.context.group_id,
                             .nonce = {bytes, 32}};
    w.len = 0;
    mls_psk_id_write(&w, &id);
    list = wire_buffer_slice(&w);
    CU_ASSERT_EQUAL(join_from(&i, set_psks, &list, old.group), MLS_AUTH);
    id.nonce.data++;
    mls_psk_id_write(&w, &id);
    list = wire_buffer_slice(&w);
    CU_ASSERT_EQUAL(join_from(&i, set_psks, &list, old.group), MLS_PSK);
    wire_buffer_free(&w);
    party_wipe(&old);
    invitation_wipe(&i);
}

/* The GroupInfo of a group that carol is not in. */
static void replace_info(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    secrets->has_path_secret = false;
    *info = *(const struct mls_group_info *)ctx;
}

static void test_without_own_leaf(void)
{
    struct invitation i;
    struct mls_output whole = {0};
    struct mls_message message;
    invite(&i);
    CU_ASSERT_EQUAL_FATAL(mls_group_info(i.a.group, true, &whole), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(whole.data, whole.len, &message), MLS_OK);
    CU_ASSERT_EQUAL(join_from(&i, replace_info, &message.group_info, NULL), MLS_WELCOME);
    mls_output_free(&whole);
    invitation_wipe(&i);
}

/* The tree with one leaf more, and its hash. */
struct more_tree {
    const struct mls_suite *suite;
    const struct mls_leaf_node *leaf;
    struct bytes_writer extensions;
    uint8_t hash[MLS_HASH_MAX];
};

static void add_to_tree(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx)
{
    struct more_tree *more = ctx;
    struct mls_ratchet_tree *tree = NULL;
    struct mls_ratchet_tree *stage = NULL;
    struct core_slice data;
    uint32_t at = 0;
    (void)secrets;
    CU_ASSERT_FATAL(mls_extension_find(info->extensions, MLS_EXTENSION_RATCHET_TREE, &data));
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_read(more->suite, data, &tree), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_stage(tree, &stage), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_add(stage, more->leaf, &at), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_hash(stage, more->hash), MLS_OK);
    bytes_write_u16(&more->extensions, MLS_EXTENSION_RATCHET_TREE);
    const size_t begin = wire_begin_vector(&more->extensions);
    mls_ratchet_tree_write(&more->extensions, stage);
    wire_end_vector(&more->extensions, begin);
    info->extensions = wire_buffer_slice(&more->extensions);
    info->group_context.tree_hash = (struct core_slice){more->hash, more->suite->hash->len};
    mls_ratchet_tree_free(stage);
    mls_ratchet_tree_free(tree);
}

/* A member whose credential type the others do not know, or who does not know theirs. */
static void test_members_apart(void)
{
    struct invitation i;
    struct party ghost;
    invite(&i);
    party_init(&ghost, "ghost", 1);
    struct more_tree more = {.suite = i.a.group->suite, .leaf = &ghost.keys->package.leaf_node};
    wire_buffer_init(&more.extensions, MLS_MESSAGE_MAX);
    /* one that all know is found out by the tag alone */
    CU_ASSERT_EQUAL(join_from(&i, add_to_tree, &more, NULL), MLS_CONFIRMATION);
    ghost.leaf.credential_type = 9;
    party_new_package(&ghost);
    more.leaf = &ghost.keys->package.leaf_node;
    more.extensions.len = 0;
    CU_ASSERT_EQUAL(join_from(&i, add_to_tree, &more, NULL), MLS_UNSUPPORTED);
    wire_buffer_free(&more.extensions);
    party_wipe(&ghost);
    invitation_wipe(&i);
}

static void test_lifetimes_in_tree(void)
{
    struct invitation i;
    struct mls_group *made = NULL;
    invite(&i);
    struct mls_join_config config = {
        .policy = i.c.policy, .now_s = PARTY_NOW_S + PARTY_LIFETIME_S + 1, .check_lifetimes = true};
    CU_ASSERT_EQUAL(mls_group_join(mls_staged_welcome(i.staged), i.c.keys, &config, &made), MLS_LIFETIME);
    invitation_wipe(&i);
}

/* --- Groups that claim to continue others --- */

/* alice's and bob's group, which a ReInit ended. */
static void reinit(struct party *a, struct party *b)
{
    const struct mls_proposal_config next = {
        .type = MLS_PROPOSAL_REINIT, .group_id = party_text("the new one"), .cipher_suite = 1};
    party_init(a, "alice", 1);
    party_init(b, "bob", 1);
    party_gather(a, b, 1);
    struct party *const to_b[] = {b};
    party_commit_all(a, &next, 1, to_b, 1);
    party_new_package(b);
}

/* What bob makes of alice's Welcome to a group, with the old one at hand. */
static int join_successor(struct party *next_a, struct party *b)
{
    int rc = MLS_OK;
    struct mls_group *made = NULL;
    const struct mls_proposal_config add = party_add(b);
    const struct mls_join_config config = {.policy = b->policy, .now_s = PARTY_NOW_S, .resumed = b->group};
    struct mls_staged *staged = party_commit(next_a, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    rc = mls_group_join(mls_staged_welcome(staged), b->keys, &config, &made);
    mls_group_free(made);
    mls_staged_free(staged);
    return rc;
}

static void copy_origin(const struct mls_origin *from, struct mls_origin *to)
{
    *to = *from;
    CU_ASSERT_EQUAL_FATAL(mls_output_copy((struct core_slice){from->group_id.data, from->group_id.len}, &to->group_id),
                          MLS_OK);
}

static void test_successor(void)
{
    struct party a;
    struct party b;
    struct party next;
    struct party other;
    reinit(&a, &b);
    party_init(&next, "alice", 1);
    party_init(&other, "alice", 1);
    CU_ASSERT_EQUAL_FATAL(mls_group_reinit(a.group, NULL, &next.leaf, &next.policy, &next.group), MLS_OK);
    /* another group than the one announced, linked the same way */
    party_found(&other);
    copy_origin(&next.group->origin, &other.group->origin);
    CU_ASSERT_EQUAL(join_successor(&other, &b), MLS_REINIT);
    /* the one announced, but not from its beginning */
    struct mls_origin kept;
    int rc = MLS_OK;
    copy_origin(&next.group->origin, &kept);
    struct mls_staged *first = party_commit(&next, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(next.group, first), MLS_OK);
    next.group->origin = kept;
    CU_ASSERT_EQUAL(join_successor(&next, &b), MLS_REINIT);
    /* the true one */
    mls_group_free(next.group);
    CU_ASSERT_EQUAL_FATAL(mls_group_reinit(a.group, NULL, &next.leaf, &next.policy, &next.group), MLS_OK);
    CU_ASSERT_EQUAL(join_successor(&next, &b), MLS_OK);
    party_wipe(&other);
    party_wipe(&next);
    party_wipe(&a);
    party_wipe(&b);
}

/* --- Key packages from elsewhere --- */

static struct mls_bytes private_of(const uint8_t *key)
{
    return (struct mls_bytes){key, 32};
}

static int import(struct mls_bytes package, const uint8_t *init, const uint8_t *encryption, struct mls_bytes signature)
{
    struct mls_key_package_keys *keys = NULL;
    int rc = mls_key_package_import(NULL, package, private_of(init), private_of(encryption), signature, &keys);
    CU_ASSERT_EQUAL(keys != NULL, rc == MLS_OK);
    mls_key_package_keys_free(keys);
    return rc;
}

static void test_import(void)
{
    struct party a;
    struct party b;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    const struct mls_key_package_keys *ours = a.keys;
    const struct mls_key_package_keys *others = b.keys;
    const struct mls_bytes package = party_bytes(a.package);
    const struct mls_bytes signature = party_bytes(a.signature_private);
    CU_ASSERT_EQUAL(import(package, ours->init_private, ours->encryption_private, signature), MLS_OK);
    CU_ASSERT_EQUAL(import(package, others->init_private, ours->encryption_private, signature), MLS_KEY);
    CU_ASSERT_EQUAL(import(package, ours->init_private, others->encryption_private, signature), MLS_KEY);
    CU_ASSERT_EQUAL(import(package, ours->init_private, ours->encryption_private, party_bytes(b.signature_private)),
                    MLS_KEY);
    a.package.data[a.package.len - 1] ^= 1;
    CU_ASSERT_EQUAL(import(package, ours->init_private, ours->encryption_private, signature), MLS_SIGNATURE);
    party_wipe(&a);
    party_wipe(&b);
}

static const struct unit_test tests[] = {
    {"a GroupInfo signed whole may still be wrong", test_group_info},
    {"a tree of 2^30 leaves claimed in 40 bytes is refused", test_huge_tree},
    {"a Welcome sealed whole may still be wrong", test_welcome},
    {"a Welcome's PSKs have whole nonces, and link one group at most", test_psks},
    {"who joins finds its own leaf in the tree", test_without_own_leaf},
    {"who joins sees that members know each other's credentials", test_members_apart},
    {"who joins may ask for lifetimes that hold", test_lifetimes_in_tree},
    {"a successor is the group that was announced, from its beginning", test_successor},
    {"private keys brought from elsewhere are their package's", test_import},
};

UNIT_MAIN("adversary.mls.join", tests)
