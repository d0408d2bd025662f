/* RTCP datagrams: every packet goes through every reader; what is read is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "rtp/rtcp.h"

enum { LEN_MAX = 65535, SEQS_MAX = 65536 };

static uint8_t out[1 << 19];
static int64_t arrivals[UINT16_MAX];
static uint16_t seqs[SEQS_MAX];

static void must(bool condition)
{
    if (!condition)
        abort();
}

static bool same_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* The only packet that was written. */
static struct rtcp_packet written(const struct bytes_writer *w)
{
    struct rtcp_iter iter;
    struct rtcp_packet packet = {0};
    rtcp_iter_init(&iter, w->data, w->len);
    must(rtcp_next(&iter, &packet));
    must(bytes_reader_done(&iter.reader));
    return packet;
}

static void feedback(const struct rtcp_packet *p)
{
    struct rtcp_feedback f;
    const bool right = (p->type == RTCP_RTPFB || p->type == RTCP_PSFB) && p->body_len >= 8;
    must((rtcp_feedback_parse(p, &f) == RTP_OK) == right);
    must(!right || f.fci_len == p->body_len - 8);
}

static void reports(const struct rtcp_packet *p)
{
    struct rtcp_sr_rr report;
    struct bytes_writer w;
    if (rtcp_sr_rr_read(p, &report) != RTP_OK)
        return;
    bytes_writer_init(&w, out, sizeof out);
    must(rtcp_sr_rr_write(&w, &report) == RTP_OK);
    struct rtcp_packet again = written(&w);
    must(again.type == p->type && again.count == p->count && again.body_len <= p->body_len);
    /* a report has one form only: the same bytes, but for an extension of the profile's */
    must(same_bytes(again.body, again.body_len, p->body, again.body_len));
}

static void descriptions(const struct rtcp_packet *p)
{
    struct rtcp_sdes_iter iter;
    struct rtcp_sdes_item item;
    if (rtcp_sdes_iter_init(&iter, p) != RTP_OK)
        return;
    while (rtcp_sdes_next(&iter, &item)) {
        struct rtcp_sdes_iter again_iter;
        struct rtcp_sdes_item again;
        struct bytes_writer w;
        if (item.type != RTCP_SDES_CNAME || item.text_len == 0)
            continue;
        bytes_writer_init(&w, out, sizeof out);
        must(rtcp_sdes_cname_write(&w, item.ssrc, item.text, item.text_len) == RTP_OK);
        struct rtcp_packet one = written(&w);
        must(rtcp_sdes_iter_init(&again_iter, &one) == RTP_OK && rtcp_sdes_next(&again_iter, &again));
        must(again.ssrc == item.ssrc && again.type == item.type);
        must(same_bytes(again.text, again.text_len, item.text, item.text_len));
        must(!rtcp_sdes_next(&again_iter, &again) && again_iter.error == RTP_OK);
    }
}

static void goodbyes(const struct rtcp_packet *p)
{
    struct rtcp_bye bye;
    struct rtcp_bye again;
    struct bytes_writer w;
    if (rtcp_bye_parse(p, &bye) != RTP_OK)
        return;
    bytes_writer_init(&w, out, sizeof out);
    must(rtcp_bye_write(&w, &bye) == RTP_OK);
    struct rtcp_packet one = written(&w);
    must(rtcp_bye_parse(&one, &again) == RTP_OK && again.ssrc_count == bye.ssrc_count);
    must(memcmp(again.ssrcs, bye.ssrcs, sizeof bye.ssrcs) == 0);
    must(same_bytes(again.reason, again.reason_len, bye.reason, bye.reason_len));
}

static void nacks(const struct rtcp_packet *p)
{
    static uint8_t wanted[SEQS_MAX];
    struct rtcp_nack_iter iter;
    struct bytes_writer w;
    size_t count = 0;
    uint16_t seq;
    if (rtcp_nack_iter_init(&iter, p) != RTP_OK)
        return;
    memset(wanted, 0, sizeof wanted);
    while (count < SEQS_MAX && rtcp_nack_next(&iter, &seq)) {
        wanted[seq] = 1;
        seqs[count++] = seq;
    }
    bytes_writer_init(&w, out, sizeof out);
    must(rtcp_nack_write(&w, iter.sender_ssrc, iter.media_ssrc, seqs, count) == RTP_OK);
    struct rtcp_packet one = written(&w);
    must(one.body_len <= p->body_len && rtcp_nack_iter_init(&iter, &one) == RTP_OK);
    while (rtcp_nack_next(&iter, &seq)) {
        must(wanted[seq] != 0);
        wanted[seq] = 2;
    }
    for (size_t i = 0; i < count; i++)
        must(wanted[seqs[i]] == 2);
}

static void picture_requests(const struct rtcp_packet *p)
{
    uint32_t sender;
    uint32_t media;
    struct bytes_writer w;
    struct rtcp_fir_iter iter;
    struct rtcp_fir_entry entry;
    struct rtcp_remb remb;
    bytes_writer_init(&w, out, sizeof out);
    if (rtcp_pli_read(p, &sender, &media) == RTP_OK) {
        must(rtcp_pli_write(&w, sender, media) == RTP_OK);
        must(same_bytes(written(&w).body, 8, p->body, 8));
    }
    if (rtcp_fir_iter_init(&iter, p) == RTP_OK) {
        while (rtcp_fir_next(&iter, &entry)) {
            struct rtcp_fir_iter again_iter;
            struct rtcp_fir_entry again;
            bytes_writer_init(&w, out, sizeof out);
            must(rtcp_fir_write(&w, iter.sender_ssrc, &entry, 1) == RTP_OK);
            struct rtcp_packet one = written(&w);
            must(rtcp_fir_iter_init(&again_iter, &one) == RTP_OK && rtcp_fir_next(&again_iter, &again));
            must(again.ssrc == entry.ssrc && again.seq == entry.seq);
        }
    }
    if (rtcp_remb_parse(p, &remb) == RTP_OK)
        must(remb.ssrcs >= p->body && remb.ssrcs + 4 * (size_t)remb.ssrc_count <= p->body + p->body_len);
}

static void transport_feedback(const struct rtcp_packet *p)
{
    const int64_t period_us = (int64_t)(1 << 24) * 64000;
    struct rtcp_twcc t;
    struct rtcp_twcc again;
    struct rtcp_twcc_iter iter;
    struct rtcp_twcc_status status;
    struct bytes_writer w;
    size_t count = 0;
    size_t reported;
    if (rtcp_twcc_parse(p, &t) != RTP_OK)
        return;
    rtcp_twcc_iter_init(&iter, &t);
    while (rtcp_twcc_next(&iter, &status)) {
        must(status.seq == (uint16_t)(t.base_seq + count));
        arrivals[count++] = status.received ? status.arrival_us + 2 * period_us : RTCP_TWCC_LOST;
    }
    must(count == t.status_count && bytes_reader_done(&iter.deltas));
    bytes_writer_init(&w, out, sizeof out);
    must(rtcp_twcc_write(&w, t.sender_ssrc, t.media_ssrc, t.feedback_count, t.base_seq, arrivals, count, &reported) ==
         RTP_OK);
    must(reported == count);
    struct rtcp_packet one = written(&w);
    must(rtcp_twcc_parse(&one, &again) == RTP_OK && again.status_count == t.status_count);
    rtcp_twcc_iter_init(&iter, &again);
    for (size_t i = 0; i < count; i++) {
        must(rtcp_twcc_next(&iter, &status) && status.received == (arrivals[i] != RTCP_TWCC_LOST));
        must(!status.received || (arrivals[i] - status.arrival_us) % period_us == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtcp_iter iter;
    struct rtcp_packet packet;
    if (size > LEN_MAX)
        return 0;
    rtcp_iter_init(&iter, data, size);
    while (rtcp_next(&iter, &packet)) {
        feedback(&packet);
        reports(&packet);
        descriptions(&packet);
        goodbyes(&packet);
        nacks(&packet);
        picture_requests(&packet);
        transport_feedback(&packet);
    }
    must(!rtcp_next(&iter, &packet));
    bool valid = iter.error == RTP_OK && size > 0;
    must((rtcp_check(data, size, true) == RTP_OK) == valid);
    const enum rtp_error whole = rtcp_check(data, size, false);
    must(valid || whole != RTP_OK);
    return 0;
}
