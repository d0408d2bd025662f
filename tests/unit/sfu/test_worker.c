/* sfu/worker.c over real loopback sockets, with the test peer outside and a stub router inside */
#include "sfu/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sfu/dtls.h"
#include "stub_router.h"
#include "test_peer.h"
#include "unit.h"

/* into an array */
#define SET_TEXT(room, text) snprintf(room, sizeof(room), "%s", text)

enum { LIMIT_MS = 5000, QUIET_MS = 150, RTP_LEN = 1000 };

static struct sfu_certificate *certificate;
static struct sfu_worker *worker;
static uint8_t server_fingerprint[SFU_FINGERPRINT_LEN];
static atomic_int ended[16]; /* by enum sfu_session_end */
static atomic_int ups;

static void count_up(void *user, const char *session_id)
{
    (void)user;
    (void)session_id;
    ups++;
}

static void count_end(void *user, const char *session_id, enum sfu_session_end reason)
{
    (void)user;
    (void)session_id;
    ended[reason]++;
}

static void open_worker_at(const char *address, uint32_t max_sessions, uint64_t idle_timeout_us)
{
    for (size_t i = 0; i < sizeof ended / sizeof ended[0]; i++)
        ended[i] = 0;
    ups = 0;
    certificate = sfu_certificate_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(certificate);
    sfu_certificate_fingerprint(certificate, server_fingerprint);
    struct sfu_worker_config config = {.bind_address = address,
                                       .certificate = certificate,
                                       .max_sessions = max_sessions,
                                       .idle_timeout_us = idle_timeout_us,
                                       .session_up = count_up,
                                       .session_ended = count_end};
    worker = sfu_worker_open(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(worker);
}

static void open_worker(void)
{
    open_worker_at("127.0.0.1", 16, 0);
}

static void close_worker(void)
{
    sfu_worker_close(worker);
    sfu_certificate_free(certificate);
}

/* --- one participant --- */

struct participant {
    struct sfu_session_params params;
    struct test_identity *identity;
    struct test_peer *peer;
};

static void offer_at(struct participant *p, const char *name, const char *host, enum test_profile profile)
{
    memset(p, 0, sizeof *p);
    p->identity = test_identity_new();
    snprintf(p->params.id, sizeof p->params.id, "id-%s", name);
    snprintf(p->params.room, sizeof p->params.room, "room");
    snprintf(p->params.pseudonym, sizeof p->params.pseudonym, "%s", name);
    snprintf(p->params.local_ufrag, sizeof p->params.local_ufrag, "local-%s", name);
    snprintf(p->params.local_pwd, sizeof p->params.local_pwd, "local password of %s", name);
    snprintf(p->params.remote_ufrag, sizeof p->params.remote_ufrag, "remote-%s", name);
    snprintf(p->params.remote_pwd, sizeof p->params.remote_pwd, "remote password of %s", name);
    p->params.token_expires_s = (uint64_t)time(NULL) + 3600;
    test_identity_fingerprint(p->identity, p->params.remote_fingerprint);
    struct test_peer_config config = {.host = host,
                                      .port = sfu_worker_port(worker),
                                      .local_ufrag = p->params.remote_ufrag,
                                      .local_pwd = p->params.remote_pwd,
                                      .remote_ufrag = p->params.local_ufrag,
                                      .remote_pwd = p->params.local_pwd,
                                      .remote_fingerprint = server_fingerprint,
                                      .identity = p->identity,
                                      .profile = profile};
    p->peer = test_peer_open(&config);
}

static void offer(struct participant *p, const char *name, enum test_profile profile)
{
    offer_at(p, name, "127.0.0.1", profile);
}

static void join(struct participant *p, const char *name, enum test_profile profile)
{
    offer(p, name, profile);
    CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &p->params), SFU_WORKER_OK);
    CU_ASSERT_TRUE_FATAL(test_peer_connect(p->peer, LIMIT_MS));
}

static void leave(struct participant *p)
{
    test_peer_close(p->peer);
    test_identity_free(p->identity);
}

/* --- waiting for the worker without sleeping: each question is answered in the order of what it has received --- */

static struct sfu_worker_stats stats_now(void)
{
    struct sfu_worker_stats stats;
    memset(&stats, 0, sizeof stats);
    CU_ASSERT_EQUAL_FATAL(sfu_worker_stats(worker, &stats), SFU_WORKER_OK);
    return stats;
}

/* Waits until the condition holds or the limit has passed; returns whether it holds. */
#define WAIT_FOR(condition)                                                                                            \
    do {                                                                                                               \
        time_t end_ = time(NULL) + LIMIT_MS / 1000 + 1;                                                                \
        while (!(condition) && time(NULL) < end_)                                                                      \
            (void)stats_now();                                                                                         \
        CU_ASSERT_TRUE(condition);                                                                                     \
    } while (0)

static size_t rtp(uint8_t *out, uint32_t ssrc, uint16_t sequence, size_t len)
{
    memset(out, 0, 12);
    out[0] = 0x80;
    out[1] = 96;
    out[2] = (uint8_t)(sequence >> 8);
    out[3] = (uint8_t)sequence;
    for (int i = 0; i < 4; i++)
        out[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    memset(out + 12, (int)(sequence & 0xff), len - 12);
    return len;
}

/* --- the tests --- */

static void media_goes_through_in_both_profiles(void)
{
    static const enum test_profile profiles[] = {TEST_AEAD_AES_128_GCM, TEST_AES128_CM_SHA1_80};
    open_worker();
    for (size_t i = 0; i < 4; i++) {
        /* each profile to each */
        struct participant alice;
        struct participant bob;
        uint8_t packet[RTP_LEN];
        uint8_t got[2048];
        size_t got_len;
        join(&alice, "alice", profiles[i % 2]);
        join(&bob, "bob", profiles[i / 2]);
        for (uint16_t sequence = 1; sequence <= 20; sequence++) {
            size_t len = rtp(packet, 7, sequence, RTP_LEN);
            CU_ASSERT_TRUE(test_peer_send_rtp(alice.peer, packet, len));
            CU_ASSERT_EQUAL_FATAL(test_peer_receive(bob.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_RTP);
            unit_assert_bytes("forwarded", got, got_len, packet, len);
        }
        static const uint8_t report[8] = {0x80, 201, 0, 1, 0, 0, 0, 7};
        CU_ASSERT_TRUE(test_peer_send_rtcp(bob.peer, report, sizeof report));
        CU_ASSERT_EQUAL_FATAL(test_peer_receive(bob.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_RTCP);
        unit_assert_bytes("report", got, got_len, report, sizeof report);
        CU_ASSERT_EQUAL(sfu_worker_end_session(worker, alice.params.id), SFU_WORKER_OK);
        CU_ASSERT_EQUAL(test_peer_receive(alice.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_CLOSED);
        leave(&alice);
        leave(&bob);
        WAIT_FOR(stats_now().sessions == 0);
    }
    CU_ASSERT_EQUAL(ups, 8);
    CU_ASSERT_EQUAL(ended[SFU_END_REQUESTED], 4);
    CU_ASSERT_EQUAL(ended[SFU_END_PEER], 4);
    CU_ASSERT_EQUAL(stub_router_seen().joined, stub_router_seen().left);
    close_worker();
}

static void a_burst_of_many_sizes_arrives_whole(void)
{
    struct participant alice;
    struct participant bob;
    open_worker();
    join(&alice, "alice", TEST_AEAD_AES_128_GCM);
    join(&bob, "bob", TEST_AEAD_AES_128_GCM);
    enum { COUNT = 70 }; /* more than a burst, less than fills a socket */
    uint8_t packet[1200];
    uint8_t got[2048];
    size_t got_len;
    bool arrived[COUNT + 1] = {false};
    size_t sizes[COUNT + 1];
    for (uint16_t sequence = 1; sequence <= COUNT; sequence++) {
        sizes[sequence] = sequence % 7 ? 1100 : 13u + sequence;
        CU_ASSERT_TRUE(test_peer_send_rtp(alice.peer, packet, rtp(packet, 7, sequence, sizes[sequence])));
    }
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL_FATAL(test_peer_receive(bob.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_RTP);
        unsigned sequence = (unsigned)got[2] << 8 | got[3];
        CU_ASSERT_FATAL(sequence >= 1 && sequence <= COUNT);
        CU_ASSERT_FALSE(arrived[sequence]);
        arrived[sequence] = true;
        CU_ASSERT_EQUAL(got_len, sizes[sequence]);
        CU_ASSERT_EQUAL(got[got_len - 1], sequence & 0xff);
    }
    leave(&alice);
    leave(&bob);
    close_worker();
}

static void it_works_over_ipv6_and_for_ipv4_on_it(void)
{
    static const char *const hosts[] = {"::1", "127.0.0.1"};
    open_worker_at("::", 16, 0);
    for (size_t i = 0; i < 2; i++) {
        struct participant alice;
        offer_at(&alice, "alice", hosts[i], TEST_AEAD_AES_128_GCM);
        CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &alice.params), SFU_WORKER_OK);
        CU_ASSERT_TRUE(test_peer_connect(alice.peer, LIMIT_MS));
        leave(&alice);
        WAIT_FOR(stats_now().sessions == 0);
    }
    close_worker();
}

static void strangers_get_no_byte(void)
{
    struct participant alice;
    uint8_t data[2048];
    open_worker();
    offer(&alice, "alice", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &alice.params), SFU_WORKER_OK);
    uint64_t dropped = stats_now().dropped_unauthenticated;
    uint64_t sent = 0;
    /* DTLS before ICE, RTP, RTCP, STUN under a wrong password, every first byte */
    CU_ASSERT_FALSE(test_peer_handshake(alice.peer, 60));
    sent = 1;
    for (unsigned first = 0; first < 256; first++, sent++) {
        memset(data, (int)first, 100);
        test_peer_send_raw(alice.peer, data, 100);
    }
    struct test_peer_config wrong = {.host = "127.0.0.1",
                                     .port = sfu_worker_port(worker),
                                     .local_ufrag = "remote-alice",
                                     .remote_ufrag = "local-alice",
                                     .remote_pwd = "guessed"};
    struct test_peer *stranger = test_peer_open(&wrong);
    CU_ASSERT_FALSE(test_peer_check(stranger, 60));
    WAIT_FOR(stats_now().dropped_unauthenticated >= dropped + sent + 1);
    CU_ASSERT_EQUAL(stats_now().datagrams_out, 0);
    CU_ASSERT_EQUAL(test_peer_receive_raw(alice.peer, data, sizeof data, 0), 0);
    CU_ASSERT_EQUAL(test_peer_bytes_received(stranger), 0);
    test_peer_close(stranger);
    leave(&alice);
    close_worker();
}

static void rtp_from_elsewhere_or_with_a_bad_tag_or_again_is_refused(void)
{
    struct participant alice;
    struct participant bob;
    uint8_t packet[RTP_LEN];
    uint8_t sealed[2048];
    uint8_t got[2048];
    size_t got_len;
    size_t sealed_len;
    open_worker();
    join(&alice, "alice", TEST_AEAD_AES_128_GCM);
    join(&bob, "bob", TEST_AES128_CM_SHA1_80);
    struct test_peer_config config = {.host = "127.0.0.1",
                                      .port = sfu_worker_port(worker),
                                      .local_ufrag = "x",
                                      .remote_ufrag = "y",
                                      .remote_pwd = "z"};
    struct test_peer *elsewhere = test_peer_open(&config);
    uint64_t before = stub_router_seen().rtp;
    CU_ASSERT_TRUE(test_peer_send_rtp(alice.peer, packet, rtp(packet, 7, 1, RTP_LEN)));
    const uint8_t *last = test_peer_last_sent(alice.peer, &sealed_len);
    memcpy(sealed, last, sealed_len);
    CU_ASSERT_EQUAL_FATAL(test_peer_receive(bob.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_RTP);

    uint64_t dropped = stats_now().dropped_unauthenticated;
    test_peer_send_raw(elsewhere, sealed, sealed_len);  /* a stranger with a packet it saw */
    test_peer_send_raw(alice.peer, sealed, sealed_len); /* a replay */
    sealed[3] = 2;
    test_peer_send_raw(alice.peer, sealed, sealed_len); /* another packet under the old tag */
    sealed[3] = 3;
    sealed[sealed_len - 1] ^= 1;
    test_peer_send_raw(alice.peer, sealed, sealed_len);
    for (size_t cut = 1; cut < sealed_len; cut += 9)
        test_peer_send_raw(alice.peer, sealed, cut);
    /* an honest packet comes after them all */
    CU_ASSERT_TRUE(test_peer_send_rtp(alice.peer, packet, rtp(packet, 7, 2, RTP_LEN)));
    CU_ASSERT_EQUAL_FATAL(test_peer_receive(bob.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_RTP);
    CU_ASSERT_EQUAL(got[3], 2);
    CU_ASSERT_EQUAL(stub_router_seen().rtp, before + 2);
    CU_ASSERT_EQUAL(stats_now().dropped_unauthenticated, dropped + 3 + (sealed_len + 7) / 9);
    test_peer_close(elsewhere);
    leave(&alice);
    leave(&bob);
    close_worker();
}

static void a_wrong_fingerprint_ends_the_session(void)
{
    struct participant mallory;
    open_worker();
    offer(&mallory, "mallory", TEST_AEAD_AES_128_GCM);
    mallory.params.remote_fingerprint[5] ^= 4;
    CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &mallory.params), SFU_WORKER_OK);
    uint64_t joined = stub_router_seen().joined;
    CU_ASSERT_FALSE(test_peer_connect(mallory.peer, LIMIT_MS));
    WAIT_FOR(ended[SFU_END_FINGERPRINT] == 1);
    CU_ASSERT_EQUAL(stats_now().sessions, 0);
    CU_ASSERT_EQUAL(stub_router_seen().joined, joined);
    leave(&mallory);

    /* and the other way round: our fingerprint was changed on its way to the client */
    offer(&mallory, "victim", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &mallory.params), SFU_WORKER_OK);
    server_fingerprint[0] ^= 1;
    CU_ASSERT_FALSE(test_peer_connect(mallory.peer, LIMIT_MS));
    WAIT_FOR(ended[SFU_END_HANDSHAKE] == 1);
    leave(&mallory);
    close_worker();
}

static void a_lost_flight_is_sent_again(void)
{
    struct participant alice;
    open_worker();
    offer(&alice, "alice", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &alice.params), SFU_WORKER_OK);
    CU_ASSERT_TRUE_FATAL(test_peer_check(alice.peer, LIMIT_MS));
    /* the cookie comes through, the flight after it is lost, and the client gives up before its own timer */
    test_peer_lose(alice.peer, 1, 1);
    CU_ASSERT_FALSE(test_peer_handshake(alice.peer, 300));
    uint8_t data[2048];
    uint64_t sent = test_peer_bytes_sent(alice.peer);
    CU_ASSERT_TRUE_FATAL(test_peer_receive_raw(alice.peer, data, sizeof data, LIMIT_MS) > 0);
    CU_ASSERT_EQUAL(data[0], 22);
    CU_ASSERT_EQUAL(test_peer_bytes_sent(alice.peer), sent);
    leave(&alice);
    close_worker();
}

static void sessions_end_in_any_order(void)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    static const int orders[][4] = {{0, 3, 2, 1}, {0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    struct participant p[4];
    open_worker();
    for (int i = 0; i < 4; i++)
        offer(&p[i], names[i], TEST_AEAD_AES_128_GCM);
    for (size_t order = 0; order < sizeof orders / sizeof orders[0]; order++) {
        for (int i = 0; i < 4; i++)
            CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[i].params), SFU_WORKER_OK);
        for (int i = 0; i < 4; i++) {
            CU_ASSERT_EQUAL(sfu_worker_end_session(worker, p[orders[order][i]].params.id), SFU_WORKER_OK);
            /* those that are left are the right ones: the worker walks over them when a token runs out */
            for (int k = i + 1; k < 4; k++)
                CU_ASSERT_EQUAL(sfu_worker_renew(worker, p[orders[order][k]].params.id, UINT64_MAX), SFU_WORKER_OK);
            CU_ASSERT_EQUAL((int)stats_now().sessions, 3 - i);
        }
    }
    /* one is ended by time: only it */
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[i].params), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, "id-a"), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_renew(worker, "id-d", 1), SFU_WORKER_OK);
    WAIT_FOR(ended[SFU_END_TOKEN] == 1);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, "id-b"), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, "id-c"), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(stats_now().sessions, 0);
    for (int i = 0; i < 4; i++)
        leave(&p[i]);
    close_worker();
}

static void without_consent_a_session_ends(void)
{
    struct participant alice;
    struct participant bob;
    uint8_t got[2048];
    size_t got_len;
    open_worker_at("127.0.0.1", 16, 400000);
    join(&alice, "alice", TEST_AEAD_AES_128_GCM);
    join(&bob, "bob", TEST_AEAD_AES_128_GCM);
    /* bob renews its consent, alice only sends media */
    uint8_t packet[RTP_LEN];
    for (uint16_t sequence = 1; ended[SFU_END_CONSENT] == 0 && sequence < 500; sequence++) {
        test_peer_consent(bob.peer);
        (void)test_peer_send_rtp(alice.peer, packet, rtp(packet, 7, sequence, RTP_LEN));
        while (test_peer_receive(bob.peer, got, sizeof got, &got_len, 10) != TEST_NOTHING) {
        }
    }
    CU_ASSERT_EQUAL(ended[SFU_END_CONSENT], 1);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, "id-alice"), SFU_WORKER_UNKNOWN_SESSION);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, "id-bob"), SFU_WORKER_OK);
    leave(&alice);
    leave(&bob);
    /* one that never comes */
    offer(&alice, "nobody", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &alice.params), SFU_WORKER_OK);
    WAIT_FOR(ended[SFU_END_CONSENT] == 2);
    leave(&alice);
    close_worker();
}

static void a_token_ends_its_session_unless_renewed(void)
{
    struct participant alice;
    struct participant bob;
    open_worker();
    join(&alice, "alice", TEST_AEAD_AES_128_GCM);
    join(&bob, "bob", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL(sfu_worker_renew(worker, "id-nobody", 1), SFU_WORKER_UNKNOWN_SESSION);
    CU_ASSERT_EQUAL(sfu_worker_renew(worker, "id-bob", UINT64_MAX), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_renew(worker, "id-alice", (uint64_t)time(NULL)), SFU_WORKER_OK);
    WAIT_FOR(ended[SFU_END_TOKEN] == 1);
    CU_ASSERT_EQUAL(stats_now().sessions, 1);
    leave(&alice);
    leave(&bob);
    close_worker();
}

static void a_peer_that_moves_is_challenged_and_followed(void)
{
    struct participant alice;
    struct participant bob;
    uint8_t packet[RTP_LEN];
    uint8_t got[2048];
    size_t got_len;
    open_worker();
    join(&alice, "alice", TEST_AEAD_AES_128_GCM);
    join(&bob, "bob", TEST_AEAD_AES_128_GCM);
    test_peer_move(bob.peer);
    /* its checks are answered, and so is our challenge, inside test_peer_receive */
    CU_ASSERT_TRUE(test_peer_check(bob.peer, LIMIT_MS));
    enum test_event event = TEST_NOTHING;
    for (uint16_t sequence = 1; event != TEST_RTP && sequence < 500; sequence++) {
        (void)test_peer_send_rtp(alice.peer, packet, rtp(packet, 7, sequence, RTP_LEN));
        event = test_peer_receive(bob.peer, got, sizeof got, &got_len, 10);
    }
    CU_ASSERT_EQUAL(event, TEST_RTP);
    leave(&alice);
    leave(&bob);
    close_worker();
}

static void limits_and_duplicates_are_refused(void)
{
    struct participant p[3];
    open_worker_at("127.0.0.1", 2, 0);
    offer(&p[0], "a", TEST_AEAD_AES_128_GCM);
    offer(&p[1], "b", TEST_AEAD_AES_128_GCM);
    offer(&p[2], "c", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[0].params), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[0].params), SFU_WORKER_DUPLICATE);
    SET_TEXT(p[1].params.local_ufrag, p[0].params.local_ufrag);
    CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[1].params), SFU_WORKER_DUPLICATE);
    SET_TEXT(p[1].params.local_ufrag, "local-b");
    CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[1].params), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[2].params), SFU_WORKER_FULL);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, "id-a"), SFU_WORKER_OK);
    p[2].params.local_pwd[0] = '\0';
    CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[2].params), SFU_WORKER_SYSTEM);
    SET_TEXT(p[2].params.local_pwd, "local password of c");
    CU_ASSERT_EQUAL(sfu_worker_add_session(worker, &p[2].params), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, "id-a"), SFU_WORKER_UNKNOWN_SESSION);

    /* a room that is full ends the session once it is up */
    stub_router_refuse(SFU_JOIN_FULL);
    CU_ASSERT_TRUE(test_peer_connect(p[2].peer, LIMIT_MS));
    WAIT_FOR(ended[SFU_END_ROUTER] == 1);
    stub_router_refuse(0);
    for (int i = 0; i < 3; i++)
        leave(&p[i]);
    close_worker();
    CU_ASSERT_EQUAL(ended[SFU_END_SHUTDOWN], 1);
}

static void wishes_wait_for_the_session_to_come_up(void)
{
    struct participant bob;
    struct sfu_slot_wish wishes[3] = {{.mid = "0"}, {.mid = "1"}, {.mid = "2"}};
    open_worker();
    uint64_t before = stub_router_seen().wishes;
    offer(&bob, "bob", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL(sfu_worker_set_slots(worker, "id-bob", wishes, 3), SFU_WORKER_UNKNOWN_SESSION);
    CU_ASSERT_EQUAL_FATAL(sfu_worker_add_session(worker, &bob.params), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_set_slots(worker, "id-bob", wishes, 3), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(sfu_worker_set_slots(worker, "id-bob", wishes, 2), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(stub_router_seen().wishes, before);
    CU_ASSERT_TRUE(test_peer_connect(bob.peer, LIMIT_MS));
    WAIT_FOR(stub_router_seen().wishes == before + 2);
    CU_ASSERT_EQUAL(sfu_worker_set_slots(worker, "id-bob", wishes, 1), SFU_WORKER_OK);
    CU_ASSERT_EQUAL(stub_router_seen().wishes, before + 3);
    leave(&bob);
    close_worker();
}

static void an_ice_restart_keeps_media_going(void)
{
    struct participant alice;
    struct participant bob;
    uint8_t packet[RTP_LEN];
    uint8_t got[2048];
    size_t got_len;
    open_worker();
    join(&alice, "alice", TEST_AEAD_AES_128_GCM);
    join(&bob, "bob", TEST_AEAD_AES_128_GCM);
    CU_ASSERT_EQUAL(sfu_worker_restart_ice(worker, "id-bob", "r", "rp", "local-alice", "lp"), SFU_WORKER_DUPLICATE);
    CU_ASSERT_EQUAL(sfu_worker_restart_ice(worker, "id-bob", "r", "rp", "fresh", "fresh password"), SFU_WORKER_OK);
    CU_ASSERT_TRUE(test_peer_send_rtp(alice.peer, packet, rtp(packet, 7, 1, RTP_LEN)));
    CU_ASSERT_EQUAL(test_peer_receive(bob.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_RTP);
    /* the old credentials are over, the new ones work */
    CU_ASSERT_FALSE(test_peer_check(bob.peer, 60));
    struct test_peer_config config = {.host = "127.0.0.1",
                                      .port = sfu_worker_port(worker),
                                      .local_ufrag = "r",
                                      .remote_ufrag = "fresh",
                                      .remote_pwd = "fresh password"};
    struct test_peer *renewed = test_peer_open(&config);
    CU_ASSERT_TRUE(test_peer_check(renewed, LIMIT_MS));
    test_peer_close(renewed);
    leave(&alice);
    leave(&bob);
    close_worker();
}

static void close_tells_everybody(void)
{
    struct participant alice;
    uint8_t got[2048];
    size_t got_len;
    open_worker();
    join(&alice, "alice", TEST_AEAD_AES_128_GCM);
    close_worker();
    CU_ASSERT_EQUAL(test_peer_receive(alice.peer, got, sizeof got, &got_len, LIMIT_MS), TEST_CLOSED);
    CU_ASSERT_EQUAL(ended[SFU_END_SHUTDOWN], 1);
    leave(&alice);
}

/* --- commands from many threads at once --- */

enum { CALLERS = 4, ROUNDS = 40 };

static void *hammer(void *argument)
{
    struct sfu_session_params *params = argument;
    for (int i = 0; i < ROUNDS; i++) {
        struct sfu_worker_stats stats;
        struct sfu_forward_stats *pairs = NULL;
        size_t count = 0;
        if (sfu_worker_add_session(worker, params) != SFU_WORKER_OK ||
            sfu_worker_stats(worker, &stats) != SFU_WORKER_OK || stats.sessions == 0 ||
            sfu_worker_forwarded(worker, &pairs, &count) != SFU_WORKER_OK ||
            sfu_worker_end_session(worker, params->id) != SFU_WORKER_OK)
            return NULL;
        free(pairs);
    }
    return params;
}

static void commands_come_from_any_thread(void)
{
    pthread_t threads[CALLERS];
    struct participant callers[CALLERS];
    static const char *const names[CALLERS] = {"w", "x", "y", "z"};
    open_worker();
    for (int i = 0; i < CALLERS; i++) {
        offer(&callers[i], names[i], TEST_AEAD_AES_128_GCM);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, hammer, &callers[i].params), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        void *done = NULL;
        CU_ASSERT_EQUAL(pthread_join(threads[i], &done), 0);
        CU_ASSERT_PTR_EQUAL(done, &callers[i].params);
        leave(&callers[i]);
    }
    struct sfu_worker_stats stats = stats_now();
    CU_ASSERT_EQUAL(stats.sessions, 0);
    CU_ASSERT_TRUE(stats.cpu_us > 0);
    close_worker();
}

static void a_port_in_use_is_an_error(void)
{
    open_worker();
    struct sfu_worker_config config = {
        .bind_address = "127.0.0.1", .port = sfu_worker_port(worker), .certificate = certificate, .max_sessions = 1};
    CU_ASSERT_PTR_NULL(sfu_worker_open(&config));
    config.bind_address = "not an address";
    CU_ASSERT_PTR_NULL(sfu_worker_open(&config));
    close_worker();
}

static const struct unit_test tests[] = {
    {"media goes through in both profiles", media_goes_through_in_both_profiles},
    {"a burst of many sizes arrives whole", a_burst_of_many_sizes_arrives_whole},
    {"it works over IPv6, and for IPv4 on an IPv6 socket", it_works_over_ipv6_and_for_ipv4_on_it},
    {"strangers get no byte", strangers_get_no_byte},
    {"RTP from elsewhere, with a bad tag or again is refused",
     rtp_from_elsewhere_or_with_a_bad_tag_or_again_is_refused},
    {"a wrong fingerprint in either role ends the session", a_wrong_fingerprint_ends_the_session},
    {"a lost flight is sent again", a_lost_flight_is_sent_again},
    {"sessions end in any order", sessions_end_in_any_order},
    {"without consent a session ends", without_consent_a_session_ends},
    {"a token ends its session unless renewed", a_token_ends_its_session_unless_renewed},
    {"a peer that moves is challenged and followed", a_peer_that_moves_is_challenged_and_followed},
    {"limits, duplicates and full rooms are refused", limits_and_duplicates_are_refused},
    {"wishes wait for the session to come up", wishes_wait_for_the_session_to_come_up},
    {"an ICE restart keeps media going", an_ice_restart_keeps_media_going},
    {"closing tells everybody", close_tells_everybody},
    {"commands come from any thread", commands_come_from_any_thread},
    {"a port in use is an error", a_port_in_use_is_an_error},
};
UNIT_MAIN("sfu.worker", tests)
