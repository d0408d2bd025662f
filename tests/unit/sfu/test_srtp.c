/* sfu/srtp.c and sfu/srtp_libsrtp2.c */
#include "sfu/srtp.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { HEADER = 12, PAYLOAD = 100, ROOM = 64 };

static const struct sfu_srtp_ops *const ops = &sfu_srtp_libsrtp2;
static const enum sfu_srtp_profile profiles[] = {SFU_SRTP_AES128_CM_SHA1_80, SFU_SRTP_AEAD_AES_128_GCM};

static struct sfu_srtp *ours;
static struct sfu_srtp *theirs;

static void open_pair(enum sfu_srtp_profile profile)
{
    struct sfu_srtp_keys keys = {.profile = profile};
    memset(&keys.inbound, 0x11, sizeof keys.inbound);
    memset(&keys.outbound, 0x22, sizeof keys.outbound);
    ours = ops->new (&keys);
    struct sfu_srtp_key swap = keys.inbound;
    keys.inbound = keys.outbound;
    keys.outbound = swap;
    theirs = ops->new (&keys);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ours);
    CU_ASSERT_PTR_NOT_NULL_FATAL(theirs);
}

static void close_pair(void)
{
    ops->free(ours);
    ops->free(theirs);
}

static size_t rtp(uint8_t *out, uint32_t ssrc, uint16_t sequence)
{
    memset(out, 0, HEADER);
    out[0] = 0x80;
    out[1] = 96;
    out[2] = (uint8_t)(sequence >> 8);
    out[3] = (uint8_t)sequence;
    for (int i = 0; i < 4; i++)
        out[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    memset(out + HEADER, 0xab, PAYLOAD);
    return HEADER + PAYLOAD;
}

static size_t receiver_report(uint8_t *out, uint32_t ssrc)
{
    memset(out, 0, 8);
    out[0] = 0x80;
    out[1] = 201;
    out[3] = 1;
    for (int i = 0; i < 4; i++)
        out[4 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    return 8;
}

static void packets_round_trip(void)
{
    for (size_t p = 0; p < 2; p++) {
        open_pair(profiles[p]);
        uint8_t plain[256];
        uint8_t packet[256];
        size_t len = rtp(plain, 7, 65535);
        size_t sealed = len;
        memcpy(packet, plain, len);
        CU_ASSERT_EQUAL_FATAL(ops->protect_rtp(ours, packet, &sealed), SFU_SRTP_OK);
        CU_ASSERT_EQUAL(sealed, len + (p ? 16 : 10));
        CU_ASSERT_TRUE(sealed <= len + SFU_SRTP_GROWTH);
        CU_ASSERT_NOT_EQUAL(memcmp(packet + HEADER, plain + HEADER, PAYLOAD), 0);
        CU_ASSERT_EQUAL_FATAL(ops->unprotect_rtp(theirs, packet, &sealed), SFU_SRTP_OK);
        unit_assert_bytes("RTP", packet, sealed, plain, len);

        len = sealed = receiver_report(plain, 7);
        memcpy(packet, plain, len);
        CU_ASSERT_EQUAL_FATAL(ops->protect_rtcp(ours, packet, &sealed), SFU_SRTP_OK);
        CU_ASSERT_TRUE(sealed <= len + SFU_SRTCP_GROWTH);
        CU_ASSERT_EQUAL_FATAL(ops->unprotect_rtcp(theirs, packet, &sealed), SFU_SRTP_OK);
        unit_assert_bytes("RTCP", packet, sealed, plain, len);
        close_pair();
    }
}

static void any_bit_flipped_is_refused_and_commits_nothing(void)
{
    for (size_t p = 0; p < 2; p++) {
        open_pair(profiles[p]);
        uint8_t packet[256];
        uint8_t copy[256];
        size_t sealed = rtp(packet, 7, 1);
        CU_ASSERT_EQUAL_FATAL(ops->protect_rtp(ours, packet, &sealed), SFU_SRTP_OK);
        for (size_t bit = 0; bit < sealed * 8; bit++) {
            size_t len = sealed;
            memcpy(copy, packet, sealed);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_NOT_EQUAL(ops->unprotect_rtp(theirs, copy, &len), SFU_SRTP_OK);
        }
        for (size_t cut = 0; cut < sealed; cut++) {
            uint8_t *exact = malloc(cut ? cut : 1);
            if (!exact)
                abort();
            memcpy(exact, packet, cut);
            size_t len = cut;
            CU_ASSERT_NOT_EQUAL(ops->unprotect_rtp(theirs, exact, &len), SFU_SRTP_OK);
            len = cut;
            memcpy(exact, packet, cut);
            CU_ASSERT_NOT_EQUAL(ops->unprotect_rtcp(theirs, exact, &len), SFU_SRTP_OK);
            free(exact);
        }
        size_t len = sealed;
        CU_ASSERT_EQUAL(ops->unprotect_rtp(theirs, packet, &len), SFU_SRTP_OK);
        close_pair();
    }
}

static void replays_are_refused_within_and_behind_the_window(void)
{
    for (size_t p = 0; p < 2; p++) {
        open_pair(profiles[p]);
        uint8_t early[256];
        uint8_t packet[256];
        uint8_t copy[256];
        size_t early_len = rtp(early, 7, 1);
        CU_ASSERT_EQUAL_FATAL(ops->protect_rtp(ours, early, &early_len), SFU_SRTP_OK);
        size_t len = early_len;
        memcpy(copy, early, early_len);
        CU_ASSERT_EQUAL(ops->unprotect_rtp(theirs, copy, &len), SFU_SRTP_OK);
        len = early_len;
        memcpy(copy, early, early_len);
        CU_ASSERT_EQUAL(ops->unprotect_rtp(theirs, copy, &len), SFU_SRTP_REPLAY);
        for (uint16_t sequence = 2; sequence < 3000; sequence++) {
            len = rtp(packet, 7, sequence);
            CU_ASSERT_EQUAL_FATAL(ops->protect_rtp(ours, packet, &len), SFU_SRTP_OK);
            CU_ASSERT_EQUAL_FATAL(ops->unprotect_rtp(theirs, packet, &len), SFU_SRTP_OK);
        }
        len = early_len;
        memcpy(copy, early, early_len);
        CU_ASSERT_EQUAL(ops->unprotect_rtp(theirs, copy, &len), SFU_SRTP_REPLAY);

        uint8_t report[64];
        size_t report_len = receiver_report(report, 7);
        CU_ASSERT_EQUAL_FATAL(ops->protect_rtcp(ours, report, &report_len), SFU_SRTP_OK);
        len = report_len;
        memcpy(copy, report, report_len);
        CU_ASSERT_EQUAL(ops->unprotect_rtcp(theirs, copy, &len), SFU_SRTP_OK);
        len = report_len;
        memcpy(copy, report, report_len);
        CU_ASSERT_EQUAL(ops->unprotect_rtcp(theirs, copy, &len), SFU_SRTP_REPLAY);
        close_pair();
    }
}

static void a_late_packet_within_the_window_is_taken(void)
{
    open_pair(SFU_SRTP_AEAD_AES_128_GCM);
    uint8_t early[256];
    uint8_t packet[256];
    size_t early_len = rtp(early, 7, 1);
    CU_ASSERT_EQUAL_FATAL(ops->protect_rtp(ours, early, &early_len), SFU_SRTP_OK);
    for (uint16_t sequence = 2; sequence < SFU_SRTP_WINDOW; sequence++) {
        size_t len = rtp(packet, 7, sequence);
        CU_ASSERT_EQUAL_FATAL(ops->protect_rtp(ours, packet, &len), SFU_SRTP_OK);
        CU_ASSERT_EQUAL_FATAL(ops->unprotect_rtp(theirs, packet, &len), SFU_SRTP_OK);
    }
    CU_ASSERT_EQUAL(ops->unprotect_rtp(theirs, early, &early_len), SFU_SRTP_OK);
    close_pair();
}

static void nothing_is_protected_twice(void)
{
    for (size_t p = 0; p < 2; p++) {
        open_pair(profiles[p]);
        uint8_t packet[256];
        size_t len = rtp(packet, 7, 10);
        CU_ASSERT_EQUAL(ops->protect_rtp(ours, packet, &len), SFU_SRTP_OK);
        len = rtp(packet, 7, 10);
        CU_ASSERT_EQUAL(ops->protect_rtp(ours, packet, &len), SFU_SRTP_REPLAY);
        /* of another source it is another packet */
        len = rtp(packet, 8, 10);
        CU_ASSERT_EQUAL(ops->protect_rtp(ours, packet, &len), SFU_SRTP_OK);
        close_pair();
    }
}

static void a_peer_cannot_make_it_grow(void)
{
    open_pair(SFU_SRTP_AEAD_AES_128_GCM);
    uint8_t packet[256];
    struct sfu_srtp_keys keys = {.profile = SFU_SRTP_AEAD_AES_128_GCM};
    memset(&keys.outbound, 0x11, sizeof keys.outbound);
    /* SSRCs beyond the bound, each authentic: senders of their own, as each is bounded too */
    for (uint32_t ssrc = 0; ssrc < SFU_SRTP_SSRCS_MAX + 10; ssrc += 5) {
        struct sfu_srtp *sender = ops->new (&keys);
        CU_ASSERT_PTR_NOT_NULL_FATAL(sender);
        for (uint32_t i = ssrc; i < ssrc + 5; i++) {
            size_t len = rtp(packet, i, 1);
            CU_ASSERT_EQUAL_FATAL(ops->protect_rtp(sender, packet, &len), SFU_SRTP_OK);
            /* a forged one first: it takes no place */
            uint8_t forged[256];
            memcpy(forged, packet, len);
            forged[len - 1] ^= 1;
            size_t forged_len = len;
            CU_ASSERT_NOT_EQUAL(ops->unprotect_rtp(ours, forged, &forged_len), SFU_SRTP_OK);
            CU_ASSERT_EQUAL(ops->unprotect_rtp(ours, packet, &len),
                            i < SFU_SRTP_SSRCS_MAX ? SFU_SRTP_OK : SFU_SRTP_LIMIT);
        }
        ops->free(sender);
    }
    /* those known go on */
    size_t len = rtp(packet, 3, 2);
    CU_ASSERT_EQUAL(ops->protect_rtp(theirs, packet, &len), SFU_SRTP_OK);
    CU_ASSERT_EQUAL(ops->unprotect_rtp(ours, packet, &len), SFU_SRTP_OK);
    close_pair();
}

static void unfit_keys_are_refused(void)
{
    struct sfu_srtp_keys keys = {.profile = (enum sfu_srtp_profile)5}; /* NULL cipher */
    CU_ASSERT_PTR_NULL(ops->new (&keys));
    ops->free(NULL);
}

static const struct unit_test tests[] = {
    {"packets of both profiles round-trip", packets_round_trip},
    {"any bit flipped or byte cut is refused and commits nothing", any_bit_flipped_is_refused_and_commits_nothing},
    {"replays are refused within and behind the window", replays_are_refused_within_and_behind_the_window},
    {"a late packet within the window is taken", a_late_packet_within_the_window_is_taken},
    {"no (SSRC, index) is protected twice", nothing_is_protected_twice},
    {"a peer's SSRCs are bounded", a_peer_cannot_make_it_grow},
    {"a profile without encryption is refused", unfit_keys_are_refused},
};
UNIT_MAIN("sfu.srtp", tests)
