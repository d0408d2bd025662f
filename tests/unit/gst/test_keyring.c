#include "gstsotto/keyring.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gstutil.h"
#include "keyring_private.h"

#define SECRET "00112233445566778899aabbccddeeff"
#define SECOND "ffeeddccbbaa99887766554433221100"

enum { CAMERA = SFRAME_CAMERA * SFRAME_LAYERS, FRAME_CAP = 600 };

struct frame {
    guint8 bytes[FRAME_CAP];
    gsize len;
    guint64 kid, ctr;
};

/* How long this machine has slept, and how long after its start a sender elsewhere seals. */
static guint slept_s, sender_later_ms;

/* In place of the C library's: the machine sleeps when a test says so. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    long error = syscall(SYS_clock_gettime, id, now);
    if (error == 0 && id == CLOCK_BOOTTIME)
        now->tv_sec += slept_s;
    return (int)error;
}

static int seal(SottoKeyRing *ring, guint context, const char *text, struct frame *frame)
{
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8,
                                       .capture_ms = (guint32)(g_get_monotonic_time() / 1000) + sender_later_ms};
    guint8 buffer[FRAME_CAP] = {0};
    gsize len = strlen(text);
    struct sframe_seal_item item = {.inner = &inner,
                                    .head = buffer,
                                    .head_cap = SFRAME_HEAD_MAX,
                                    .payload = buffer + SFRAME_HEAD_MAX,
                                    .payload_len = len,
                                    .tail = buffer + SFRAME_HEAD_MAX + len,
                                    .tail_cap = SFRAME_TAG_MAX};

    memcpy(buffer + SFRAME_HEAD_MAX, text, len);
    sotto_key_ring_seal(ring, context, &item, 1);
    if (item.error)
        return item.error;
    frame->len = item.sealed.head_len + len + item.sealed.tail_len;
    memcpy(frame->bytes, buffer + SFRAME_HEAD_MAX - item.sealed.head_len, frame->len);
    frame->kid = item.sealed.kid;
    frame->ctr = item.sealed.ctr;
    return SFRAME_OK;
}

static int open_copy(SottoKeyRing *ring, const struct frame *frame, const char *text)
{
    struct frame copy = *frame;
    struct sframe_open_item item = {.frame = copy.bytes, .frame_len = copy.len};

    sotto_key_ring_open(ring, &item, 1);
    if (item.error == SFRAME_OK)
        unit_assert_bytes("opened", item.opened.payload, item.opened.payload_len, (const guint8 *)text, strlen(text));
    return item.error;
}

static SottoKeyRing *ring_with(const char *secret)
{
    SottoKeyRing *ring = sotto_key_ring_new(0, SFRAME_PROFILE_SOTTO);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    CU_ASSERT_TRUE(sotto_key_ring_set_secret(ring, secret, NULL));
    return ring;
}

static void test_base_key(void)
{
    /* HKDF-SHA-256 over the 16 bytes, without salt, info "sotto shared secret 1", computed with Python's cryptography
     */
    guint8 want[SOTTO_BASE_KEY_LEN], got[SOTTO_BASE_KEY_LEN], typed[SOTTO_BASE_KEY_LEN];

    unit_hex("3950ea7f8439bcba357134e6e752fd59945a376b7b9ed6f83294f3dc6bafa41d", want, sizeof(want));
    CU_ASSERT_EQUAL(sotto_base_key_from_secret(SECRET, got), SFRAME_OK);
    unit_assert_bytes("hex", got, sizeof(got), want, sizeof(want));
    CU_ASSERT_EQUAL(sotto_base_key_from_secret("00112233445566778899AABBCCDDEEFF", got), SFRAME_OK);
    unit_assert_bytes("upper case", got, sizeof(got), want, sizeof(want));
    /* one digit short: no generated secret, so a password */
    CU_ASSERT_EQUAL(sotto_base_key_from_secret("00112233445566778899aabbccddeef", typed), SFRAME_OK);
    CU_ASSERT(memcmp(typed, want, sizeof(want)) != 0);
    CU_ASSERT_EQUAL(sotto_base_key_from_secret("", got), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sotto_base_key_from_secret(NULL, got), SFRAME_INVALID);
}

static void test_shared_secret(void)
{
    SottoKeyRing *a = ring_with(SECRET), *b = ring_with(SECRET), *c = ring_with("another");
    struct frame frame;

    CU_ASSERT_EQUAL(seal(a, CAMERA, "hello", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "hello"), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "hello"), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(open_copy(c, &frame, "hello"), SFRAME_AUTH);
    g_object_unref(a);
    g_object_unref(b);
    g_object_unref(c);
}

static void test_every_start_has_its_kid(void)
{
    GHashTable *kids = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    for (guint i = 0; i < 50; i++) {
        SottoKeyRing *ring = ring_with(SECRET);
        struct frame frame;
        CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &frame), SFRAME_OK);
        CU_ASSERT_EQUAL(frame.kid >> SFRAME_START_BITS, CAMERA);
        CU_ASSERT_TRUE(g_hash_table_add(kids, g_memdup2(&frame.kid, sizeof(frame.kid))));
        g_object_unref(ring);
    }
    g_hash_table_unref(kids);
}

static void test_contexts_have_counters_of_their_own(void)
{
    SottoKeyRing *ring = ring_with(SECRET);
    struct frame a, b, c;

    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &a), SFRAME_OK);
    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &b), SFRAME_OK);
    CU_ASSERT_EQUAL(seal(ring, 0, "x", &c), SFRAME_OK);
    CU_ASSERT_EQUAL(a.kid, b.kid);
    CU_ASSERT_EQUAL(a.ctr + 1, b.ctr);
    CU_ASSERT_NOT_EQUAL(a.kid, c.kid);
    CU_ASSERT_EQUAL(a.kid & 0xffffffffffff, c.kid & 0xffffffffffff);
    CU_ASSERT_EQUAL(c.ctr, 0);
    CU_ASSERT_EQUAL(seal(ring, 1000, "x", &c), SFRAME_CONTEXT);
    g_object_unref(ring);
}

static void test_no_key_no_frame(void)
{
    SottoKeyRing *ring = sotto_key_ring_new(0, 0), *peer = ring_with(SECRET);
    struct frame frame;

    CU_ASSERT_FALSE(sotto_key_ring_has_sender_key(ring));
    CU_ASSERT_FALSE(sotto_key_ring_has_receive_key(ring));
    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &frame), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(seal(peer, CAMERA, "x", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(ring, &frame, "x"), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(open_copy(peer, &frame, "x"), SFRAME_OK);
    sotto_key_ring_clear(peer);
    CU_ASSERT_EQUAL(seal(peer, CAMERA, "x", &frame), SFRAME_NO_KEY);
    CU_ASSERT_FALSE(sotto_key_ring_has_sender_key(peer));
    CU_ASSERT_FALSE(sotto_key_ring_has_receive_key(peer));
    CU_ASSERT_PTR_NULL(sotto_key_ring_new(99, 0));
    CU_ASSERT_PTR_NULL(sotto_key_ring_new(0, 7));
    g_object_unref(ring);
    g_object_unref(peer);
}

static void test_secret_change(void)
{
    SottoKeyRing *a = ring_with(SECRET), *b = ring_with(SECRET);
    struct frame before, in_flight, after;

    CU_ASSERT_EQUAL(seal(a, CAMERA, "before", &before), SFRAME_OK);
    CU_ASSERT_EQUAL(seal(a, CAMERA, "in flight", &in_flight), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &before, "before"), SFRAME_OK);
    /* not a typed one: stretching that can take longer than a frame may be under way */
    CU_ASSERT_TRUE(sotto_key_ring_set_secret(a, SECOND, NULL));
    CU_ASSERT_TRUE(sotto_key_ring_set_secret(b, SECOND, NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "after", &after), SFRAME_OK);
    CU_ASSERT_NOT_EQUAL(after.kid, before.kid);
    CU_ASSERT_EQUAL(open_copy(b, &after, "after"), SFRAME_OK);
    /* what was on its way still opens, once, and nothing is opened a second time */
    CU_ASSERT_EQUAL(open_copy(b, &in_flight, "in flight"), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &in_flight, "in flight"), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(open_copy(b, &before, "before"), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(open_copy(b, &after, "after"), SFRAME_REPLAY);
    g_object_unref(a);
    g_object_unref(b);
}

/* A ring that took an old secret again would open its old frames again. */
static void test_no_secret_twice(void)
{
    SottoKeyRing *a = ring_with(SECRET), *b = ring_with(SECRET);
    GError *error = NULL;
    struct frame frame;

    CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_OK);
    CU_ASSERT_TRUE(sotto_key_ring_set_secret(b, "two", NULL));
    CU_ASSERT_FALSE(sotto_key_ring_set_secret(b, SECRET, &error));
    CU_ASSERT_TRUE(g_error_matches(error, SOTTO_KEY_RING_ERROR, -SFRAME_KEY_REUSED));
    g_clear_error(&error);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_REPLAY);
    sotto_key_ring_clear(b);
    CU_ASSERT_FALSE(sotto_key_ring_set_secret(b, SECRET, NULL));
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_NO_KEY);
    CU_ASSERT_FALSE(sotto_key_ring_set_secret(b, "", NULL));
    g_object_unref(a);
    g_object_unref(b);
}

static void count_one(guint *count)
{
    ++*count;
}

static void test_the_same_secret_again(void)
{
    SottoKeyRing *a = ring_with(SECRET), *b = ring_with(SECRET);
    struct frame frame, next;
    guint added = 0;

    CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_OK);
    g_signal_connect_swapped(a, "keys-added", G_CALLBACK(count_one), &added);
    CU_ASSERT_TRUE(sotto_key_ring_set_secret(a, SECRET, NULL));
    CU_ASSERT_TRUE(sotto_key_ring_set_secret(b, SECRET, NULL));
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &next), SFRAME_OK);
    CU_ASSERT_EQUAL(next.kid, frame.kid);
    CU_ASSERT_EQUAL(added, 0);
    g_object_unref(a);
    g_object_unref(b);
}

static void test_epochs(void)
{
    static const guint8 key_5[16] = "epoch five's key", key_6[16] = "epoch six's key.";
    const guint8 all_but_3 = 0xf7, all_but_1 = 0xfd;
    SottoKeyRing *a = sotto_key_ring_new(0, 0), *b = sotto_key_ring_new(0, 0);
    struct frame five, six;
    GError *error = NULL;

    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(a, 5, 8, &all_but_3, key_5, sizeof(key_5), NULL));
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(b, 5, 8, &all_but_1, key_5, sizeof(key_5), NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "five", &five), SFRAME_NO_KEY);
    CU_ASSERT_FALSE(sotto_key_ring_use_epoch(a, 6, 3, NULL));
    CU_ASSERT_FALSE(sotto_key_ring_use_epoch(a, 5, 8, &error));
    CU_ASSERT_TRUE(g_error_matches(error, SOTTO_KEY_RING_ERROR, -SFRAME_LEAF));
    g_clear_error(&error);
    /* as somebody else's leaf it would repeat that one's nonces */
    CU_ASSERT_FALSE(sotto_key_ring_use_epoch(a, 5, 1, &error));
    CU_ASSERT_TRUE(g_error_matches(error, SOTTO_KEY_RING_ERROR, -SFRAME_LEAF));
    g_clear_error(&error);
    CU_ASSERT_EQUAL(seal(a, CAMERA, "five", &five), SFRAME_NO_KEY);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(a, 5, 3, NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "five", &five), SFRAME_OK);
    CU_ASSERT_EQUAL(five.kid, (guint64)CAMERA << 11 | 3 << 8 | 5);
    CU_ASSERT_EQUAL(open_copy(b, &five, "five"), SFRAME_OK);

    CU_ASSERT_TRUE(sotto_key_ring_add_epoch(a, 6, 8, &all_but_3, key_6, sizeof(key_6), NULL));
    CU_ASSERT_TRUE(sotto_key_ring_add_epoch(b, 6, 8, &all_but_1, key_6, sizeof(key_6), NULL));
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(a, 6, 3, NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "six", &six), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &six, "six"), SFRAME_OK);
    /* back to five: the sender may not take up a counter it has spent */
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(a, 5, 3, NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "five", &five), SFRAME_KEY_REUSED);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(a, 6, 3, NULL));

    CU_ASSERT_TRUE(sotto_key_ring_remove_leaf(b, 6, 3, NULL));
    CU_ASSERT_EQUAL(open_copy(b, &six, "six"), SFRAME_NO_KEY);
    CU_ASSERT_TRUE(sotto_key_ring_remove_epoch(b, 5, NULL));
    CU_ASSERT_EQUAL(open_copy(b, &five, "five"), SFRAME_NO_KEY);
    CU_ASSERT_FALSE(sotto_key_ring_remove_epoch(b, 5, NULL));
    CU_ASSERT_FALSE(sotto_key_ring_add_epoch(b, 5, 8, &all_but_1, key_5, sizeof(key_5), &error));
    CU_ASSERT_TRUE(g_error_matches(error, SOTTO_KEY_RING_ERROR, -SFRAME_KEY_REUSED));
    g_clear_error(&error);
    /* the two ways of keying do not mix */
    CU_ASSERT_FALSE(sotto_key_ring_set_secret(b, SECRET, NULL));
    CU_ASSERT_TRUE(sotto_key_ring_remove_epoch(a, 6, NULL));
    CU_ASSERT_FALSE(sotto_key_ring_has_sender_key(a));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "six", &six), SFRAME_NO_KEY);
    g_object_unref(a);
    g_object_unref(b);
}

/* From the first frame on, by a leaf's clock in an epoch. */
static void test_clock(void)
{
    static const guint8 key[16] = "epoch five's key";
    const guint8 all_but_3 = 0xf7, all_but_1 = 0xfd;
    SottoKeyRing *a = sotto_key_ring_new(0, 0), *b = sotto_key_ring_new(0, 0);
    gint64 ahead_ms = g_get_monotonic_time() / 1000 - (gint64)key_ring_now_ms(); /* of what seal() stamps with */
    struct frame frame;

    CU_ASSERT_FALSE(sotto_key_ring_set_clock(b, 5, 3, ahead_ms, NULL));
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(a, 5, 8, &all_but_3, key, sizeof(key), NULL));
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(b, 5, 8, &all_but_1, key, sizeof(key), NULL));
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(a, 5, 3, NULL));
    CU_ASSERT_FALSE(sotto_key_ring_set_clock(b, 5, 1, ahead_ms, NULL));
    CU_ASSERT_TRUE(sotto_key_ring_set_clock(b, 5, 3, ahead_ms + 30000, NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "late", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "late"), SFRAME_LATE);
    CU_ASSERT_TRUE(sotto_key_ring_set_clock(b, 5, 3, ahead_ms, NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "in time", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "in time"), SFRAME_OK);
    g_object_unref(a);
    g_object_unref(b);
}

static void test_sleep(void)
{
    SottoKeyRing *a = ring_with(SECRET), *b = ring_with(SECRET);
    struct frame frame;

    CU_ASSERT_EQUAL(seal(a, 0, "before", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "before"), SFRAME_OK);
    /* b's machine sleeps for an hour, in which a sends 50 frames a second */
    for (guint i = 0; i < 3600 * 50; i++)
        CU_ASSERT_EQUAL_FATAL(seal(a, 0, "asleep", &frame), SFRAME_OK);
    slept_s = 3600;
    sender_later_ms = 3600 * 1000;
    CU_ASSERT_EQUAL(seal(a, 0, "awake", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "awake"), SFRAME_OK);
    slept_s = sender_later_ms = 0;
    g_object_unref(a);
    g_object_unref(b);
}

/* An application may say twice what it wants. */
static void test_the_same_epoch_again(void)
{
    static const guint8 key[16] = "epoch nine's key";
    const guint8 other = 2;
    SottoKeyRing *ring = sotto_key_ring_new(0, 0);
    struct frame first, second;

    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(ring, 9, 2, &other, key, sizeof(key), NULL));
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(ring, 9, 0, NULL));
    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &first), SFRAME_OK);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(ring, 9, 0, NULL));
    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &second), SFRAME_OK);
    CU_ASSERT_EQUAL(second.kid, first.kid);
    CU_ASSERT_EQUAL(second.ctr, first.ctr + 1);
    g_object_unref(ring);
}

static void add_and_use(SottoKeyRing *ring, guint64 epoch)
{
    const guint8 other = 2;
    guint8 key[16] = {0};

    memcpy(key, &epoch, sizeof(epoch));
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(ring, epoch, 2, &other, key, sizeof(key), NULL));
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_use_epoch(ring, epoch, 0, NULL));
}

/* A large group makes an epoch every 5 s: these are half a day. */
static void test_epochs_of_a_long_call(void)
{
    SottoKeyRing *ring = sotto_key_ring_new(0, 0);
    struct frame frame;

    for (guint64 epoch = 0; epoch < 9000; epoch++) {
        add_and_use(ring, epoch);
        CU_ASSERT_EQUAL_FATAL(seal(ring, CAMERA, "x", &frame), SFRAME_OK);
        CU_ASSERT_EQUAL(frame.ctr, 0);
        if (epoch > 0)
            CU_ASSERT_TRUE(sotto_key_ring_remove_epoch(ring, epoch - 1, NULL));
    }
    g_object_unref(ring);
}

/* Commits that come in rows: each epoch's keys live for seconds after the next one came. */
static void test_epochs_that_overlap(void)
{
    enum { OVERLAP = 8 };
    const guint8 leaf_0 = 1;
    SottoKeyRing *from = sotto_key_ring_new(0, 0), *to = sotto_key_ring_new(0, 0);
    struct frame frames[OVERLAP];
    GError *error = NULL;
    guint8 key[16] = {0};

    for (guint64 epoch = 0; epoch < OVERLAP; epoch++) {
        memcpy(key, &epoch, sizeof(epoch));
        add_and_use(from, epoch);
        CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(to, epoch, 2, &leaf_0, key, sizeof(key), NULL));
        CU_ASSERT_EQUAL_FATAL(seal(from, CAMERA, "x", &frames[epoch]), SFRAME_OK);
    }
    for (guint i = OVERLAP; i-- > 0;)
        CU_ASSERT_EQUAL(open_copy(to, &frames[i], "x"), SFRAME_OK);
    key[15] = 1;
    CU_ASSERT_FALSE(sotto_key_ring_add_epoch(to, OVERLAP, 2, &leaf_0, key, sizeof(key), &error));
    CU_ASSERT_TRUE(g_error_matches(error, SOTTO_KEY_RING_ERROR, -SFRAME_FULL));
    g_clear_error(&error);
    g_object_unref(from);
    g_object_unref(to);
}

/* Its KIDs are the new epoch's: nothing may be sealed under them with the old one's key. */
static void test_an_epoch_replaced_while_in_use(void)
{
    const guint8 key[16] = "a later epoch...", other = 2;
    SottoKeyRing *ring = sotto_key_ring_new(0, 0);
    struct frame frame;

    add_and_use(ring, 1);
    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &frame), SFRAME_OK);
    CU_ASSERT_TRUE(sotto_key_ring_add_epoch(ring, 257, 2, &other, key, sizeof(key), NULL));
    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &frame), SFRAME_NO_KEY);
    CU_ASSERT_FALSE(sotto_key_ring_has_sender_key(ring));
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(ring, 257, 0, NULL));
    CU_ASSERT_EQUAL(seal(ring, CAMERA, "x", &frame), SFRAME_OK);
    g_object_unref(ring);
}

/* New parameters come with new replay windows, which may not be had for a key that frames were opened with. */
static void test_parameters_are_settled(void)
{
    SottoKeyRing *a = ring_with(SECRET), *b = ring_with(SECRET);
    struct frame frame;

    CU_ASSERT_TRUE(sotto_key_ring_set_parameters(b, SFRAME_AES_256_GCM_SHA512_128, SFRAME_PROFILE_SOTTO));
    CU_ASSERT_TRUE(sotto_key_ring_set_parameters(b, SFRAME_SUITE_DEFAULT, SFRAME_PROFILE_SOTTO));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_OK);
    CU_ASSERT_TRUE(sotto_key_ring_set_parameters(b, SFRAME_SUITE_DEFAULT, SFRAME_PROFILE_SOTTO));
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_REPLAY);
    CU_ASSERT_FALSE(sotto_key_ring_set_parameters(b, SFRAME_SUITE_DEFAULT, SFRAME_PROFILE_RFC9605));
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_REPLAY);
    CU_ASSERT_FALSE(sotto_key_ring_set_parameters(a, SFRAME_AES_256_GCM_SHA512_128, SFRAME_PROFILE_SOTTO));
    CU_ASSERT_EQUAL(sotto_key_ring_suite(a), SFRAME_SUITE_DEFAULT);
    g_object_unref(a);
    g_object_unref(b);
}

/* A call is asked to seal before its group says how: that settles nothing. */
static void test_parameters_before_the_first_key(void)
{
    const guint8 key[32] = "a base key for AES-256-GCM", leaf_0 = 1, leaf_1 = 2;
    SottoKeyRing *a = sotto_key_ring_new(0, 0), *b = sotto_key_ring_new(SFRAME_AES_256_GCM_SHA512_128, 0);
    struct frame frame;

    CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &frame), SFRAME_NO_KEY);
    CU_ASSERT_TRUE(sotto_key_ring_set_parameters(a, SFRAME_AES_256_GCM_SHA512_128, SFRAME_PROFILE_SOTTO));
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(a, 1, 2, &leaf_1, key, sizeof(key), NULL));
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(b, 1, 2, &leaf_0, key, sizeof(key), NULL));
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(a, 1, 0, NULL));
    CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &frame), SFRAME_OK);
    CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_OK);
    /* from here on they stay */
    CU_ASSERT_FALSE(sotto_key_ring_set_parameters(a, SFRAME_SUITE_DEFAULT, SFRAME_PROFILE_SOTTO));
    CU_ASSERT_FALSE(sotto_key_ring_set_parameters(b, SFRAME_SUITE_DEFAULT, SFRAME_PROFILE_SOTTO));
    CU_ASSERT_TRUE(sotto_key_ring_set_parameters(b, SFRAME_AES_256_GCM_SHA512_128, SFRAME_PROFILE_SOTTO));
    g_object_unref(a);
    g_object_unref(b);
}

static void test_short_tags(void)
{
    static const guint suites[] = {SFRAME_AES_128_CTR_HMAC_SHA256_64, SFRAME_AES_128_CTR_HMAC_SHA256_32,
                                   SFRAME_AES_256_CTR_HMAC_SHA512_64, SFRAME_AES_256_CTR_HMAC_SHA512_32};
    static const guint8 key[16] = "some epoch's key";
    const guint8 leaf_0 = 1;

    for (guint suite = 1; suite <= 8; suite++) {
        SottoKeyRing *ring = sotto_key_ring_new(suite, 0);
        gboolean is_short = FALSE;
        GError *error = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(suites); i++)
            is_short = is_short || suites[i] == suite;
        CU_ASSERT_EQUAL(sotto_key_ring_add_epoch(ring, 1, 2, &leaf_0, key, sizeof(key), &error), !is_short);
        CU_ASSERT_EQUAL(g_error_matches(error, SOTTO_KEY_RING_ERROR, -SFRAME_SUITE), is_short);
        CU_ASSERT_EQUAL(sotto_key_ring_has_receive_key(ring), !is_short);
        g_clear_error(&error);
        g_object_unref(ring);
    }
}

static void test_epochs_after_a_secret(void)
{
    static const guint8 key[16] = "some epoch's key";
    const guint8 leaf_0 = 1;
    SottoKeyRing *ring = ring_with(SECRET), *peer = ring_with(SECRET);
    struct frame frame;

    CU_ASSERT_EQUAL(seal(peer, CAMERA, "x", &frame), SFRAME_OK);
    CU_ASSERT_TRUE(sotto_key_ring_add_epoch(ring, 1, 2, &leaf_0, key, sizeof(key), NULL));
    CU_ASSERT_EQUAL(open_copy(ring, &frame, "x"), SFRAME_NO_KEY);
    g_object_unref(ring);
    g_object_unref(peer);
}

static void test_context(void)
{
    SottoKeyRing *ring = ring_with(SECRET), *same;
    GstContext *context = sotto_key_ring_context_new(ring), *other = gst_context_new("other", TRUE);
    gchar *text = gst_structure_to_string(gst_context_get_structure(context));

    same = sotto_key_ring_from_context(context);
    CU_ASSERT_PTR_EQUAL(same, ring);
    CU_ASSERT_PTR_NULL(sotto_key_ring_from_context(other));
    CU_ASSERT_PTR_NULL(strstr(text, "0011"));
    g_free(text);
    gst_context_unref(other);
    gst_context_unref(context);
    g_object_unref(same);
    g_object_unref(ring);
}

static void test_stats(void)
{
    SottoKeyRing *a = ring_with(SECRET), *b = ring_with(SECRET);
    struct frame frame;
    GstStructure *stats;
    guint64 opened, replayed, failed;

    for (guint round = 0; round < 2; round++) {
        CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &frame), SFRAME_OK);
        CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_OK);
        CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_REPLAY);
        CU_ASSERT_EQUAL(seal(a, CAMERA, "x", &frame), SFRAME_OK);
        frame.bytes[frame.len - 1] ^= 1;
        CU_ASSERT_EQUAL(open_copy(b, &frame, "x"), SFRAME_AUTH);
        CU_ASSERT_TRUE(sotto_key_ring_set_secret(a, round ? "3" : "2", NULL));
        CU_ASSERT_TRUE(sotto_key_ring_set_secret(b, round ? "3" : "2", NULL));
    }
    stats = sotto_key_ring_stats(b);
    CU_ASSERT_TRUE(gst_structure_get(stats, "opened", G_TYPE_UINT64, &opened, "replayed", G_TYPE_UINT64, &replayed,
                                     "failed", G_TYPE_UINT64, &failed, NULL));
    CU_ASSERT_EQUAL(opened, 2);
    CU_ASSERT_EQUAL(replayed, 2);
    CU_ASSERT_EQUAL(failed, 2);
    gst_structure_free(stats);
    g_object_unref(a);
    g_object_unref(b);
}

/* --- Many threads ------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, FRAMES = 500 };

struct worker {
    SottoKeyRing *ring;
    struct frame frames[FRAMES];
};

static gpointer seal_many(gpointer data)
{
    struct worker *w = data;
    for (guint i = 0; i < FRAMES; i++)
        CU_ASSERT_EQUAL(seal(w->ring, CAMERA, "x", &w->frames[i]), SFRAME_OK);
    return NULL;
}

static void test_threads(void)
{
    SottoKeyRing *ring = ring_with(SECRET), *peer = ring_with(SECRET);
    struct worker *workers = g_new0(struct worker, THREADS);
    GThread *threads[THREADS];
    GHashTable *nonces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct frame frame;

    for (guint t = 0; t < THREADS; t++) {
        workers[t].ring = ring;
        threads[t] = g_thread_new("seal", seal_many, &workers[t]);
    }
    for (guint i = 0; i < 20; i++) {
        static guint8 key[16];
        key[0] = (guint8)i;
        CU_ASSERT_TRUE(sotto_key_ring_set_base_key(ring, key, sizeof(key), NULL));
        CU_ASSERT_EQUAL(seal(peer, 0, "y", &frame), SFRAME_OK);
        CU_ASSERT_NOT_EQUAL(open_copy(ring, &frame, "y"), SFRAME_OK);
        gst_structure_free(sotto_key_ring_stats(ring));
    }
    for (guint t = 0; t < THREADS; t++)
        g_thread_join(threads[t]);
    for (guint t = 0; t < THREADS; t++)
        for (guint i = 0; i < FRAMES; i++)
            CU_ASSERT_TRUE(
                g_hash_table_add(nonces, g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                                         workers[t].frames[i].kid, workers[t].frames[i].ctr)));
    CU_ASSERT_EQUAL(g_hash_table_size(nonces), THREADS * FRAMES);
    g_hash_table_unref(nonces);
    g_free(workers);
    g_object_unref(ring);
    g_object_unref(peer);
}

static const struct unit_test tests[] = {
    {"a generated secret goes through HKDF, a typed one through Argon2id", test_base_key},
    {"who shares the secret opens, once; who does not, does not", test_shared_secret},
    {"each start seals under a KID of its own", test_every_start_has_its_kid},
    {"each stream has its counter, however often it is taken up", test_contexts_have_counters_of_their_own},
    {"without a key nothing is sealed or opened", test_no_key_no_frame},
    {"a change of secret loses no frame and opens none twice", test_secret_change},
    {"no secret is taken twice", test_no_secret_twice},
    {"MLS epochs are added, used and removed", test_epochs},
    {"a frame is late by the clock of its sender", test_clock},
    {"a receiver that has slept opens what is sent then, at once", test_sleep},
    {"an epoch that is in use may be used again", test_the_same_epoch_again},
    {"a secret that is in use may be set again", test_the_same_secret_again},
    {"a call may have thousands of epochs", test_epochs_of_a_long_call},
    {"eight epochs overlap, as in a call where commits come in rows", test_epochs_that_overlap},
    {"an epoch that another takes the place of seals no more", test_an_epoch_replaced_while_in_use},
    {"suite and profile are settled once frames were opened or sealed", test_parameters_are_settled},
    {"a ring that was asked to seal before there was a key takes parameters", test_parameters_before_the_first_key},
    {"epochs are refused with tags under 80 bits", test_short_tags},
    {"epochs replace a shared secret", test_epochs_after_a_secret},
    {"a context carries the ring and shows no key", test_context},
    {"statistics outlive a change of keys", test_stats},
    {"threads that seal while keys change never repeat a nonce", test_threads},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.keyring", tests, G_N_ELEMENTS(tests));
}
