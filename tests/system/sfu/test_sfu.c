/* sotto-sfu as it is shipped: a process, real sockets, participants over HTTP, ICE, DTLS and SRTP. */
#include "sfu_process.h"
#include "token_test_keys.h"
#include "unit.h"

#include <fcntl.h>
#include <jwt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 10000, PACKETS = 50, PAYLOAD = 200, TOKEN_LINE_MAX = 4200 };

static const char *const dev[] = {"--dev", NULL};

static struct sfu_process sfu;
static struct sfu_participant ann;
static struct sfu_participant bob;
static struct http_reply reply;

static int get(const char *path)
{
    sfu_process_ask(&sfu, "GET", path, "", NULL, &reply);
    return reply.status;
}

static int stop(void)
{
    sfu_process_signal(&sfu, SIGTERM);
    return sfu_process_wait(&sfu, LIMIT_MS);
}

static void join(struct sfu_participant *p, const char *path, const char *headers)
{
    CU_ASSERT_EQUAL_FATAL(sfu_participant_offer(p, &sfu, path, headers), 201);
    CU_ASSERT_FATAL(test_peer_connect(p->peer, LIMIT_MS));
}

static size_t write_packet(uint8_t *out, uint8_t pt, uint32_t ssrc, uint16_t sequence, uint32_t timestamp)
{
    const uint8_t head[12] = {0x80,
                              (uint8_t)(0x80 | pt),
                              (uint8_t)(sequence >> 8),
                              (uint8_t)sequence,
                              (uint8_t)(timestamp >> 24),
                              (uint8_t)(timestamp >> 16),
                              (uint8_t)(timestamp >> 8),
                              (uint8_t)timestamp,
                              (uint8_t)(ssrc >> 24),
                              (uint8_t)(ssrc >> 16),
                              (uint8_t)(ssrc >> 8),
                              (uint8_t)ssrc};
    memcpy(out, head, sizeof(head));
    for (size_t i = 0; i < PAYLOAD; i++) {
        out[12 + i] = (uint8_t)(sequence * 7 + i);
    }
    return 12 + PAYLOAD;
}

static uint32_t ssrc_of(const uint8_t *packet)
{
    return (uint32_t)packet[8] << 24 | (uint32_t)packet[9] << 16 | (uint32_t)packet[10] << 8 | packet[11];
}

/* What write_packet puts behind header and extensions: each byte one more than the one before. */
static bool is_payload(const uint8_t *packet, size_t len)
{
    if (len < 12 + PAYLOAD) {
        return false;
    }
    for (size_t i = len - PAYLOAD + 1; i < len; i++) {
        if (packet[i] != (uint8_t)(packet[i - 1] + 1)) {
            return false;
        }
    }
    return true;
}

/* A publisher's packets come out at the subscriber: with its payload types and the answer's SSRCs, payload untouched.
 */
static void media_crosses_from_whip_to_whep(void)
{
    uint8_t packet[2048];
    uint8_t got[2048];
    size_t got_len;
    unsigned audio = 0;
    unsigned video = 0;
    sfu_process_start(&sfu, dev);
    join(&ann, "/whip/blue?name=ann", "");
    join(&bob, "/whep/blue?name=bob", "");
    CU_ASSERT(bob.audio_ssrc != 0 && bob.video_ssrc != 0);
    for (uint16_t i = 0; i < 400 && (audio < PACKETS || video < PACKETS); i++) {
        CU_ASSERT(test_peer_send_rtp(ann.peer, packet, write_packet(packet, 111, 1000, i, i * 960u)));
        CU_ASSERT(test_peer_send_rtp(ann.peer, packet, write_packet(packet, 96, 2000, i, i * 3000u)));
        while (test_peer_receive(bob.peer, got, sizeof(got), &got_len, 5) == TEST_RTP) {
            bool is_audio = ssrc_of(got) == bob.audio_ssrc;
            CU_ASSERT(is_audio || ssrc_of(got) == bob.video_ssrc);
            CU_ASSERT_EQUAL(got[1] & 0x7f, is_audio ? 100 : 101);
            CU_ASSERT(is_payload(got, got_len));
            audio += is_audio;
            video += !is_audio;
        }
    }
    CU_ASSERT(audio >= PACKETS && video >= PACKETS);
    CU_ASSERT_EQUAL(get("/metrics"), 200);
    const char *line = strstr(reply.body, "sotto_sfu_forwarded_frames_total{room=\"blue\",publisher=\"ann\","
                                          "subscriber=\"bob\",kind=\"video\"} ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    CU_ASSERT(atoi(strstr(line, "} ") + 2) >= PACKETS - 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(reply.body, "sotto_sfu_sessions 2\n"));
    sfu_participant_close(&ann);
    sfu_participant_close(&bob);
    CU_ASSERT_EQUAL(stop(), 0);
}

/* A participant's two sessions share its name, so its own media does not come back. */
static void nobody_hears_itself(void)
{
    uint8_t packet[2048];
    uint8_t got[2048];
    size_t got_len;
    sfu_process_start(&sfu, dev);
    join(&ann, "/whip/blue?name=ann", "");
    join(&bob, "/whep/blue?name=ann", "");
    for (uint16_t i = 0; i < 60; i++) {
        CU_ASSERT(test_peer_send_rtp(ann.peer, packet, write_packet(packet, 111, 1000, i, i * 960u)));
        CU_ASSERT_NOT_EQUAL(test_peer_receive(bob.peer, got, sizeof(got), &got_len, 2), TEST_RTP);
    }
    sfu_participant_close(&ann);
    sfu_participant_close(&bob);
    CU_ASSERT_EQUAL(stop(), 0);
}

static enum test_event wait_for_close(struct sfu_participant *p)
{
    uint8_t got[2048];
    size_t got_len;
    enum test_event event;
    do {
        event = test_peer_receive(p->peer, got, sizeof(got), &got_len, LIMIT_MS);
    } while (event == TEST_RTP || event == TEST_RTCP || event == TEST_STUN);
    return event;
}

static void delete_ends_a_session(void)
{
    sfu_process_start(&sfu, dev);
    join(&ann, "/whip/blue?name=ann", "");
    sfu_process_ask(&sfu, "DELETE", ann.location, "", NULL, &reply);
    CU_ASSERT_EQUAL(reply.status, 200);
    CU_ASSERT_EQUAL(wait_for_close(&ann), TEST_CLOSED);
    sfu_process_ask(&sfu, "DELETE", ann.location, "", NULL, &reply);
    CU_ASSERT_EQUAL(reply.status, 404);
    sfu_participant_close(&ann);
    CU_ASSERT_EQUAL(stop(), 0);
}

static void a_closed_session_is_forgotten(void)
{
    static const char *const quick[] = {"--dev", "--drain", "3600", NULL};
    sfu_process_start(&sfu, quick);
    join(&ann, "/whip/blue?name=ann", "");
    sfu_participant_close(&ann); /* close_notify */
    /* if the session were still counted the drain would last an hour */
    CU_ASSERT_EQUAL(stop(), 0);
}

static void sigterm_drains(void)
{
    static const char *const arguments[] = {"--dev", "--drain", "3600", NULL};
    sfu_process_start(&sfu, arguments);
    join(&ann, "/whip/blue?name=ann", "");
    CU_ASSERT_EQUAL(get("/healthz"), 200);
    sfu_process_signal(&sfu, SIGTERM);
    while (get("/healthz") == 200) {
    }
    CU_ASSERT_EQUAL(reply.status, 503);
    CU_ASSERT_STRING_EQUAL(reply.body, "draining\n");
    CU_ASSERT_EQUAL(sfu_participant_offer(&bob, &sfu, "/whip/blue?name=bob", ""), 503);
    sfu_participant_close(&bob);
    /* the session goes on */
    CU_ASSERT(test_peer_check(ann.peer, LIMIT_MS));
    sfu_process_signal(&sfu, SIGTERM);
    CU_ASSERT_EQUAL(wait_for_close(&ann), TEST_CLOSED);
    CU_ASSERT_EQUAL(sfu_process_wait(&sfu, LIMIT_MS), 0);
    sfu_participant_close(&ann);
}

static void a_drain_has_an_end(void)
{
    static const char *const arguments[] = {"--dev", "--drain", "1", NULL};
    sfu_process_start(&sfu, arguments);
    join(&ann, "/whip/blue?name=ann", "");
    sfu_process_signal(&sfu, SIGTERM);
    CU_ASSERT_EQUAL(wait_for_close(&ann), TEST_CLOSED);
    CU_ASSERT_EQUAL(sfu_process_wait(&sfu, LIMIT_MS), 0);
    sfu_participant_close(&ann);
}

/* --- tokens --- */

static char *mint_with(jwt_alg_t alg, const char *key, const char *room, const char *subject)
{
    char claims[512];
    jwt_t *jwt = NULL;
    snprintf(claims, sizeof(claims),
             "{\"room\":\"%s\",\"sub\":\"%s\",\"allow\":[\"publish\",\"subscribe\"],\"exp\":%ld}", room, subject,
             (long)time(NULL) + 600);
    if (jwt_new(&jwt) || jwt_add_grants_json(jwt, claims) ||
        jwt_set_alg(jwt, alg, (const unsigned char *)key, key ? (int)strlen(key) : 0)) {
        exit(1);
    }
    char *text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

static char *mint(const char *key, const char *room, const char *subject)
{
    return mint_with(JWT_ALG_ES256, key, room, subject);
}

static const char *bearer(const char *key, const char *room, const char *subject)
{
    static char header[4096];
    char *token = mint(key, room, subject);
    snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", token);
    free(token);
    return header;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file)) {
        perror(path);
        exit(1);
    }
}

static void tokens_open_the_door_and_sighup_changes_the_lock(void)
{
    char path[] = "/tmp/sotto-test-key-XXXXXX";
    int fd = mkstemp(path);
    const char *const arguments[] = {"--token-key", path, NULL};
    write_file(path, issuer_public);
    sfu_process_start(&sfu, arguments);
    CU_ASSERT_EQUAL(sfu_participant_offer(&ann, &sfu, "/whip/blue", ""), 401);
    sfu_participant_close(&ann);
    CU_ASSERT_EQUAL(sfu_participant_offer(&ann, &sfu, "/whip/blue?name=ann", bearer(other_private, "blue", "ann")),
                    401);
    sfu_participant_close(&ann);
    CU_ASSERT_EQUAL(sfu_participant_offer(&ann, &sfu, "/whip/blue", bearer(issuer_private, "red", "ann")), 403);
    sfu_participant_close(&ann);
    join(&ann, "/whip/blue", bearer(issuer_private, "blue", "ann"));
    sfu_process_ask(&sfu, "DELETE", ann.location, bearer(issuer_private, "blue", "eve"), NULL, &reply);
    CU_ASSERT_EQUAL(reply.status, 403);
    /* a bad file changes nothing */
    write_file(path, issuer_private);
    sfu_process_signal(&sfu, SIGHUP);
    int status = 201;
    char *log = sfu_process_log(&sfu);
    while (!strstr(log, "token_keys_kept")) {
        free(log);
        log = sfu_process_log(&sfu);
    }
    free(log);
    CU_ASSERT_EQUAL(sfu_participant_offer(&bob, &sfu, "/whep/blue", bearer(issuer_private, "blue", "bob")), 201);
    sfu_participant_close(&bob);
    write_file(path, other_public);
    sfu_process_signal(&sfu, SIGHUP);
    while (status == 201) {
        status = sfu_participant_offer(&bob, &sfu, "/whep/blue", bearer(issuer_private, "blue", "bob"));
        sfu_participant_close(&bob);
    }
    CU_ASSERT_EQUAL(status, 401);
    CU_ASSERT_EQUAL(sfu_participant_offer(&bob, &sfu, "/whep/blue", bearer(other_private, "blue", "bob")), 201);
    sfu_participant_close(&bob);
    sfu_process_ask(&sfu, "DELETE", ann.location, bearer(other_private, "blue", "ann"), NULL, &reply);
    CU_ASSERT_EQUAL(reply.status, 200);
    sfu_participant_close(&ann);
    sfu_process_signal(&sfu, SIGTERM);
    sfu_process_signal(&sfu, SIGTERM);
    CU_ASSERT_EQUAL(sfu_process_wait(&sfu, LIMIT_MS), 0);
    close(fd);
    unlink(path);
}

static void secrets_are_in_no_log(void)
{
    char path[] = "/tmp/sotto-test-key-XXXXXX";
    int fd = mkstemp(path);
    const char *const arguments[] = {"--token-key", path, "--log-level", "debug", "--drain", "0", NULL};
    write_file(path, issuer_public);
    sfu_process_start(&sfu, arguments);
    char *token = mint(issuer_private, "blue", "ann");
    char header[4096];
    snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", token);
    join(&ann, "/whip/blue", header);
    /* and on the roads that end in an error */
    snprintf(header, sizeof(header), "Authorization: Bearer %sx\r\n", token);
    CU_ASSERT_EQUAL(sfu_participant_offer(&bob, &sfu, "/whip/blue", header), 401);
    sfu_participant_close(&bob);
    char *log = sfu_process_log(&sfu);
    CU_ASSERT_PTR_NOT_NULL(strstr(log, "event=listening"));
    CU_ASSERT_PTR_NOT_NULL(strstr(log, "event=session_started"));
    CU_ASSERT_PTR_NULL(strstr(log, token));
    CU_ASSERT_PTR_NULL(strstr(log, strrchr(token, '.') + 1));
    CU_ASSERT_PTR_NULL(strstr(log, ann.pwd));
    CU_ASSERT_PTR_NULL(strstr(log, ann.remote_pwd));
    CU_ASSERT_PTR_NULL(strstr(log, ann.location + strlen("/session/")));
    free(log);
    free(token);
    sfu_participant_close(&ann);
    CU_ASSERT_EQUAL(stop(), 0);
    close(fd);
    unlink(path);
}

/* --- the program --- */

static void no_core_is_dumped(void)
{
    char path[64];
    char text[4096];
    sfu_process_start(&sfu, dev);
    snprintf(path, sizeof(path), "/proc/%d/limits", (int)sfu.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    CU_ASSERT_FATAL(n > 0);
    text[n] = 0;
    close(fd);
    unsigned soft = 1;
    unsigned hard = 1;
    const char *line = strstr(text, "Max core file size");
    CU_ASSERT_FATAL(line && sscanf(line, "Max core file size %u %u", &soft, &hard) == 2);
    CU_ASSERT(soft == 0 && hard == 0);
    CU_ASSERT_EQUAL(stop(), 0);
}

static void it_says_which_build_it_is(void)
{
    sfu_process_start(&sfu, dev);
    CU_ASSERT_EQUAL(get("/version"), 200);
    char build[129] = "";
    char version[32] = "";
    CU_ASSERT_EQUAL(sscanf(reply.body, "{\"name\":\"sotto-sfu\",\"version\":\"%31[0-9.]\",\"build\":\"%128[0-9a-f]\"}",
                           version, build),
                    2);
    CU_ASSERT(strlen(build) >= 32);
    CU_ASSERT_EQUAL(stop(), 0);
}

static void it_refuses_what_is_not_safe_or_not_clear(void)
{
    static const struct {
        const char *arguments[8];
        const char *says;
    } rows[] = {
        {{"--dev", "--listen", "0.0.0.0:0"}, "loopback"},
        {{"--dev", "--udp-address", "0.0.0.0", "--announce", "127.0.0.1"}, "loopback"},
        {{NULL}, "token-key is missing"},
        {{"--token-key", "/nonexistent", "--udp-address", "0.0.0.0"}, "announce is missing"},
        {{"--token-key", "/nonexistent", "--check-config"},
         "token-key: /nonexistent: the key file cannot be read: No such file"},
        {{"--dev", "--tls-cert", "x.pem"}, "belong together"},
        {{"--dev", "--tls-cert", "/nonexistent", "--tls-key", "x", "--check-config"},
         "tls-cert: /nonexistent: No such file"},
        {{"--listen"}, "a value is missing"},
        {{"--nonsense"}, "no such flag"},
        {{"nonsense"}, "not a flag"},
        {{"--dev=yes"}, "takes no value"},
        {{"--config", "/nonexistent"}, "No such file"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[4096];
        int status = sfu_process_run(rows[i].arguments, out, sizeof(out));
        if (!strstr(out, rows[i].says)) {
            fprintf(stderr, "row %zu: %d %s\n", i, status, out);
        }
        CU_ASSERT_EQUAL(status, 2);
        CU_ASSERT_PTR_NOT_NULL(strstr(out, rows[i].says));
    }
}

static void check_config_names_file_and_line(void)
{
    char path[] = "/tmp/sotto-test-config-XXXXXX";
    int fd = mkstemp(path);
    char out[4096];
    char want[256];
    const char *const arguments[] = {"--check-config", "--dev", "--config", path, NULL};
    write_file(path, "# a comment\nlisten = 127.0.0.1:7800\n\nudp-port = seven\n");
    CU_ASSERT_EQUAL(sfu_process_run(arguments, out, sizeof(out)), 2);
    snprintf(want, sizeof(want), "%s:4: udp-port: expected a port", path);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, want));
    write_file(path, "listen = 127.0.0.1:7800\nudp-port = 7\n");
    CU_ASSERT_EQUAL(sfu_process_run(arguments, out, sizeof(out)), 0);
    close(fd);
    unlink(path);
}

static void dev_says_what_it_is(void)
{
    sfu_process_start(&sfu, dev);
    char *log = sfu_process_log(&sfu);
    CU_ASSERT_PTR_NOT_NULL(strstr(log, "NO TOKEN IS NEEDED"));
    free(log);
    CU_ASSERT_EQUAL(stop(), 0);
}

/* A token of the server's own key for these claims, as an Authorization line. */
static const char *ask_dev_token(const char *claims)
{
    static char line[TOKEN_LINE_MAX];
    sfu_process_ask(&sfu, "POST", "/dev/token", "Content-Type: application/json\r\n", claims, &reply);
    CU_ASSERT_EQUAL(reply.status, 200);
    snprintf(line, sizeof(line), "Authorization: Bearer %.4096s\r\n", reply.body);
    return line;
}

/* Offers to path with this Authorization line: the status. */
static int try_offer(const char *path, const char *line)
{
    int status = sfu_participant_offer(&ann, &sfu, path, line);
    sfu_participant_close(&ann);
    return status;
}

static void dev_gives_out_tokens_and_holds_their_users_to_them(void)
{
    char line[TOKEN_LINE_MAX];
    sfu_process_start(&sfu, dev);
    snprintf(line, sizeof(line), "%s", ask_dev_token("{\"room\":\"blue\",\"sub\":\"ann\",\"allow\":[\"publish\"]}"));
    join(&bob, "/whip/blue", line);
    sfu_participant_close(&bob);
    CU_ASSERT_EQUAL(try_offer("/whip/red", line), 403);
    CU_ASSERT_EQUAL(try_offer("/whep/blue", line), 403);
    CU_ASSERT_EQUAL(try_offer("/whep/blue", ""), 201);
    /* reading the issuers' files again, of which there are none, does not lose the server's own key */
    sfu_process_signal(&sfu, SIGHUP);
    char *log = sfu_process_log(&sfu);
    while (!strstr(log, "event=token_keys_loaded")) {
        free(log);
        log = sfu_process_log(&sfu);
    }
    CU_ASSERT_EQUAL(try_offer("/whip/blue", line), 201);
    /* what it has signed and its key are in no log */
    free(log);
    log = sfu_process_log(&sfu);
    char *token = line + strlen("Authorization: Bearer ");
    token[strcspn(token, "\r")] = 0;
    CU_ASSERT_PTR_NULL(strstr(log, strrchr(token, '.') + 1));
    CU_ASSERT_PTR_NULL(strstr(log, "BEGIN"));
    free(log);
    CU_ASSERT_EQUAL(stop(), 0);
    /* the key ended with its process */
    char header[TOKEN_LINE_MAX + 64];
    snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", token);
    sfu_process_start(&sfu, dev);
    CU_ASSERT_EQUAL(try_offer("/whip/blue", header), 401);
    CU_ASSERT_EQUAL(stop(), 0);
}

static void dev_refuses_forged_tokens(void)
{
    static const struct {
        jwt_alg_t alg;
        const char *key;
    } rows[] = {
        {JWT_ALG_NONE, NULL},
        {JWT_ALG_HS256, issuer_public},
        {JWT_ALG_ES256, issuer_private},
    };
    sfu_process_start(&sfu, dev);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char header[TOKEN_LINE_MAX];
        char *token = mint_with(rows[i].alg, rows[i].key, "blue", "ann");
        snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", token);
        CU_ASSERT_EQUAL(try_offer("/whip/blue", header), 401);
        free(token);
    }
    CU_ASSERT_EQUAL(try_offer("/whip/blue", ""), 201);
    CU_ASSERT_EQUAL(stop(), 0);
}

/* So one token can be tried against several servers. */
static void dev_takes_tokens_of_named_issuers_too(void)
{
    char path[] = "/tmp/sotto-test-key-XXXXXX";
    int fd = mkstemp(path);
    const char *const arguments[] = {"--dev", "--token-key", path, NULL};
    write_file(path, issuer_public);
    sfu_process_start(&sfu, arguments);
    CU_ASSERT_EQUAL(try_offer("/whip/blue", bearer(issuer_private, "blue", "ann")), 201);
    CU_ASSERT_EQUAL(try_offer("/whip/blue", bearer(issuer_private, "red", "ann")), 403);
    CU_ASSERT_EQUAL(try_offer("/whip/blue", bearer(other_private, "blue", "ann")), 401);
    CU_ASSERT_EQUAL(try_offer("/whip/blue", ask_dev_token("{\"room\":\"blue\"}")), 201);
    CU_ASSERT_EQUAL(stop(), 0);
    close(fd);
    unlink(path);
}

/* A page from elsewhere, or a name that points here, gets neither a token nor a session. */
static void dev_serves_requests_meant_for_this_machine_only(void)
{
    static const char claims[] = "{\"room\":\"blue\"}";
    sfu_process_start(&sfu, dev);
    sfu_process_ask(&sfu, "POST", "/dev/token", "Content-Type: application/json\r\nOrigin: https://evil.example\r\n",
                    claims, &reply);
    CU_ASSERT_EQUAL(reply.status, 403);
    sfu_process_ask(&sfu, "POST", "/dev/token", "Content-Type: text/plain\r\n", claims, &reply);
    CU_ASSERT_EQUAL(reply.status, 415);
    sfu_process_ask(&sfu, "GET", "/dev/token", "", NULL, &reply);
    CU_ASSERT_EQUAL(reply.status, 405);
    CU_ASSERT_EQUAL(stop(), 0);
}

static void without_dev_nothing_gives_out_tokens(void)
{
    char path[] = "/tmp/sotto-test-key-XXXXXX";
    int fd = mkstemp(path);
    const char *const arguments[] = {"--token-key", path, NULL};
    write_file(path, issuer_public);
    sfu_process_start(&sfu, arguments);
    sfu_process_ask(&sfu, "POST", "/dev/token", "Content-Type: application/json\r\n", "{\"room\":\"blue\"}", &reply);
    CU_ASSERT_EQUAL(reply.status, 404);
    CU_ASSERT_EQUAL(get("/dev/token"), 404);
    CU_ASSERT_EQUAL(stop(), 0);
    close(fd);
    unlink(path);
}

static const struct unit_test tests[] = {
    {"media crosses from WHIP to WHEP", media_crosses_from_whip_to_whep},
    {"nobody hears itself", nobody_hears_itself},
    {"DELETE ends a session", delete_ends_a_session},
    {"a closed session is forgotten", a_closed_session_is_forgotten},
    {"SIGTERM drains", sigterm_drains},
    {"a drain has an end", a_drain_has_an_end},
    {"tokens open the door and SIGHUP changes the lock", tokens_open_the_door_and_sighup_changes_the_lock},
    {"secrets are in no log", secrets_are_in_no_log},
    {"no core is dumped", no_core_is_dumped},
    {"it says which build it is", it_says_which_build_it_is},
    {"it refuses what is not safe or not clear", it_refuses_what_is_not_safe_or_not_clear},
    {"--dev gives out tokens and holds their users to them", dev_gives_out_tokens_and_holds_their_users_to_them},
    {"--dev refuses forged tokens", dev_refuses_forged_tokens},
    {"--dev takes tokens of named issuers too", dev_takes_tokens_of_named_issuers_too},
    {"--dev serves requests meant for this machine only", dev_serves_requests_meant_for_this_machine_only},
    {"without --dev nothing gives out tokens", without_dev_nothing_gives_out_tokens},
    {"--check-config names file and line", check_config_names_file_and_line},
    {"--dev says what it is", dev_says_what_it_is},
};
UNIT_MAIN("system.sfu", tests)
