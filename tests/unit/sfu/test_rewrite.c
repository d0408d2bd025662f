/* A slot's numbering: each line of DESIGN's "Rewriting a slot" that is arithmetic. */
#include "rewrite.h"
#include "unit.h"

#include <string.h>

enum { RATE = 90000, MS = 1000 };

static int64_t seq_of(struct sfu_rewrite *rw, int64_t in)
{
    int64_t out;
    return sfu_rewrite_seq(rw, in, &out) ? out : -1;
}

static void numbers_go_on_across_switches(void)
{
    struct sfu_rewrite rw;
    sfu_rewrite_init(&rw, 100, 5000);
    CU_ASSERT_EQUAL(seq_of(&rw, 7), -1); /* no source yet */
    sfu_rewrite_switch(&rw, 7, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 7), 100);
    CU_ASSERT_EQUAL(seq_of(&rw, 8), 101);
    sfu_rewrite_switch(&rw, 60000, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 60000), 102);
    sfu_rewrite_switch(&rw, 3, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 3), 103);
}

static void upstream_gaps_stay_and_late_packets_fit_in(void)
{
    struct sfu_rewrite rw;
    sfu_rewrite_init(&rw, 0, 0);
    sfu_rewrite_switch(&rw, 10, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 10), 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 14), 4);
    CU_ASSERT_EQUAL(seq_of(&rw, 12), 2);
    CU_ASSERT_EQUAL(seq_of(&rw, 12), -1); /* never twice */
    CU_ASSERT_EQUAL(seq_of(&rw, 15), 5);
    CU_ASSERT_EQUAL(seq_of(&rw, 11), 1);
}

static void late_packets_from_before_a_switch_are_dropped(void)
{
    struct sfu_rewrite rw;
    sfu_rewrite_init(&rw, 0, 0);
    sfu_rewrite_switch(&rw, 10, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 10), 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 13), 3);
    sfu_rewrite_switch(&rw, 500, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 499), -1);
    CU_ASSERT_EQUAL(seq_of(&rw, 12), -1);
    CU_ASSERT_EQUAL(seq_of(&rw, 500), 4);
    CU_ASSERT_EQUAL(seq_of(&rw, 499), -1);
}

static void what_is_left_out_closes_up(void)
{
    struct sfu_rewrite rw;
    sfu_rewrite_init(&rw, 0, 0);
    sfu_rewrite_switch(&rw, 0, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 0), 0);
    sfu_rewrite_skip(&rw, 1);
    CU_ASSERT_EQUAL(seq_of(&rw, 2), 1);
    sfu_rewrite_skip(&rw, 4); /* 3 is lost, or late */
    sfu_rewrite_skip(&rw, 5);
    CU_ASSERT_EQUAL(seq_of(&rw, 6), 3);
    CU_ASSERT_EQUAL(seq_of(&rw, 3), 2);
    CU_ASSERT_EQUAL(seq_of(&rw, 5), -1); /* left out before: not now either */
    /* left out too late to close up: its gap stays */
    CU_ASSERT_EQUAL(seq_of(&rw, 9), 6);
    sfu_rewrite_skip(&rw, 8);
    CU_ASSERT_EQUAL(seq_of(&rw, 7), 4);
    CU_ASSERT_EQUAL(seq_of(&rw, 10), 7);
}

/* Any order of arrival, any choice of what is left out: no number twice, order kept. */
static void no_number_is_given_out_twice(void)
{
    uint64_t random = 1;
    for (int round = 0; round < 50; round++) {
        struct sfu_rewrite rw;
        static uint8_t used[1 << 16];
        int64_t base = (int64_t)(unit_random(&random) % 70000);
        memset(used, 0, sizeof used);
        sfu_rewrite_init(&rw, 0, 0);
        for (int source = 0; source < 4; source++) {
            base += 5000;
            sfu_rewrite_switch(&rw, base, 0, RATE, 0);
            for (int64_t i = 0; i < 3000; i++) {
                int64_t in = base + i + (int64_t)(unit_random(&random) % 64) - 32;
                if (unit_random(&random) % 4 == 0) {
                    sfu_rewrite_skip(&rw, in);
                    continue;
                }
                int64_t out = seq_of(&rw, in);
                if (out >= 0 && used[out]++)
                    CU_FAIL_FATAL("given out twice");
            }
        }
    }
}

static void too_late_is_dropped(void)
{
    struct sfu_rewrite rw;
    sfu_rewrite_init(&rw, 0, 0);
    sfu_rewrite_switch(&rw, 0, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 5000), 5000);
    CU_ASSERT_EQUAL(seq_of(&rw, 5000 - SFU_WINDOW_LEN), -1);
    CU_ASSERT_EQUAL(seq_of(&rw, 5001 - SFU_WINDOW_LEN), 5001 - SFU_WINDOW_LEN);
    /* so late that nobody knows any more what was left out since, though its number would still be near */
    sfu_rewrite_switch(&rw, 0, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 0), 5001);
    for (int64_t in = 2; in <= 1000; in++)
        sfu_rewrite_skip(&rw, in);
    CU_ASSERT_EQUAL(seq_of(&rw, 1100), 5001 + 1100 - 999);
    CU_ASSERT_EQUAL(seq_of(&rw, 1), -1);
}

/* As a slot does it: what does not follow is switched in anew. */
static int64_t follow(struct sfu_rewrite *rw, int64_t in, uint64_t now_us)
{
    if (!sfu_rewrite_follows(rw, in, now_us))
        sfu_rewrite_switch(rw, in, (uint32_t)in, RATE, now_us);
    return seq_of(rw, in);
}

static void gaps_that_losses_do_not_explain_close_up(void)
{
    struct sfu_rewrite rw;
    sfu_rewrite_init(&rw, 65530, 0); /* the wrap lies within */
    sfu_rewrite_switch(&rw, 0, 0, RATE, 0);
    CU_ASSERT_EQUAL(seq_of(&rw, 0), 65530);
    /* the credit to the last number, and not one more */
    CU_ASSERT_EQUAL(follow(&rw, 1 + SFU_GAP_CREDIT_MAX, 0), 65531 + SFU_GAP_CREDIT_MAX);
    CU_ASSERT_EQUAL(follow(&rw, 2 + SFU_GAP_CREDIT_MAX, 0), 65532 + SFU_GAP_CREDIT_MAX);
    CU_ASSERT_EQUAL(follow(&rw, 4 + SFU_GAP_CREDIT_MAX, 0), 65533 + SFU_GAP_CREDIT_MAX);
    /* a millisecond is one more; what fills a gap is one more */
    CU_ASSERT_EQUAL(follow(&rw, 6 + SFU_GAP_CREDIT_MAX, 1 * MS), 65535 + SFU_GAP_CREDIT_MAX);
    CU_ASSERT_EQUAL(follow(&rw, 5 + SFU_GAP_CREDIT_MAX, 1 * MS), 65534 + SFU_GAP_CREDIT_MAX);
    CU_ASSERT_EQUAL(follow(&rw, 8 + SFU_GAP_CREDIT_MAX, 1 * MS), 65537 + SFU_GAP_CREDIT_MAX);
    CU_ASSERT_EQUAL(follow(&rw, 10 + SFU_GAP_CREDIT_MAX, 1 * MS), 65538 + SFU_GAP_CREDIT_MAX);
    /* it does not grow without bound */
    CU_ASSERT_EQUAL(follow(&rw, 2000, 3600000 * (uint64_t)MS), 65539 + SFU_GAP_CREDIT_MAX);
}

/* Whatever a source's numbers do for 30 s, those that go out do not step by 2^15 beyond what is sent. */
static void no_source_can_make_receivers_guess_the_rollover_wrong(void)
{
    static const int64_t jumps[] = {2, 50, SFU_GAP_CREDIT_MAX + 1, 1023, 2999, 32767};
    for (size_t j = 0; j < sizeof jumps / sizeof jumps[0]; j++) {
        struct sfu_rewrite rw;
        sfu_rewrite_init(&rw, 40000, 0);
        sfu_rewrite_switch(&rw, 0, 0, RATE, 0);
        int64_t first = seq_of(&rw, 0);
        int64_t last = first;
        int64_t sent = 0;
        int64_t in = 0;
        for (uint64_t now_us = 0; now_us < 30000 * (uint64_t)MS; now_us += 20 * MS) {
            int64_t out = follow(&rw, in += jumps[j], now_us);
            CU_ASSERT(out > last);
            CU_ASSERT(out - last <= 1 + SFU_GAP_CREDIT_MAX);
            last = out;
            sent++;
        }
        CU_ASSERT(last - first - sent < 1 << 15);
    }
}

static void timestamps_advance_with_time_at_a_switch(void)
{
    static const struct {
        uint64_t elapsed_us;
        uint32_t step;
    } cases[] = {
        {0, 1},
        {5, 1},
        {33 * MS, 2970},
        {1000 * MS, 90000},
        {UINT64_C(3600000) * MS, 324000000},
        {UINT64_C(360000000) * MS, 1 << 30}, /* no further than receivers can tell ahead from behind */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sfu_rewrite rw;
        sfu_rewrite_init(&rw, 0, 4000000000u);
        sfu_rewrite_switch(&rw, 0, 77, RATE, 10 * MS);
        CU_ASSERT_EQUAL(sfu_rewrite_ts(&rw, 77, 10 * MS), 4000000000u);
        CU_ASSERT_EQUAL(sfu_rewrite_ts(&rw, 77 + 3000, 43 * MS), 4000003000u);
        /* the next source's timestamps have nothing to do with this one's */
        sfu_rewrite_switch(&rw, 900, 12, RATE, 43 * MS + cases[i].elapsed_us);
        CU_ASSERT_EQUAL(sfu_rewrite_ts(&rw, 12, 43 * MS + cases[i].elapsed_us), 4000003000u + cases[i].step);
        CU_ASSERT_EQUAL(sfu_rewrite_ts(&rw, 12 + 3000, 0), 4000003000u + cases[i].step + 3000);
    }
}

static void timestamps_never_run_back_at_a_switch(void)
{
    struct sfu_rewrite rw;
    uint64_t random = 77;
    uint64_t now_us = 0;
    uint32_t highest = 123;
    sfu_rewrite_init(&rw, 0, highest);
    for (int i = 0; i < 1000; i++) {
        uint32_t in = (uint32_t)unit_random(&random);
        now_us += unit_random(&random) % 100000;
        sfu_rewrite_switch(&rw, i * 10, in, RATE, now_us);
        uint32_t out = sfu_rewrite_ts(&rw, in, now_us);
        if (i > 0)
            CU_ASSERT((int32_t)(out - highest) > 0);
        /* the source's own clock may run ahead of arrival: the next one comes after that too */
        highest = sfu_rewrite_ts(&rw, in + (uint32_t)(unit_random(&random) % 200000), now_us);
        /* a packet of an earlier frame does not move the highest */
        (void)sfu_rewrite_ts(&rw, in, now_us);
    }
}

static size_t make_dd(const struct dd_structure *structure, bool with_structure, uint16_t frame, uint8_t index,
                      uint8_t *out)
{
    struct dd_descriptor d = {
        .start_of_frame = true, .end_of_frame = true, .has_structure = with_structure, .frame_number = frame};
    size_t len;
    CU_ASSERT_EQUAL_FATAL(dd_use_template(&d, structure, index), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(dd_write(&d, structure, out, DD_LEN_MAX, &len), RTP_OK);
    return len;
}

/* What a receiver reads; structure is in and out, as it keeps it. */
static struct dd_descriptor rewrite_dd(struct sfu_rewrite *rw, const struct dd_structure *in, bool with_structure,
                                       uint16_t frame, uint8_t index, uint32_t targets, struct dd_structure *receiver)
{
    uint8_t data[DD_LEN_MAX];
    uint8_t out[DD_LEN_MAX];
    size_t out_len;
    struct dd_descriptor d = {0};
    size_t len = make_dd(in, with_structure, frame, index, data);
    CU_ASSERT_FATAL(sfu_rewrite_dd(rw, data, len, in, targets, out, sizeof out, &out_len));
    CU_ASSERT_EQUAL_FATAL(dd_read(out, out_len, receiver, receiver, &d), RTP_OK);
    return d;
}

static void frame_numbers_shift_by_a_constant_between_switches(void)
{
    struct sfu_rewrite rw;
    struct dd_structure s;
    struct dd_structure receiver = {0};
    sfu_rewrite_init(&rw, 0, 0);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T2, 0), RTP_OK);
    sfu_rewrite_switch_dd(&rw, 65530, &s);
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &s, true, 65530, 0, 0, &receiver).frame_number, 65530);
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &s, false, 65535, 1, 0, &receiver).frame_number, 65535);
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &s, false, 3, 1, 0, &receiver).frame_number, 3);
    /* a frame in between that was not sent stays out: nothing is compacted */
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &s, false, 9, 1, 0, &receiver).frame_number, 9);
    /* late: the highest stays 9 */
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &s, false, 65534, 1, 0, &receiver).frame_number, 65534);
    struct dd_structure next;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&next, DD_L1T3, 20), RTP_OK);
    sfu_rewrite_switch_dd(&rw, 40000, &next);
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &next, true, 40000, 0, 0, &receiver).frame_number, 10);
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &next, false, 40001, 2, 0, &receiver).frame_number, 11);
    CU_ASSERT_EQUAL(rewrite_dd(&rw, &next, false, 40005, 2, 0, &receiver).frame_number, 15);
}

static void template_ids_move_apart_at_a_switch(void)
{
    struct sfu_rewrite rw;
    struct dd_structure receiver = {0};
    uint8_t before_first = 0;
    uint8_t before_count = 0;
    uint64_t random = 4;
    sfu_rewrite_init(&rw, 0, 0);
    for (int i = 0; i < 200; i++) {
        struct dd_structure s;
        uint8_t offset = (uint8_t)(unit_random(&random) % 64);
        enum dd_mode mode = (enum dd_mode)(unit_random(&random) % (DD_L3T3 + 1));
        CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, mode, offset), RTP_OK);
        uint16_t frame = (uint16_t)unit_random(&random);
        sfu_rewrite_switch_dd(&rw, frame, &s);
        struct dd_descriptor d = rewrite_dd(&rw, &s, true, frame, 0, 0, &receiver);
        CU_ASSERT_EQUAL(receiver.template_count, s.template_count);
        CU_ASSERT_EQUAL(d.template_id, receiver.template_id_offset);
        if (i > 0) {
            for (uint8_t t = 0; t < receiver.template_count; t++) {
                uint8_t id = (uint8_t)((receiver.template_id_offset + t) % 64);
                CU_ASSERT((uint8_t)(id - before_first) % 64 >= before_count);
            }
        }
        /* frames that follow are read with the shifted structure */
        uint8_t last = (uint8_t)(s.template_count - 1);
        d = rewrite_dd(&rw, &s, false, (uint16_t)(frame + 1), last, 0, &receiver);
        CU_ASSERT_EQUAL(d.spatial_id, s.templates[last].spatial_id);
        CU_ASSERT_EQUAL(d.temporal_id, s.templates[last].temporal_id);
        before_first = receiver.template_id_offset;
        before_count = receiver.template_count;
    }
}

static void structure_is_never_added(void)
{
    struct sfu_rewrite rw;
    struct dd_structure s;
    uint8_t data[DD_LEN_MAX];
    uint8_t out[DD_LEN_MAX];
    size_t out_len;
    sfu_rewrite_init(&rw, 0, 0);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T3, 0), RTP_OK);
    sfu_rewrite_switch_dd(&rw, 1, &s);
    for (uint8_t t = 0; t < s.template_count; t++) {
        size_t len = make_dd(&s, false, (uint16_t)(t + 2), t, data);
        CU_ASSERT_FATAL(sfu_rewrite_dd(&rw, data, len, &s, 0, out, sizeof out, &out_len));
        CU_ASSERT_EQUAL(out_len, DD_MANDATORY_LEN);
    }
}

static void dropped_layers_are_announced_with_the_structure(void)
{
    struct sfu_rewrite rw;
    struct dd_structure s;
    struct dd_structure receiver = {0};
    sfu_rewrite_init(&rw, 0, 0);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L3T3, 5), RTP_OK);
    sfu_rewrite_switch_dd(&rw, 1, &s);
    struct dd_descriptor d = rewrite_dd(&rw, &s, true, 1, 0, 0x1c0, &receiver);
    CU_ASSERT(d.has_active_targets);
    CU_ASSERT_EQUAL(d.active_targets, 0x1c0);
    CU_ASSERT(d.has_structure);
    d = rewrite_dd(&rw, &s, true, 2, 0, 0, &receiver);
    CU_ASSERT_FALSE(d.has_active_targets);
}

static void descriptor_without_its_structure_still_moves(void)
{
    struct sfu_rewrite rw;
    struct dd_structure s;
    sfu_rewrite_init(&rw, 0, 0);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T1, 0), RTP_OK);
    sfu_rewrite_switch_dd(&rw, 1, &s);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T1, 60), RTP_OK);
    sfu_rewrite_switch_dd(&rw, 500, &s);
    /* start, end, template 63; frame 500; extended bits nobody can read now */
    const uint8_t in[] = {0xff, 0x01, 0xf4, 0x5a, 0xa5};
    const uint8_t want[] = {0xc0 | ((63 + rw.template_shift) & 0x3f), 0x00, 0x02, 0x5a, 0xa5};
    uint8_t out[DD_LEN_MAX];
    size_t out_len;
    CU_ASSERT_FATAL(sfu_rewrite_dd(&rw, in, sizeof in, NULL, 0, out, sizeof out, &out_len));
    unit_assert_bytes("descriptor", out, out_len, want, sizeof want);
    CU_ASSERT_FALSE(sfu_rewrite_dd(&rw, in, 2, NULL, 0, out, sizeof out, &out_len));
    CU_ASSERT_FALSE(sfu_rewrite_dd(&rw, in, sizeof in, NULL, 0, out, 4, &out_len));
}

static const struct unit_test tests[] = {
    {"sequence numbers go on across switches", numbers_go_on_across_switches},
    {"upstream gaps stay gaps, and late packets fit into them", upstream_gaps_stay_and_late_packets_fit_in},
    {"late packets from before a switch are dropped", late_packets_from_before_a_switch_are_dropped},
    {"what is left out on purpose closes up", what_is_left_out_closes_up},
    {"no number is given out twice", no_number_is_given_out_twice},
    {"what is too late is dropped", too_late_is_dropped},
    {"gaps that losses do not explain close up", gaps_that_losses_do_not_explain_close_up},
    {"no source can make receivers guess the rollover wrong", no_source_can_make_receivers_guess_the_rollover_wrong},
    {"timestamps advance with arrival time at a switch", timestamps_advance_with_time_at_a_switch},
    {"timestamps never run back at a switch", timestamps_never_run_back_at_a_switch},
    {"frame numbers shift by a constant between switches", frame_numbers_shift_by_a_constant_between_switches},
    {"template ids move apart at a switch", template_ids_move_apart_at_a_switch},
    {"a structure is never added", structure_is_never_added},
    {"dropped layers are announced with the structure", dropped_layers_are_announced_with_the_structure},
    {"a descriptor without its structure still moves", descriptor_without_its_structure_still_moves},
};
UNIT_MAIN("sfu.rewrite", tests)
