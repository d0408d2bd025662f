/* The router is blind: two runs that differ only in payload bytes forward alike. */
#include "blind.h"
#include "unit.h"

#include <string.h>

static struct sim first;
static struct sim second;

static size_t differing_payloads(const struct sim_peer *a, const struct sim_peer *b)
{
    size_t count = 0;
    for (size_t i = 0; i < a->rtp_count && i < b->rtp_count; i++)
        count += memcmp(a->rtp[i].rtp.payload, b->rtp[i].rtp.payload, a->rtp[i].rtp.payload_len) != 0;
    return count;
}

/* False at the first difference in time, size, header or RTCP. */
static bool forward_alike(const struct sim_peer *a, const struct sim_peer *b)
{
    if (a->rtp_count != b->rtp_count || a->rtcp_count != b->rtcp_count || a->bursts != b->bursts)
        return false;
    for (size_t i = 0; i < a->rtp_count; i++) {
        const struct sim_packet *p = &a->rtp[i];
        const struct sim_packet *q = &b->rtp[i];
        if (p->at_us != q->at_us || p->len != q->len || p->rtp.header_len != q->rtp.header_len ||
            memcmp(p->data, q->data, p->rtp.header_len) != 0)
            return false;
    }
    for (size_t i = 0; i < a->rtcp_count; i++) {
        const struct sim_packet *p = &a->rtcp[i];
        const struct sim_packet *q = &b->rtcp[i];
        if (p->at_us != q->at_us || p->len != q->len || memcmp(p->data, q->data, p->len) != 0)
            return false;
    }
    return true;
}

static bool all_alike(void)
{
    bool alike = first.peer_count == second.peer_count;
    for (size_t i = 0; alike && i < first.peer_count; i++)
        alike = forward_alike(&first.peers[i], &second.peers[i]);
    return alike;
}

static void run_both(void (*change)(uint8_t *payload, size_t len))
{
    sim_open(&first);
    blind_run(&first);
    sim_open(&second);
    second.payload_seed = 0x5eed;
    second.on_payload_in = change;
    blind_run(&second);
}

static void close_both(void)
{
    sim_close(&first);
    sim_close(&second);
}

static void runs_that_differ_in_payload_forward_alike(void)
{
    size_t packets = 0;
    size_t differing = 0;
    size_t rtcp = 0;
    run_both(NULL);
    CU_ASSERT(all_alike());
    for (size_t i = 0; i < first.peer_count; i++) {
        packets += first.peers[i].rtp_count;
        rtcp += first.peers[i].rtcp_count;
        differing += differing_payloads(&first.peers[i], &second.peers[i]);
    }
    /* there was traffic to judge by, and nearly every payload did differ */
    CU_ASSERT(packets > 2000);
    CU_ASSERT(rtcp > 200);
    CU_ASSERT(differing > packets * 9 / 10);
    struct sfu_router_stats stats;
    sfu_router_stats(first.router, &stats);
    CU_ASSERT(stats.retransmitted > 50);
    CU_ASSERT(stats.plis_out > 5);
    close_both();
}

static void loses_time_for_some_payloads(uint8_t *payload, size_t len)
{
    if (len > 0 && payload[0] == 0x42)
        second.now_us += 1;
}

/* The comparison itself can fail: a world that lets one payload byte matter differs. */
static void comparison_notices_a_payload_that_matters(void)
{
    run_both(loses_time_for_some_payloads);
    CU_ASSERT_FALSE(all_alike());
    close_both();
}

static const struct unit_test tests[] = {
    {"two runs that differ only in payload forward alike", runs_that_differ_in_payload_forward_alike},
    {"the comparison notices a payload that matters", comparison_notices_a_payload_that_matters},
};
UNIT_MAIN("sfu.blind", tests)
