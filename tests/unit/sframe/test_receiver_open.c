#include "fixture.h"
#include "receiver.h"

#include <string.h>

static void errors_are_counted(void)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
    struct sframe_receiver_stats stats;
    struct fix_frame frame;
    struct fix_frame bad;
    fix_seal_at(sender, 50000, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    fix_seal_at(sender, 40000, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_LATE);
    fix_seal_at(sender, 48000, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_TIME_BACK);
    fix_seal_at(sender, 50000, &bad);
    bad.bytes[bad.len - 1] ^= 1;
    CU_ASSERT_EQUAL(fix_open(receiver, &bad, FIX_TIME_MS, NULL), SFRAME_AUTH);
    bad.len = 3;
    CU_ASSERT_EQUAL(fix_open(receiver, &bad, FIX_TIME_MS, NULL), SFRAME_HEADER);
    bad.len = 10;
    CU_ASSERT_EQUAL(fix_open(receiver, &bad, FIX_TIME_MS, NULL), SFRAME_TRUNCATED);
    memset(bad.bytes, 0xff, sizeof bad.bytes);
    bad.len = 60;
    CU_ASSERT_EQUAL(fix_open(receiver, &bad, FIX_TIME_MS, NULL), SFRAME_NO_KEY);
    sframe_receiver_stats(receiver, &stats);
    CU_ASSERT(stats.opened == 1 && stats.replayed == 1 && stats.late == 2 && stats.failed == 1 && stats.refused == 2);
    CU_ASSERT(stats.no_key == 1 && stats.keys == 1 && !stats.forgery_limit);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

/* A frame that is authentic and says nonsense: refused, wiped, and spent. */
static void a_malformed_inner_header(void)
{
    const uint64_t kid = fix_kid(SFRAME_DATA, 0, FIX_START_A);
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *plain = fix_sender(0, SFRAME_PROFILE_RFC9605); /* seals without an inner header */
    struct fix_frame frame;
    struct sframe_opened opened = {.ctr = 99};
    const uint8_t zeros[25] = {0};
    CU_ASSERT_EQUAL(sframe_sender_add_key(plain, kid, fix_key, sizeof fix_key), SFRAME_OK);
    fix_seal(plain, SFRAME_PROFILE_RFC9605, 0, 25, &frame);
    struct fix_frame copy = frame;
    CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, copy.bytes, copy.len, FIX_TIME_MS, &opened), SFRAME_INNER);
    unit_assert_bytes("text", copy.bytes + copy.sealed.head_len, 25, zeros, 25);
    CU_ASSERT_EQUAL(opened.ctr, 99);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    fix_free_sender(plain);
    fix_free_receiver(receiver);
}

static void the_rfc_profile_knows_no_time(void)
{
    const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_A);
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_RFC9605);
    struct sframe_sender *sender = fix_sender(0, SFRAME_PROFILE_RFC9605);
    struct fix_frame frame;
    struct sframe_opened opened;
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, kid, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key), SFRAME_OK);
    for (uint64_t i = 0; i < 5; i++) {
        fix_seal(sender, SFRAME_PROFILE_RFC9605, 0, 25, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + i * 20000, &opened), SFRAME_OK);
        CU_ASSERT(fix_payload_ok(&opened, 25));
        CU_ASSERT(opened.inner.codec == 0 && opened.inner.tlv == NULL && opened.inner.capture_ms == 0);
    }
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static void bad_arguments(void)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_opened opened;
    uint8_t frame[40] = {0};
    CU_ASSERT_EQUAL(sframe_open(NULL, NULL, NULL, 0, frame, 40, 0, &opened), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 1, frame, 40, 0, &opened), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, NULL, 40, 0, &opened), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, frame, 40, 0, NULL), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, frame, SIZE_MAX, 0, &opened), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, frame, 0, 0, &opened), SFRAME_HEADER);
    fix_free_receiver(receiver);
}

static const struct unit_test tests[] = {
    {"every refusal is counted as what it is", errors_are_counted},
    {"an authentic frame that is malformed is refused, wiped and spent", a_malformed_inner_header},
    {"without the inner header nothing is said of time", the_rfc_profile_knows_no_time},
    {"bad arguments are refused", bad_arguments},
};

UNIT_MAIN("sframe.receiver_open", tests)
