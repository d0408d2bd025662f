/* sfu/transport.c, without sockets and under a clock of its own */
#include "sfu/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/provider.h"
#include "test_dtls.h"
#include "test_stun.h"
#include "unit.h"

/* into an array */
#define SET_TEXT(room, text) snprintf(room, sizeof(room), "%s", text)

enum { SENT_MAX = 256, SECOND_US = 1000000, WALL_S = 1700000000, RTP_LEN = 200 };

/* what went out since the last look */
struct sent {
    struct sfu_address to;
    uint8_t data[2048];
    size_t len;
};

static struct sent sent[SENT_MAX];
static size_t sent_count;
static uint64_t sent_bytes;
static struct sfu_transport_host host;
static struct sfu_certificate *certificate;

static void keep(void *user, const struct sfu_address *to, const struct iovec *datagrams, size_t count, bool *segment)
{
    (void)user;
    (void)segment;
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_FATAL(sent_count < SENT_MAX && datagrams[i].iov_len <= sizeof sent[0].data);
        sent[sent_count].to = *to;
        sent[sent_count].len = datagrams[i].iov_len;
        memcpy(sent[sent_count++].data, datagrams[i].iov_base, datagrams[i].iov_len);
        sent_bytes += datagrams[i].iov_len;
    }
}

static void open_host(const struct sfu_srtp_ops *srtp)
{
    certificate = sfu_certificate_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(certificate);
    sent_count = 0;
    sent_bytes = 0;
    host = (struct sfu_transport_host){.certificate = certificate, .srtp = srtp, .send = keep};
    CU_ASSERT_TRUE_FATAL(sfu_transport_host_init(&host, 4));
}

static void close_host(void)
{
    sfu_transport_host_wipe(&host);
    sfu_certificate_free(certificate);
}

/* --- one client --- */

struct client {
    struct sfu_session_params params;
    struct test_identity *identity;
    struct test_dtls *dtls;
    struct sfu_transport *transport;
    struct sfu_address address;
    uint64_t bytes;
    enum sfu_input_kind last;
    struct sfu_input input;
    struct core_slice spoilt; /* bytes that the client's datagrams carry with one bit flipped */
    uint8_t hello[2048];      /* the client's last datagram */
    size_t hello_len;
};

static uint64_t now_us = SECOND_US;

static void give(struct client *c, const struct sfu_address *from, const uint8_t *data, size_t len)
{
    static uint8_t copy[4096] __attribute__((aligned(16)));
    CU_ASSERT_FATAL(len <= sizeof copy);
    memcpy(copy, data, len);
    sfu_transport_input(&host, from, copy, len, now_us, &c->input);
    c->last = c->input.kind;
    c->bytes += len;
}

static void give_dtls(void *user, const uint8_t *datagram, size_t len)
{
    struct client *c = user;
    CU_ASSERT_FATAL(len <= sizeof c->hello);
    memcpy(c->hello, datagram, len);
    c->hello_len = len;
    uint8_t *at = c->spoilt.len ? memmem(c->hello, len, c->spoilt.data, c->spoilt.len) : NULL;
    if (at)
        at[c->spoilt.len - 1] ^= 1;
    give(c, &c->address, c->hello, len);
}

static void open_client(struct client *c, const char *name, const char *address)
{
    memset(c, 0, sizeof *c);
    snprintf(c->params.id, sizeof c->params.id, "id-%s", name);
    snprintf(c->params.local_ufrag, sizeof c->params.local_ufrag, "u%s", name);
    snprintf(c->params.local_pwd, sizeof c->params.local_pwd, "password of %s", name);
    snprintf(c->params.remote_ufrag, sizeof c->params.remote_ufrag, "r%s", name);
    snprintf(c->params.remote_pwd, sizeof c->params.remote_pwd, "remote password of %s", name);
    c->params.token_expires_s = WALL_S + 3600;
    c->identity = test_identity_new();
    test_identity_fingerprint(c->identity, c->params.remote_fingerprint);
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&c->address, address, 40000));
    c->transport = sfu_transport_new(&host, &c->params, now_us, WALL_S);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c->transport);
    struct test_dtls_config config = {
        .identity = c->identity, .profiles = "SRTP_AEAD_AES_128_GCM", .send = give_dtls, .user = c};
    c->dtls = test_dtls_new(&config);
}

static void close_client(struct client *c)
{
    sfu_transport_free(c->transport);
    test_dtls_free(c->dtls);
    test_identity_free(c->identity);
}

static size_t check_message(const struct client *c, bool nominate, uint8_t *out, size_t cap)
{
    char username[600];
    struct test_stun check = {.username = username, .password = c->params.local_pwd, .use_candidate = nominate};
    snprintf(username, sizeof username, "%s:%s", c->params.local_ufrag, c->params.remote_ufrag);
    return test_stun_request(out, cap, &check);
}

static void check_from(struct client *c, const struct sfu_address *from)
{
    uint8_t message[512];
    give(c, from, message, check_message(c, true, message, sizeof message));
}

/* Lets the client have what was sent to its address, until nothing more comes. */
static void settle(struct client *c)
{
    for (size_t i = 0; i < sent_count; i++) {
        uint8_t data[2048];
        size_t len = sent[i].len;
        memcpy(data, sent[i].data, len);
        if (data[0] >= 20 && data[0] <= 63 && sfu_address_equal(&sent[i].to, &c->address))
            (void)test_dtls_receive(c->dtls, data, len);
    }
    sent_count = 0;
}

static void bring_up(struct client *c)
{
    check_from(c, &c->address);
    CU_ASSERT_EQUAL_FATAL(c->last, SFU_INPUT_NONE);
    sent_count = 0;
    (void)test_dtls_start(c->dtls);
    settle(c);
    CU_ASSERT_EQUAL_FATAL(test_dtls_state(c->dtls), TEST_DTLS_UP);
    CU_ASSERT_EQUAL_FATAL(c->last, SFU_INPUT_UP);
}

static size_t rtp(uint8_t *out, uint16_t sequence)
{
    memset(out, 0, RTP_LEN);
    out[0] = 0x80;
    out[1] = 96;
    out[2] = (uint8_t)(sequence >> 8);
    out[3] = (uint8_t)sequence;
    out[11] = 9;
    return RTP_LEN;
}

/* The client's SRTP, by the server's own code turned round. */
static struct sfu_srtp *client_srtp(struct client *c)
{
    struct test_srtp_keys keys;
    struct sfu_srtp_keys turned = {.profile = SFU_SRTP_AEAD_AES_128_GCM};
    CU_ASSERT_TRUE_FATAL(test_dtls_keys(c->dtls, &keys));
    memcpy(turned.outbound.key, keys.client, 16);
    memcpy(turned.outbound.salt, keys.client + 16, 12);
    memcpy(turned.inbound.key, keys.server, 16);
    memcpy(turned.inbound.salt, keys.server + 16, 12);
    struct sfu_srtp *srtp = sfu_srtp_libsrtp2.new(&turned);
    CU_ASSERT_PTR_NOT_NULL_FATAL(srtp);
    return srtp;
}

/* --- the tests --- */

static void before_ice_nothing_is_heard(void)
{
    struct client c;
    uint8_t data[300];
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    (void)test_dtls_start(c.dtls);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_DROPPED);
    for (unsigned first = 0; first < 256; first++)
        for (size_t len = 0; len < sizeof data; len += 37) {
            memset(data, (int)first, sizeof data);
            give(&c, &c.address, data, len);
            CU_ASSERT_EQUAL(c.last, SFU_INPUT_DROPPED);
        }
    CU_ASSERT_EQUAL(sent_bytes, 0);
    /* an authentic check opens the way for DTLS from that address only */
    check_from(&c, &c.address);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_NONE);
    struct sfu_address other = c.address;
    other.port++;
    uint64_t before = sent_bytes;
    memset(data, 22, sizeof data);
    give(&c, &other, data, sizeof data);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_DROPPED);
    CU_ASSERT_EQUAL(sent_bytes, before);
    close_client(&c);
    close_host();
}

static void a_source_that_is_not_proven_is_not_flooded(void)
{
    /* a participant writes a victim's address into its checks and its ClientHello, over and over */
    struct client c;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "203.0.113.5");
    check_from(&c, &c.address);
    CU_ASSERT_TRUE(sent_bytes <= c.bytes);
    (void)test_dtls_start(c.dtls);
    CU_ASSERT_TRUE(sent_bytes <= c.bytes);
    static const uint8_t starts[][16] = {
        /* records that make a server talk: an empty handshake, a broken ClientHello, an alert, another version */
        {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0},
        {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3, 1, 0, 0},
        {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 3, 0, 0, 2, 1, 0},
        {22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0},
    };
    for (int i = 0; i < 40; i++) {
        uint8_t record[16];
        memcpy(record, starts[i % 4], sizeof record);
        record[10] = (uint8_t)(i + 5);
        give(&c, &c.address, record, i % 2 ? 16 : 13);
        CU_ASSERT_TRUE(sent_bytes <= c.bytes);
    }
    for (int i = 0; i < 30; i++) {
        enum sfu_session_end end;
        check_from(&c, &c.address);
        now_us += SECOND_US / 2;
        CU_ASSERT_TRUE(sfu_transport_tick(c.transport, now_us, &end));
        CU_ASSERT_TRUE(sent_bytes <= c.bytes);
        sent_count = 0;
    }
    close_client(&c);
    close_host();
}

static void a_handshake_that_stalls_stays_bounded(void)
{
    struct client c;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    check_from(&c, &c.address);
    (void)test_dtls_start(c.dtls);
    /* the cookie comes back, the flight that answers it is never acknowledged */
    struct sent cookie = sent[sent_count - 1];
    sent_count = 0;
    (void)test_dtls_receive(c.dtls, cookie.data, cookie.len);
    CU_ASSERT_TRUE_FATAL(sent_count > 0);
    sent_count = 0;
    uint64_t end_us = now_us + 100ull * SECOND_US;
    enum sfu_session_end end = SFU_END_REQUESTED;
    bool alive = true;
    while (alive && now_us < end_us) {
        now_us += SECOND_US;
        check_from(&c, &c.address); /* consent is kept up all the time */
        alive = sfu_transport_tick(c.transport, now_us, &end);
        sent_count = 0;
    }
    CU_ASSERT_FALSE(alive);
    CU_ASSERT_EQUAL(end, SFU_END_HANDSHAKE);
    CU_ASSERT_TRUE(sent_bytes <= SFU_TRANSPORT_FACTOR * c.bytes + SFU_TRANSPORT_CREDIT);
    close_client(&c);
    close_host();
}

static void consent_lasts_thirty_seconds(void)
{
    struct client c;
    enum sfu_session_end end = SFU_END_REQUESTED;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    bring_up(&c);
    uint64_t up_us = now_us;
    now_us = up_us + 20ull * SECOND_US;
    check_from(&c, &c.address);
    now_us = up_us + 50ull * SECOND_US - 1;
    CU_ASSERT_TRUE(sfu_transport_tick(c.transport, now_us, &end));
    CU_ASSERT_EQUAL(sfu_transport_next_timeout(c.transport), now_us + 1);
    sent_count = 0;
    /* neither media, nor a check from where no media goes, nor somebody else's check renews it */
    struct sfu_address elsewhere = c.address;
    elsewhere.port++;
    check_from(&c, &elsewhere);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_NONE);
    struct sfu_srtp *srtp = client_srtp(&c);
    uint8_t packet[RTP_LEN + SFU_SRTP_GROWTH];
    size_t len = rtp(packet, 1);
    CU_ASSERT_EQUAL_FATAL(sfu_srtp_libsrtp2.protect_rtp(srtp, packet, &len), SFU_SRTP_OK);
    give(&c, &c.address, packet, len);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_RTP);
    SET_TEXT(c.params.local_pwd, "guessed");
    check_from(&c, &c.address);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_DROPPED);
    now_us++;
    CU_ASSERT_FALSE(sfu_transport_tick(c.transport, now_us, &end));
    CU_ASSERT_EQUAL(end, SFU_END_CONSENT);
    sfu_srtp_libsrtp2.free(srtp);
    close_client(&c);
    close_host();
}

static void a_silent_peer_is_asked_for_consent(void)
{
    struct client c;
    enum sfu_session_end end = SFU_END_REQUESTED;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    bring_up(&c);
    sent_count = 0;
    uint64_t last_us = now_us;
    for (int i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(sfu_transport_next_timeout(c.transport), last_us + 10ull * SECOND_US);
        now_us = last_us + 10ull * SECOND_US - 1;
        CU_ASSERT_TRUE(sfu_transport_tick(c.transport, now_us, &end));
        CU_ASSERT_EQUAL(sent_count, 0);
        now_us++;
        CU_ASSERT_TRUE(sfu_transport_tick(c.transport, now_us, &end));
        CU_ASSERT_EQUAL_FATAL(sent_count, 1);
        CU_ASSERT_TRUE(sfu_address_equal(&sent[0].to, &c.address));
        uint8_t answer[256];
        size_t len = test_stun_answer(sent[0].data, sent[0].len, c.params.remote_pwd, answer, sizeof answer);
        CU_ASSERT_TRUE_FATAL(len > 0);
        give(&c, &c.address, answer, len);
        CU_ASSERT_EQUAL(c.last, SFU_INPUT_NONE);
        last_us = now_us;
        sent_count = 0;
    }
    /* it no longer answers: a few questions more, then the end */
    while (sfu_transport_tick(c.transport, now_us, &end))
        now_us = sfu_transport_next_timeout(c.transport);
    CU_ASSERT_EQUAL(end, SFU_END_CONSENT);
    CU_ASSERT_EQUAL(now_us, last_us + 30ull * SECOND_US);
    CU_ASSERT_EQUAL(sent_count, 7);
    close_client(&c);
    close_host();
}

static void the_token_ends_the_session(void)
{
    struct client c;
    enum sfu_session_end end = SFU_END_REQUESTED;
    open_host(&sfu_srtp_libsrtp2);
    host.idle_timeout_us = 1000000ull * SECOND_US;
    open_client(&c, "a", "192.0.2.1");
    uint64_t start_us = now_us;
    CU_ASSERT_TRUE(sfu_transport_tick(c.transport, start_us + 3600ull * SECOND_US - 1, &end));
    CU_ASSERT_FALSE(sfu_transport_tick(c.transport, start_us + 3600ull * SECOND_US, &end));
    CU_ASSERT_EQUAL(end, SFU_END_TOKEN);
    sfu_transport_renew(c.transport, WALL_S + 7200, start_us, WALL_S);
    CU_ASSERT_TRUE(sfu_transport_tick(c.transport, start_us + 7200ull * SECOND_US - 1, &end));
    sfu_transport_renew(c.transport, WALL_S, start_us, WALL_S);
    CU_ASSERT_FALSE(sfu_transport_tick(c.transport, start_us, &end));
    sfu_transport_renew(c.transport, UINT64_MAX, start_us, WALL_S);
    CU_ASSERT_TRUE(sfu_transport_tick(c.transport, start_us, &end));
    close_client(&c);
    close_host();
}

static void a_proven_address_cannot_be_taken(void)
{
    struct client victim;
    struct client mallory;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&victim, "v", "192.0.2.1");
    open_client(&mallory, "m", "198.51.100.7");
    bring_up(&mallory);
    /* the victim's cookie came back, its handshake goes on */
    check_from(&victim, &victim.address);
    (void)test_dtls_start(victim.dtls);
    struct sent cookie = sent[sent_count - 1];
    sent_count = 0;
    (void)test_dtls_receive(victim.dtls, cookie.data, cookie.len);
    /* mallory's own, authentic check, with the victim's source address */
    uint64_t before = sent_bytes;
    check_from(&mallory, &victim.address);
    CU_ASSERT_EQUAL(mallory.last, SFU_INPUT_DROPPED);
    CU_ASSERT_EQUAL(sent_bytes, before);
    settle(&victim);
    CU_ASSERT_EQUAL_FATAL(victim.last, SFU_INPUT_UP);
    before = sent_bytes;
    check_from(&mallory, &victim.address);
    CU_ASSERT_EQUAL(mallory.last, SFU_INPUT_DROPPED);
    CU_ASSERT_EQUAL(sent_bytes, before);
    struct sfu_srtp *srtp = client_srtp(&victim);
    uint8_t packet[RTP_LEN + SFU_SRTP_GROWTH];
    size_t len = rtp(packet, 1);
    CU_ASSERT_EQUAL_FATAL(sfu_srtp_libsrtp2.protect_rtp(srtp, packet, &len), SFU_SRTP_OK);
    give(&victim, &victim.address, packet, len);
    CU_ASSERT_EQUAL(victim.last, SFU_INPUT_RTP);
    CU_ASSERT_PTR_EQUAL(victim.input.transport, victim.transport);
    sfu_srtp_libsrtp2.free(srtp);
    close_client(&victim);
    close_client(&mallory);
    close_host();
}

static void an_address_claimed_but_not_proven_is_given_up(void)
{
    struct client victim;
    struct client mallory;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&victim, "v", "192.0.2.1");
    open_client(&mallory, "m", "198.51.100.7");
    bring_up(&mallory);
    check_from(&mallory, &victim.address); /* first, but from where it does not listen */
    bring_up(&victim);
    close_client(&mallory);
    CU_ASSERT_PTR_NULL(sfu_transport_find(&host, "id-m"));
    CU_ASSERT_PTR_EQUAL(sfu_transport_find(&host, "id-v"), victim.transport);
    close_client(&victim);
    close_host();
}

static void media_moves_only_to_where_the_peer_listens(void)
{
    struct client c;
    struct sfu_out_packet out;
    uint8_t packet[RTP_LEN + SFU_SRTP_TAILROOM];
    struct sfu_address elsewhere;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    bring_up(&c);
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&elsewhere, "203.0.113.9", 53));
    size_t challenges = 0;
    for (uint16_t i = 1; i < 20; i++) {
        sent_count = 0;
        check_from(&c, &elsewhere);
        CU_ASSERT_EQUAL(c.last, SFU_INPUT_NONE);
        challenges += sent_count - 1;
        sent_count = 0;
        out = (struct sfu_out_packet){.data = packet, .len = rtp(packet, i)};
        sfu_transport_send_rtp(c.transport, &out, 1);
        CU_ASSERT_EQUAL_FATAL(sent_count, 1);
        CU_ASSERT_TRUE(sfu_address_equal(&sent[0].to, &c.address));
    }
    CU_ASSERT_EQUAL(challenges, 1);
    /* it listens there: it answers the challenge */
    sent_count = 0;
    now_us += SFU_ICE_CHALLENGE_US;
    check_from(&c, &elsewhere);
    CU_ASSERT_EQUAL_FATAL(sent_count, 2);
    uint8_t answer[256];
    size_t len = test_stun_answer(sent[1].data, sent[1].len, c.params.remote_pwd, answer, sizeof answer);
    CU_ASSERT_TRUE_FATAL(len > 0);
    give(&c, &elsewhere, answer, len);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_NONE);
    sent_count = 0;
    out = (struct sfu_out_packet){.data = packet, .len = rtp(packet, 20)};
    sfu_transport_send_rtp(c.transport, &out, 1);
    CU_ASSERT_EQUAL_FATAL(sent_count, 1);
    CU_ASSERT_TRUE(sfu_address_equal(&sent[0].to, &elsewhere));
    close_client(&c);
    close_host();
}

static void a_handshake_proves_only_where_its_cookie_went(void)
{
    /* a participant's cookie comes to its own address; before the handshake ends it nominates a victim's */
    struct client c;
    struct sfu_address victim;
    uint8_t packet[RTP_LEN + SFU_SRTP_TAILROOM];
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&victim, "203.0.113.9", 53));
    check_from(&c, &c.address);
    (void)test_dtls_start(c.dtls);
    struct sent cookie = sent[sent_count - 1];
    check_from(&c, &victim);
    sent_count = 0;
    (void)test_dtls_receive(c.dtls, cookie.data, cookie.len);
    CU_ASSERT_TRUE_FATAL(sent_count > 0);
    for (size_t i = 0; i < sent_count; i++)
        CU_ASSERT_TRUE(sfu_address_equal(&sent[i].to, &c.address));
    check_from(&c, &victim);
    settle(&c);
    CU_ASSERT_EQUAL_FATAL(c.last, SFU_INPUT_UP);
    struct sfu_out_packet out = {.data = packet, .len = rtp(packet, 1)};
    sfu_transport_send_rtp(c.transport, &out, 1);
    CU_ASSERT_EQUAL_FATAL(sent_count, 1);
    CU_ASSERT_TRUE(sfu_address_equal(&sent[0].to, &c.address));
    close_client(&c);
    close_host();
}

static void a_guessed_cookie_proves_no_address(void)
{
    enum { HANDSHAKE = 22, TYPE_AT = 13, HELLO_VERIFY_REQUEST = 3, COOKIE_AT = 28 };
    struct client c;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    check_from(&c, &c.address);
    (void)test_dtls_start(c.dtls);
    struct sent cookie = sent[sent_count - 1];
    CU_ASSERT_EQUAL_FATAL(cookie.data[TYPE_AT], HELLO_VERIFY_REQUEST);
    c.spoilt = (struct core_slice){cookie.data + COOKIE_AT, SFU_DTLS_COOKIE};
    sent_count = 0;
    (void)test_dtls_receive(c.dtls, cookie.data, cookie.len);
    CU_ASSERT_PTR_NULL(memmem(c.hello, c.hello_len, c.spoilt.data, c.spoilt.len));
    /* an alert, or another cookie, but no flight */
    for (size_t i = 0; i < sent_count; i++)
        CU_ASSERT(sent[i].data[0] != HANDSHAKE || sent[i].data[TYPE_AT] == HELLO_VERIFY_REQUEST);
    close_client(&c);
    close_host();
}

static void a_peers_addresses_are_bounded(void)
{
    struct client c;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    bring_up(&c);
    struct sfu_address from = c.address;
    for (unsigned i = 0; i < 1000; i++) {
        from.port = (uint16_t)(1 + i);
        now_us++;
        check_from(&c, &from);
        sent_count = 0;
    }
    size_t known = 0;
    for (unsigned i = 0; i < 1000; i++) {
        from.port = (uint16_t)(1 + i);
        known += sfu_index_find(&host.by_address, &from, sizeof from) != NULL;
    }
    CU_ASSERT_EQUAL(known, SFU_TRANSPORT_ADDRESSES - 1);
    CU_ASSERT_PTR_NOT_NULL(sfu_index_find(&host.by_address, &c.address, sizeof c.address));
    close_client(&c);
    from.port = 1000;
    CU_ASSERT_PTR_NULL(sfu_index_find(&host.by_address, &from, sizeof from));
    close_host();
}

static void what_srtp_refuses_is_not_sent(void)
{
    struct client c;
    struct sfu_out_packet out[3];
    uint8_t packets[3][RTP_LEN + SFU_SRTP_TAILROOM];
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    static const uint16_t sequences[] = {5, 5, 6};
    for (size_t i = 0; i < 3; i++)
        out[i] = (struct sfu_out_packet){.data = packets[i], .len = rtp(packets[i], sequences[i])};
    sfu_transport_send_rtp(c.transport, out, 3); /* not up */
    sfu_transport_send_rtcp(c.transport, packets[0], 8);
    CU_ASSERT_EQUAL(sent_count, 0);
    bring_up(&c);
    sent_count = 0;
    sfu_transport_send_rtp(c.transport, out, 3);
    CU_ASSERT_EQUAL(sent_count, 2);
    CU_ASSERT_EQUAL(sent[0].data[3], 5);
    CU_ASSERT_EQUAL(sent[1].data[3], 6);
    close_client(&c);
    close_host();
}

static void replays_and_forgeries_never_reach_the_router(void)
{
    struct client c;
    uint8_t packet[RTP_LEN + SFU_SRTP_GROWTH];
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    bring_up(&c);
    struct sfu_srtp *srtp = client_srtp(&c);
    size_t len = rtp(packet, 1);
    CU_ASSERT_EQUAL_FATAL(sfu_srtp_libsrtp2.protect_rtp(srtp, packet, &len), SFU_SRTP_OK);
    for (size_t bit = 0; bit < len * 8; bit++) {
        packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
        give(&c, &c.address, packet, len);
        CU_ASSERT_TRUE(c.last == SFU_INPUT_DROPPED || c.last == SFU_INPUT_NONE);
        packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++) {
        give(&c, &c.address, packet, cut);
        CU_ASSERT_EQUAL(c.last, SFU_INPUT_DROPPED);
    }
    give(&c, &c.address, packet, len);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_RTP);
    CU_ASSERT_EQUAL(c.input.len, RTP_LEN);
    give(&c, &c.address, packet, len);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_NONE);
    sfu_srtp_libsrtp2.free(srtp);
    close_client(&c);
    close_host();
}

static void either_end_of_dtls_ends_it(void)
{
    struct client c;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&c, "a", "192.0.2.1");
    bring_up(&c);
    test_dtls_close(c.dtls);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_ENDED);
    CU_ASSERT_EQUAL(c.input.end, SFU_END_PEER);
    close_client(&c);

    open_client(&c, "b", "192.0.2.2");
    bring_up(&c);
    sent_count = 0;
    sfu_transport_free(c.transport);
    c.transport = NULL;
    CU_ASSERT_EQUAL(sent_count, 1);
    settle(&c);
    CU_ASSERT_EQUAL(test_dtls_state(c.dtls), TEST_DTLS_CLOSED);
    close_client(&c);

    open_client(&c, "c", "192.0.2.3");
    sfu_transport_free(c.transport);
    c.params.remote_fingerprint[0] ^= 1;
    c.transport = sfu_transport_new(&host, &c.params, now_us, WALL_S);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c.transport);
    check_from(&c, &c.address);
    sent_count = 0;
    (void)test_dtls_start(c.dtls);
    settle(&c);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_ENDED);
    CU_ASSERT_EQUAL(c.input.end, SFU_END_FINGERPRINT);
    close_client(&c);
    close_host();
}

/* --- a wrapped SRTP, as test programs do it --- */

static size_t unprotected;
static bool refuse_keys;
static struct sfu_srtp_ops wrapped;

static struct sfu_srtp *wrapped_new(const struct sfu_srtp_keys *keys)
{
    return refuse_keys ? NULL : sfu_srtp_libsrtp2.new(keys);
}

static int wrapped_unprotect(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    int error = sfu_srtp_libsrtp2.unprotect_rtp(srtp, packet, len);
    unprotected += error == SFU_SRTP_OK;
    return error;
}

static void srtp_can_be_wrapped(void)
{
    struct client c;
    uint8_t packet[RTP_LEN + SFU_SRTP_GROWTH];
    wrapped = sfu_srtp_libsrtp2;
    wrapped.new = wrapped_new;
    wrapped.unprotect_rtp = wrapped_unprotect;
    open_host(&wrapped);
    open_client(&c, "a", "192.0.2.1");
    bring_up(&c);
    struct sfu_srtp *srtp = client_srtp(&c);
    size_t len = rtp(packet, 1);
    CU_ASSERT_EQUAL_FATAL(sfu_srtp_libsrtp2.protect_rtp(srtp, packet, &len), SFU_SRTP_OK);
    unprotected = 0;
    give(&c, &c.address, packet, len);
    CU_ASSERT_EQUAL(unprotected, 1);
    sfu_srtp_libsrtp2.free(srtp);
    close_client(&c);

    /* without SRTP there is no session */
    refuse_keys = true;
    open_client(&c, "b", "192.0.2.2");
    check_from(&c, &c.address);
    sent_count = 0;
    (void)test_dtls_start(c.dtls);
    settle(&c);
    CU_ASSERT_EQUAL(c.last, SFU_INPUT_ENDED);
    CU_ASSERT_EQUAL(c.input.end, SFU_END_HANDSHAKE);
    refuse_keys = false;
    close_client(&c);
    close_host();
}

static void names_are_unique(void)
{
    struct client a;
    struct client b;
    open_host(&sfu_srtp_libsrtp2);
    open_client(&a, "a", "192.0.2.1");
    open_client(&b, "b", "192.0.2.2");
    CU_ASSERT_PTR_NULL(sfu_transport_new(&host, &a.params, now_us, WALL_S));
    struct sfu_session_params params = a.params;
    SET_TEXT(params.id, "another");
    CU_ASSERT_PTR_NULL(sfu_transport_new(&host, &params, now_us, WALL_S));
    SET_TEXT(params.local_ufrag, "another");
    params.local_pwd[0] = '\0';
    CU_ASSERT_PTR_NULL(sfu_transport_new(&host, &params, now_us, WALL_S));

    struct sfu_ice_credentials credentials = {.local_ufrag = "ub", .local_pwd = "x"};
    CU_ASSERT_FALSE(sfu_transport_restart_ice(a.transport, &credentials));
    check_from(&a, &a.address); /* nothing changed */
    CU_ASSERT_EQUAL(a.last, SFU_INPUT_NONE);
    SET_TEXT(credentials.local_ufrag, "ua"); /* its own may stay */
    CU_ASSERT_TRUE(sfu_transport_restart_ice(a.transport, &credentials));
    CU_ASSERT_STRING_EQUAL(sfu_transport_params(a.transport)->local_pwd, "x");
    close_client(&a);
    close_client(&b);
    close_host();
}

static const struct unit_test tests[] = {
    {"before ICE nothing but STUN is heard", before_ice_nothing_is_heard},
    {"a source that is not proven gets no more than it sent", a_source_that_is_not_proven_is_not_flooded},
    {"a handshake that stalls stays bounded in bytes and time", a_handshake_that_stalls_stays_bounded},
    {"consent lasts thirty seconds", consent_lasts_thirty_seconds},
    {"a silent peer is asked for consent", a_silent_peer_is_asked_for_consent},
    {"the token ends the session", the_token_ends_the_session},
    {"a proven address cannot be taken", a_proven_address_cannot_be_taken},
    {"an address claimed but not proven is given up", an_address_claimed_but_not_proven_is_given_up},
    {"media moves only to where the peer listens", media_moves_only_to_where_the_peer_listens},
    {"a handshake proves only where its cookie went", a_handshake_proves_only_where_its_cookie_went},
    {"a guessed cookie proves no address", a_guessed_cookie_proves_no_address},
    {"a peer's addresses are bounded", a_peers_addresses_are_bounded},
    {"what SRTP refuses is not sent", what_srtp_refuses_is_not_sent},
    {"replays and forgeries never reach the router", replays_and_forgeries_never_reach_the_router},
    {"either end of DTLS ends it", either_end_of_dtls_ends_it},
    {"SRTP can be wrapped; without it there is no session", srtp_can_be_wrapped},
    {"ids and ufrags are unique", names_are_unique},
};
UNIT_MAIN("sfu.transport", tests)
