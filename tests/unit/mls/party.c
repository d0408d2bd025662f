#include "party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(int rc, const char *what)
{
    if (rc == MLS_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, mls_strerror(rc));
    exit(EXIT_FAILURE);
}

/* --- Policy --- */

static bool is_text(struct mls_bytes bytes, const char *text)
{
    return text && bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static bool credential_valid(void *context, const struct mls_member *member, enum mls_credential_use use,
                             uint64_t now_s)
{
    struct party *party = context;
    (void)use;
    (void)now_s;
    party->credentials_asked++;
    return !is_text(member->credential, party->refused_credential);
}

static bool same_credential(const struct mls_member *a, const struct mls_member *b)
{
    return a->credential.len == b->credential.len &&
           memcmp(a->credential.data, b->credential.data, a->credential.len) == 0;
}

static bool same_client(void *context, const struct mls_member *a, const struct mls_member *b)
{
    const struct party *party = context;
    return !party->never_same && same_credential(a, b);
}

static bool successor(void *context, const struct mls_member *old_leaf, const struct mls_member *new_leaf)
{
    const struct party *party = context;
    return party->accepts_successors || (!party->refuses_successors && same_credential(old_leaf, new_leaf));
}

static bool accept_proposal(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal)
{
    const struct party *party = context;
    (void)group;
    return proposal->type != party->refused_proposal;
}

static bool accept_commit(void *context, const struct mls_group *group, const struct mls_commit_info *commit)
{
    const struct party *party = context;
    (void)group;
    (void)commit;
    return !party->refuses_commits;
}

static bool external_psk(void *context, struct mls_bytes id, uint8_t *secret, size_t *len)
{
    const struct party *party = context;
    if (!party->psk || !is_text(id, "psk"))
        return false;
    *len = strlen(party->psk);
    memcpy(secret, party->psk, *len);
    return true;
}

/* --- Life --- */

struct mls_bytes party_bytes(struct mls_output output)
{
    return (struct mls_bytes){output.data, output.len};
}

struct mls_bytes party_text(const char *text)
{
    return (struct mls_bytes){(const uint8_t *)text, strlen(text)};
}

void party_init(struct party *party, const char *name, uint16_t suite)
{
    party_init_in(party, name, NULL, suite);
}

void party_init_in(struct party *party, const char *name, const struct mls_suites *suites, uint16_t suite)
{
    *party = (struct party){.suites = suites, .suite = suite};
    snprintf(party->name, sizeof party->name, "%s", name);
    need(mls_signature_key_new(suites, suite, &party->signature_private, &party->signature_public), "signature key");
    party->leaf = (struct mls_leaf_config){
        .credential_type = MLS_CREDENTIAL_BASIC,
        .credential = {(const uint8_t *)party->name, strlen(party->name)},
        .signature_private_key = party_bytes(party->signature_private),
    };
    party->policy = (struct mls_policy){
        .context = party,
        .credential_valid = credential_valid,
        .same_client = same_client,
        .successor = successor,
        .accept_proposal = accept_proposal,
        .accept_commit = accept_commit,
        .external_psk = external_psk,
    };
    party_new_package(party);
}

void party_new_package(struct party *party)
{
    const struct mls_key_package_config config = {
        .leaf = party->leaf, .not_before_s = PARTY_NOW_S - 10, .not_after_s = PARTY_NOW_S + PARTY_LIFETIME_S};
    mls_key_package_keys_free(party->keys);
    mls_output_free(&party->package);
    party->keys = NULL;
    need(mls_key_package_new(party->suites, party->suite, &config, &party->keys, &party->package), "key package");
}

void party_wipe(struct party *party)
{
    mls_group_free(party->group);
    mls_key_package_keys_free(party->keys);
    mls_output_free(&party->package);
    mls_output_free(&party->signature_private);
    mls_output_free(&party->signature_public);
    memset(party, 0, sizeof *party);
}

void party_found(struct party *party)
{
    const struct mls_group_config config = {
        .suites = party->suites, .suite = party->suite, .leaf = party->leaf, .policy = party->policy};
    need(mls_group_new(&config, &party->group), "group");
}

/* --- Doing --- */

int party_receive(struct party *party, struct mls_bytes message)
{
    struct mls_received received = {0};
    int rc = mls_group_process(party->group, message, PARTY_NOW_S, &received);
    if (rc == MLS_OK && received.staged) {
        rc = mls_group_merge(party->group, received.staged);
        if (rc == MLS_OK)
            received.staged = NULL;
    }
    mls_received_free(&received);
    return rc;
}

int party_join(struct party *party, struct mls_bytes welcome)
{
    const struct mls_join_config config = {.suites = party->suites, .policy = party->policy, .now_s = PARTY_NOW_S};
    struct mls_group *group = NULL;
    int rc = mls_group_join(welcome, party->keys, &config, &group);
    if (rc == MLS_OK) {
        mls_group_free(party->group);
        party->group = group;
    }
    return rc;
}

struct mls_staged *party_commit(struct party *party, const struct mls_proposal_config *proposals, size_t count, int *rc)
{
    const struct mls_commit_config config = {.proposals = proposals, .proposal_count = count, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    *rc = mls_group_commit(party->group, &config, &staged);
    return staged;
}

struct mls_staged *party_commit_public(struct party *party, const struct mls_proposal_config *proposals, size_t count)
{
    const struct mls_commit_config config = {
        .framing.is_public = true, .proposals = proposals, .proposal_count = count, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    need(mls_group_commit(party->group, &config, &staged), "commit");
    return staged;
}

void party_forge(struct party *forger, struct mls_bytes message, void (*change)(struct mls_content *content, void *ctx),
                 void *ctx, struct mls_output *forged)
{
    const struct mls_group *group = forger->group;
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct mls_message parsed;
    struct bytes_writer encoded;
    struct bytes_writer out;
    wire_buffer_init(&encoded, MLS_MESSAGE_MAX);
    wire_buffer_init(&out, MLS_MESSAGE_MAX);
    need(mls_message_parse(message.data, message.len, &parsed), "message");
    struct mls_authenticated_content again = {.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
                                              .content = parsed.public_message.content,
                                              .auth = parsed.public_message.auth};
    change(&again.content, ctx);
    mls_content_write(&encoded, &again.content);
    again.content.encoded = wire_buffer_slice(&encoded);
    again.auth.signature.data = signature;
    need(mls_content_sign(group->suite, &group->epoch.signer, again.wire_format, &again.content,
                          mls_epoch_encoded(&group->epoch), signature, &again.auth.signature.len),
         "sign");
    need(mls_public_seal(group->suite, group->epoch.secrets.membership_key, &again, mls_epoch_encoded(&group->epoch),
                         &out),
         "seal");
    need(mls_output_take(&out, forged), "forged");
    wire_buffer_free(&encoded);
    wire_buffer_free(&out);
}

void party_commit_all(struct party *committer, const struct mls_proposal_config *proposals, size_t count,
                      struct party *const *others, size_t other_count)
{
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(committer, proposals, count, &rc);
    need(rc, "commit");
    for (size_t i = 0; i < other_count; i++)
        need(party_receive(others[i], mls_staged_message(staged)), others[i]->name);
    need(mls_group_merge(committer->group, staged), "merge");
}

void party_gather(struct party *founder, struct party *others, size_t count)
{
    struct mls_proposal_config *adds = calloc(count, sizeof *adds);
    int rc = adds ? MLS_OK : MLS_MEMORY;
    need(rc, "adds");
    party_found(founder);
    for (size_t i = 0; i < count; i++)
        adds[i] = party_add(&others[i]);
    struct mls_staged *staged = party_commit(founder, adds, count, &rc);
    need(rc, "commit");
    for (size_t i = 0; i < count; i++)
        need(party_join(&others[i], mls_staged_welcome(staged)), "join");
    need(mls_group_merge(founder->group, staged), "merge");
    free(adds);
}

struct mls_proposal_config party_add(const struct party *party)
{
    return (struct mls_proposal_config){.type = MLS_PROPOSAL_ADD, .key_package = party_bytes(party->package)};
}

struct mls_proposal_config party_remove(uint32_t leaf)
{
    return (struct mls_proposal_config){.type = MLS_PROPOSAL_REMOVE, .removed = leaf};
}

/* --- Keeping --- */

struct mls_bytes party_state_key(void)
{
    static const uint8_t key[MLS_STATE_KEY_LEN] = {1, 2, 3};
    return (struct mls_bytes){key, sizeof key};
}

void party_reload(struct party *party, struct mls_staged **staged)
{
    struct mls_output state = {0};
    struct mls_group *group = NULL;
    struct mls_staged *loaded = NULL;
    need(mls_group_save(party->group, staged ? *staged : NULL, party_state_key(), &state), "save");
    need(mls_group_load(party_bytes(state), party_state_key(), NULL, &party->policy, &group, &loaded), "load");
    need(!loaded == !(staged && *staged) ? MLS_OK : MLS_STATE, "what was staged");
    if (staged) {
        mls_staged_free(*staged);
        *staged = loaded;
    }
    mls_group_free(party->group);
    party->group = group;
    mls_output_free(&state);
}

/* --- Asking --- */

static bool same(struct mls_bytes a, struct mls_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

bool party_agrees(const struct party *a, const struct party *b)
{
    uint8_t key_a[32] = {0};
    uint8_t key_b[32] = {1};
    struct mls_output tree_a = {0};
    struct mls_output tree_b = {0};
    need(mls_group_export(a->group, party_text("test"), party_text("context"), key_a, sizeof key_a), "export");
    need(mls_group_export(b->group, party_text("test"), party_text("context"), key_b, sizeof key_b), "export");
    need(mls_group_tree(a->group, &tree_a), "tree");
    need(mls_group_tree(b->group, &tree_b), "tree");
    const bool agrees = mls_group_epoch(a->group) == mls_group_epoch(b->group) &&
                        same(mls_group_epoch_authenticator(a->group), mls_group_epoch_authenticator(b->group)) &&
                        memcmp(key_a, key_b, sizeof key_a) == 0 && same(party_bytes(tree_a), party_bytes(tree_b)) &&
                        same(mls_group_extensions(a->group), mls_group_extensions(b->group));
    mls_output_free(&tree_a);
    mls_output_free(&tree_b);
    return agrees;
}

bool party_hears(struct party *a, struct party *b)
{
    const struct mls_framing framing = {.authenticated_data = party_text("aad"), .padding = 32};
    struct mls_output message = {0};
    struct mls_received received = {0};
    need(mls_group_seal(a->group, &framing, party_text("hello"), &message), "seal");
    int rc = mls_group_process(b->group, party_bytes(message), PARTY_NOW_S, &received);
    const bool hears =
        rc == MLS_OK && received.kind == MLS_RECEIVED_APPLICATION && received.sender == mls_group_own_leaf(a->group) &&
        is_text(party_bytes(received.data), "hello") && is_text(party_bytes(received.authenticated_data), "aad");
    mls_received_free(&received);
    mls_output_free(&message);
    return hears;
}
