/* The adversary holds frames back, or claims other capture times. */
#include "fixture.h"

enum { MAX_DELAY_MS = 3000, JITTER_MS = 1000, PATH_MS = 80 };

/* A sender whose clock has nothing to do with the receiver's. */
static const uint32_t clocks[] = {0, 12345, UINT32_MAX - 500, UINT32_C(1) << 31};

static void delay_beyond_the_bound(void)
{
    for (size_t c = 0; c < sizeof clocks / sizeof clocks[0]; c++) {
        struct sframe_receiver *receiver = fix_receiver_shared();
        struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
        struct fix_frame frame;
        struct fix_frame held;
        struct sframe_receiver_stats stats;
        const struct {
            uint32_t held_ms;
            int want;
        } cases[] = {
            {0, SFRAME_OK},       {500, SFRAME_OK},    {MAX_DELAY_MS, SFRAME_OK}, {MAX_DELAY_MS + 1, SFRAME_LATE},
            {10000, SFRAME_LATE}, {59000, SFRAME_LATE}};
        uint32_t t = 0;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            /* the frame before shows what no delay is; the held one is the newest, so time does not run back */
            for (int warm = 0; warm < 10; warm++, t += 33) {
                fix_seal_at(sender, clocks[c] + t, &frame);
                CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + PATH_MS + t, NULL), SFRAME_OK);
            }
            fix_seal_at(sender, clocks[c] + t, &held);
            CU_ASSERT_EQUAL(fix_open(receiver, &held, FIX_TIME_MS + PATH_MS + t + cases[i].held_ms, NULL),
                            cases[i].want);
            /* once is enough: it was authentic, so it is spent */
            CU_ASSERT_EQUAL(fix_open(receiver, &held, FIX_TIME_MS + PATH_MS + t, NULL), SFRAME_REPLAY);
            t += 33 + cases[i].held_ms;
        }
        sframe_receiver_stats(receiver, &stats);
        CU_ASSERT_EQUAL(stats.late, 3);
        fix_free_sender(sender);
        fix_free_receiver(receiver);
    }
}

/* Held back by a little more each time: the least delay of the last half to whole minute stays the measure. */
static void delay_that_grows_slowly(void)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
    struct fix_frame frame;
    uint32_t opened_with_delay = 0;
    for (uint32_t t = 0; t < 30000; t += 100) {
        uint32_t delay = t / 5; /* 20 %: 6 s after 30 s */
        fix_seal_at(sender, t, &frame);
        if (fix_open(receiver, &frame, FIX_TIME_MS + t + delay, NULL) == SFRAME_OK)
            opened_with_delay = delay;
    }
    CU_ASSERT(opened_with_delay <= MAX_DELAY_MS);
    CU_ASSERT(opened_with_delay >= MAX_DELAY_MS - 20);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static void time_that_runs_back(void)
{
    for (size_t c = 0; c < sizeof clocks / sizeof clocks[0]; c++) {
        struct sframe_receiver *receiver = fix_receiver_shared();
        struct sframe_sender *camera = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
        struct sframe_sender *layer = fix_sender_kid(fix_kid(SFRAME_CAMERA, 1, FIX_START_A));
        struct sframe_sender *audio = fix_sender_kid(fix_kid(SFRAME_MICROPHONE, 0, FIX_START_A));
        struct sframe_sender *other = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_B));
        struct fix_frame frame;
        const uint64_t now = FIX_TIME_MS;
        const uint32_t base = clocks[c];
        fix_seal_at(camera, base + 2000, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, now, NULL), SFRAME_OK);
        fix_seal_at(camera, base + 2000 - JITTER_MS, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, now, NULL), SFRAME_OK);
        fix_seal_at(camera, base + 2000 - JITTER_MS - 1, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, now, NULL), SFRAME_TIME_BACK);
        /* the kind's other layers share its time */
        fix_seal_at(layer, base + 2000 - JITTER_MS - 1, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, now, NULL), SFRAME_TIME_BACK);
        fix_seal_at(layer, base + 2000, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, now, NULL), SFRAME_OK);
        /* other kinds and senders do not */
        fix_seal_at(audio, base + 500, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, now, NULL), SFRAME_OK);
        fix_seal_at(other, base, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, now, NULL), SFRAME_OK);
        fix_free_sender(camera);
        fix_free_sender(layer);
        fix_free_sender(audio);
        fix_free_sender(other);
        fix_free_receiver(receiver);
    }
}

/* A member forges one frame of another with a capture time far ahead. Genuine frames go on opening: within a second
 * while the sender is heard, and after a minute at most if it comes as the first frame. */
static void one_forged_far_capture_time(void)
{
    const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_A);
    static const uint32_t ahead[] = {900, 1100, 1900, 2100, 5000, 3600000, UINT32_C(1) << 30};
    for (size_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
        struct sframe_receiver *receiver = fix_receiver_shared();
        struct sframe_sender *sender = fix_sender_kid(kid);
        struct sframe_sender *forger = fix_sender_kid(fix_kid(SFRAME_CAMERA, 1, FIX_START_A));
        struct fix_frame frame;
        uint32_t refused_ms = 0;
        for (uint32_t t = 0; t < 10000; t += 33) {
            fix_seal_at(sender, t, &frame);
            refused_ms += fix_open(receiver, &frame, FIX_TIME_MS + t, NULL) == SFRAME_OK ? 0 : 33;
            if (t == 33 * 100) {
                fix_seal_at(forger, t + ahead[i], &frame);
                CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t, NULL),
                                ahead[i] <= MAX_DELAY_MS - JITTER_MS ? SFRAME_OK : SFRAME_JUMP);
            }
        }
        /* time runs back until the genuine frames are within the jitter of the forged one */
        uint32_t back = ahead[i] <= MAX_DELAY_MS - JITTER_MS && ahead[i] > JITTER_MS ? ahead[i] - JITTER_MS : 0;
        CU_ASSERT(refused_ms <= back);
        fix_free_sender(sender);
        fix_free_sender(forger);
        fix_free_receiver(receiver);

        receiver = fix_receiver_shared();
        sender = fix_sender_kid(kid);
        forger = fix_sender_kid(fix_kid(SFRAME_CAMERA, 1, FIX_START_A));
        fix_seal_at(forger, 1000 + ahead[i], &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
        fix_seal_at(sender, 1000 + 60000, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + 60000, NULL), SFRAME_OK);
        fix_free_sender(sender);
        fix_free_sender(forger);
        fix_free_receiver(receiver);
    }
}

/* A queue that is dropped makes frames arrive early by as much as it held; the sender is believed again soon. */
static void a_path_that_got_shorter(void)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
    struct fix_frame frame;
    uint32_t recovered = 0;
    for (uint32_t t = 0; t < 500; t += 100) {
        fix_seal_at(sender, t, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + 2900, NULL), SFRAME_OK);
    }
    for (uint32_t t = 3400; t < 20000 && recovered == 0; t += 33) {
        fix_seal_at(sender, t, &frame);
        if (fix_open(receiver, &frame, FIX_TIME_MS + t, NULL) == SFRAME_OK)
            recovered = t;
    }
    CU_ASSERT(recovered > 0 && recovered - 3300 <= 2 * (2900 - MAX_DELAY_MS + JITTER_MS) + 100);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

/* A sender's first frame waited seconds for its transport, the next did not: none is refused. */
static void a_first_frame_that_waited(void)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
    struct fix_frame frame;
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + 8000, NULL), SFRAME_OK);
    for (uint32_t t = 8000; t < 12000; t += 33) {
        fix_seal_at(sender, t, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t, NULL), SFRAME_OK);
    }
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

/* --- With the clocks of heartbeats --- */

enum { EPOCH = 300, SLOTS = 3, LEAF = 1 };

static void add_epoch(struct sframe_receiver *receiver, uint64_t epoch, const uint8_t *key)
{
    static const uint8_t leaves[] = {7};
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_add_epoch(receiver, epoch, SLOTS, leaves, key, sizeof fix_key), SFRAME_OK);
}

static uint64_t leaf_kid(unsigned kind, uint64_t epoch)
{
    unsigned context = 0;
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_context(kind, 0, &context), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(context, LEAF, SLOTS, epoch, &kid), SFRAME_OK);
    return kid;
}

/* Every frame there is comes 30 s late, the first one too: only the sender's clock shows it. */
static void delay_from_the_first(void)
{
    for (size_t c = 0; c < sizeof clocks / sizeof clocks[0]; c++)
        for (int told = 0; told < 2; told++) {
            struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
            struct sframe_sender *sender = fix_sender_kid(leaf_kid(SFRAME_CAMERA, EPOCH));
            struct fix_frame frame;
            add_epoch(receiver, EPOCH, fix_key);
            if (told)
                CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, EPOCH, LEAF, (int64_t)clocks[c] - FIX_TIME_MS),
                                SFRAME_OK);
            for (uint32_t t = 0; t < 90000; t += 333) {
                fix_seal_at(sender, clocks[c] + t, &frame);
                CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + 30000, NULL),
                                told ? SFRAME_LATE : SFRAME_OK);
            }
            fix_free_sender(sender);
            fix_free_receiver(receiver);
        }
}

/* Frames in time, for a while; then the rest of the epoch, and the next one, come late, after a silence in which what
 * frames alone have shown is forgotten. */
static void delay_within_an_epoch(void)
{
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    struct sframe_sender *sender = fix_sender_kid(leaf_kid(SFRAME_MICROPHONE, EPOCH));
    struct fix_frame frame;
    add_epoch(receiver, EPOCH, fix_key);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, EPOCH, LEAF, 5000), SFRAME_OK);
    const uint32_t clock = FIX_TIME_MS + 5000;
    uint32_t t = 0;
    for (; t < 1000; t += 20) {
        fix_seal_at(sender, clock + t, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + PATH_MS, NULL), SFRAME_OK);
    }
    for (; t < 30000; t += 20) {
        fix_seal_at(sender, clock + t, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + 70000, NULL), SFRAME_LATE);
    }
    fix_seal_at(sender, clock + t, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + MAX_DELAY_MS, NULL), SFRAME_OK);
    fix_seal_at(sender, clock + t, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + MAX_DELAY_MS + 1, NULL), SFRAME_LATE);
    /* a clock is told for an epoch, since its leaf may be another's in the next */
    uint8_t other[sizeof fix_key] = {1};
    add_epoch(receiver, EPOCH + 1, other);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, EPOCH + 1, LEAF, 5000), SFRAME_OK);
    struct sframe_sender *after = fix_sender_of(&(struct sframe_sender_config){0});
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(after, leaf_kid(SFRAME_MICROPHONE, EPOCH + 1), other, sizeof other),
                          SFRAME_OK);
    fix_seal_at(after, clock + t, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + 30000, NULL), SFRAME_LATE);
    fix_seal_at(after, clock + t, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t + PATH_MS, NULL), SFRAME_OK);
    fix_free_sender(after);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static const struct unit_test tests[] = {
    {"with the sender's clock a delay from the first frame on is refused", delay_from_the_first},
    {"and one within an epoch, or from the next one's first frame on", delay_within_an_epoch},
    {"a first frame that waited costs none of the next", a_first_frame_that_waited},
    {"a frame held back beyond the bound is refused", delay_beyond_the_bound},
    {"a delay that grows slowly is refused at the bound", delay_that_grows_slowly},
    {"capture time that runs back within a sender and kind is refused", time_that_runs_back},
    {"one forged far capture time locks nobody out", one_forged_far_capture_time},
    {"a path that got shorter recovers within seconds", a_path_that_got_shorter},
};

UNIT_MAIN("adversary.sframe.time", tests)
