/* sfu/dtls.c against the test peer's client, over two queues of datagrams */
#include "sfu/dtls.h"

#include <string.h>

#include "test_dtls.h"
#include "unit.h"

enum { QUEUE_MAX = 64, BYTES_MAX = 2048 };

struct queue {
    uint8_t data[QUEUE_MAX][BYTES_MAX];
    size_t len[QUEUE_MAX];
    size_t count;
    size_t bytes;
    size_t longest;
};

static struct queue to_server;
static struct queue to_client;
static struct sfu_certificate *certificate;
static struct sfu_dtls *server;
static struct test_dtls *client;
static struct test_identity *identity;

static void push(void *user, const uint8_t *datagram, size_t len)
{
    struct queue *queue = user;
    CU_ASSERT_FATAL(queue->count < QUEUE_MAX && len <= BYTES_MAX);
    memcpy(queue->data[queue->count], datagram, len);
    queue->len[queue->count++] = len;
    queue->bytes += len;
    if (len > queue->longest)
        queue->longest = len;
}

static bool proven;

static bool make_cookie(void *user, uint8_t cookie[SFU_DTLS_COOKIE])
{
    (void)user;
    memset(cookie, 0x42, SFU_DTLS_COOKIE);
    return true;
}

static bool check_cookie(void *user, const uint8_t cookie[SFU_DTLS_COOKIE])
{
    uint8_t expected[SFU_DTLS_COOKIE];
    proven = make_cookie(user, expected) && memcmp(cookie, expected, sizeof expected) == 0;
    return proven;
}

static const struct sfu_dtls_ops ops = {.send = push, .make_cookie = make_cookie, .check_cookie = check_cookie};

static size_t deliver_to_server(void)
{
    static struct queue taken;
    taken = to_server;
    to_server.count = 0;
    for (size_t i = 0; i < taken.count; i++)
        (void)sfu_dtls_receive(server, taken.data[i], taken.len[i], 1000);
    return taken.count;
}

static size_t deliver_to_client(void)
{
    static struct queue taken;
    taken = to_client;
    to_client.count = 0;
    for (size_t i = 0; i < taken.count; i++)
        (void)test_dtls_receive(client, taken.data[i], taken.len[i]);
    return taken.count;
}

static void exchange(void)
{
    while (deliver_to_server() + deliver_to_client() > 0) {
    }
}

static void open_pair_with(struct test_dtls_config config, const uint8_t *fingerprint_at_server)
{
    uint8_t fingerprint[32];
    memset(&to_server, 0, sizeof to_server);
    memset(&to_client, 0, sizeof to_client);
    proven = false;
    certificate = sfu_certificate_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(certificate);
    identity = test_identity_new();
    test_identity_fingerprint(identity, fingerprint);
    server = sfu_dtls_new(certificate, fingerprint_at_server ? fingerprint_at_server : fingerprint, &ops, &to_client);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    config.send = push;
    config.user = &to_server;
    client = test_dtls_new(&config);
}

/* The usual client; identity is filled in once it is made. */
static void open_pair(const char *profiles)
{
    struct test_dtls_config config = {.profiles = profiles};
    open_pair_with(config, NULL);
    test_dtls_free(client);
    config.identity = identity;
    config.send = push;
    config.user = &to_server;
    client = test_dtls_new(&config);
}

static void close_pair(void)
{
    sfu_dtls_free(server);
    sfu_certificate_free(certificate);
    test_dtls_free(client);
    test_identity_free(identity);
}

static void both_sides_export_the_same_keys(void)
{
    static const struct {
        const char *offered;
        enum sfu_srtp_profile chosen;
    } cases[] = {
        {"SRTP_AEAD_AES_128_GCM", SFU_SRTP_AEAD_AES_128_GCM},
        {"SRTP_AES128_CM_SHA1_80", SFU_SRTP_AES128_CM_SHA1_80},
        {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", SFU_SRTP_AEAD_AES_128_GCM},
        {"SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80", SFU_SRTP_AES128_CM_SHA1_80},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_pair(cases[i].offered);
        struct sfu_srtp_keys keys;
        struct test_srtp_keys want;
        CU_ASSERT_FALSE(sfu_dtls_keys(server, &keys));
        test_dtls_start(client);
        exchange();
        CU_ASSERT_EQUAL_FATAL(sfu_dtls_state(server), SFU_DTLS_UP);
        CU_ASSERT_EQUAL_FATAL(test_dtls_state(client), TEST_DTLS_UP);
        CU_ASSERT_TRUE_FATAL(sfu_dtls_keys(server, &keys));
        CU_ASSERT_TRUE_FATAL(test_dtls_keys(client, &want));
        CU_ASSERT_EQUAL(keys.profile, cases[i].chosen);
        CU_ASSERT_EQUAL(want.profile, (enum test_profile)cases[i].chosen);
        unit_assert_bytes("client key", keys.inbound.key, 16, want.client, 16);
        unit_assert_bytes("client salt", keys.inbound.salt, want.len - 16, want.client + 16, want.len - 16);
        unit_assert_bytes("server key", keys.outbound.key, 16, want.server, 16);
        unit_assert_bytes("server salt", keys.outbound.salt, want.len - 16, want.server + 16, want.len - 16);
        CU_ASSERT_TRUE(to_client.longest <= SFU_DTLS_MTU);
        close_pair();
    }
}

static void another_certificate_than_the_offers_is_refused(void)
{
    struct test_identity *other = test_identity_new();
    struct test_dtls_config config = {.identity = other, .profiles = "SRTP_AEAD_AES_128_GCM"};
    open_pair_with(config, NULL);
    test_dtls_start(client);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_WRONG_FINGERPRINT);
    CU_ASSERT_EQUAL(test_dtls_state(client), TEST_DTLS_FAILED);
    struct sfu_srtp_keys keys;
    CU_ASSERT_FALSE(sfu_dtls_keys(server, &keys));
    close_pair();
    test_identity_free(other);
}

static void one_wrong_bit_of_the_fingerprint_is_refused(void)
{
    for (size_t byte = 0; byte < SFU_FINGERPRINT_LEN; byte += 31) {
        uint8_t wrong[SFU_FINGERPRINT_LEN];
        open_pair("SRTP_AEAD_AES_128_GCM");
        test_identity_fingerprint(identity, wrong);
        wrong[byte] ^= 1;
        sfu_dtls_free(server);
        server = sfu_dtls_new(certificate, wrong, &ops, &to_client);
        test_dtls_start(client);
        exchange();
        CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_WRONG_FINGERPRINT);
        close_pair();
    }
}

static void a_client_notices_a_wrong_server(void)
{
    uint8_t right[32];
    uint8_t wrong[32];
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        open_pair("SRTP_AEAD_AES_128_GCM");
        sfu_certificate_fingerprint(certificate, right);
        memcpy(wrong, right, sizeof wrong);
        wrong[31] ^= 0x80;
        struct test_dtls_config config = {.identity = identity,
                                          .profiles = "SRTP_AEAD_AES_128_GCM",
                                          .remote_fingerprint = is_wrong ? wrong : right,
                                          .send = push,
                                          .user = &to_server};
        test_dtls_free(client);
        client = test_dtls_new(&config);
        test_dtls_start(client);
        exchange();
        CU_ASSERT_EQUAL(test_dtls_state(client), is_wrong ? TEST_DTLS_FAILED : TEST_DTLS_UP);
        CU_ASSERT_EQUAL(sfu_dtls_state(server), is_wrong ? SFU_DTLS_FAILED : SFU_DTLS_UP);
        close_pair();
    }
}

static void clients_that_lack_something_are_refused(void)
{
    /* no certificate */
    struct test_dtls_config config = {.profiles = "SRTP_AEAD_AES_128_GCM"};
    open_pair_with(config, NULL);
    test_dtls_start(client);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_FAILED);
    close_pair();
    /* no common SRTP profile */
    open_pair("SRTP_AES128_CM_SHA1_32");
    test_dtls_start(client);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_FAILED);
    close_pair();
    /* no SRTP at all */
    open_pair(NULL);
    test_dtls_start(client);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_FAILED);
    close_pair();
    /* no extended master secret */
    open_pair("SRTP_AEAD_AES_128_GCM");
    config = (struct test_dtls_config){.identity = identity,
                                       .profiles = "SRTP_AEAD_AES_128_GCM",
                                       .without_extended_master_secret = true,
                                       .send = push,
                                       .user = &to_server};
    test_dtls_free(client);
    client = test_dtls_new(&config);
    test_dtls_start(client);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_FAILED);
    struct sfu_srtp_keys keys;
    CU_ASSERT_FALSE(sfu_dtls_keys(server, &keys));
    close_pair();
}

static void a_repeated_client_hello_is_not_amplified(void)
{
    open_pair("SRTP_AEAD_AES_128_GCM");
    test_dtls_start(client);
    CU_ASSERT_EQUAL_FATAL(to_server.count, 1);
    uint8_t hello[BYTES_MAX];
    size_t hello_len = to_server.len[0];
    memcpy(hello, to_server.data[0], hello_len);
    size_t in = 0;
    for (int i = 0; i < 50; i++) {
        hello[10] = (uint8_t)i; /* a new record number, as in a true retransmission */
        (void)sfu_dtls_receive(server, hello, hello_len, 1000);
        in += hello_len;
        CU_ASSERT_TRUE(to_client.bytes <= in);
    }
    CU_ASSERT_EQUAL(to_client.count, 50);
    CU_ASSERT_FALSE(proven);
    /* time alone sends nothing either, before the cookie came back */
    size_t before = to_client.bytes;
    for (int i = 0; i < 20; i++)
        (void)sfu_dtls_tick(server, 1000 + (uint64_t)i * 60000000);
    CU_ASSERT_EQUAL(to_client.bytes, before);
    close_pair();
}

static void a_lost_cookie_is_asked_for_again(void)
{
    open_pair("SRTP_AEAD_AES_128_GCM");
    test_dtls_start(client);
    struct queue *sent = &to_server;
    uint8_t hello[BYTES_MAX];
    size_t hello_len = sent->len[0];
    memcpy(hello, sent->data[0], hello_len);
    (void)deliver_to_server();
    to_client.count = 0; /* lost */
    hello[10] = 20;      /* a record number the client will not use itself */
    (void)sfu_dtls_receive(server, hello, hello_len, 1000);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_UP);
    CU_ASSERT_EQUAL(test_dtls_state(client), TEST_DTLS_UP);
    close_pair();
}

static void a_guessed_cookie_proves_nothing(void)
{
    open_pair("SRTP_AEAD_AES_128_GCM");
    test_dtls_start(client);
    (void)deliver_to_server();
    (void)deliver_to_client();
    /* record and handshake headers, version, random, an empty session id: then the cookie's length */
    CU_ASSERT_EQUAL_FATAL(to_server.data[0][60], 16);
    to_server.data[0][61] ^= 1;
    to_client.bytes = 0;
    (void)deliver_to_server();
    CU_ASSERT_FALSE(proven);
    CU_ASSERT_TRUE(to_client.bytes < 100);
    close_pair();
}

static void a_lost_flight_sets_a_timer(void)
{
    open_pair("SRTP_AEAD_AES_128_GCM");
    CU_ASSERT_EQUAL(sfu_dtls_next_timeout(server), UINT64_MAX);
    test_dtls_start(client);
    (void)deliver_to_server();
    (void)deliver_to_client();
    (void)deliver_to_server();
    CU_ASSERT_TRUE(proven);
    CU_ASSERT_TRUE(to_client.count > 0);
    /* OpenSSL's first timer is one second */
    CU_ASSERT_TRUE(sfu_dtls_next_timeout(server) > 1000 && sfu_dtls_next_timeout(server) <= 1001000 + 1000);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_UP);
    CU_ASSERT_EQUAL(sfu_dtls_next_timeout(server), UINT64_MAX);
    close_pair();
}

static void truncated_and_changed_handshakes_end_nothing_but_themselves(void)
{
    open_pair("SRTP_AEAD_AES_128_GCM");
    test_dtls_start(client);
    uint8_t hello[BYTES_MAX];
    size_t hello_len = to_server.len[0];
    memcpy(hello, to_server.data[0], hello_len);
    for (size_t cut = 0; cut < hello_len; cut++) {
        struct sfu_dtls *fresh = sfu_dtls_new(certificate, hello, &ops, &to_client);
        CU_ASSERT_PTR_NOT_NULL_FATAL(fresh);
        to_client.count = 0;
        CU_ASSERT_NOT_EQUAL(sfu_dtls_receive(fresh, hello, cut, 1), SFU_DTLS_UP);
        sfu_dtls_free(fresh);
    }
    for (size_t byte = 0; byte < hello_len; byte++) {
        struct sfu_dtls *fresh = sfu_dtls_new(certificate, hello, &ops, &to_client);
        CU_ASSERT_PTR_NOT_NULL_FATAL(fresh);
        to_client.count = 0;
        hello[byte] ^= 0xff;
        CU_ASSERT_NOT_EQUAL(sfu_dtls_receive(fresh, hello, hello_len, 1), SFU_DTLS_UP);
        hello[byte] ^= 0xff;
        CU_ASSERT_FALSE(proven);
        sfu_dtls_free(fresh);
    }
    close_pair();
}

static void garbage_does_not_end_an_open_session(void)
{
    open_pair("SRTP_AEAD_AES_128_GCM");
    test_dtls_start(client);
    exchange();
    CU_ASSERT_EQUAL_FATAL(sfu_dtls_state(server), SFU_DTLS_UP);
    uint64_t seed = 1;
    uint8_t garbage[64];
    for (int i = 0; i < 2000; i++) {
        for (size_t k = 0; k < sizeof garbage; k++)
            garbage[k] = (uint8_t)unit_random(&seed);
        garbage[0] = (uint8_t)(20 + i % 44);
        garbage[1] = 0xfe;
        garbage[2] = 0xfd;
        garbage[11] = 0;
        garbage[12] = (uint8_t)(i % 52);
        CU_ASSERT_EQUAL(sfu_dtls_receive(server, garbage, 13 + (size_t)(i % 52), 1000), SFU_DTLS_UP);
    }
    /* a plain fatal alert and a plain close_notify, as anybody could send them */
    static const uint8_t alerts[][15] = {
        {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40},
        {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 100, 0, 2, 1, 0},
        {21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 101, 0, 2, 1, 0},
    };
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
        CU_ASSERT_EQUAL(sfu_dtls_receive(server, alerts[i], sizeof alerts[i], 1000), SFU_DTLS_UP);
    close_pair();
}

static void either_side_can_close(void)
{
    open_pair("SRTP_AEAD_AES_128_GCM");
    test_dtls_start(client);
    exchange();
    sfu_dtls_close(server);
    CU_ASSERT_EQUAL(to_client.count, 1);
    exchange();
    CU_ASSERT_EQUAL(test_dtls_state(client), TEST_DTLS_CLOSED);
    close_pair();

    open_pair("SRTP_AEAD_AES_128_GCM");
    test_dtls_start(client);
    exchange();
    test_dtls_close(client);
    exchange();
    CU_ASSERT_EQUAL(sfu_dtls_state(server), SFU_DTLS_CLOSED);
    close_pair();
}

static const struct unit_test tests[] = {
    {"both sides export the same keys, in both profiles", both_sides_export_the_same_keys},
    {"another certificate than the offer's is refused", another_certificate_than_the_offers_is_refused},
    {"one wrong bit of the fingerprint is refused", one_wrong_bit_of_the_fingerprint_is_refused},
    {"a client notices a wrong server", a_client_notices_a_wrong_server},
    {"no certificate, no SRTP profile, no extended master secret: refused", clients_that_lack_something_are_refused},
    {"a repeated ClientHello is not amplified", a_repeated_client_hello_is_not_amplified},
    {"a lost cookie is asked for again", a_lost_cookie_is_asked_for_again},
    {"a guessed cookie proves nothing", a_guessed_cookie_proves_nothing},
    {"a lost flight sets a timer", a_lost_flight_sets_a_timer},
    {"a truncated or changed ClientHello gets nowhere", truncated_and_changed_handshakes_end_nothing_but_themselves},
    {"garbage and plain alerts do not end an open session", garbage_does_not_end_an_open_session},
    {"either side can close", either_side_can_close},
};
UNIT_MAIN("sfu.dtls", tests)
