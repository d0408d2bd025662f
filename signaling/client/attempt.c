/* What a newcomer makes to come in by itself, and keeps until it is in the log: a founding, or an external commit. */
#include "core/secret.h"
#include "mls/messages.h"
#include "parts.h"
#include "wire/buffer.h"

void call_attempt_forget(struct call_joining *joining)
{
    mls_group_free(joining->group);
    joining->group = NULL;
    mls_output_free(&joining->box);
    mls_output_free(&joining->info);
}

/* --- A founding --- */

static int found(struct call *call, struct mls_group **group)
{
    struct call_params params = {.sframe_suite = call->sframe_suite,
                                 .padding = call->padding,
                                 .locked = call->locked,
                                 .secret_number = call->room.number,
                                 .founded_s = call->now.unix_s};
    struct call_leaf_data data;
    struct mls_extension_item items[CALL_EXTENSIONS];
    struct bytes_writer w;
    memcpy(params.room, call->room.name, sizeof params.room);
    if (!call_params_add_admin(&params, call->self.user_id))
        return CALL_INVALID;
    wire_buffer_init(&w, CALL_EXTENSIONS_BYTES_MAX);
    call_params_write(&w, &params);
    int rc = bytes_writer_ok(&w) ? CALL_OK : CALL_MEMORY;
    call_context_items(wire_buffer_slice(&w), (struct core_slice){NULL, 0}, items);
    const struct mls_group_config config = {
        .suite = CALL_MLS_SUITE,
        .leaf = call_leaf_config(call, call->now.unix_s, 0, call->room.number, call->joining.nonce, &data),
        .extensions = items,
        .extension_count = CALL_EXTENSIONS,
        .policy = call->callbacks,
    };
    if (rc == CALL_OK)
        rc = mls_group_new(&config, group) == MLS_OK ? CALL_OK : CALL_CRYPTO;
    wire_buffer_free(&w);
    return rc;
}

bool call_attempt_found(struct call *call)
{
    struct call_joining *joining = &call->joining;
    struct mls_output info = {0};
    bool ok = core_random(joining->nonce, sizeof joining->nonce) &&
              core_random(joining->append_id, sizeof joining->append_id) && found(call, &joining->group) == CALL_OK &&
              mls_group_info(joining->group, true, &info) == MLS_OK &&
              call_box_seal(&call->room, CALL_BOX_FOUNDING, call_bytes(info), &joining->box) == CALL_OK &&
              call_box_seal(&call->room, CALL_BOX_GROUP_INFO, call_bytes(info), &joining->info) == CALL_OK;
    mls_output_free(&info);
    if (!ok)
        call_attempt_forget(joining);
    return ok;
}

/* --- An external commit --- */

/* The leaf of this device in the tree that a GroupInfo shows: a former self, to be replaced. */
static bool find_old_leaf(const struct call *call, struct mls_bytes group_info, uint32_t *leaf)
{
    struct mls_message message;
    struct core_slice data;
    struct core_slice nodes;
    struct mls_node node;
    size_t count = 0;
    if (mls_message_parse(group_info.data, group_info.len, &message) != MLS_OK ||
        message.wire_format != MLS_WIRE_GROUP_INFO ||
        !mls_extension_find(message.group_info.extensions, MLS_EXTENSION_RATCHET_TREE, &data) ||
        !mls_ratchet_tree_parse(data, &nodes, &count))
        return false;
    struct bytes_reader r = mls_walk(nodes);
    for (uint32_t i = 0; i < count; i++) {
        mls_node_parse(&r, &node);
        if (node.type == MLS_NODE_LEAF && call_same(node.leaf.signature_key.data, node.leaf.signature_key.len,
                                                    call->self.device_key, sizeof call->self.device_key)) {
            *leaf = i / 2;
            return true;
        }
    }
    return false;
}

/* The group's time, seen from outside; 0 if it cannot be entered. */
static uint64_t time_of(const struct call *call, struct mls_bytes group_info, uint64_t *epoch, bool *locked)
{
    struct mls_group *group = NULL;
    struct call_context context;
    uint64_t time_s = call->now.unix_s;
    const struct mls_join_config config = {.policy = call->callbacks, .now_s = call->now.unix_s};
    if (mls_group_look(group_info, &config, &group) != MLS_OK)
        return 0;
    *epoch = mls_group_epoch(group);
    if (call_context_parse(mls_group_extensions(group), &context)) {
        time_s = call_commit_time(call_group_time(group, &context.params), call->now.unix_s);
        *locked = context.params.locked;
    }
    mls_group_free(group);
    return time_s;
}

bool call_attempt_enter(struct call *call, struct mls_bytes info)
{
    struct call_joining *joining = &call->joining;
    struct call_leaf_data data;
    struct mls_output message = {0};
    struct mls_output next_info = {0};
    uint8_t id[CALL_PSK_ID_LEN];
    uint32_t old_leaf = 0;
    uint64_t epoch = 0;
    const uint64_t time_s = time_of(call, info, &epoch, &joining->locked);
    const bool resync = find_old_leaf(call, info, &old_leaf);
    if (time_s == 0 || (joining->locked && !resync) || !core_random(joining->nonce, sizeof joining->nonce) ||
        !core_random(joining->append_id, sizeof joining->append_id))
        return false;
    call_psk_id(call->room.number, id);
    const struct mls_bytes psk = {id, sizeof id};
    const struct mls_external_config config = {
        .join = {.policy = call->callbacks, .now_s = call->now.unix_s},
        .leaf = call_leaf_config(call, time_s, epoch, call->room.number, joining->nonce, &data),
        .resync = resync,
        .old_leaf = old_leaf,
        .psk_ids = &psk,
        .psk_count = 1,
    };
    bool ok = mls_group_join_external(info, &config, &joining->group, &message) == MLS_OK &&
              call_may_enter(call, joining->group) && mls_group_info(joining->group, true, &next_info) == MLS_OK &&
              call_box_seal(&call->room, CALL_BOX_COMMIT, call_bytes(message), &joining->box) == CALL_OK &&
              call_box_seal(&call->room, CALL_BOX_GROUP_INFO, call_bytes(next_info), &joining->info) == CALL_OK;
    mls_output_free(&message);
    mls_output_free(&next_info);
    if (!ok)
        call_attempt_forget(joining);
    else if (epoch > call->log.ended) /* who shows an older commit again has overtaken nobody */
        call->log.ended = epoch;
    return ok;
}
