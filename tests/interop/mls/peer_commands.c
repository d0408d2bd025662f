/* What mls_peer can be asked: one function per command. */
#include <string.h>

#include "peer.h"

enum { LIFETIME_S = 28 * 24 * 3600, SKEW_S = 3600, EXPORT_MAX = 8160 };

static void put_epoch(struct peer_request *request)
{
    peer_put_number(request->out, "epoch", mls_group_epoch(request->client->group));
}

static void put_members(struct peer_request *request)
{
    const struct mls_group *group = request->client->group;
    json_t *members = json_array();
    for (uint32_t leaf = 0; leaf < mls_group_leaves(group); leaf++) {
        struct mls_member member;
        if (mls_group_member(group, leaf, &member) != MLS_OK)
            continue;
        json_t *row = json_object();
        peer_put_number(row, "leaf", leaf);
        peer_put_hex(row, "identity", member.credential);
        peer_put_hex(row, "signature_key", member.signature_key);
        json_array_append_new(members, row);
    }
    json_object_set_new(request->out, "members", members);
}

/* --- Clients and their keys --- */

static int run_client(struct peer_request *request)
{
    struct peer_client *client = NULL;
    const char *name = peer_text(request, request->in, "client");
    const uint16_t suite = (uint16_t)peer_number(request, request->in, "suite", 1, UINT16_MAX);
    struct mls_bytes identity = peer_hex(request, request->in, "identity");
    if (peer_client_find(*request->clients, name))
        peer_wrong(request, "client");
    if (request->wrong)
        return MLS_INVALID;
    if (identity.len == 0)
        identity = (struct mls_bytes){(const uint8_t *)name, strlen(name)};
    const int rc = peer_client_new(suite, name, identity, &client);
    if (rc == MLS_OK) {
        client->next = *request->clients;
        *request->clients = client;
        peer_put_hex(request->out, "signature_key",
                     (struct mls_bytes){client->signature_key.data, client->signature_key.len});
    }
    return rc;
}

static int run_forget(struct peer_request *request)
{
    peer_client_drop(request->clients, request->client);
    request->client = NULL;
    return MLS_OK;
}

static int run_psk(struct peer_request *request)
{
    struct peer_client *client = request->client;
    const struct mls_bytes id = peer_hex(request, request->in, "id");
    const struct mls_bytes secret = peer_hex(request, request->in, "secret");
    if (secret.len > MLS_PSK_MAX)
        peer_wrong(request, "secret");
    if (request->wrong)
        return MLS_INVALID;
    if (client->psk_count == PEER_PSKS_MAX)
        return MLS_LIMIT;
    client->psks[client->psk_count++] = (struct peer_psk){peer_copy(id), peer_copy(secret)};
    return MLS_OK;
}

static int run_key_package(struct peer_request *request)
{
    struct peer_client *client = request->client;
    struct mls_output message = {0};
    const uint64_t lifetime_s = peer_number(request, request->in, "lifetime_s", LIFETIME_S, INT64_MAX);
    const struct mls_key_package_config config = {
        .leaf = peer_client_leaf(client),
        .not_before_s = request->now_s - SKEW_S,
        .not_after_s = request->now_s + lifetime_s,
        .last_resort = peer_flag(request, request->in, "last_resort"),
    };
    if (request->wrong)
        return MLS_INVALID;
    if (client->key_package_count == PEER_KEY_PACKAGES_MAX)
        return MLS_LIMIT;
    const int rc =
        mls_key_package_new(NULL, client->suite, &config, &client->key_packages[client->key_package_count], &message);
    if (rc == MLS_OK) {
        client->key_package_count++;
        peer_put_output(request->out, "key_package", &message);
    }
    return rc;
}

/* --- Into a group --- */

static int run_create(struct peer_request *request)
{
    struct mls_group *group = NULL;
    struct mls_group_config config = {
        .suite = request->client->suite,
        .group_id = peer_hex(request, request->in, "group_id"),
        .leaf = peer_client_leaf(request->client),
        .policy = peer_client_policy(request->client),
    };
    config.extensions = peer_extensions(request, request->in, &config.extension_count);
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_group_new(&config, &group);
    if (rc == MLS_OK) {
        peer_client_enter(request->client, group);
        peer_put_hex(request->out, "group_id", mls_group_id(group));
        put_epoch(request);
    }
    return rc;
}

static struct mls_join_config join_config(struct peer_request *request)
{
    return (struct mls_join_config){
        .policy = peer_client_policy(request->client),
        .tree = peer_hex(request, request->in, "tree"),
        .resumed = peer_flag(request, request->in, "resumed") ? request->client->group : NULL,
        .check_lifetimes = peer_flag(request, request->in, "check_lifetimes"),
        .now_s = request->now_s,
    };
}

static int run_join(struct peer_request *request)
{
    struct peer_client *client = request->client;
    struct mls_group *group = NULL;
    const struct mls_bytes welcome = peer_hex(request, request->in, "welcome");
    const struct mls_join_config config = join_config(request);
    if (request->wrong)
        return MLS_INVALID;
    int rc = MLS_WELCOME;
    for (size_t i = 0; rc == MLS_WELCOME && i < client->key_package_count; i++) {
        rc = mls_group_join(welcome, client->key_packages[i], &config, &group);
        if (rc == MLS_STATE)
            rc = MLS_WELCOME; /* used before: the welcome may be for a later one */
    }
    if (rc == MLS_OK) {
        peer_client_enter(client, group);
        put_epoch(request);
    }
    return rc;
}

static int run_join_external(struct peer_request *request)
{
    struct mls_group *group = NULL;
    struct mls_output commit = {0};
    const struct mls_bytes info = peer_hex(request, request->in, "group_info");
    const json_t *psks = peer_array(request, request->in, "psks");
    struct mls_bytes *ids = peer_alloc(request, json_array_size(psks) * sizeof *ids);
    for (size_t i = 0; i < json_array_size(psks); i++)
        ids[i] = peer_hex_value(request, "psks", json_array_get(psks, i));
    const struct mls_external_config config = {
        .join = join_config(request),
        .leaf = peer_client_leaf(request->client),
        .resync = json_object_get(request->in, "resync") != NULL,
        .old_leaf = (uint32_t)peer_number(request, request->in, "resync", 0, UINT32_MAX),
        .psk_ids = ids,
        .psk_count = json_array_size(psks),
        .authenticated_data = peer_hex(request, request->in, "authenticated_data"),
    };
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_group_join_external(info, &config, &group, &commit);
    if (rc == MLS_OK) {
        peer_client_enter(request->client, group);
        peer_put_output(request->out, "message", &commit);
        put_epoch(request);
    }
    return rc;
}

/* --- Proposals and commits --- */

static struct mls_framing framing(struct peer_request *request)
{
    return (struct mls_framing){
        .is_public = peer_flag(request, request->in, "public"),
        .authenticated_data = peer_hex(request, request->in, "authenticated_data"),
        .padding = (size_t)peer_number(request, request->in, "padding", 0, MLS_PADDING_MAX),
    };
}

struct mls_proposal_config peer_proposal(struct peer_request *request, const json_t *object)
{
    const char *type = peer_text(request, object, "type");
    struct mls_proposal_config proposal = {0};
    if (strcmp(type, "add") == 0) {
        proposal.type = MLS_PROPOSAL_ADD;
        proposal.key_package = peer_hex(request, object, "key_package");
    } else if (strcmp(type, "update") == 0) {
        proposal.type = MLS_PROPOSAL_UPDATE;
    } else if (strcmp(type, "remove") == 0) {
        proposal.type = MLS_PROPOSAL_REMOVE;
        proposal.removed = (uint32_t)peer_number(request, object, "leaf", UINT32_MAX, UINT32_MAX);
    } else if (strcmp(type, "psk") == 0) {
        proposal.type = MLS_PROPOSAL_PSK;
        proposal.psk_id = peer_hex(request, object, "id");
        proposal.resumption = json_object_get(object, "epoch") != NULL;
        proposal.psk_epoch = peer_number(request, object, "epoch", 0, INT64_MAX);
    } else if (strcmp(type, "extensions") == 0) {
        proposal.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
        proposal.extensions = peer_extensions(request, object, &proposal.extension_count);
    } else if (strcmp(type, "reinit") == 0) {
        proposal.type = MLS_PROPOSAL_REINIT;
        proposal.group_id = peer_hex(request, object, "group_id");
        proposal.cipher_suite = (uint16_t)peer_number(request, object, "suite", 0, UINT16_MAX);
        proposal.extensions = peer_extensions(request, object, &proposal.extension_count);
    } else {
        peer_wrong(request, "type");
    }
    return proposal;
}

static int run_propose(struct peer_request *request)
{
    struct mls_output message = {0};
    const struct mls_framing how = framing(request);
    const struct mls_proposal_config proposal = peer_proposal(request, request->in);
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_group_propose(request->client->group, &how, &proposal, request->now_s, &message);
    if (rc == MLS_OK)
        peer_put_output(request->out, "message", &message);
    return rc;
}

static int run_commit(struct peer_request *request)
{
    struct peer_client *client = request->client;
    struct mls_staged *staged = NULL;
    const json_t *list = peer_array(request, request->in, "proposals");
    struct mls_proposal_config *proposals = peer_alloc(request, json_array_size(list) * sizeof *proposals);
    for (size_t i = 0; i < json_array_size(list); i++)
        proposals[i] = peer_proposal(request, json_array_get(list, i));
    const struct mls_commit_config config = {
        .framing = framing(request),
        .proposals = proposals,
        .proposal_count = json_array_size(list),
        .without_received = peer_flag(request, request->in, "without_received"),
        .without_path = peer_flag(request, request->in, "without_path"),
        .tree_apart = peer_flag(request, request->in, "tree_apart"),
        .now_s = request->now_s,
    };
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_group_commit(client->group, &config, &staged);
    if (rc == MLS_OK) {
        mls_staged_free(client->staged);
        client->staged = staged;
        peer_put_hex(request->out, "message", mls_staged_message(staged));
        if (mls_staged_welcome(staged).len > 0)
            peer_put_hex(request->out, "welcome", mls_staged_welcome(staged));
        peer_put_number(request->out, "epoch", mls_staged_epoch(staged));
    }
    return rc;
}

static int run_merge(struct peer_request *request)
{
    struct peer_client *client = request->client;
    if (!client->staged)
        return MLS_STATE;
    const int rc = mls_group_merge(client->group, client->staged);
    if (rc == MLS_OK) {
        client->staged = NULL;
        put_epoch(request);
    }
    return rc;
}

static int run_drop(struct peer_request *request)
{
    mls_staged_free(request->client->staged);
    request->client->staged = NULL;
    return MLS_OK;
}

/* --- Groups that continue others, and proposals from outside --- */

/* A group of one in the place of the client's, which it continues. */
static int succeed(struct peer_request *request, int rc, struct mls_group *group)
{
    if (rc == MLS_OK) {
        peer_client_enter(request->client, group);
        peer_put_hex(request->out, "group_id", mls_group_id(group));
        put_epoch(request);
    }
    return rc;
}

static int run_reinit(struct peer_request *request)
{
    struct peer_client *client = request->client;
    struct mls_group *group = NULL;
    const struct mls_leaf_config leaf = peer_client_leaf(client);
    const struct mls_policy policy = peer_client_policy(client);
    const int rc = mls_group_reinit(client->group, NULL, &leaf, &policy, &group);
    return succeed(request, rc, group);
}

static int run_branch(struct peer_request *request)
{
    struct peer_client *client = request->client;
    struct mls_group *group = NULL;
    size_t count = 0;
    const struct mls_leaf_config leaf = peer_client_leaf(client);
    const struct mls_bytes group_id = peer_hex(request, request->in, "group_id");
    const struct mls_extension_item *extensions = peer_extensions(request, request->in, &count);
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_group_branch(client->group, group_id, &leaf, extensions, count, &group);
    return succeed(request, rc, group);
}

static int run_propose_outside(struct peer_request *request)
{
    const struct peer_client *client = request->client;
    struct mls_output message = {0};
    const bool as_sender = json_object_get(request->in, "sender") != NULL;
    const struct mls_outside_config config = {
        .suite = client->suite,
        .group_id = peer_hex(request, request->in, "group_id"),
        .epoch = peer_number(request, request->in, "group_epoch", 0, INT64_MAX),
        .sender_type = as_sender ? MLS_SENDER_EXTERNAL : MLS_SENDER_NEW_MEMBER_PROPOSAL,
        .sender = (uint32_t)peer_number(request, request->in, "sender", 0, UINT32_MAX),
        .signature_private_key = peer_client_leaf(client).signature_private_key,
        .authenticated_data = peer_hex(request, request->in, "authenticated_data"),
    };
    const struct mls_proposal_config proposal = peer_proposal(request, request->in);
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_propose_outside(&config, &proposal, &message);
    if (rc == MLS_OK)
        peer_put_output(request->out, "message", &message);
    return rc;
}

/* --- Messages --- */

static int run_process(struct peer_request *request)
{
    static const char *const kinds[] = {"", "application", "proposal", "commit"};
    struct mls_group *group = request->client->group;
    struct mls_received received = {0};
    const struct mls_bytes message = peer_hex(request, request->in, "message");
    if (request->wrong)
        return MLS_INVALID;
    int rc = mls_group_process(group, message, request->now_s, &received);
    if (rc == MLS_OK && received.staged && (rc = mls_group_merge(group, received.staged)) == MLS_OK)
        received.staged = NULL;
    if (rc == MLS_OK) {
        json_object_set_new(request->out, "kind", json_string(kinds[received.kind]));
        peer_put_number(request->out, "sender_type", received.sender_type);
        peer_put_number(request->out, "sender", received.sender);
        peer_put_number(request->out, "sent_in", received.epoch);
        peer_put_hex(request->out, "authenticated_data",
                     (struct mls_bytes){received.authenticated_data.data, received.authenticated_data.len});
        if (received.kind == MLS_RECEIVED_APPLICATION)
            peer_put_hex(request->out, "data", (struct mls_bytes){received.data.data, received.data.len});
        put_epoch(request);
        json_object_set_new(request->out, "removed", json_boolean(mls_group_was_removed(group)));
    }
    mls_received_free(&received);
    return rc;
}

static int run_keep_past(struct peer_request *request)
{
    const bool keep = peer_flag(request, request->in, "keep");
    if (request->wrong)
        return MLS_INVALID;
    mls_group_keep_past(request->client->group, keep);
    return MLS_OK;
}

static int run_seal(struct peer_request *request)
{
    struct mls_output message = {0};
    const struct mls_framing how = framing(request);
    const struct mls_bytes data = peer_hex(request, request->in, "data");
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_group_seal(request->client->group, &how, data, &message);
    if (rc == MLS_OK)
        peer_put_output(request->out, "message", &message);
    return rc;
}

/* --- Keeping --- */

static struct mls_bytes state_key(struct peer_request *request)
{
    const struct mls_bytes key = peer_hex(request, request->in, "key");
    if (key.len != MLS_STATE_KEY_LEN)
        peer_wrong(request, "key");
    return key;
}

static int save_group(struct peer_request *request, struct mls_bytes key)
{
    struct mls_output state = {0};
    const int rc = mls_group_save(request->client->group, request->client->staged, key, &state);
    if (rc == MLS_OK)
        peer_put_output(request->out, "state", &state);
    return rc;
}

/* Those that are not used yet. */
static int save_key_packages(struct peer_request *request, struct mls_bytes key)
{
    const struct peer_client *client = request->client;
    json_t *list = json_array();
    int rc = MLS_OK;
    for (size_t i = 0; rc == MLS_OK && i < client->key_package_count; i++) {
        struct mls_output state = {0};
        rc = mls_key_package_keys_save(client->key_packages[i], key, &state);
        if (rc == MLS_OK) {
            json_t *holder = json_object();
            peer_put_output(holder, "state", &state);
            json_array_append(list, json_object_get(holder, "state"));
            json_decref(holder);
        }
        rc = rc == MLS_STATE ? MLS_OK : rc;
    }
    json_object_set_new(request->out, "key_packages", list);
    return rc;
}

static int run_save(struct peer_request *request)
{
    const struct mls_bytes key = state_key(request);
    if (request->wrong)
        return MLS_INVALID;
    const int rc = save_key_packages(request, key);
    return rc == MLS_OK && request->client->group ? save_group(request, key) : rc;
}

static int load_key_packages(struct peer_request *request, struct mls_bytes key, struct mls_key_package_keys **keys,
                             size_t *count)
{
    const json_t *list = peer_array(request, request->in, "key_packages");
    int rc = json_array_size(list) <= PEER_KEY_PACKAGES_MAX ? MLS_OK : MLS_LIMIT;
    for (size_t i = 0; rc == MLS_OK && i < json_array_size(list); i++) {
        const struct mls_bytes state = peer_hex_value(request, "key_packages", json_array_get(list, i));
        rc = request->wrong ? MLS_INVALID : mls_key_package_keys_load(state, key, NULL, &keys[i]);
        *count += rc == MLS_OK;
    }
    return rc;
}

/* In the place of what the client has, or not at all. */
static int run_load(struct peer_request *request)
{
    struct peer_client *client = request->client;
    struct mls_key_package_keys *keys[PEER_KEY_PACKAGES_MAX] = {NULL};
    size_t count = 0;
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    const struct mls_bytes key = state_key(request);
    const struct mls_bytes state = peer_hex(request, request->in, "state");
    const struct mls_policy policy = peer_client_policy(client);
    if (request->wrong)
        return MLS_INVALID;
    int rc = load_key_packages(request, key, keys, &count);
    if (rc == MLS_OK && state.len > 0)
        rc = mls_group_load(state, key, NULL, &policy, &group, &staged);
    if (rc != MLS_OK) {
        while (count > 0)
            mls_key_package_keys_free(keys[--count]);
        return rc;
    }
    while (client->key_package_count > 0)
        mls_key_package_keys_free(client->key_packages[--client->key_package_count]);
    memcpy(client->key_packages, keys, sizeof keys);
    client->key_package_count = count;
    peer_client_enter(client, group);
    client->staged = staged;
    if (group)
        put_epoch(request);
    json_object_set_new(request->out, "staged", json_boolean(staged != NULL));
    return MLS_OK;
}

/* --- What a group shows --- */

static int run_state(struct peer_request *request)
{
    const struct mls_group *group = request->client->group;
    peer_put_hex(request->out, "group_id", mls_group_id(group));
    peer_put_number(request->out, "suite", mls_group_suite(group));
    peer_put_number(request->out, "own_leaf", mls_group_own_leaf(group));
    put_epoch(request);
    put_members(request);
    return MLS_OK;
}

static int run_export(struct peer_request *request)
{
    const char *label = peer_text(request, request->in, "label");
    const struct mls_bytes context = peer_hex(request, request->in, "context");
    const size_t len = (size_t)peer_number(request, request->in, "length", 32, EXPORT_MAX);
    uint8_t *secret = peer_alloc(request, len);
    if (request->wrong)
        return MLS_INVALID;
    const struct mls_bytes label_bytes = {(const uint8_t *)label, strlen(label)};
    const int rc = mls_group_export(request->client->group, label_bytes, context, secret, len);
    if (rc == MLS_OK)
        peer_put_hex(request->out, "secret", (struct mls_bytes){secret, len});
    return rc;
}

static int run_authenticator(struct peer_request *request)
{
    peer_put_hex(request->out, "authenticator", mls_group_epoch_authenticator(request->client->group));
    return MLS_OK;
}

static int run_group_info(struct peer_request *request)
{
    struct mls_output message = {0};
    const bool tree_apart = peer_flag(request, request->in, "tree_apart");
    if (request->wrong)
        return MLS_INVALID;
    const int rc = mls_group_info(request->client->group, !tree_apart, &message);
    if (rc == MLS_OK)
        peer_put_output(request->out, "group_info", &message);
    return rc;
}

static int run_tree(struct peer_request *request)
{
    struct mls_output tree = {0};
    const int rc = mls_group_tree(request->client->group, &tree);
    if (rc == MLS_OK)
        peer_put_output(request->out, "tree", &tree);
    return rc;
}

const struct peer_command peer_commands[] = {
    {"client", false, false, run_client, "suite=1 identity=NAME -> signature_key"},
    {"forget", true, false, run_forget, "-> nothing; the client is gone"},
    {"psk", true, false, run_psk, "id secret -> nothing; an external PSK is known from now on"},
    {"key_package", true, false, run_key_package, "lifetime_s last_resort -> key_package"},
    {"create", true, false, run_create, "group_id extensions -> group_id epoch"},
    {"join", true, false, run_join, "welcome tree check_lifetimes resumed -> epoch"},
    {"join_external", true, false, run_join_external, "group_info tree psks resync -> message epoch"},
    {"reinit", true, true, run_reinit, "-> group_id epoch; the group that a committed ReInit announced"},
    {"branch", true, true, run_branch, "group_id extensions -> group_id epoch; of some of the group's members"},
    {"propose_outside", true, false, run_propose_outside,
     "group_id group_epoch sender authenticated_data type (and its fields) -> message"},
    {"propose", true, true, run_propose, "type (and its fields) FRAMING -> message"},
    {"commit", true, true, run_commit,
     "proposals without_received without_path tree_apart FRAMING -> message welcome epoch; staged"},
    {"merge", true, true, run_merge, "-> epoch; the staged commit is taken"},
    {"drop", true, true, run_drop, "-> nothing; the staged commit is not"},
    {"process", true, true, run_process,
     "message -> kind sender_type sender sent_in authenticated_data data epoch removed"},
    {"keep_past", true, true, run_keep_past, "keep -> nothing; application messages of the epoch before are opened"},
    {"seal", true, true, run_seal, "data FRAMING -> message"},
    {"save", true, false, run_save, "key -> state key_packages; with what is staged"},
    {"load", true, false, run_load, "state key_packages key -> epoch staged; in the place of what the client has"},
    {"state", true, true, run_state, "-> group_id suite own_leaf epoch members"},
    {"export", true, true, run_export, "label context length=32 -> secret"},
    {"authenticator", true, true, run_authenticator, "-> authenticator"},
    {"group_info", true, true, run_group_info, "tree_apart -> group_info"},
    {"tree", true, true, run_tree, "-> tree"},
    {0},
};
