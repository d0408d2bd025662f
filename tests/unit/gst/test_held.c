/* Frames that came before the keys of their epoch: how many are kept, how long, whose, and in which order they go. */
#include "held.h"

#include "gstutil.h"

enum { EPOCH_6 = 6, EPOCH_7 = 7 };

static gboolean is_of_epoch_6(gpointer user, guint64 kid)
{
    (void)user;
    return kid == EPOCH_6;
}

static gboolean is_any(gpointer user, guint64 kid)
{
    (void)user;
    (void)kid;
    return TRUE;
}

/* A buffer whose one byte names it. */
static GstBuffer *named(guint8 name)
{
    return gst_buffer_new_memdup(&name, 1);
}

static int take(struct held *held, struct held_owner *owner, gboolean (*ready)(gpointer, guint64))
{
    GstBuffer *buffer = held_take(held, owner, ready, NULL);
    guint8 name = 0;

    if (!buffer)
        return -1;
    gst_buffer_extract(buffer, 0, &name, 1);
    gst_buffer_unref(buffer);
    return name;
}

static gboolean put(struct held *held, struct held_owner *owner, guint64 kid, guint32 leaf, GstBuffer *buffer,
                    guint64 now_ms)
{
    gboolean held_it = held_put(held, owner, kid, leaf, buffer, now_ms);

    if (!held_it)
        gst_buffer_unref(buffer);
    return held_it;
}

static void test_order(void)
{
    struct held held;
    struct held_owner one = {0}, two = {0};

    held_init(&held);
    CU_ASSERT_TRUE(put(&held, &one, EPOCH_6, 1, named(10), 0));
    CU_ASSERT_TRUE(put(&held, &one, EPOCH_7, 1, named(11), 0));
    CU_ASSERT_TRUE(put(&held, &two, EPOCH_6, 1, named(20), 0));
    CU_ASSERT_TRUE(put(&held, &one, EPOCH_6, 1, named(12), 0));
    CU_ASSERT_EQUAL(take(&held, &one, is_of_epoch_6), 10);
    CU_ASSERT_EQUAL(take(&held, &one, is_of_epoch_6), 12);
    CU_ASSERT_EQUAL(take(&held, &one, is_of_epoch_6), -1);
    CU_ASSERT_EQUAL(one.frames, 1);
    CU_ASSERT_EQUAL(take(&held, &one, is_any), 11);
    CU_ASSERT_EQUAL(take(&held, &two, is_any), 20);
    CU_ASSERT_EQUAL(one.frames + two.frames, 0);
    CU_ASSERT_EQUAL(held.bytes, 0);
    held_clear(&held);
}

static void test_time(void)
{
    struct held held;
    struct held_owner one = {0}, two = {0};

    held_init(&held);
    CU_ASSERT_TRUE(put(&held, &one, EPOCH_6, 1, named(1), 1000));
    CU_ASSERT_TRUE(put(&held, &one, EPOCH_7, 1, named(2), 1100));
    CU_ASSERT_TRUE(put(&held, &two, EPOCH_6, 2, named(3), 1200));
    held_expire(&held, 1000 + HELD_MS - 1);
    CU_ASSERT_EQUAL(one.expired, 0);
    held_expire(&held, 1100 + HELD_MS);
    CU_ASSERT_EQUAL(one.expired, 2);
    CU_ASSERT_EQUAL(one.expired_newest, EPOCH_7);
    CU_ASSERT_EQUAL(one.frames, 0);
    CU_ASSERT_EQUAL(two.expired, 0);
    CU_ASSERT_EQUAL(take(&held, &two, is_any), 3);
    held_clear(&held);
}

static void test_bounds_of_a_leaf(void)
{
    struct held held;
    struct held_owner owner = {0}, other = {0};

    held_init(&held);
    /* in number, whichever decoder they came to */
    for (guint i = 0; i < HELD_LEAF_FRAMES; i++)
        CU_ASSERT_TRUE(put(&held, i % 2 ? &owner : &other, EPOCH_6, 1, named(1), 0));
    CU_ASSERT_FALSE(put(&held, &owner, EPOCH_6, 1, named(1), 0));
    CU_ASSERT_TRUE(put(&held, &owner, EPOCH_6, 2, named(1), 0));
    held_clear(&held);
    /* in bytes */
    CU_ASSERT_TRUE(put(&held, &owner, EPOCH_6, 1, gstutil_frame(1, HELD_LEAF_BYTES - 1000, 0, TRUE), 0));
    CU_ASSERT_FALSE(put(&held, &owner, EPOCH_6, 1, gstutil_frame(1, 2000, 0, TRUE), 0));
    CU_ASSERT_TRUE(put(&held, &owner, EPOCH_6, 1, gstutil_frame(1, 500, 0, TRUE), 0));
    CU_ASSERT_TRUE(put(&held, &owner, EPOCH_6, 2, gstutil_frame(1, 2000, 0, TRUE), 0));
    /* room that was taken comes back */
    CU_ASSERT_NOT_EQUAL(take(&held, &owner, is_any), -1);
    CU_ASSERT_TRUE(put(&held, &owner, EPOCH_6, 1, gstutil_frame(1, 2000, 0, TRUE), 0));
    held_clear(&held);
    CU_ASSERT_EQUAL(held.bytes, 0);
}

static void test_bounds_of_all(void)
{
    struct held held;
    struct held_owner owner = {0};
    guint frames = 0;

    held_init(&held);
    for (guint32 leaf = 0; leaf < 100; leaf++)
        for (guint i = 0; i < HELD_LEAF_FRAMES; i++)
            frames += put(&held, &owner, EPOCH_6, leaf, named(1), 0);
    CU_ASSERT_EQUAL(frames, HELD_FRAMES);
    held_clear(&held);
    CU_ASSERT_EQUAL(owner.frames, 0);
    for (guint32 leaf = 0; leaf < 100; leaf++)
        put(&held, &owner, EPOCH_6, leaf, gstutil_frame(1, HELD_LEAF_BYTES / 2, 0, TRUE), 0);
    CU_ASSERT(held.bytes <= HELD_BYTES);
    CU_ASSERT(held.bytes > HELD_BYTES - HELD_LEAF_BYTES);
    held_clear(&held);
}

/* A short frame cut out of a long packet keeps the packet. */
static void test_bytes_are_those_kept(void)
{
    struct held held;
    struct held_owner owner = {0};
    GstBuffer *packet = gstutil_frame(1, HELD_LEAF_BYTES - 1000, 0, TRUE);

    held_init(&held);
    CU_ASSERT_TRUE(put(&held, &owner, EPOCH_6, 1, gst_buffer_copy_region(packet, GST_BUFFER_COPY_ALL, 0, 1), 0));
    CU_ASSERT(held.bytes >= HELD_LEAF_BYTES - 1000);
    CU_ASSERT_FALSE(put(&held, &owner, EPOCH_6, 1, gstutil_frame(1, 2000, 0, TRUE), 0));
    gst_buffer_unref(packet);
    held_clear(&held);
}

static void test_drop(void)
{
    struct held held;
    struct held_owner one = {0}, two = {0};

    held_init(&held);
    CU_ASSERT_TRUE(put(&held, &one, EPOCH_6, 1, named(1), 0));
    held_expire(&held, HELD_MS);
    CU_ASSERT_TRUE(put(&held, &one, EPOCH_6, 1, named(1), 0));
    CU_ASSERT_TRUE(put(&held, &two, EPOCH_6, 1, named(2), 0));
    held_drop(&held, &one);
    CU_ASSERT_EQUAL(one.frames + one.expired, 0);
    CU_ASSERT_EQUAL(take(&held, &one, is_any), -1);
    CU_ASSERT_EQUAL(take(&held, &two, is_any), 2);
    held_clear(&held);
}

static const struct unit_test tests[] = {
    {"frames go in the order they came, by owner and epoch", test_order},
    {"a frame is kept for its time, and its owner is told", test_time},
    {"a leaf has its share, in number and bytes", test_bounds_of_a_leaf},
    {"all leaves together have theirs", test_bounds_of_all},
    {"what counts is the memory that a frame keeps", test_bytes_are_those_kept},
    {"who leaves takes its frames along", test_drop},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.held", tests, G_N_ELEMENTS(tests));
}
