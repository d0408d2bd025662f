/* sfu/ice.c */
#include "sfu/ice.h"

#include <stdio.h>
#include <string.h>

#include "test_stun.h"
#include "unit.h"

/* into an array */
#define SET_TEXT(room, text) snprintf(room, sizeof(room), "%s", text)

static const struct sfu_ice_credentials credentials = {
    .local_ufrag = "sotto",
    .local_pwd = "the local password....",
    .remote_ufrag = "peer",
    .remote_pwd = "the remote password...",
};

static struct sfu_ice ice;
static struct sfu_address home;
static struct sfu_address away;
static struct sfu_ice_reply reply;

static void set_up(void)
{
    CU_ASSERT_TRUE_FATAL(sfu_ice_init(&ice, &credentials, 1000));
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&home, "192.0.2.1", 1111));
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&away, "198.51.100.9", 2222));
}

static enum sfu_ice_outcome request(const struct test_stun *wanted, const struct sfu_address *from, bool settled,
                                    uint64_t now_us)
{
    uint8_t message[512];
    struct sfu_stun stun;
    struct test_stun filled = *wanted;
    if (!filled.password)
        filled.password = credentials.local_pwd;
    size_t len = test_stun_request(message, sizeof message, &filled);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
    enum sfu_ice_outcome outcome = sfu_ice_request(&ice, &stun, from, settled, now_us, &reply);
    CU_ASSERT_TRUE(reply.len <= len);
    return outcome;
}

static void an_authentic_request_is_answered_and_selects(void)
{
    set_up();
    struct test_stun check = {.username = "sotto:peer", .use_candidate = true};
    struct test_stun_reply read;
    CU_ASSERT_EQUAL(request(&check, &home, false, 5000), SFU_ICE_CHECKED);
    CU_ASSERT_TRUE_FATAL(test_stun_read(reply.data, reply.len, credentials.local_pwd, &read));
    CU_ASSERT_EQUAL(read.class, 2);
    CU_ASSERT_EQUAL(read.port, 1111);
    CU_ASSERT_TRUE(sfu_address_equal(&ice.selected, &home));
    CU_ASSERT_EQUAL(ice.consent_us, 5000);
}

static void strangers_get_no_answer(void)
{
    set_up();
    const struct test_stun strangers[] = {
        {.username = "sotto:peer", .use_candidate = true, .password = "wrong"},
        {.username = "sotto:peer", .use_candidate = true, .without_integrity = true},
        {.username = "sott:peer", .use_candidate = true},
        {.username = "sottoo:peer", .use_candidate = true},
        {.username = "sotto", .use_candidate = true},
        {.username = ":sotto", .use_candidate = true},
        {.username = "", .use_candidate = true},
        {.use_candidate = true},
        /* errors too are for the authentic alone */
        {.username = "sotto:peer", .password = "wrong", .extra = 0x7f01},
        {.username = "sotto:peer", .password = "wrong", .controlled = true},
    };
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        CU_ASSERT_EQUAL(request(&strangers[i], &away, false, 9000), SFU_ICE_DROPPED);
        CU_ASSERT_EQUAL(reply.len, 0);
    }
    CU_ASSERT_EQUAL(ice.selected.family, 0);
    CU_ASSERT_EQUAL(ice.consent_us, 1000);
}

static void only_binding_requests_are_answered(void)
{
    set_up();
    /* an indication, a success and an error response, another method */
    static const uint8_t types[][2] = {{0x00, 0x11}, {0x01, 0x01}, {0x01, 0x11}, {0x00, 0x03}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        uint8_t message[256];
        struct sfu_stun stun;
        struct test_stun check = {.username = "sotto:peer", .password = credentials.local_pwd};
        size_t len = test_stun_request(message, sizeof message, &check);
        memcpy(message, types[i], 2);
        test_stun_reseal(message, len, credentials.local_pwd);
        CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
        CU_ASSERT_TRUE(sfu_stun_authentic(&stun, credentials.local_pwd));
        CU_ASSERT_EQUAL(sfu_ice_request(&ice, &stun, &home, false, 1, &reply), SFU_ICE_DROPPED);
        CU_ASSERT_EQUAL(reply.len, 0);
    }
}

static void errors_change_nothing(void)
{
    set_up();
    struct test_stun_reply read;
    struct test_stun check = {.username = "sotto:peer", .use_candidate = true, .extra = 0x7f01};
    CU_ASSERT_EQUAL(request(&check, &home, false, 5000), SFU_ICE_REFUSED);
    CU_ASSERT_TRUE_FATAL(test_stun_read(reply.data, reply.len, credentials.local_pwd, &read));
    CU_ASSERT_EQUAL(read.error, 420);
    CU_ASSERT_EQUAL(read.unknown[0], 0x7f01);

    check = (struct test_stun){.username = "sotto:peer", .use_candidate = true, .controlled = true};
    CU_ASSERT_EQUAL(request(&check, &home, false, 5000), SFU_ICE_REFUSED);
    CU_ASSERT_TRUE_FATAL(test_stun_read(reply.data, reply.len, credentials.local_pwd, &read));
    CU_ASSERT_EQUAL(read.error, 487);

    CU_ASSERT_EQUAL(ice.selected.family, 0);
    CU_ASSERT_EQUAL(ice.consent_us, 1000);
}

static void an_answer_is_never_longer_than_its_question(void)
{
    set_up();
    struct sfu_address far;
    struct test_stun bare = {.username = "sotto:p", .bare = true};
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&far, "2001:db8::1", 1));
    /* an IPv6 address takes 24 bytes, the user name 12 */
    CU_ASSERT_EQUAL(request(&bare, &far, false, 1), SFU_ICE_CHECKED);
    CU_ASSERT_EQUAL(reply.len, 0);
    CU_ASSERT_EQUAL(request(&bare, &home, false, 1), SFU_ICE_CHECKED);
    CU_ASSERT_TRUE(reply.len > 0);
}

static void before_the_session_is_settled_nomination_moves_it(void)
{
    set_up();
    struct test_stun plain = {.username = "sotto:peer"};
    struct test_stun nominating = {.username = "sotto:peer", .use_candidate = true};
    CU_ASSERT_EQUAL(request(&plain, &home, false, 1), SFU_ICE_CHECKED);
    CU_ASSERT_EQUAL(request(&plain, &away, false, 2), SFU_ICE_CHECKED);
    CU_ASSERT_TRUE(sfu_address_equal(&ice.selected, &home));
    CU_ASSERT_EQUAL(request(&nominating, &away, false, 3), SFU_ICE_CHECKED);
    CU_ASSERT_TRUE(sfu_address_equal(&ice.selected, &away));
}

static void a_settled_session_moves_only_after_a_challenge(void)
{
    set_up();
    uint8_t message[SFU_STUN_CHECK_MAX];
    uint8_t answer[256];
    struct sfu_stun stun;
    struct test_stun nominating = {.username = "sotto:peer", .use_candidate = true};
    CU_ASSERT_EQUAL(request(&nominating, &home, false, 1), SFU_ICE_CHECKED);
    CU_ASSERT_EQUAL(request(&nominating, &away, true, 2), SFU_ICE_NOMINATED);
    CU_ASSERT_TRUE(sfu_address_equal(&ice.selected, &home));

    size_t len = sfu_ice_challenge(&ice, &away, 3, message, sizeof message);
    CU_ASSERT_TRUE_FATAL(len > 0);
    uint8_t again[SFU_STUN_CHECK_MAX];
    CU_ASSERT_EQUAL(sfu_ice_challenge(&ice, &away, 2 + SFU_ICE_CHALLENGE_US, again, sizeof again), 0);
    /* the same transaction, so that a late answer to the first counts too */
    CU_ASSERT_EQUAL(sfu_ice_challenge(&ice, &away, 3 + SFU_ICE_CHALLENGE_US, again, sizeof again), len);
    unit_assert_bytes("challenge", again, len, message, len);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
    CU_ASSERT_EQUAL(stun.username_len, 10);
    CU_ASSERT_EQUAL(memcmp(stun.username, "peer:sotto", 10), 0);

    /* from elsewhere, of another transaction, under another password: nothing moves */
    size_t answer_len = test_stun_answer(message, len, credentials.remote_pwd, answer, sizeof answer);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, answer, answer_len));
    CU_ASSERT_FALSE(sfu_ice_response(&ice, &stun, &home, 9));
    answer[8] ^= 1;
    test_stun_reseal(answer, answer_len, credentials.remote_pwd);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, answer, answer_len));
    CU_ASSERT_FALSE(sfu_ice_response(&ice, &stun, &away, 9));
    answer[8] ^= 1;
    test_stun_reseal(answer, answer_len, credentials.local_pwd);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, answer, answer_len));
    CU_ASSERT_FALSE(sfu_ice_response(&ice, &stun, &away, 9));
    /* an error is no answer */
    answer[1] = 0x11;
    test_stun_reseal(answer, answer_len, credentials.remote_pwd);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, answer, answer_len));
    CU_ASSERT_FALSE(sfu_ice_response(&ice, &stun, &away, 9));
    answer[1] = 0x01;
    CU_ASSERT_TRUE(sfu_address_equal(&ice.selected, &home));
    CU_ASSERT_EQUAL(ice.consent_us, 1);

    test_stun_reseal(answer, answer_len, credentials.remote_pwd);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, answer, answer_len));
    CU_ASSERT_TRUE(sfu_ice_response(&ice, &stun, &away, 9));
    CU_ASSERT_TRUE(sfu_address_equal(&ice.selected, &away));
    CU_ASSERT_EQUAL(ice.consent_us, 9);
    CU_ASSERT_FALSE(sfu_ice_response(&ice, &stun, &away, 9));
}

static void a_restart_ends_the_old_password(void)
{
    set_up();
    struct sfu_ice_credentials renewed = credentials;
    SET_TEXT(renewed.local_ufrag, "again");
    SET_TEXT(renewed.local_pwd, "another local password");
    struct test_stun check = {.username = "sotto:peer", .use_candidate = true};
    CU_ASSERT_EQUAL(request(&check, &home, false, 1), SFU_ICE_CHECKED);
    sfu_ice_restart(&ice, &renewed);
    CU_ASSERT_EQUAL(request(&check, &home, true, 2), SFU_ICE_DROPPED);
    check.username = "again:peer";
    CU_ASSERT_EQUAL(request(&check, &home, true, 3), SFU_ICE_DROPPED);
    check.password = renewed.local_pwd;
    CU_ASSERT_EQUAL(request(&check, &home, true, 4), SFU_ICE_CHECKED);
    CU_ASSERT_TRUE(sfu_address_equal(&ice.selected, &home));
}

static const struct unit_test tests[] = {
    {"an authentic request is answered and selects its source", an_authentic_request_is_answered_and_selects},
    {"strangers get no answer and change nothing", strangers_get_no_answer},
    {"only Binding requests are answered", only_binding_requests_are_answered},
    {"420 and 487 change nothing", errors_change_nothing},
    {"an answer is never longer than its question", an_answer_is_never_longer_than_its_question},
    {"before the session is settled nomination moves it", before_the_session_is_settled_nomination_moves_it},
    {"a settled session moves only after a challenge", a_settled_session_moves_only_after_a_challenge},
    {"a restart ends the old password", a_restart_ends_the_old_password},
};
UNIT_MAIN("sfu.ice", tests)
