/* The cases that frame_format.py makes: whole frames with their inner header, the ratchet, KIDs. */
#include "sframe_cases.h"

#include <stdlib.h>
#include <string.h>

#include "inner.h"
#include "sender.h"
#include "vector_file.h"

enum { BASE_KEY, METADATA, TLV, PAYLOAD, INNER, FRAME, FIELDS };

struct sotto_frame {
    uint16_t suite;
    uint64_t kid;
    uint64_t ctr;
    struct sframe_inner inner;
    const struct vector_bytes *at;
};

/* Seals with a sender whose counter stands at the case's. */
static bool check_seal(const struct sotto_frame *want)
{
    const struct sframe_sender_config config = {.suite = want->suite, .keys = 1, .key_history = 1};
    const size_t payload_len = want->at[PAYLOAD].len;
    const size_t tail_cap = want->inner.padding + SFRAME_TAG_MAX;
    struct sframe_sender *sender = NULL;
    struct sframe_sealed sealed;
    uint8_t inner[SFRAME_HEAD_MAX];
    size_t size = sframe_sender_size(&config);
    void *memory = malloc(size);
    uint8_t *buffer = malloc(SFRAME_HEAD_MAX + payload_len + tail_cap);
    bool ok = memory && buffer && sframe_sender_init(memory, size, &config, &sender) == SFRAME_OK &&
              sframe_sender_add_key(sender, want->kid, want->at[BASE_KEY].data, want->at[BASE_KEY].len) == SFRAME_OK;
    if (ok) {
        uint8_t *payload = buffer + SFRAME_HEAD_MAX;
        sframe_inner_write(&want->inner, inner);
        memcpy(payload, want->at[PAYLOAD].data, payload_len);
        sender->keys[0].ctr = want->ctr;
        ok = vector_same("inner", &want->at[INNER], inner, sframe_inner_len(&want->inner)) &&
             sframe_seal(sender, &want->inner, want->at[METADATA].data, want->at[METADATA].len, buffer, SFRAME_HEAD_MAX,
                         payload, payload_len, payload + payload_len, tail_cap, &sealed) == SFRAME_OK &&
             vector_same("frame", &want->at[FRAME], payload - sealed.head_len,
                         sealed.head_len + payload_len + sealed.tail_len);
    }
    sframe_sender_wipe(sender);
    free(memory);
    free(buffer);
    return ok;
}

static bool check_open(const struct sotto_frame *want)
{
    const struct sframe_receiver_config config = {.suite = want->suite, .keys = 1};
    struct sframe_receiver *receiver = NULL;
    struct sframe_opened opened;
    size_t size = sframe_receiver_size(&config);
    void *memory = malloc(size);
    bool ok =
        memory && sframe_receiver_init(memory, size, &config, &receiver) == SFRAME_OK &&
        sframe_receiver_add_key(receiver, want->kid, want->at[BASE_KEY].data, want->at[BASE_KEY].len) == SFRAME_OK &&
        sframe_open(receiver, NULL, want->at[METADATA].data, want->at[METADATA].len, want->at[FRAME].data,
                    want->at[FRAME].len, 0, &opened) == SFRAME_OK &&
        opened.kid == want->kid && opened.ctr == want->ctr && opened.inner.codec == want->inner.codec &&
        opened.inner.capture_ms == want->inner.capture_ms && opened.inner.padding == want->inner.padding &&
        vector_same("opened tlv", &want->at[TLV], opened.inner.tlv, opened.inner.tlv_len) &&
        vector_same("opened payload", &want->at[PAYLOAD], opened.payload, opened.payload_len);
    sframe_receiver_wipe(receiver);
    free(memory);
    return ok;
}

bool sotto_case_frame(const json_t *object)
{
    static const char *const names[FIELDS] = {"base_key", "metadata", "tlv", "payload", "inner", "frame"};
    struct vector_fields fields;
    struct sframe_crypto crypto;
    struct sotto_frame want = {.at = fields.at};
    uint64_t codec = 0;
    uint64_t capture_ms = 0;
    uint64_t padding = 0;
    bool ok = vector_fields_read(object, names, FIELDS, &fields) && sframe_case_suite(object, &crypto) &&
              vector_u64(object, "kid", &want.kid) && vector_u64(object, "ctr", &want.ctr) &&
              vector_u64(object, "codec", &codec) && vector_u64(object, "capture_ms", &capture_ms) &&
              vector_u64(object, "padding", &padding) && codec <= UINT8_MAX && capture_ms <= UINT32_MAX &&
              padding <= SFRAME_PADDING_MAX;
    if (ok) {
        want.suite = crypto.suite->id;
        want.inner = (struct sframe_inner){(uint8_t)codec, (uint32_t)capture_ms, (size_t)padding, fields.at[TLV].data,
                                           fields.at[TLV].len};
        ok = sframe_inner_check(&want.inner) == SFRAME_OK && check_seal(&want) && check_open(&want);
    }
    vector_fields_free(&fields);
    return ok;
}

bool sotto_case_ratchet(const json_t *object)
{
    static const char *const names[] = {"base_key", "next"};
    struct vector_fields fields;
    struct sframe_crypto crypto;
    uint8_t next[CORE_HASH_MAX];
    bool ok = vector_fields_read(object, names, 2, &fields) && sframe_case_suite(object, &crypto) &&
              sframe_ratchet(crypto.suite, fields.at[0].data, fields.at[0].len, next) == SFRAME_OK &&
              vector_same("next", &fields.at[1], next, crypto.suite->nh);
    vector_fields_free(&fields);
    return ok;
}

bool sotto_case_kid_from_leaf(const json_t *object)
{
    uint64_t context = 0;
    uint64_t leaf = 0;
    uint64_t slots = 0;
    uint64_t epoch = 0;
    uint64_t want = 0;
    uint64_t kid = 0;
    return vector_u64(object, "context", &context) && vector_u64(object, "leaf", &leaf) &&
           vector_u64(object, "leaf_slots", &slots) && vector_u64(object, "epoch", &epoch) &&
           vector_u64(object, "kid", &want) && context <= UINT8_MAX && leaf <= UINT32_MAX && slots <= UINT32_MAX &&
           sframe_kid_from_leaf((unsigned)context, (uint32_t)leaf, (uint32_t)slots, epoch, &kid) == SFRAME_OK &&
           kid == want;
}

bool sotto_case_kid_from_start(const json_t *object)
{
    uint64_t context = 0;
    uint64_t start = 0;
    uint64_t want = 0;
    uint64_t kid = 0;
    return vector_u64(object, "context", &context) && vector_u64(object, "start", &start) &&
           vector_u64(object, "kid", &want) && context <= UINT8_MAX &&
           sframe_kid_from_start((unsigned)context, start, &kid) == SFRAME_OK && kid == want;
}
