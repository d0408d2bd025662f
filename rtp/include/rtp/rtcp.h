/* RTCP: compound packets (RFC 3550 section 6, RFC 5506) and feedback (RFC 4585, RFC 5104, REMB, transport-wide
 * congestion control).
 *
 * Reading: rtcp_iter walks a datagram, each packet's own function reads its body. *_parse borrows, *_read copies.
 * Writing: each *_write appends one whole packet to a bytes_writer; a compound is several in a row. A packet that does
 * not fit marks the writer as failed and leaves its length where it was; RTP_ERR_SPACE is returned.
 * Every loop is bounded by the bytes received. */
#ifndef RTP_RTCP_H
#define RTP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "rtp/error.h"

enum rtcp_type {
    RTCP_SR = 200,
    RTCP_RR = 201,
    RTCP_SDES = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
    RTCP_RTPFB = 205, /* transport feedback (RFC 4585 section 6.2) */
    RTCP_PSFB = 206,  /* payload feedback (RFC 4585 section 6.3) */
    RTCP_XR = 207
};

/* Feedback message types: the count field of RTPFB and PSFB. */
enum { RTCP_FMT_NACK = 1, RTCP_FMT_TWCC = 15, RTCP_FMT_PLI = 1, RTCP_FMT_FIR = 4, RTCP_FMT_AFB = 15 };

enum { RTCP_HEADER_LEN = 4, RTCP_REPORTS_MAX = 31, RTCP_SDES_CNAME = 1, RTCP_TEXT_MAX = 255 };

/* One packet of a compound; pointers borrow. */
struct rtcp_packet {
    uint8_t type;  /* enum rtcp_type, or any other value */
    uint8_t count; /* report or source count, or feedback message type: 5 bits */
    const uint8_t *body;
    size_t body_len; /* without header and padding */
};

struct rtcp_iter {
    struct bytes_reader reader;
    enum rtp_error error;
};

/* Walks the packets in data[0..len), decrypted and without SRTCP's trailer. */
void rtcp_iter_init(struct rtcp_iter *iter, const uint8_t *data, size_t len);
/* The next packet. False at the end, or at the first error: iter->error is then RTP_ERR_TRUNCATED, RTP_ERR_VERSION or
 * RTP_ERR_PADDING (not on the last packet, or 0, no multiple of 4, or more than the body; RFC 3550 A.2; in RTPFB, which
 * browsers pad like an RTP packet, position and multiple do not matter). */
bool rtcp_next(struct rtcp_iter *iter, struct rtcp_packet *out);
/* Checks a whole datagram before any of it is acted upon: every packet as above, at least one, and, unless reduced_size
 * (RFC 5506) was negotiated, the first one an SR or RR.
 * Errors: those of rtcp_next; RTP_ERR_TYPE (a first packet that may not be one). */
SOTTO_MUST_CHECK enum rtp_error rtcp_check(const uint8_t *data, size_t len, bool reduced_size);

/* A report block (RFC 3550 section 6.4.1). */
struct rtcp_report {
    uint32_t ssrc;
    uint8_t fraction_lost;  /* of 256, since the last report */
    int32_t lost;           /* in all; 24 bits signed, clamped when written */
    uint32_t highest_seq;   /* extended by the count of wraps */
    uint32_t jitter;        /* in timestamp units */
    uint32_t last_sr;       /* the middle 32 bits of an NTP time; 0: none yet */
    uint32_t delay_last_sr; /* in 1/65536 s */
};

/* Sender report and receiver report; has_sender_info tells which (RFC 3550 sections 6.4.1, 6.4.2). */
struct rtcp_sr_rr {
    bool has_sender_info;
    uint32_t ssrc;
    uint64_t ntp; /* seconds since 1900, times 2^32 */
    uint32_t rtp_ts;
    uint32_t packet_count;
    uint32_t octet_count;
    uint8_t report_count; /* 0 to 31 */
    struct rtcp_report reports[RTCP_REPORTS_MAX];
};

/* Reads an SR or RR. Profile-specific extensions after the reports are ignored.
 * Errors: RTP_ERR_TYPE; RTP_ERR_TRUNCATED (fewer bytes than the count needs). */
SOTTO_MUST_CHECK enum rtp_error rtcp_sr_rr_read(const struct rtcp_packet *packet, struct rtcp_sr_rr *out);
/* Errors: RTP_ERR_ARGUMENT (over 31 reports); RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error rtcp_sr_rr_write(struct bytes_writer *w, const struct rtcp_sr_rr *report);

/* One item of a source description (RFC 3550 section 6.5). text borrows and is not NUL-terminated. */
struct rtcp_sdes_item {
    uint32_t ssrc;
    uint8_t type; /* RTCP_SDES_CNAME, ... */
    const uint8_t *text;
    uint8_t text_len;
};

struct rtcp_sdes_iter {
    struct bytes_reader reader;
    uint8_t chunks_left;
    bool in_chunk;
    uint32_t ssrc;
    enum rtp_error error;
};

/* Walks all items of all chunks. Errors: RTP_ERR_TYPE. */
SOTTO_MUST_CHECK enum rtp_error rtcp_sdes_iter_init(struct rtcp_sdes_iter *iter, const struct rtcp_packet *packet);
/* False at the end, or at the first error (iter->error: RTP_ERR_TRUNCATED). */
bool rtcp_sdes_next(struct rtcp_sdes_iter *iter, struct rtcp_sdes_item *out);
/* A source description of one chunk with a CNAME alone.
 * Errors: RTP_ERR_ARGUMENT (an empty name or one over 255 bytes); RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error rtcp_sdes_cname_write(struct bytes_writer *w, uint32_t ssrc, const uint8_t *cname,
                                                      size_t cname_len);

/* Goodbye (RFC 3550 section 6.6). reason borrows; reason_len 0: none given. */
struct rtcp_bye {
    uint8_t ssrc_count; /* 0 to 31 */
    uint32_t ssrcs[RTCP_REPORTS_MAX];
    const uint8_t *reason;
    uint8_t reason_len;
};

/* Errors: RTP_ERR_TYPE; RTP_ERR_TRUNCATED. */
SOTTO_MUST_CHECK enum rtp_error rtcp_bye_parse(const struct rtcp_packet *packet, struct rtcp_bye *out);
/* Errors: RTP_ERR_ARGUMENT (over 31 sources); RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error rtcp_bye_write(struct bytes_writer *w, const struct rtcp_bye *bye);

/* What every feedback packet begins with (RFC 4585 section 6.1); fci borrows the rest. */
struct rtcp_feedback {
    uint32_t sender_ssrc;
    uint32_t media_ssrc; /* 0 in FIR and REMB: the sources are named in the FCI */
    const uint8_t *fci;
    size_t fci_len;
};

/* Errors: RTP_ERR_TYPE (neither RTPFB nor PSFB); RTP_ERR_TRUNCATED. */
SOTTO_MUST_CHECK enum rtp_error rtcp_feedback_parse(const struct rtcp_packet *packet, struct rtcp_feedback *out);

/* Generic NACK (RFC 4585 section 6.2.1): walks the sequence numbers asked for, at most 17 per 4 bytes received. */
struct rtcp_nack_iter {
    uint32_t sender_ssrc;
    uint32_t media_ssrc;
    struct bytes_reader reader;
    uint16_t seq;
    uint32_t mask; /* what is left of the current entry: bit i asks for seq + i */
};

/* Errors: RTP_ERR_TYPE; RTP_ERR_TRUNCATED (no entry). */
SOTTO_MUST_CHECK enum rtp_error rtcp_nack_iter_init(struct rtcp_nack_iter *iter, const struct rtcp_packet *packet);
bool rtcp_nack_next(struct rtcp_nack_iter *iter, uint16_t *seq);
/* Asks for seqs[0..count), packed where numbers in a row are close together (ascending order packs best).
 * Errors: RTP_ERR_ARGUMENT (no numbers, or more than a packet can hold); RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error rtcp_nack_write(struct bytes_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc,
                                                const uint16_t *seqs, size_t count);

/* Picture loss indication (RFC 4585 section 6.3.1). Errors: RTP_ERR_TYPE; RTP_ERR_TRUNCATED; RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error rtcp_pli_read(const struct rtcp_packet *packet, uint32_t *sender_ssrc,
                                              uint32_t *media_ssrc);
SOTTO_MUST_CHECK enum rtp_error rtcp_pli_write(struct bytes_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc);

/* Full intra request (RFC 5104 section 4.3.1). */
struct rtcp_fir_entry {
    uint32_t ssrc;
    uint8_t seq; /* the command's number: a repeated one is the same command */
};

struct rtcp_fir_iter {
    uint32_t sender_ssrc;
    struct bytes_reader reader;
};

/* Errors: RTP_ERR_TYPE; RTP_ERR_TRUNCATED (no entry, or half of one). */
SOTTO_MUST_CHECK enum rtp_error rtcp_fir_iter_init(struct rtcp_fir_iter *iter, const struct rtcp_packet *packet);
bool rtcp_fir_next(struct rtcp_fir_iter *iter, struct rtcp_fir_entry *out);
/* Errors: RTP_ERR_ARGUMENT (no entries, or more than a packet can hold); RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error rtcp_fir_write(struct bytes_writer *w, uint32_t sender_ssrc,
                                               const struct rtcp_fir_entry *entries, size_t count);

/* Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03). */
struct rtcp_remb {
    uint32_t sender_ssrc;
    uint64_t bitrate_bps;
    uint8_t ssrc_count;
    const uint8_t *ssrcs; /* borrows: 4 bytes each, big-endian */
};

/* Errors: RTP_ERR_TYPE (also another application's feedback); RTP_ERR_TRUNCATED; RTP_ERR_FORMAT (a bit rate of 2^64 or
 * more). */
SOTTO_MUST_CHECK enum rtp_error rtcp_remb_parse(const struct rtcp_packet *packet, struct rtcp_remb *out);

/* Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1):
 * which of status_count transport-wide sequence numbers from base_seq on arrived, and when. */
struct rtcp_twcc {
    uint32_t sender_ssrc;
    uint32_t media_ssrc;
    uint16_t base_seq;
    uint16_t status_count;
    int32_t reference_64ms; /* 24 bits signed: the receiver's clock in units of 64 ms */
    uint8_t feedback_count; /* counts feedback packets, modulo 256 */
    const uint8_t *chunks;  /* borrowed and checked: every status has its delta */
    size_t chunks_len;
    const uint8_t *deltas;
    size_t deltas_len;
};

/* Checks the whole packet. Errors: RTP_ERR_TYPE; RTP_ERR_TRUNCATED (chunks or deltas missing); RTP_ERR_FORMAT (the
 * reserved status symbol, or no status at all). */
SOTTO_MUST_CHECK enum rtp_error rtcp_twcc_parse(const struct rtcp_packet *packet, struct rtcp_twcc *out);

/* A packet's fate in a TWCC report. */
struct rtcp_twcc_status {
    uint16_t seq;
    bool received;
    int64_t arrival_us; /* on the receiver's clock, modulo 2^24 * 64 ms; 0 if not received */
};

struct rtcp_twcc_iter {
    struct bytes_reader chunks;
    struct bytes_reader deltas;
    uint16_t chunk;
    uint16_t chunk_pos; /* statuses of the current chunk given out, of chunk_len */
    uint16_t chunk_len;
    uint16_t left;
    uint16_t seq;
    int64_t arrival_us;
};

/* Walks all statuses of a packet that rtcp_twcc_parse accepted. */
void rtcp_twcc_iter_init(struct rtcp_twcc_iter *iter, const struct rtcp_twcc *twcc);
bool rtcp_twcc_next(struct rtcp_twcc_iter *iter, struct rtcp_twcc_status *out);

/* In the arrivals of rtcp_twcc_write: this packet did not arrive. */
#define RTCP_TWCC_LOST INT64_MIN

/* Writes feedback on the packets base_seq, base_seq + 1, ...: arrivals_us[i] is when the i-th came (any monotonic
 * clock, 0 or more, rounded to 250 us) or RTCP_TWCC_LOST. As many as fit the writer and the format (a gap over 8 s ends
 * a packet) are reported and counted in *reported, at least one; the caller goes on with the rest in another packet.
 * Errors: RTP_ERR_ARGUMENT (no arrivals, or a negative time); RTP_ERR_SPACE (not even one fits). */
SOTTO_MUST_CHECK enum rtp_error rtcp_twcc_write(struct bytes_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc,
                                                uint8_t feedback_count, uint16_t base_seq, const int64_t *arrivals_us,
                                                size_t count, size_t *reported);

#endif
