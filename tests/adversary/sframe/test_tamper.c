/* The adversary changes or cuts frames. */
#include "fixture.h"

#include <string.h>

static const uint8_t profiles[] = {SFRAME_PROFILE_SOTTO, SFRAME_PROFILE_RFC9605};

/* A genuine frame among forgeries must still open: nothing they did was remembered. */
static void every_flipped_bit(void)
{
    for (uint16_t suite = 1; suite <= 8; suite++)
        for (size_t p = 0; p < 2; p++) {
            struct sframe_sender *sender = fix_sender(suite, profiles[p]);
            struct sframe_receiver *receiver = fix_receiver(suite, profiles[p]);
            struct fix_frame frame;
            struct fix_frame forged;
            struct sframe_opened opened;
            const uint64_t kid = fix_kid(SFRAME_CAMERA, 1, FIX_START_A);
            CU_ASSERT_EQUAL(sframe_sender_add_key(sender, kid, fix_key, sizeof fix_key), SFRAME_OK);
            CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, kid, fix_key, sizeof fix_key), SFRAME_OK);
            /* a counter of two bytes, so that the header has all its fields */
            for (int i = 0; i < 300; i++)
                fix_seal(sender, profiles[p], 1000, 25, &frame);
            CU_ASSERT_EQUAL(frame.sealed.ctr, 299);
            size_t opened_count = 0;
            for (size_t bit = 0; bit < 8 * frame.len; bit++) {
                forged = frame;
                forged.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
                int rc = fix_open(receiver, &forged, FIX_TIME_MS, &opened);
                opened_count += rc == SFRAME_OK;
                /* in the header: another KID or counter, or no header; anywhere else the tag tells */
                if (bit / 8 >= sframe_header_len(kid, 299))
                    CU_ASSERT_EQUAL(rc, SFRAME_AUTH);
            }
            CU_ASSERT_EQUAL(opened_count, 0);
            CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, &opened), SFRAME_OK);
            CU_ASSERT(fix_payload_ok(&opened, 25));
            fix_free_sender(sender);
            fix_free_receiver(receiver);
        }
}

/* Of a frame of which only so much is there. */
static int error_of_rest(size_t len, size_t header_len, size_t tag_len)
{
    return len < header_len ? SFRAME_HEADER : len < header_len + tag_len ? SFRAME_TRUNCATED : SFRAME_AUTH;
}

static void every_truncation_and_one_more(void)
{
    static const size_t tag_lens[] = {0, 10, 8, 4, 16, 16, 10, 8, 4};
    for (uint16_t suite = 1; suite <= 8; suite++) {
        struct sframe_sender *sender = fix_sender(suite, SFRAME_PROFILE_SOTTO);
        struct sframe_receiver *receiver = fix_receiver(suite, SFRAME_PROFILE_SOTTO);
        struct fix_frame frame;
        struct fix_frame forged;
        const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_A);
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, kid, fix_key, sizeof fix_key), SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key), SFRAME_OK);
        fix_seal(sender, SFRAME_PROFILE_SOTTO, 1000, 25, &frame);
        for (size_t len = 0; len < frame.len; len++) {
            struct sframe_opened opened;
            uint8_t exact[FIX_FRAME_MAX];
            memcpy(exact, frame.bytes, len);
            CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, exact, len, FIX_TIME_MS + 1000 * len, &opened),
                            error_of_rest(len, sframe_header_len(kid, 0), tag_lens[suite]));
        }
        forged = frame;
        forged.bytes[forged.len++] = 0;
        CU_ASSERT_EQUAL(fix_open(receiver, &forged, FIX_TIME_MS + 1000 * frame.len, NULL), SFRAME_AUTH);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + 1000 * frame.len, NULL), SFRAME_OK);
        fix_free_sender(sender);
        fix_free_receiver(receiver);
    }
}

/* Whatever comes back from a forgery, it is not the plaintext. */
static void nothing_of_a_forgery_is_plaintext(void)
{
    for (uint16_t suite = 1; suite <= 8; suite++) {
        struct sframe_sender *sender = fix_sender(suite, SFRAME_PROFILE_RFC9605);
        struct sframe_receiver *receiver = fix_receiver(suite, SFRAME_PROFILE_RFC9605);
        struct fix_frame frame;
        struct sframe_opened opened;
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 7, fix_key, sizeof fix_key), SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 7, fix_key, sizeof fix_key), SFRAME_OK);
        static const char secret[] = "sixteen bytes at the least of recognisable plaintext";
        uint8_t *payload = frame.bytes + SFRAME_HEADER_MAX;
        memcpy(payload, secret, sizeof secret);
        CU_ASSERT_EQUAL(sframe_seal(sender, NULL, NULL, 0, frame.bytes, SFRAME_HEADER_MAX, payload, sizeof secret,
                                    payload + sizeof secret, SFRAME_TAG_MAX, &frame.sealed),
                        SFRAME_OK);
        uint8_t *start = payload - frame.sealed.head_len;
        frame.len = frame.sealed.head_len + sizeof secret + frame.sealed.tail_len;
        start[frame.len - 1] ^= 1;
        CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, start, frame.len, FIX_TIME_MS, &opened), SFRAME_AUTH);
        CU_ASSERT_PTR_NULL(memmem(frame.bytes, sizeof frame.bytes, secret, 8));
        CU_ASSERT_PTR_NULL(memmem(frame.bytes, sizeof frame.bytes, secret + sizeof secret - 9, 8));
        fix_free_sender(sender);
        fix_free_receiver(receiver);
    }
}

static void metadata_is_authenticated(void)
{
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
    struct sframe_receiver *receiver = fix_receiver_shared();
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8, .capture_ms = 5};
    uint8_t sealed_frame[SFRAME_HEAD_MAX + 4 + SFRAME_TAG_MAX] = {0};
    struct sframe_sealed sealed;
    struct sframe_opened opened;
    uint8_t metadata[] = {1, 2, 3};
    uint8_t *payload = sealed_frame + SFRAME_HEAD_MAX;
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, metadata, 3, sealed_frame, SFRAME_HEAD_MAX, payload, 4, payload + 4,
                                SFRAME_TAG_MAX, &sealed),
                    SFRAME_OK);
    for (size_t bit = 0; bit <= 8 * sizeof metadata; bit++) {
        uint8_t copy[sizeof sealed_frame];
        uint8_t changed[3];
        memcpy(copy, sealed_frame, sizeof copy);
        memcpy(changed, metadata, sizeof changed);
        size_t metadata_len = bit == 8 * sizeof metadata ? 2 : 3;
        if (metadata_len == 3)
            changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CU_ASSERT_EQUAL(sframe_open(receiver, NULL, changed, metadata_len, copy + SFRAME_HEAD_MAX - sealed.head_len,
                                    sealed.head_len + 4 + sealed.tail_len, FIX_TIME_MS + bit, &opened),
                        SFRAME_AUTH);
    }
    CU_ASSERT_EQUAL(sframe_open(receiver, NULL, metadata, 3, payload - sealed.head_len,
                                sealed.head_len + 4 + sealed.tail_len, FIX_TIME_MS, &opened),
                    SFRAME_OK);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static const struct unit_test tests[] = {
    {"a frame with any single bit flipped is refused, and changes nothing", every_flipped_bit},
    {"a frame cut to any length is refused", every_truncation_and_one_more},
    {"a refused frame's buffer holds no plaintext", nothing_of_a_forgery_is_plaintext},
    {"changed or shortened metadata is noticed", metadata_is_authenticated},
};

UNIT_MAIN("adversary.sframe.tamper", tests)
