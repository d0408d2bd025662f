#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "steady.h"

const uint8_t fix_key[16] = {0x10, 0x21, 0x32, 0x43, 0x54, 0x65, 0x76, 0x87,
                             0x98, 0xa9, 0xba, 0xcb, 0xdc, 0xed, 0xfe, 0x0f};
const uint8_t fix_other_key[16] = {0x11, 0x21, 0x32, 0x43, 0x54, 0x65, 0x76, 0x87,
                                   0x98, 0xa9, 0xba, 0xcb, 0xdc, 0xed, 0xfe, 0x0f};

struct sframe_sender *fix_sender_of(const struct sframe_sender_config *config)
{
    struct sframe_sender *sender = NULL;
    size_t size = sframe_sender_size(config);
    void *memory = malloc(size);
    CU_ASSERT_FATAL(size > 0 && memory != NULL);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_init(memory, size, config, &sender), SFRAME_OK);
    CU_ASSERT_PTR_EQUAL_FATAL(sender, memory); /* so that it can be freed */
    return sender;
}

struct sframe_sender *fix_sender(uint16_t suite, uint8_t profile)
{
    return fix_sender_of(&(struct sframe_sender_config){.suite = suite, .profile = profile, .key_history = 32});
}

struct sframe_sender *fix_sender_kid(uint64_t kid)
{
    struct sframe_sender *sender = fix_sender(0, SFRAME_PROFILE_SOTTO);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(sender, kid, fix_key, sizeof fix_key), SFRAME_OK);
    return sender;
}

struct sframe_receiver *fix_receiver_of(const struct sframe_receiver_config *config)
{
    struct sframe_receiver *receiver = NULL;
    size_t size = sframe_receiver_size(config);
    void *memory = malloc(size);
    CU_ASSERT_FATAL(size > 0 && memory != NULL);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_init(memory, size, config, &receiver), SFRAME_OK);
    CU_ASSERT_PTR_EQUAL_FATAL(receiver, memory);
    return receiver;
}

struct sframe_receiver *fix_receiver(uint16_t suite, uint8_t profile)
{
    return fix_receiver_of(&(struct sframe_receiver_config){.suite = suite, .profile = profile, .keys = 16});
}

struct sframe_receiver *fix_receiver_shared(void)
{
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key), SFRAME_OK);
    return receiver;
}

void fix_free_sender(struct sframe_sender *sender)
{
    sframe_sender_wipe(sender);
    free(sender);
}

void fix_free_receiver(struct sframe_receiver *receiver)
{
    sframe_receiver_wipe(receiver);
    free(receiver);
}

void fix_set_ctr(struct sframe_sender_key *key, uint64_t ctr)
{
    sframe_credit_reclaim(key);
    key->ctr = ctr;
}

void fix_set_blocks(struct sframe_sender_key *key, uint64_t blocks)
{
    sframe_credit_reclaim(key);
    key->blocks = blocks;
}

size_t fix_steady_seals;
bool fix_steady_seals_break;

static bool seal_one(const struct core_aead *aead, void *state, core_block nonce, core_block aad, size_t aad_len,
                     uint8_t *text, size_t text_len, uint8_t *tag)
{
    const struct core_slice slice = {(const uint8_t *)&aad, aad_len};
    const struct core_span span = {text, text_len};
    fix_steady_seals++;
    if (aead->seal(state, (const uint8_t *)&nonce, &slice, 1, &span, 1, tag, CORE_TAG_MAX) && !fix_steady_seals_break)
        return true;
    memset(text, 0, text_len);
    memset(tag, 0, CORE_TAG_MAX);
    return false;
}

size_t fix_steady_opens;
bool fix_steady_opens_break;

static enum core_opened open_one(const struct core_aead *aead, void *state, core_block nonce, core_block aad,
                                 size_t aad_len, uint8_t *text, size_t text_len, const uint8_t *tag)
{
    const struct core_slice slice = {(const uint8_t *)&aad, aad_len};
    const struct core_span span = {text, text_len};
    fix_steady_opens++;
    if (fix_steady_opens_break)
        return CORE_OPEN_FAILED;
    return aead->open(state, (const uint8_t *)&nonce, &slice, 1, span, tag, CORE_TAG_MAX);
}

#define STEADY(name)                                                                                                   \
    static bool name##_seal_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text,          \
                                size_t text_len, uint8_t *tag)                                                         \
    {                                                                                                                  \
        return seal_one(core_provider_libcrypto.name, state, nonce, aad, aad_len, text, text_len, tag);                \
    }                                                                                                                  \
    static enum core_opened name##_open_one(void *state, core_block nonce, core_block aad, size_t aad_len,             \
                                            uint8_t *text, size_t text_len, const uint8_t *tag)                        \
    {                                                                                                                  \
        return open_one(core_provider_libcrypto.name, state, nonce, aad, aad_len, text, text_len, tag);                \
    }                                                                                                                  \
    static struct core_aead name;

STEADY(aes_128_gcm)
STEADY(aes_256_gcm)
STEADY(aes_128_ctr_hmac_sha256)
STEADY(aes_256_ctr_hmac_sha512)

#define GIVE(name)                                                                                                     \
    name = *core_provider_libcrypto.name;                                                                              \
    name.seal_one = name##_seal_one;                                                                                   \
    name.open_one = name##_open_one;                                                                                   \
    provider.name = &name

const struct core_provider *fix_provider_steady(void)
{
    static struct core_provider provider;
    provider = core_provider_libcrypto;
    GIVE(aes_128_gcm);
    GIVE(aes_256_gcm);
    GIVE(aes_128_ctr_hmac_sha256);
    GIVE(aes_256_ctr_hmac_sha512);
    return &provider;
}

uint64_t fix_kid(unsigned kind, unsigned layer, uint64_t start)
{
    unsigned context = 0;
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_context(kind, layer, &context), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_start(context, start, &kid), SFRAME_OK);
    return kid;
}

static uint8_t pattern(size_t i, size_t len)
{
    return (uint8_t)(i * 13 + len);
}

void fix_seal(struct sframe_sender *sender, uint8_t profile, uint32_t capture_ms, size_t len, struct fix_frame *frame)
{
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8, .capture_ms = capture_ms};
    uint8_t *payload = frame->bytes + SFRAME_HEAD_MAX;
    CU_ASSERT_FATAL(len <= FIX_PAYLOAD_MAX);
    for (size_t i = 0; i < len; i++)
        payload[i] = pattern(i, len);
    CU_ASSERT_EQUAL_FATAL(sframe_seal(sender, profile == SFRAME_PROFILE_SOTTO ? &inner : NULL, NULL, 0, frame->bytes,
                                      SFRAME_HEAD_MAX, payload, len, payload + len, FIX_PADDING_MAX + SFRAME_TAG_MAX,
                                      &frame->sealed),
                          SFRAME_OK);
    frame->len = frame->sealed.head_len + len + frame->sealed.tail_len;
    memmove(frame->bytes, payload - frame->sealed.head_len, frame->len);
}

void fix_seal_at(struct sframe_sender *sender, uint32_t capture_ms, struct fix_frame *frame)
{
    fix_seal(sender, SFRAME_PROFILE_SOTTO, capture_ms, 40, frame);
}

int fix_open(struct sframe_receiver *receiver, const struct fix_frame *frame, uint64_t now_ms,
             struct sframe_opened *opened)
{
    static uint8_t copy[FIX_FRAME_MAX];
    struct sframe_opened ignored;
    memcpy(copy, frame->bytes, frame->len);
    return sframe_open(receiver, NULL, NULL, 0, copy, frame->len, now_ms, opened ? opened : &ignored);
}

bool fix_payload_ok(const struct sframe_opened *opened, size_t len)
{
    if (opened->payload_len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (opened->payload[i] != pattern(i, len))
            return false;
    return true;
}
