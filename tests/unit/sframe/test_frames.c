/* A sender and a receiver together. */
#include "sotto/sframe.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t base_key[16] = "0123456789abcdef";

static struct sframe_sender *new_sender(uint16_t suite, uint8_t profile)
{
    const struct sframe_sender_config config = {.suite = suite, .profile = profile, .key_history = 16};
    struct sframe_sender *sender = NULL;
    size_t size = sframe_sender_size(&config);
    CU_ASSERT_FATAL(size > 0);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_init(malloc(size), size, &config, &sender), SFRAME_OK);
    return sender;
}

static struct sframe_receiver *new_receiver(uint16_t suite, uint8_t profile)
{
    const struct sframe_receiver_config config = {.suite = suite, .profile = profile, .keys = 8};
    struct sframe_receiver *receiver = NULL;
    size_t size = sframe_receiver_size(&config);
    CU_ASSERT_FATAL(size > 0);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_init(malloc(size), size, &config, &receiver), SFRAME_OK);
    return receiver;
}

static void round_trip(uint16_t suite, uint8_t profile)
{
    struct sframe_sender *sender = new_sender(suite, profile);
    struct sframe_receiver *receiver = new_receiver(suite, profile);
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_start(4, 0x123456789abc, &kid), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(sender, kid, base_key, sizeof base_key), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_add_shared(receiver, base_key, sizeof base_key), SFRAME_OK);
    static const uint8_t tlv[] = {SFRAME_TLV_NAME, 3, 'A', 'n', 'n'};
    for (size_t len = 0; len < 300; len += 37) {
        uint8_t buffer[SFRAME_HEAD_MAX + 300 + 100 + SFRAME_TAG_MAX];
        uint8_t *payload = buffer + SFRAME_HEAD_MAX;
        for (size_t i = 0; i < len; i++)
            payload[i] = (uint8_t)(i * 7 + len);
        const struct sframe_inner inner = {SFRAME_CODEC_VP8, 5000 + (uint32_t)len, len / 3, tlv, sizeof tlv};
        struct sframe_sealed sealed;
        struct sframe_opened opened;
        int rc = sframe_seal(sender, profile == SFRAME_PROFILE_SOTTO ? &inner : NULL, (const uint8_t *)"meta", 4,
                             buffer, SFRAME_HEAD_MAX, payload, len, payload + len, 100 + SFRAME_TAG_MAX, &sealed);
        CU_ASSERT_EQUAL_FATAL(rc, SFRAME_OK);
        CU_ASSERT_EQUAL(sealed.ctr, len / 37);
        rc = sframe_open(receiver, NULL, (const uint8_t *)"meta", 4, payload - sealed.head_len,
                         sealed.head_len + len + sealed.tail_len, 9000 + len, &opened);
        CU_ASSERT_EQUAL_FATAL(rc, SFRAME_OK);
        CU_ASSERT_EQUAL(opened.sender, 0x123456789abc);
        CU_ASSERT_EQUAL(opened.context, 4);
        CU_ASSERT_EQUAL(opened.payload_len, len);
        CU_ASSERT_PTR_EQUAL(opened.payload, payload);
        bool same = true;
        for (size_t i = 0; i < len; i++)
            same = same && payload[i] == (uint8_t)(i * 7 + len);
        CU_ASSERT(same);
        if (profile == SFRAME_PROFILE_SOTTO) {
            const uint8_t *name = NULL;
            size_t name_len = 0;
            CU_ASSERT_EQUAL(opened.inner.codec, SFRAME_CODEC_VP8);
            CU_ASSERT_EQUAL(opened.inner.capture_ms, 5000 + len);
            CU_ASSERT_EQUAL(opened.inner.padding, len / 3);
            CU_ASSERT_EQUAL(sframe_tlv_find(&opened.inner, SFRAME_TLV_NAME, &name, &name_len), SFRAME_OK);
            unit_assert_bytes("name", name, name_len, (const uint8_t *)"Ann", 3);
        }
    }
    sframe_sender_wipe(sender);
    sframe_receiver_wipe(receiver);
    free(sender);
    free(receiver);
}

static void every_suite_and_profile(void)
{
    for (uint16_t suite = 1; suite <= 8; suite++) {
        round_trip(suite, SFRAME_PROFILE_SOTTO);
        round_trip(suite, SFRAME_PROFILE_RFC9605);
    }
}

static const struct unit_test tests[] = {
    {"what is sealed opens, under every suite and profile", every_suite_and_profile},
};

UNIT_MAIN("sframe.frames", tests)
