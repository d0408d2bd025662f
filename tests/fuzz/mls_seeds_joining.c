/* Welcomes, GroupInfos and key packages. */
#include <stdio.h>

#include "mls_seeds.h"

/* --- Key packages --- */

static void package(const char *name, int expected, void (*change)(struct mls_key_package *package))
{
    const struct mls_output made = scene()->zoe.package;
    struct mls_message message;
    struct bytes_writer w;
    need(mls_message_parse(made.data, made.len, &message) == MLS_OK, name);
    if (change)
        change(&message.key_package);
    wire_buffer_init(&w, 1 << 16);
    mls_message_write(&w, &message);
    seed("mls_key_package", name, expected, &w);
    wire_buffer_free(&w);
}

static void package_version(struct mls_key_package *package)
{
    package->version = 2;
}

static void package_suite(struct mls_key_package *package)
{
    package->cipher_suite = 1;
}

static void package_init_key(struct mls_key_package *package)
{
    package->init_key = package->leaf_node.encryption_key;
}

static void package_init_bad(struct mls_key_package *package)
{
    package->init_key = MLS_TEXT("\xff"
                                 "2345678901234567890123456789012");
}

static void package_signature(struct mls_key_package *package)
{
    package->signature = MLS_TEXT("12345678");
}

static void package_leaf_signature(struct mls_key_package *package)
{
    package->leaf_node.signature = MLS_TEXT("12345678");
}

static void package_expired(struct mls_key_package *package)
{
    package->leaf_node.not_after = PARTY_NOW_S - 1;
}

static void package_early(struct mls_key_package *package)
{
    package->leaf_node.not_before = PARTY_NOW_S + 1;
}

static void package_source(struct mls_key_package *package)
{
    package->leaf_node.source = MLS_LEAF_UPDATE;
}

static void package_signer(struct mls_key_package *package)
{
    package->leaf_node.signature_key = (struct core_slice){scene()->carol.signature_public.data, IDENTITY_KEY_LEN};
}

static void package_client(struct mls_key_package *package)
{
    package->leaf_node.credential.content = MLS_TEXT("carol");
}

static void package_credential(struct mls_key_package *package)
{
    package->leaf_node.credential.type = 0x1234;
}

static void packages(void)
{
    package("valid", MLS_OK, NULL);
    package("version", MLS_MALFORMED, package_version);
    package("suite", MLS_KEY_PACKAGE, package_suite);
    package("init-key-twice", MLS_KEY_PACKAGE, package_init_key);
    package("init-key-bad", MLS_KEY, package_init_bad);
    package("signature", MLS_SIGNATURE, package_signature);
    package("leaf-signature", MLS_SIGNATURE, package_leaf_signature);
    package("expired", MLS_LIFETIME, package_expired);
    package("early", MLS_LIFETIME, package_early);
    package("source", MLS_LEAF_NODE, package_source);
    package("signer-of-another", MLS_DUPLICATE, package_signer);
    package("client-of-another", MLS_DUPLICATE, package_client);
    package("credential-unlisted", MLS_UNSUPPORTED, package_credential);
}

/* --- What a joiner is given --- */

static void join_input(const char *target, const char *name, int expected, uint8_t flags, struct core_slice message,
                       struct mls_bytes tree)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 16);
    bytes_write_u8(&w, flags);
    bytes_write_u16(&w, (uint16_t)message.len);
    bytes_write(&w, message.data, message.len);
    bytes_write(&w, tree.data, tree.len);
    seed(target, name, expected, &w);
    wire_buffer_free(&w);
}

/* What alice's commit gives zoe. */
static struct mls_output welcome_of(struct mls_group *group, const struct mls_proposal_config *more, size_t more_count,
                                    bool tree_apart, bool with_path, struct mls_output *tree)
{
    enum { MORE_MAX = 4 };
    struct scene *s = scene();
    struct mls_proposal_config proposals[1 + MORE_MAX] = {party_add(&s->zoe)};
    struct mls_output welcome = {0};
    struct mls_staged *staged = NULL;
    for (size_t i = 0; i < more_count; i++)
        proposals[1 + i] = more[i];
    const struct mls_commit_config config = {.proposals = proposals,
                                             .proposal_count = 1 + more_count,
                                             .without_received = true,
                                             .without_path = !with_path,
                                             .tree_apart = tree_apart,
                                             .now_s = PARTY_NOW_S};
    need(mls_group_commit(group, &config, &staged) == MLS_OK, "an addition");
    need(mls_output_copy(mls_in(mls_staged_welcome(staged)), &welcome) == MLS_OK, "a Welcome");
    if (tree) {
        struct bytes_writer w;
        wire_buffer_init(&w, 1 << 16);
        mls_ratchet_tree_write(&w, staged->tree);
        need(mls_output_take(&w, tree) == MLS_OK, "a tree");
        wire_buffer_free(&w);
    }
    mls_staged_free(staged);
    return welcome;
}

/* --- Changed --- */

/* What of a Welcome is to be changed: zeros make every tag. */
struct change {
    void (*secrets)(struct mls_group_secrets *secrets);
    void (*info)(struct mls_group_info *info);
    void (*entry)(struct mls_encrypted_group_secrets *entry);
    uint8_t tag; /* of the GroupInfo's ciphertext */
};

static void write_sealed(struct bytes_writer *w, uint8_t tag)
{
    for (size_t i = 0; i < CORE_TAG_MAX; i++)
        bytes_write_u8(w, tag);
}

static void welcome(const char *name, int expected, struct mls_output from, struct change change)
{
    struct mls_message message;
    struct mls_group_secrets secrets;
    struct mls_group_info info;
    struct mls_encrypted_group_secrets entry;
    struct bytes_writer buffers[4];
    for (size_t i = 0; i < 4; i++)
        wire_buffer_init(&buffers[i], 1 << 16);
    need(mls_message_parse(from.data, from.len, &message) == MLS_OK, name);
    struct bytes_reader r = mls_walk(message.welcome.secrets);
    need(mls_encrypted_group_secrets_next(&r, &entry), name);
    r = mls_walk((struct core_slice){entry.secrets.ciphertext.data, entry.secrets.ciphertext.len - CORE_TAG_MAX});
    mls_group_secrets_parse(&r, &secrets);
    need(bytes_reader_done(&r), name);
    r = mls_walk((struct core_slice){message.welcome.encrypted_group_info.data,
                                     message.welcome.encrypted_group_info.len - CORE_TAG_MAX});
    mls_group_info_parse(&r, &info);
    need(bytes_reader_done(&r), name);
    if (change.secrets)
        change.secrets(&secrets);
    if (change.info)
        change.info(&info);
    mls_group_secrets_write(&buffers[0], &secrets);
    write_sealed(&buffers[0], 0);
    entry.secrets.ciphertext = wire_buffer_slice(&buffers[0]);
    if (change.entry)
        change.entry(&entry);
    mls_group_info_write(&buffers[1], &info);
    write_sealed(&buffers[1], change.tag);
    mls_encrypted_group_secrets_write(&buffers[2], &entry);
    message.welcome.secrets = wire_buffer_slice(&buffers[2]);
    message.welcome.encrypted_group_info = wire_buffer_slice(&buffers[1]);
    mls_message_write(&buffers[3], &message);
    join_input("mls_join", name, expected, 0, wire_buffer_slice(&buffers[3]), (struct mls_bytes){0});
    for (size_t i = 0; i < 4; i++)
        wire_buffer_free(&buffers[i]);
}

static void secrets_joiner(struct mls_group_secrets *secrets)
{
    secrets->joiner_secret = MLS_TEXT("short");
}

static void secrets_path(struct mls_group_secrets *secrets)
{
    secrets->path_secret = MLS_TEXT("12345678901234567890123456789012");
}

static void secrets_path_short(struct mls_group_secrets *secrets)
{
    secrets->path_secret.len--;
}

/* type 1, id, nonce of 32 */
#define PSK_ID(name_len, name)                                                                                         \
    "\x01" name_len name "\x20"                                                                                        \
    "12345678901234567890123456789012"

static void secrets_psk(struct mls_group_secrets *secrets)
{
    secrets->psks = MLS_TEXT(PSK_ID("\x07", "unknown"));
}

static void secrets_psk_nonce(struct mls_group_secrets *secrets)
{
    secrets->psks = MLS_TEXT("\x01\x03psk\x01"
                             "1");
}

static void secrets_psk_reinit(struct mls_group_secrets *secrets)
{
    secrets->psks = MLS_TEXT("\x02\x02\x05group\0\0\0\0\0\0\0\x05\x20"
                             "12345678901234567890123456789012");
}

static void info_suite(struct mls_group_info *info)
{
    info->group_context.cipher_suite = 1;
}

static void info_signer(struct mls_group_info *info)
{
    info->signer = SCENE_BLANK_LEAF + 1;
}

static void info_signature(struct mls_group_info *info)
{
    info->signature = MLS_TEXT("12345678");
}

static void info_tree_hash(struct mls_group_info *info)
{
    info->group_context.tree_hash = MLS_TEXT("12345678901234567890123456789012");
}

static void info_confirmation(struct mls_group_info *info)
{
    info->confirmation_tag = MLS_TEXT("12345678901234567890123456789012");
}

static void info_confirmation_short(struct mls_group_info *info)
{
    info->confirmation_tag.len--;
}

static void info_no_tree(struct mls_group_info *info)
{
    info->extensions = (struct core_slice){0};
}

static void info_tree_malformed(struct mls_group_info *info)
{
    info->extensions = MLS_TEXT("\x00\x02\x02\x01\x00");
}

static void info_extensions(struct mls_group_info *info)
{
    info->group_context.extensions = MLS_TEXT("\x00\x05\x02\x01\x00");
}

static void info_unsupported(struct mls_group_info *info)
{
    info->group_context.extensions = MLS_TEXT("\x12\x34\x00");
}

static void entry_other(struct mls_encrypted_group_secrets *entry)
{
    entry->new_member = MLS_TEXT("12345678901234567890123456789012");
}

static void entry_tag(struct mls_encrypted_group_secrets *entry)
{
    entry->secrets.ciphertext = MLS_TEXT("1234567890123456789012345678901234567890");
}

static void entry_short(struct mls_encrypted_group_secrets *entry)
{
    entry->secrets.ciphertext.len = 3;
}

static void entry_cut(struct mls_encrypted_group_secrets *entry)
{
    entry->secrets.ciphertext = zeros(CORE_TAG_MAX + 3);
}

static void welcome_refusals(struct mls_output whole)
{
    static const struct {
        const char *name;
        int expected;
        struct change change;
    } rows[] = {
        {"secrets-joiner", MLS_MALFORMED, {.secrets = secrets_joiner}},
        {"secrets-path", MLS_PATH, {.secrets = secrets_path}},
        {"secrets-path-short", MLS_MALFORMED, {.secrets = secrets_path_short}},
        {"secrets-psk-unknown", MLS_PSK, {.secrets = secrets_psk}},
        {"secrets-psk-nonce", MLS_PSK, {.secrets = secrets_psk_nonce}},
        {"secrets-psk-reinit", MLS_PSK, {.secrets = secrets_psk_reinit}},
        {"info-suite", MLS_SUITE, {.info = info_suite}},
        {"info-signer-blank", MLS_LEAF, {.info = info_signer}},
        {"info-signature", MLS_SIGNATURE, {.info = info_signature}},
        {"info-tree-hash", MLS_TREE, {.info = info_tree_hash}},
        {"info-confirmation", MLS_CONFIRMATION, {.info = info_confirmation}},
        {"info-confirmation-short", MLS_CONFIRMATION, {.info = info_confirmation_short}},
        {"info-no-tree", MLS_TREE_MISSING, {.info = info_no_tree}},
        {"info-tree-malformed", MLS_MALFORMED, {.info = info_tree_malformed}},
        {"info-extensions", MLS_EXTENSION, {.info = info_extensions}},
        {"info-unsupported", MLS_UNSUPPORTED, {.info = info_unsupported}},
        {"info-tag", MLS_AUTH, {.tag = 1}},
        {"entry-other", MLS_WELCOME, {.entry = entry_other}},
        {"entry-tag", MLS_AUTH, {.entry = entry_tag}},
        {"entry-short", MLS_MALFORMED, {.entry = entry_short}},
        {"entry-cut", MLS_MALFORMED, {.entry = entry_cut}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        welcome(rows[i].name, rows[i].expected, whole, rows[i].change);
}

/* --- Welcomes and GroupInfos as they should be --- */

static struct core_slice slice(struct mls_output output)
{
    return (struct core_slice){output.data, output.len};
}

static void welcomes(struct scene *s)
{
    const struct mls_bytes none = {0};
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")};
    const struct mls_proposal_config resumption = {
        .type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = mls_group_epoch(s->alice.group)};
    struct mls_output tree = {0};
    struct mls_output made = welcome_of(s->alice.group, NULL, 0, false, true, NULL);
    join_input("mls_join", "path", MLS_OK, 0, slice(made), none);
    welcome_refusals(made);
    mls_output_free(&made);
    made = welcome_of(s->alice.group, NULL, 0, false, false, NULL);
    join_input("mls_join", "no-path", MLS_OK, 0, slice(made), none);
    join_input("mls_join", "lifetimes", MLS_OK, JOIN_LIFETIMES, slice(made), none);
    mls_output_free(&made);
    made = welcome_of(s->alice.group, NULL, 0, true, true, &tree);
    join_input("mls_join", "tree-apart", MLS_OK, 0, slice(made), party_bytes(tree));
    join_input("mls_join", "tree-missing", MLS_TREE_MISSING, 0, slice(made), none);
    mls_output_free(&tree);
    mls_output_free(&made);
    made = welcome_of(s->alice.group, &psk, 1, false, true, NULL);
    join_input("mls_join", "psk", MLS_OK, 0, slice(made), none);
    mls_output_free(&made);
    made = welcome_of(s->alice.group, &resumption, 1, false, true, NULL);
    join_input("mls_join", "resumption", MLS_OK, JOIN_RESUMED, slice(made), none);
    join_input("mls_join", "resumption-unknown", MLS_PSK, 0, slice(made), none);
    mls_output_free(&made);
}

static void infos(struct scene *s)
{
    struct mls_output tree = {0};
    struct mls_output info = {0};
    need(mls_group_info(s->alice.group, true, &info) == MLS_OK, "a GroupInfo");
    const struct mls_bytes none = {0};
    join_input("mls_info", "whole", MLS_OK, 0, slice(info), none);
    join_input("mls_info", "psk", MLS_OK, INFO_PSK, slice(info), none);
    join_input("mls_info", "resync", MLS_OK, INFO_RESYNC | INFO_SUCCEEDS, slice(info), none);
    join_input("mls_info", "resync-of-another", MLS_CREDENTIAL, INFO_RESYNC, slice(info), none);
    join_input("mls_info", "resumed", MLS_OK, INFO_RESUMED, slice(info), none);

    static const struct {
        const char *name;
        int expected;
        void (*change)(struct mls_group_info *info);
    } rows[] = {
        {"suite", MLS_SUITE, info_suite},
        {"signer-blank", MLS_LEAF, info_signer},
        {"signature", MLS_SIGNATURE, info_signature},
        {"tree-hash", MLS_TREE, info_tree_hash},
        {"confirmation-short", MLS_CONFIRMATION, info_confirmation_short},
        {"no-tree", MLS_TREE_MISSING, info_no_tree},
        {"tree-malformed", MLS_MALFORMED, info_tree_malformed},
        {"extensions", MLS_EXTENSION, info_extensions},
        {"unsupported", MLS_UNSUPPORTED, info_unsupported},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mls_message message;
        struct bytes_writer w;
        need(mls_message_parse(info.data, info.len, &message) == MLS_OK, rows[i].name);
        rows[i].change(&message.group_info);
        wire_buffer_init(&w, 1 << 16);
        mls_message_write(&w, &message);
        join_input("mls_info", rows[i].name, rows[i].expected, 0, wire_buffer_slice(&w), none);
        wire_buffer_free(&w);
    }
    mls_output_free(&info);
    need(mls_group_info(s->alice.group, false, &info) == MLS_OK, "a GroupInfo");
    need(mls_group_tree(s->alice.group, &tree) == MLS_OK, "a tree");
    join_input("mls_info", "tree-apart", MLS_OK, 0, slice(info), party_bytes(tree));
    mls_output_free(&info);
    mls_output_free(&tree);
}

/* Groups that continue ours. Ours is `us`'s, who makes them. */
static void continuations(struct scene *s)
{
    const struct mls_bytes none = {0};
    struct mls_group *branch = NULL;
    need(mls_group_branch(s->us.group, party_text("branch"), &s->us.leaf, NULL, 0, &branch) == MLS_OK, "a branch");
    struct mls_output made = welcome_of(branch, NULL, 0, false, true, NULL);
    /* zoe is not in the group that was branched */
    join_input("mls_join", "branch-of-others", MLS_REINIT, JOIN_RESUMED, slice(made), none);
    join_input("mls_join", "branch-unknown", MLS_PSK, 0, slice(made), none);
    mls_output_free(&made);
    mls_group_free(branch);

    struct mls_group *next = NULL;
    scene_join();
    scene_reinitialize();
    need(mls_group_reinit(s->us.group, &s->suites, &s->us.leaf, &s->us.policy, &next) == MLS_OK, "a successor");
    const struct mls_proposal_config all[] = {party_add(&s->alice), party_add(&s->carol), party_add(&s->eve),
                                              party_add(&s->frank)};
    made = welcome_of(next, all, 4, false, true, NULL);
    join_input("mls_join", "reinit", MLS_OK, JOIN_REINITIALIZED, slice(made), none);
    join_input("mls_join", "reinit-uncommitted", MLS_PSK, JOIN_RESUMED, slice(made), none);
    mls_output_free(&made);
    made = welcome_of(next, all, 3, false, true, NULL);
    join_input("mls_join", "reinit-without-all", MLS_REINIT, JOIN_REINITIALIZED, slice(made), none);
    mls_output_free(&made);
    mls_group_free(next);
}

void seeds_of_joining(void)
{
    struct scene *s = scene();
    packages();
    welcomes(s);
    infos(s);
    continuations(s);
}
