/* The adversary moves frames: to another stream, layer, sender or epoch, or relabels them. */
#include "fixture.h"

#include <string.h>

/* The frame with another KID (and the same counter) in front. */
static void relabel(const struct fix_frame *frame, uint64_t kid, struct fix_frame *moved)
{
    size_t header_len = 0;
    struct sframe_header old;
    CU_ASSERT_EQUAL_FATAL(sframe_header_read(frame->bytes, frame->len, &old), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_header_write(kid, old.ctr, moved->bytes, sizeof moved->bytes, &header_len), SFRAME_OK);
    memcpy(moved->bytes + header_len, frame->bytes + old.len, frame->len - old.len);
    moved->len = header_len + frame->len - old.len;
}

static void relabelled_with_a_shared_secret(void)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 1, FIX_START_A));
    struct sframe_sender *other = fix_sender_kid(fix_kid(SFRAME_CAMERA, 1, FIX_START_B));
    struct fix_frame frame;
    struct fix_frame moved;
    struct sframe_opened opened;
    /* both are known to the receiver */
    fix_seal_at(sender, 1000, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    fix_seal_at(other, 1000, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);

    fix_seal_at(sender, 1033, &frame);
    const uint64_t wrong[] = {
        fix_kid(SFRAME_CAMERA, 1, FIX_START_B),                                             /* another sender, known */
        fix_kid(SFRAME_CAMERA, 1, 0x3333),                                                  /* and not */
        fix_kid(SFRAME_CAMERA, 0, FIX_START_A),                                             /* another layer */
        fix_kid(SFRAME_CAMERA, 2, FIX_START_A),     fix_kid(SFRAME_SCREEN, 1, FIX_START_A), /* another kind */
        fix_kid(SFRAME_MICROPHONE, 0, FIX_START_A),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        relabel(&frame, wrong[i], &moved);
        CU_ASSERT_EQUAL(fix_open(receiver, &moved, FIX_TIME_MS, &opened), SFRAME_AUTH);
    }
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, &opened), SFRAME_OK);
    CU_ASSERT_EQUAL(opened.sender, FIX_START_A);
    CU_ASSERT_EQUAL(opened.context, SFRAME_CAMERA * 4 + 1);
    fix_free_sender(sender);
    fix_free_sender(other);
    fix_free_receiver(receiver);
}

/* As the SFU would: the right bytes in the wrong slot. */
static void opened_as_another_kind_or_codec(void)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_SCREEN, 0, FIX_START_A));
    struct fix_frame frame;
    struct sframe_opened opened;
    uint8_t copy[FIX_FRAME_MAX];
    for (unsigned kind = 0; kind < SFRAME_KINDS; kind++) {
        const struct sframe_expect expect = {.kinds = 1u << kind};
        fix_seal_at(sender, 1000, &frame);
        memcpy(copy, frame.bytes, frame.len);
        CU_ASSERT_EQUAL(sframe_open(receiver, &expect, NULL, 0, copy, frame.len, FIX_TIME_MS, &opened),
                        kind == SFRAME_SCREEN ? SFRAME_OK : SFRAME_STREAM);
        /* where it belongs it still opens */
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, &opened),
                        kind == SFRAME_SCREEN ? SFRAME_REPLAY : SFRAME_OK);
    }
    for (uint8_t codec = SFRAME_CODEC_OPUS; codec <= SFRAME_CODEC_DATA; codec++) {
        const struct sframe_expect expect = {.kinds = 1u << SFRAME_SCREEN | 1u << SFRAME_CAMERA, .codec = codec};
        fix_seal_at(sender, 1000, &frame);
        CU_ASSERT_EQUAL(sframe_open(receiver, &expect, NULL, 0, frame.bytes, frame.len, FIX_TIME_MS, &opened),
                        codec == SFRAME_CODEC_VP8 ? SFRAME_OK : SFRAME_CODEC);
    }
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

enum { SLOTS = 5 /* 3 bits of leaf */ };

static uint64_t leaf_kid(unsigned context, uint32_t leaf, uint64_t epoch)
{
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(context, leaf, SLOTS, epoch, &kid), SFRAME_OK);
    return kid;
}

static void relabelled_in_a_group(void)
{
    static const uint8_t members[] = {0x1d}; /* leaves 0, 2, 3, 4; 1 is blank */
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    struct sframe_sender *sender = fix_sender_kid(leaf_kid(4, 2, 7));
    struct fix_frame frame;
    struct fix_frame moved;
    struct sframe_opened opened;
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 7, SLOTS, members, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 8, SLOTS, members, fix_other_key, sizeof fix_other_key),
                    SFRAME_OK);
    fix_seal_at(sender, 1000, &frame);
    const struct {
        uint64_t kid;
        int want;
    } wrong[] = {
        {leaf_kid(4, 3, 7), SFRAME_AUTH},                       /* another sender */
        {leaf_kid(5, 2, 7), SFRAME_AUTH},                       /* layer */
        {leaf_kid(8, 2, 7), SFRAME_AUTH},                       /* kind */
        {leaf_kid(4, 2, 8), SFRAME_AUTH},                       /* epoch */
        {leaf_kid(4, 2, 9), SFRAME_NO_KEY},                     /* epoch not known */
        {leaf_kid(4, 1, 7), SFRAME_NO_KEY},                     /* a leaf that is no member */
        {UINT64_C(4) << 11 | 5 << 8 | 7, SFRAME_NO_KEY},        /* a leaf past the tree's end */
        {UINT64_C(20) << 11 | 2 << 8 | 7, SFRAME_NO_KEY},       /* a context that is not registered */
        {UINT64_C(1) << 63 | leaf_kid(4, 2, 7), SFRAME_NO_KEY}, /* and a huge one */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        relabel(&frame, wrong[i].kid, &moved);
        CU_ASSERT_EQUAL(fix_open(receiver, &moved, FIX_TIME_MS, &opened), wrong[i].want);
    }
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, &opened), SFRAME_OK);
    CU_ASSERT_EQUAL(opened.sender, 2);
    CU_ASSERT_EQUAL(opened.context, 4);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static void a_removed_leaf_or_epoch(void)
{
    static const uint8_t members[] = {0x1f};
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    struct sframe_sender *removed = fix_sender_kid(leaf_kid(0, 2, 7));
    struct sframe_sender *stays = fix_sender_kid(leaf_kid(0, 3, 7));
    struct fix_frame frame;
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 7, SLOTS, members, fix_key, sizeof fix_key), SFRAME_OK);
    fix_seal_at(removed, 1000, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(receiver, 7, 2), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(receiver, 7, 2), SFRAME_NO_KEY);
    fix_seal_at(removed, 1020, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + 20, NULL), SFRAME_NO_KEY);
    fix_seal_at(stays, 1020, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + 20, NULL), SFRAME_OK);
    /* an epoch with the same low bits takes its place, with its keys */
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 7 + 256, SLOTS, members, fix_other_key, sizeof fix_other_key),
                    SFRAME_OK);
    fix_seal_at(stays, 1040, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + 40, NULL), SFRAME_AUTH);
    CU_ASSERT_EQUAL(sframe_receiver_remove_epoch(receiver, 7), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_remove_epoch(receiver, 7 + 256), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + 40, NULL), SFRAME_NO_KEY);
    struct sframe_receiver_stats stats;
    sframe_receiver_stats(receiver, &stats);
    CU_ASSERT_EQUAL(stats.keys, 0);
    fix_free_sender(removed);
    fix_free_sender(stays);
    fix_free_receiver(receiver);
}

/* Members were removed and somebody computes S from how many are left: index 4 then has a bit too many and would be
 * index 0 of the next context. */
static void a_tree_that_shrank_on_paper(void)
{
    uint64_t kid = 1;
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 4, 4, 7, &kid), SFRAME_LEAF);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 5, 4, 7, &kid), SFRAME_LEAF);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, UINT32_MAX, 4, 7, &kid), SFRAME_LEAF);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 1, 1, 7, &kid), SFRAME_LEAF);
    CU_ASSERT_EQUAL(kid, 1);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 3, 4, 7, &kid), SFRAME_OK);
    /* no two (context, leaf) of one tree share a KID, whatever its size */
    for (uint32_t slots = 1; slots <= 33; slots++) {
        uint8_t seen[64 * 20] = {0};
        for (unsigned context = 0; context < 20; context++)
            for (uint32_t leaf = 0; leaf < slots; leaf++) {
                CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(context, leaf, slots, 0, &kid), SFRAME_OK);
                CU_ASSERT_FATAL(kid >> 8 < sizeof seen && (kid & 0xff) == 0);
                CU_ASSERT_EQUAL(seen[kid >> 8], 0);
                seen[kid >> 8] = 1;
            }
    }
}

static const struct unit_test tests[] = {
    {"a frame under another sender's, layer's or kind's KID is refused", relabelled_with_a_shared_secret},
    {"a frame used as another kind or codec is refused", opened_as_another_kind_or_codec},
    {"a frame under another leaf's, stream's or epoch's KID is refused", relabelled_in_a_group},
    {"nothing opens under a removed leaf or epoch", a_removed_leaf_or_epoch},
    {"a leaf index past the tree is an error, and KIDs are never shared", a_tree_that_shrank_on_paper},
};

UNIT_MAIN("adversary.sframe.confusion", tests)
