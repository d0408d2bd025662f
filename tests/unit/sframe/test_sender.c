/* What a sender does with its keys is in tests/adversary/sframe/test_keys.c; here memory, configuration, buffers. */
#include "fixture.h"
#include "sender.h"

#include <stdlib.h>
#include <string.h>

static void configurations(void)
{
    static const struct {
        struct sframe_sender_config config;
        int want;
    } table[] = {
        {{.suite = 0}, SFRAME_OK},
        {{.suite = 8, .profile = SFRAME_PROFILE_RFC9605, .keys = 100, .key_history = 1}, SFRAME_OK},
        {{.suite = 9}, SFRAME_SUITE},
        {{.profile = 2}, SFRAME_INVALID},
        {{.key_history = UINT32_MAX}, SFRAME_INVALID},
    };
    static uint8_t memory[200000] __attribute__((aligned(16)));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sframe_sender *sender = NULL;
        size_t size = sframe_sender_size(&table[i].config);
        CU_ASSERT_EQUAL(size > 0, table[i].want == SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_sender_init(memory, sizeof memory, &table[i].config, &sender), table[i].want);
        CU_ASSERT_EQUAL(sender != NULL, table[i].want == SFRAME_OK);
        if (table[i].want != SFRAME_OK)
            continue;
        sframe_sender_wipe(sender);
        for (size_t b = 0; b < size; b++)
            if (memory[b] != 0)
                CU_FAIL("something is left after a wipe");
        CU_ASSERT_EQUAL(sframe_sender_init(memory, size - 1, &table[i].config, &sender), SFRAME_SPACE);
        CU_ASSERT_EQUAL(sframe_sender_init(NULL, size, &table[i].config, &sender), SFRAME_INVALID);
    }
    CU_ASSERT_EQUAL(sframe_sender_size(NULL), 0);
    sframe_sender_wipe(NULL);
}

static void the_first_key_is_used_at_once(void)
{
    struct sframe_sender *sender = fix_sender(0, SFRAME_PROFILE_SOTTO);
    struct fix_frame frame;
    uint8_t key[16] = {0};
    for (uint64_t kid = 10; kid < 14; kid++, key[0]++)
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, kid, key, sizeof key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 14, key, sizeof key), SFRAME_FULL);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.kid, 10);
    CU_ASSERT_EQUAL(sframe_sender_use_key(sender, 12), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_use_key(sender, 99), SFRAME_NO_KEY);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT(frame.sealed.kid == 12 && frame.sealed.ctr == 0);
    /* going back goes on with the old counter */
    CU_ASSERT_EQUAL(sframe_sender_use_key(sender, 10), SFRAME_OK);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT(frame.sealed.kid == 10 && frame.sealed.ctr == 1);
    CU_ASSERT_EQUAL(sframe_sender_remove_key(sender, 11), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 14, key, sizeof key), SFRAME_OK);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.kid, 10);
    fix_free_sender(sender);
}

/* One buffer, or head, payload and tail apart in any combination: the same frame. */
static void buffers_apart(void)
{
    enum { LEN = 33, PADDING = 7, HEAD = 100, TAIL = 64 };
    for (uint16_t suite = 1; suite <= 8; suite++) {
        uint8_t frames[4][512];
        size_t lens[4];
        for (unsigned shape = 0; shape < 4; shape++) {
            struct sframe_sender *sender = fix_sender(suite, SFRAME_PROFILE_SOTTO);
            uint8_t one[HEAD + LEN + TAIL];
            uint8_t head[HEAD];
            uint8_t tail[TAIL];
            uint8_t *payload = one + HEAD;
            uint8_t *h = shape & 1 ? head : one;
            uint8_t *t = shape & 2 ? tail : payload + LEN;
            const struct sframe_inner inner = {.codec = 2, .capture_ms = 9, .padding = PADDING};
            struct sframe_sealed sealed;
            memset(payload, 0x42, LEN);
            CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 500, fix_key, sizeof fix_key), SFRAME_OK);
            CU_ASSERT_EQUAL_FATAL(sframe_seal(sender, &inner, fix_key, 5, h, HEAD, payload, LEN, t, TAIL, &sealed),
                                  SFRAME_OK);
            memcpy(frames[shape], h + HEAD - sealed.head_len, sealed.head_len);
            memcpy(frames[shape] + sealed.head_len, payload, LEN);
            memcpy(frames[shape] + sealed.head_len + LEN, t, sealed.tail_len);
            lens[shape] = sealed.head_len + LEN + sealed.tail_len;
            unit_assert_bytes("frame", frames[shape], lens[shape], frames[0], lens[0]);
            fix_free_sender(sender);
        }
    }
}

static void buffers_too_small(void)
{
    struct sframe_sender *sender = fix_sender_kid(5);
    uint8_t head[SFRAME_HEAD_MAX];
    uint8_t payload[10] = "unchanged";
    uint8_t tail[100];
    const struct sframe_inner inner = {.codec = 2, .padding = 3};
    const struct sframe_inner bad = {.codec = 0};
    struct sframe_sealed sealed = {.ctr = 77};
    /* header 1, inner header 8; padding 3, tag 16 */
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, head, 8, payload, 10, tail, 100, &sealed), SFRAME_SPACE);
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, head, 9, payload, 10, tail, 18, &sealed), SFRAME_SPACE);
    CU_ASSERT_EQUAL(sframe_seal(sender, &bad, NULL, 0, head, 99, payload, 10, tail, 100, &sealed), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_seal(sender, NULL, NULL, 0, head, 99, payload, 10, tail, 100, &sealed), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 1, head, 99, payload, 10, tail, 100, &sealed), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, head, 99, NULL, 10, tail, 100, &sealed), SFRAME_INVALID);
    CU_ASSERT_EQUAL(
        sframe_seal(sender, &inner, NULL, 0, head, 99, payload, (size_t)SFRAME_FRAME_MAX + 1, tail, 100, &sealed),
        SFRAME_INVALID);
    CU_ASSERT_STRING_EQUAL((char *)payload, "unchanged");
    CU_ASSERT_EQUAL(sealed.ctr, 77);
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, head, 9, payload, 10, tail, 19, &sealed), SFRAME_OK);
    fix_free_sender(sender);
}

/* A cipher that fails after it has written something. */
static bool broken_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                        const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)
{
    (void)state;
    (void)nonce;
    (void)aad;
    (void)aad_count;
    (void)text_count;
    text[0].data[0] ^= 0xff;
    memset(tag, 0x33, tag_len);
    return false;
}

static void a_failure_leaves_nothing_and_spends_the_counter(void)
{
    struct sframe_sender *sender = fix_sender_kid(5);
    const struct core_aead *whole = sender->crypto.aead;
    struct core_aead broken = *whole;
    uint8_t head[100];
    uint8_t payload[40];
    uint8_t tail[100];
    const uint8_t zeros[40] = {0};
    const struct sframe_inner inner = {.codec = 2, .padding = 3};
    struct sframe_sealed sealed;
    struct fix_frame frame;
    broken.seal = broken_seal;
    memset(payload, 0x42, sizeof payload);
    sender->crypto.aead = &broken;
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, head, 100, payload, 40, tail, 100, &sealed), SFRAME_CRYPTO);
    unit_assert_bytes("payload", payload, 40, zeros, 40);
    unit_assert_bytes("inner header", head + 92, 8, zeros, 8);
    unit_assert_bytes("padding and tag", tail, 19, zeros, 19);
    sender->crypto.aead = whole;
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.ctr, 1);
    fix_free_sender(sender);
}

static const struct unit_test tests[] = {
    {"configurations, sizes, and a wipe that leaves nothing", configurations},
    {"the first key is used at once, others when told", the_first_key_is_used_at_once},
    {"one buffer or three: the same frame", buffers_apart},
    {"buffers that are too small and bad arguments change nothing", buffers_too_small},
    {"a cipher that fails leaves nothing behind and spends the counter",
     a_failure_leaves_nothing_and_spends_the_counter},
};

UNIT_MAIN("sframe.sender", tests)
