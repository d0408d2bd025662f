/* What this client says of itself in a leaf. */
#include "parts.h"

static const uint16_t supported[] = {CALL_EXTENSION_PARAMS, CALL_EXTENSION_REVOKED, CALL_EXTENSION_LEAF};

struct mls_leaf_config call_leaf_config(const struct call *call, uint64_t time_s, uint64_t epoch, uint32_t number,
                                        const uint8_t *nonce, struct call_leaf_data *data)
{
    struct call_leaf leaf = {.time_s = time_s, .epoch = epoch, .number = number};
    struct bytes_writer w;
    memcpy(leaf.nonce, nonce, sizeof leaf.nonce);
    bytes_writer_init(&w, data->bytes, sizeof data->bytes);
    call_leaf_write(&w, &leaf);
    data->item = (struct mls_extension_item){CALL_EXTENSION_LEAF, {data->bytes, w.len}};
    return (struct mls_leaf_config){
        .credential_type = MLS_CREDENTIAL_BASIC,
        .credential = {call->certificate, call->certificate_len},
        .signature_private_key = {call->seed, sizeof call->seed},
        .extensions = &data->item,
        .extension_count = 1,
        .extension_types = supported,
        .extension_type_count = sizeof supported / sizeof supported[0],
    };
}
