/* RTP packets and their extensions: what is parsed is written and parsed again, and must be the same. */
#include <stdlib.h>
#include <string.h>

#include "rtp/packet.h"
#include "rtp/rtx.h"

enum { ELEMENTS_MAX = 2048, LEN_MAX = 65535 };

static struct rtp_extension elements[ELEMENTS_MAX];
static uint8_t out[2 * LEN_MAX];

static void must(bool condition)
{
    if (!condition)
        abort();
}

static bool same_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* False if there are more elements than the array takes. */
static bool collect(const struct rtp_packet *p, size_t *count)
{
    struct rtp_extension_iter iter;
    size_t n = 0;
    rtp_extension_iter_init(&iter, p);
    while (n < ELEMENTS_MAX && rtp_extension_next(&iter, &elements[n])) {
        struct rtp_extension found;
        must(elements[n].data >= p->extension && elements[n].data + elements[n].len <= p->extension + p->extension_len);
        must(rtp_extension_find(p, elements[n].id, &found) && found.id == elements[n].id);
        n++;
    }
    must(iter.error == RTP_OK); /* the parser has checked them all */
    *count = n;
    return n < ELEMENTS_MAX;
}

static void check_written(const struct rtp_packet *p, size_t count, size_t len)
{
    struct rtp_packet again;
    struct rtp_extension_iter iter;
    struct rtp_extension e;
    must(rtp_packet_parse(out, len, &again) == RTP_OK);
    must(again.pt == p->pt && again.marker == p->marker && again.seq == p->seq && again.ts == p->ts &&
         again.ssrc == p->ssrc && again.csrc_count == p->csrc_count && again.padding_len == p->padding_len);
    for (size_t i = 0; i < p->csrc_count; i++)
        must(rtp_packet_csrc(&again, i) == rtp_packet_csrc(p, i));
    must(same_bytes(again.payload, again.payload_len, p->payload, p->payload_len));
    rtp_extension_iter_init(&iter, &again);
    for (size_t i = 0; i < count; i++)
        must(rtp_extension_next(&iter, &e) && e.id == elements[i].id &&
             same_bytes(e.data, e.len, elements[i].data, elements[i].len));
    must(!rtp_extension_next(&iter, &e));
}

static void check_setters(const struct rtp_packet *p)
{
    struct rtp_packet again;
    memcpy(out, p->data, p->len);
    rtp_set_marker(out, !p->marker);
    rtp_set_pt(out, (uint8_t)(p->pt + 1));
    rtp_set_seq(out, (uint16_t)(p->seq + 1));
    rtp_set_ts(out, p->ts + 1);
    rtp_set_ssrc(out, p->ssrc + 1);
    must(rtp_packet_parse(out, p->len, &again) == RTP_OK);
    must(again.marker == !p->marker && again.pt == ((p->pt + 1) & 0x7f) && again.seq == (uint16_t)(p->seq + 1) &&
         again.ts == p->ts + 1 && again.ssrc == p->ssrc + 1);
    must(same_bytes(out + 12, p->len - 12, p->data + 12, p->len - 12));
}

static void check_rtx(const struct rtp_packet *p, const struct rtp_header *header)
{
    struct rtp_rtx rtx;
    struct rtp_rtx again;
    struct rtp_packet written;
    size_t len;
    if (rtp_rtx_parse(p, &rtx) != RTP_OK) {
        must(p->payload_len < RTP_RTX_OSN_LEN);
        return;
    }
    must(rtp_rtx_write(header, rtx.osn, rtx.payload, rtx.payload_len, out, sizeof out, &len) == RTP_OK);
    must(rtp_packet_parse(out, len, &written) == RTP_OK && rtp_rtx_parse(&written, &again) == RTP_OK);
    must(again.osn == rtx.osn && same_bytes(again.payload, again.payload_len, rtx.payload, rtx.payload_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtp_packet p;
    enum rtp_class class = rtp_classify(data, size);
    if (size > LEN_MAX || rtp_packet_parse(data, size, &p) != RTP_OK)
        return 0;
    must(class == RTP_CLASS_RTP || class == RTP_CLASS_RTCP);
    must(p.header_len + p.payload_len + p.padding_len == size);

    uint32_t csrcs[RTP_CSRCS_MAX];
    size_t count;
    if (!collect(&p, &count))
        return 0;
    for (size_t i = 0; i < p.csrc_count; i++)
        csrcs[i] = rtp_packet_csrc(&p, i);
    const struct rtp_header header = {.marker = p.marker,
                                      .pt = p.pt,
                                      .seq = p.seq,
                                      .ts = p.ts,
                                      .ssrc = p.ssrc,
                                      .csrcs = csrcs,
                                      .csrc_count = p.csrc_count,
                                      .extensions = elements,
                                      .extension_count = count};
    size_t len;
    must(rtp_packet_write(&header, p.payload, p.payload_len, p.padding_len, out, sizeof out, &len) == RTP_OK);
    check_written(&p, count, len);
    check_rtx(&p, &header);
    check_setters(&p);
    return 0;
}
