/* passive-client-*.json: a client joins by a Welcome and follows the group through its commits, sending nothing. Each
 * epoch's authenticator has to be the published one. */
#include <string.h>

#include "mls_case.h"
#include "sotto/mls.h"

static bool any_credential(void *context, const struct mls_member *member, enum mls_credential_use use, uint64_t now_s)
{
    (void)context;
    (void)member;
    (void)use;
    (void)now_s;
    return true;
}

/* The members of these groups are told apart by their keys alone. */
static bool nobody_twice(void *context, const struct mls_member *a, const struct mls_member *b)
{
    (void)context;
    (void)a;
    (void)b;
    return false;
}

static bool any_successor(void *context, const struct mls_member *old_leaf, const struct mls_member *new_leaf)
{
    (void)context;
    (void)old_leaf;
    (void)new_leaf;
    return true;
}

static bool any_proposal(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal)
{
    (void)context;
    (void)group;
    (void)proposal;
    return true;
}

static bool any_commit(void *context, const struct mls_group *group, const struct mls_commit_info *commit)
{
    (void)context;
    (void)group;
    (void)commit;
    return true;
}

static bool find_psk(void *context, struct mls_bytes id, uint8_t *secret, size_t *len)
{
    struct mls_case *c = context;
    const json_t *psks = mls_case_array(c, c->json, "external_psks");
    const json_t *psk = NULL;
    size_t i = 0;
    json_array_foreach(psks, i, psk)
    {
        const struct core_slice its_id = mls_case_hex(c, psk, "psk_id");
        const struct core_slice its_secret = mls_case_hex(c, psk, "psk");
        if (its_id.len != id.len || memcmp(its_id.data, id.data, id.len) != 0 || its_secret.len > MLS_PSK_MAX)
            continue;
        memcpy(secret, its_secret.data, its_secret.len);
        *len = its_secret.len;
        return true;
    }
    return false;
}

static struct mls_bytes bytes_of(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

static struct mls_bytes member_bytes(struct mls_case *c, const json_t *object, const char *name)
{
    return bytes_of(mls_case_hex(c, object, name));
}

static struct mls_group *join(struct mls_case *c)
{
    struct mls_key_package_keys *keys = NULL;
    struct mls_group *group = NULL;
    const json_t *tree = json_object_get(c->json, "ratchet_tree"); /* null: the Welcome has it */
    const struct mls_join_config config = {
        .policy = {.context = c,
                   .credential_valid = any_credential,
                   .same_client = nobody_twice,
                   .successor = any_successor,
                   .accept_proposal = any_proposal,
                   .accept_commit = any_commit,
                   .external_psk = find_psk},
        .tree = !json_is_null(tree) ? member_bytes(c, c->json, "ratchet_tree") : (struct mls_bytes){0},
    };
    if (mls_case_ok(c, "key package",
                    mls_key_package_import(NULL, member_bytes(c, c->json, "key_package"),
                                           member_bytes(c, c->json, "init_priv"),
                                           member_bytes(c, c->json, "encryption_priv"),
                                           member_bytes(c, c->json, "signature_priv"), &keys)))
        mls_case_ok(c, "join", mls_group_join(member_bytes(c, c->json, "welcome"), keys, &config, &group));
    mls_key_package_keys_free(keys);
    return group;
}

static void check_authenticator(struct mls_case *c, const struct mls_group *group, const json_t *object,
                                const char *name)
{
    const struct mls_bytes got = mls_group_epoch_authenticator(group);
    mls_case_same(c, name, mls_case_hex(c, object, name), got.data, got.len);
}

/* The present time of the vectors: key packages have lifetimes that never end, or that end some time after. */
static void process(struct mls_case *c, struct mls_group *group, struct core_slice message, uint8_t kind)
{
    struct mls_received received = {0};
    if (!mls_case_ok(c, kind == MLS_RECEIVED_COMMIT ? "commit" : "proposal",
                     mls_group_process(group, bytes_of(message), 1690000000, &received)))
        return;
    mls_case_check(c, "kind of message", received.kind == kind);
    if (received.staged && mls_case_ok(c, "merge", mls_group_merge(group, received.staged)))
        received.staged = NULL;
    mls_received_free(&received);
}

static void follow(struct mls_case *c, struct mls_group *group, const json_t *epoch)
{
    const json_t *proposals = mls_case_array(c, epoch, "proposals");
    const json_t *proposal = NULL;
    size_t i = 0;
    json_array_foreach(proposals, i, proposal)
        process(c, group, mls_case_hex_value(c, "proposal", proposal), MLS_RECEIVED_PROPOSAL);
    process(c, group, mls_case_hex(c, epoch, "commit"), MLS_RECEIVED_COMMIT);
    check_authenticator(c, group, epoch, "epoch_authenticator");
}

static void run(struct mls_case *c)
{
    const json_t *epochs = mls_case_array(c, c->json, "epochs");
    const json_t *epoch = NULL;
    size_t i = 0;
    struct mls_group *group = join(c);
    if (!group)
        return;
    check_authenticator(c, group, c->json, "initial_epoch_authenticator");
    json_array_foreach(epochs, i, epoch)
    {
        if (c->failed)
            break;
        follow(c, group, epoch);
    }
    mls_group_free(group);
}

const struct mls_schema mls_schema_passive_client = {
    .name = "passive-client",
    .members = (const char *const[]){"cipher_suite", "epochs", "encryption_priv", "external_psks", "init_priv",
                                     "initial_epoch_authenticator", "key_package", "ratchet_tree", "signature_priv",
                                     "welcome", NULL},
    .run = run,
};
