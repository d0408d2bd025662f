#include "crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/buffer.h"

static void need(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s: %d\n", what, rc);
    exit(EXIT_FAILURE);
}

struct mls_bytes crew_bytes(struct mls_output output)
{
    return (struct mls_bytes){output.data, output.len};
}

/* --- Policies --- */

static bool lenient_credential(void *context, const struct mls_member *member, enum mls_credential_use use,
                               uint64_t now_s)
{
    (void)context;
    (void)member;
    (void)use;
    return now_s > 0;
}

static bool lenient_pair(void *context, const struct mls_member *a, const struct mls_member *b)
{
    (void)context;
    (void)a;
    return b != NULL;
}

static bool lenient_same(void *context, const struct mls_member *a, const struct mls_member *b)
{
    (void)context;
    return a == b;
}

static bool lenient_proposal(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal)
{
    (void)context;
    (void)group;
    return proposal != NULL;
}

static bool lenient_commit(void *context, const struct mls_group *group, const struct mls_commit_info *commit)
{
    (void)context;
    (void)group;
    return commit != NULL;
}

/* The PSK of whatever number is asked for, if it is this room's secret. */
static bool any_psk(void *context, struct mls_bytes id, uint8_t *secret, size_t *len)
{
    struct call_policy *policy = context;
    (void)id;
    memcpy(secret, policy->room->psk, CALL_PSK_LEN);
    *len = CALL_PSK_LEN;
    return true;
}

static struct mls_policy policy_of(struct crew *crew)
{
    struct mls_policy lenient = {
        .context = &crew->policy,
        .credential_valid = lenient_credential,
        .same_client = lenient_same,
        .successor = lenient_pair,
        .accept_proposal = lenient_proposal,
        .accept_commit = lenient_commit,
        .external_psk = any_psk,
    };
    return crew->lenient ? lenient : crew->callbacks;
}

/* --- Life --- */

void crew_certify(struct crew *crew, uint64_t created_s, uint64_t expires_s)
{
    memcpy(crew->content.device_key, crew->device.public_key, IDENTITY_KEY_LEN);
    crew->content.created_s = created_s;
    crew->content.expires_s = expires_s;
    need(identity_certificate_make(&crew->root, &crew->content, crew->certificate, sizeof crew->certificate,
                                   &crew->certificate_len),
         "certificate");
    need(identity_certificate_verify(crew->certificate, crew->certificate_len, &crew->content), "certificate");
}

void crew_init(struct crew *crew, uint8_t user, uint8_t device)
{
    static const uint8_t secret[CALL_SECRET_LEN] = {7, 7, 7};
    uint8_t seed[IDENTITY_KEY_LEN];
    memset(crew, 0, sizeof *crew);
    memset(seed, user, sizeof seed);
    need(identity_key_from_seed(seed, &crew->root), "root");
    memset(seed, 100 + device, sizeof seed);
    need(identity_key_from_seed(seed, &crew->device), "device");
    snprintf(crew->content.name, sizeof crew->content.name, "user %d", user);
    snprintf(crew->content.device, sizeof crew->content.device, "device %d", device);
    crew_certify(crew, CREW_NOW_S - 100, CREW_NOW_S + IDENTITY_CERTIFICATE_LIFE_S - 100);
    memset(crew->nonce, device, sizeof crew->nonce);
    need(call_room_init(&crew->room, CREW_ROOM, 0, secret), "room");
    crew->policy.room = &crew->room;
    call_policy_callbacks(&crew->policy, &crew->callbacks);
    crew_new_package(crew, 0);
}

void crew_wipe(struct crew *crew)
{
    mls_group_free(crew->group);
    mls_key_package_keys_free(crew->keys);
    mls_output_free(&crew->package);
    memset(crew, 0, sizeof *crew);
}

/* --- Leaves --- */

static const uint16_t supported[] = {CALL_EXTENSION_PARAMS, CALL_EXTENSION_REVOKED, CALL_EXTENSION_LEAF};

struct leaf_data {
    uint8_t bytes[64];
    struct mls_extension_item item;
};

static struct mls_leaf_config leaf_config(const struct crew *crew, const struct call_leaf *leaf, struct leaf_data *data)
{
    struct bytes_writer w;
    bytes_writer_init(&w, data->bytes, sizeof data->bytes);
    if (leaf)
        call_leaf_write(&w, leaf);
    data->item = (struct mls_extension_item){CALL_EXTENSION_LEAF, {data->bytes, w.len}};
    return (struct mls_leaf_config){
        .credential_type = MLS_CREDENTIAL_BASIC,
        .credential = {crew->certificate, crew->certificate_len},
        .signature_private_key = {crew->device.seed, sizeof crew->device.seed},
        .extensions = &data->item,
        .extension_count = leaf ? 1 : 0,
        .extension_types = supported,
        .extension_type_count = sizeof supported / sizeof supported[0],
    };
}

void crew_new_package(struct crew *crew, uint32_t number)
{
    struct call_leaf leaf = {.time_s = CREW_NOW_S, .number = number};
    struct leaf_data data;
    memcpy(leaf.nonce, crew->nonce, sizeof leaf.nonce);
    const struct mls_key_package_config config = {.leaf = leaf_config(crew, &leaf, &data),
                                                  .not_after_s = crew->content.expires_s};
    mls_key_package_keys_free(crew->keys);
    mls_output_free(&crew->package);
    crew->keys = NULL;
    need(mls_key_package_new(NULL, CALL_MLS_SUITE, &config, &crew->keys, &crew->package), "key package");
}

struct call_params crew_params(const struct crew *founder)
{
    struct call_params params = {.room = CREW_ROOM, .sframe_suite = 4, .founded_s = CREW_NOW_S};
    if (!call_params_add_admin(&params, founder->content.user_id))
        exit(EXIT_FAILURE);
    return params;
}

void crew_found(struct crew *founder, const struct call_params *params)
{
    struct call_leaf leaf = {.time_s = CREW_NOW_S};
    struct leaf_data data;
    struct mls_extension_item items[CALL_EXTENSIONS];
    struct bytes_writer w;
    uint8_t encoded[2048];
    bytes_writer_init(&w, encoded, sizeof encoded);
    call_params_write(&w, params);
    call_context_items((struct core_slice){encoded, w.len}, (struct core_slice){NULL, 0}, items);
    memcpy(leaf.nonce, founder->nonce, sizeof leaf.nonce);
    const struct mls_group_config config = {.suite = CALL_MLS_SUITE,
                                            .leaf = leaf_config(founder, &leaf, &data),
                                            .extensions = items,
                                            .extension_count = CALL_EXTENSIONS,
                                            .policy = policy_of(founder)};
    need(mls_group_new(&config, &founder->group), "group");
}

int crew_load(struct crew *crew, struct mls_bytes state, struct mls_bytes key)
{
    const struct mls_policy policy = policy_of(crew);
    struct mls_group *group = NULL;
    const int rc = mls_group_load(state, key, NULL, &policy, &group, NULL);
    if (rc == MLS_OK) {
        mls_group_free(crew->group);
        crew->group = group;
    }
    return rc;
}

/* --- Doing --- */

int crew_commit(struct crew *crew, const struct crew_commit *what, struct mls_staged **staged)
{
    struct call_context context;
    struct leaf_data data;
    struct bytes_writer w;
    uint8_t encoded[8192];
    if (!call_context_parse(mls_group_extensions(crew->group), &context))
        exit(EXIT_FAILURE);
    struct call_leaf leaf = {.time_s = what->time_s ? what->time_s : CREW_NOW_S,
                             .epoch = mls_group_epoch(crew->group) + (uint64_t)(int64_t)what->epoch_off,
                             .number = context.params.secret_number + (uint32_t)what->number_off};
    memcpy(leaf.nonce, crew->nonce, sizeof leaf.nonce);
    bytes_writer_init(&w, encoded, sizeof encoded);
    if (what->data)
        call_commit_data_write(&w, what->data);
    const struct mls_leaf_config config = leaf_config(crew, what->without_leaf ? NULL : &leaf, &data);
    const struct mls_commit_config commit = {
        .framing = {.authenticated_data = what->raw_data.len ? what->raw_data : (struct mls_bytes){encoded, w.len}},
        .proposals = what->proposals,
        .proposal_count = what->count,
        .without_path = what->without_path,
        .leaf = what->without_path ? NULL : &config,
        .now_s = CREW_NOW_S,
    };
    return mls_group_commit(crew->group, &commit, staged);
}

int crew_receive(struct crew *crew, struct mls_bytes commit)
{
    struct mls_received received = {0};
    crew->policy.broken = CALL_RULE_NONE;
    int rc = mls_group_process(crew->group, commit, CREW_NOW_S, &received);
    if (rc == MLS_OK && received.staged) {
        rc = mls_group_merge(crew->group, received.staged);
        if (rc == MLS_OK)
            received.staged = NULL;
    }
    mls_received_free(&received);
    return rc;
}

int crew_join(struct crew *crew, struct mls_bytes welcome)
{
    const struct mls_join_config config = {.policy = policy_of(crew), .now_s = CREW_NOW_S};
    struct mls_group *group = NULL;
    int rc = mls_group_join(welcome, crew->keys, &config, &group);
    if (rc == MLS_OK) {
        mls_group_free(crew->group);
        crew->group = group;
    }
    return rc;
}

void crew_commit_all(struct crew *crew, const struct crew_commit *what, struct crew *const *others, size_t count)
{
    struct mls_staged *staged = NULL;
    need(crew_commit(crew, what, &staged), "commit");
    for (size_t i = 0; i < count; i++)
        need(crew_receive(others[i], mls_staged_message(staged)), others[i]->content.name);
    need(mls_group_merge(crew->group, staged), "merge");
}

void crew_gather(struct crew *founder, const struct call_params *params, struct crew *const *others, size_t count)
{
    struct mls_proposal_config adds[8];
    struct mls_staged *staged = NULL;
    crew_found(founder, params);
    for (size_t i = 0; i < count; i++)
        adds[i] = crew_add(others[i]);
    const struct crew_commit commit = {.proposals = adds, .count = count};
    need(crew_commit(founder, &commit, &staged), "commit");
    for (size_t i = 0; i < count; i++)
        need(crew_join(others[i], mls_staged_welcome(staged)), "join");
    need(mls_group_merge(founder->group, staged), "merge");
}

int crew_join_external(struct crew *crew, const struct crew *member, const uint32_t *old_leaf, int psk_number,
                       struct mls_output *commit)
{
    struct call_context context;
    struct leaf_data data;
    struct mls_output info = {0};
    struct mls_group *group = NULL;
    uint8_t id[CALL_PSK_ID_LEN];
    if (!call_context_parse(mls_group_extensions(member->group), &context))
        exit(EXIT_FAILURE);
    struct call_leaf leaf = {
        .time_s = CREW_NOW_S, .epoch = mls_group_epoch(member->group), .number = context.params.secret_number};
    memcpy(leaf.nonce, crew->nonce, sizeof leaf.nonce);
    call_psk_id((uint32_t)psk_number, id);
    const struct mls_bytes psk = {id, sizeof id};
    need(mls_group_info(member->group, true, &info), "group info");
    const struct mls_external_config config = {
        .join = {.policy = policy_of(crew), .now_s = CREW_NOW_S},
        .leaf = leaf_config(crew, &leaf, &data),
        .resync = old_leaf != NULL,
        .old_leaf = old_leaf ? *old_leaf : 0,
        .psk_ids = &psk,
        .psk_count = psk_number < 0 ? 0 : 1,
    };
    int rc = mls_group_join_external(crew_bytes(info), &config, &group, commit);
    mls_output_free(&info);
    if (rc == MLS_OK) {
        mls_group_free(crew->group);
        crew->group = group;
    }
    return rc;
}

struct mls_proposal_config crew_add(const struct crew *crew)
{
    return (struct mls_proposal_config){.type = MLS_PROPOSAL_ADD, .key_package = crew_bytes(crew->package)};
}

struct mls_proposal_config crew_remove(uint32_t leaf)
{
    return (struct mls_proposal_config){.type = MLS_PROPOSAL_REMOVE, .removed = leaf};
}
