/* sfu/stun.c, against RFC 5769's messages and against an implementation of its own in tests/system/client */
#include "sfu/stun.h"

#include <stdlib.h>
#include <string.h>

#include "test_stun.h"
#include "unit.h"

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

/* RFC 5769 section 2.1 */
static const char rfc5769_request[] = "000100582112a442b7e7a701bc34d686fa87dfae"
                                      "802200105354554e207465737420636c69656e74"
                                      "002400046e0001ff"
                                      "80290008932ff9b151263b36"
                                      "000600096576746a3a68367659202020"
                                      "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
                                      "80280004e57a3bcf";

static void rfc5769_request_is_read(void)
{
    uint8_t message[256];
    struct sfu_stun stun;
    size_t len = unit_hex(rfc5769_request, message, sizeof message);
    CU_ASSERT_EQUAL(len, 108);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
    CU_ASSERT_EQUAL(stun.class, SFU_STUN_REQUEST);
    CU_ASSERT_EQUAL(stun.method, SFU_STUN_BINDING);
    CU_ASSERT_EQUAL(stun.username_len, 9);
    CU_ASSERT_EQUAL(memcmp(stun.username, "evtj:h6vY", 9), 0);
    CU_ASSERT_TRUE(stun.controlled);
    CU_ASSERT_FALSE(stun.controlling);
    CU_ASSERT_FALSE(stun.use_candidate);
    CU_ASSERT_EQUAL(stun.unknown_count, 0);
    CU_ASSERT_TRUE(sfu_stun_authentic(&stun, password));
    CU_ASSERT_FALSE(sfu_stun_authentic(&stun, "VOkJxbRl1RmTxUk/WvJxBu"));
    CU_ASSERT_FALSE(sfu_stun_authentic(&stun, ""));
}

static size_t sample(uint8_t *out, size_t cap)
{
    struct test_stun request = {.username = "abcd:efgh", .password = password, .use_candidate = true};
    memset(request.transaction, 0x5a, sizeof request.transaction);
    return test_stun_request(out, cap, &request);
}

static void a_request_of_the_test_peer_is_read(void)
{
    uint8_t message[256];
    struct sfu_stun stun;
    size_t len = sample(message, sizeof message);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
    CU_ASSERT_TRUE(stun.use_candidate);
    CU_ASSERT_TRUE(stun.controlling);
    CU_ASSERT_TRUE(sfu_stun_authentic(&stun, password));
}

/* A copy of its own size, so that a read past the end is seen by the sanitizer. */
static bool parses_exactly(const uint8_t *message, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, message, len);
    struct sfu_stun stun;
    bool ok = sfu_stun_parse(&stun, copy, len) && sfu_stun_authentic(&stun, password);
    free(copy);
    return ok;
}

static void truncation_at_every_length_is_refused(void)
{
    uint8_t message[256];
    size_t len = sample(message, sizeof message);
    CU_ASSERT_TRUE(parses_exactly(message, len));
    for (size_t cut = 0; cut < len; cut++) {
        CU_ASSERT_FALSE(parses_exactly(message, cut));
        /* also when the length field tells of the cut */
        uint8_t shorter[256];
        memcpy(shorter, message, len);
        if (cut >= 20) {
            shorter[2] = 0;
            shorter[3] = (uint8_t)(cut - 20);
            CU_ASSERT_FALSE(parses_exactly(shorter, cut));
        }
    }
    message[len] = 0;
    CU_ASSERT_FALSE(parses_exactly(message, len + 1));
}

static void any_bit_flipped_is_refused(void)
{
    uint8_t message[256];
    size_t len = sample(message, sizeof message);
    for (size_t bit = 0; bit < len * 8; bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_FALSE(parses_exactly(message, len));
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void integrity_alone_catches_a_flipped_bit(void)
{
    /* the fingerprint made right again, as an attacker would */
    uint8_t message[256];
    size_t len = sample(message, sizeof message);
    size_t covered = len - 8 - 24;
    size_t parsed = 0;
    for (size_t bit = 64; bit < covered * 8; bit++) {
        uint8_t forged[256];
        struct sfu_stun stun;
        memcpy(forged, message, len);
        forged[bit / 8] ^= (uint8_t)(1 << bit % 8);
        test_stun_reseal(forged, len, NULL);
        if (!sfu_stun_parse(&stun, forged, len))
            continue;
        parsed++;
        CU_ASSERT_FALSE(sfu_stun_authentic(&stun, password));
    }
    CU_ASSERT_TRUE(parsed > 96); /* the transaction id's bits at least got as far as the HMAC */
}

static void attribute_lengths_are_checked(void)
{
    /* each attribute's length field set to every small value, sealed again */
    uint8_t message[256];
    size_t len = sample(message, sizeof message);
    size_t at = 20;
    while (at < len) {
        size_t value_len = message[at + 3];
        for (unsigned wrong = 0; wrong < 256; wrong++) {
            if (wrong == value_len)
                continue;
            uint8_t forged[256];
            memcpy(forged, message, len);
            forged[at + 3] = (uint8_t)wrong;
            test_stun_reseal(forged, len, password);
            struct sfu_stun stun;
            bool parsed = sfu_stun_parse(&stun, forged, len);
            /* USERNAME is the only one of free length here; within its padding it may be told shorter or longer */
            bool same_block = at == 20 && (wrong + 3) / 4 == (value_len + 3) / 4;
            if (!same_block)
                CU_ASSERT_FALSE(parsed && stun.integrity_at + 32 == len && stun.username_len == value_len);
            if (parsed && stun.username)
                CU_ASSERT_TRUE(stun.username + stun.username_len <= forged + len);
        }
        at += 4 + (value_len + 3) / 4 * 4;
    }
}

/* Appends an attribute and sets the length; the seal is left to the caller. */
static size_t append(uint8_t *message, size_t len, uint16_t type, const void *value, size_t value_len)
{
    size_t padded = (value_len + 3) / 4 * 4;
    memset(message + len, 0, 4 + padded);
    message[len] = (uint8_t)(type >> 8);
    message[len + 1] = (uint8_t)type;
    message[len + 2] = (uint8_t)(value_len >> 8);
    message[len + 3] = (uint8_t)value_len;
    if (value_len > 0)
        memcpy(message + len + 4, value, value_len);
    len += 4 + padded;
    message[2] = (uint8_t)((len - 20) >> 8);
    message[3] = (uint8_t)(len - 20);
    return len;
}

static void the_header_is_checked_under_a_right_seal(void)
{
    static const struct {
        size_t at;
        uint8_t change;
    } cases[] = {
        {0, 0x40}, {0, 0x80}, {3, 0x04}, {3, 0x08}, {4, 0x01}, {7, 0x80},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t message[256];
        struct sfu_stun stun;
        size_t len = sample(message, sizeof message);
        message[cases[i].at] ^= cases[i].change;
        test_stun_reseal(message, len, password);
        CU_ASSERT_FALSE(sfu_stun_parse(&stun, message, len));
    }
}

static void attributes_of_fixed_length_have_it(void)
{
    static const struct {
        uint16_t type;
        size_t len;
    } fixed[] = {{0x0008, 20}, {0x0024, 4}, {0x0025, 0}, {0x8029, 8}, {0x802a, 8}, {0x8028, 4}};
    static const uint8_t none[64] = {0};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        for (size_t wrong = 0; wrong < 33; wrong++) {
            uint8_t message[256] = {0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42};
            struct sfu_stun stun;
            size_t len = append(message, 20, fixed[i].type, none, wrong);
            if (fixed[i].type != 0x8028)
                len = append(message, len, 0x8028, none, 4);
            test_stun_reseal(message, len, NULL);
            CU_ASSERT_EQUAL(sfu_stun_parse(&stun, message, len), wrong == fixed[i].len);
        }
}

static void nothing_stands_behind_fingerprint(void)
{
    uint8_t message[256];
    struct sfu_stun stun;
    size_t len = sample(message, sizeof message);
    len = append(message, len, 0x8022, "sw", 2);
    test_stun_reseal(message, len, password);
    CU_ASSERT_FALSE(sfu_stun_parse(&stun, message, len));
}

static void the_first_username_counts_and_none_is_too_long(void)
{
    static const uint8_t none[20] = {0};
    char longest[SFU_STUN_USERNAME_MAX + 1];
    memset(longest, 'a', sizeof longest);
    for (size_t extra = 0; extra < 2; extra++) {
        uint8_t message[1200] = {0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42};
        struct sfu_stun stun;
        size_t len = append(message, 20, 0x0006, longest, SFU_STUN_USERNAME_MAX + extra);
        len = append(message, len, 0x0006, "bb", 2);
        len = append(message, len, 0x0008, none, 20);
        len = append(message, len, 0x8028, none, 4);
        test_stun_reseal(message, len, password);
        CU_ASSERT_EQUAL_FATAL(sfu_stun_parse(&stun, message, len), extra == 0);
        if (extra == 0) {
            CU_ASSERT_EQUAL(stun.username_len, SFU_STUN_USERNAME_MAX);
            CU_ASSERT_EQUAL(stun.username[0], 'a');
        }
    }
}

static void what_stands_behind_integrity_is_ignored(void)
{
    /* USE-CANDIDATE and an unknown attribute smuggled in behind the HMAC: RFC 8489 section 14.5 */
    uint8_t message[256];
    struct test_stun request = {.username = "abcd:efgh", .password = password};
    size_t len = test_stun_request(message, sizeof message, &request);
    static const uint8_t smuggled[] = {0x00, 0x25, 0, 0, 0x7f, 0x01, 0, 0};
    uint8_t forged[256];
    memcpy(forged, message, len - 8);
    memcpy(forged + len - 8, smuggled, sizeof smuggled);
    memcpy(forged + len, message + len - 8, 8);
    forged[3] = (uint8_t)(forged[3] + sizeof smuggled);
    uint8_t *integrity = forged + len - 8 - 24;
    uint8_t mac[24];
    memcpy(mac, integrity, sizeof mac);
    test_stun_reseal(forged, len + sizeof smuggled, password);
    CU_ASSERT_EQUAL(memcmp(mac, integrity, sizeof mac), 0);
    struct sfu_stun stun;
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, forged, len + sizeof smuggled));
    CU_ASSERT_TRUE(sfu_stun_authentic(&stun, password));
    CU_ASSERT_FALSE(stun.use_candidate);
    CU_ASSERT_EQUAL(stun.unknown_count, 0);
}

static void without_fingerprint_it_is_no_ice(void)
{
    uint8_t message[256];
    struct test_stun request = {.username = "abcd:efgh", .password = password, .without_fingerprint = true};
    size_t len = test_stun_request(message, sizeof message, &request);
    CU_ASSERT_FALSE(parses_exactly(message, len));
    request.without_fingerprint = false;
    request.without_integrity = true;
    len = test_stun_request(message, sizeof message, &request);
    struct sfu_stun stun;
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
    CU_ASSERT_FALSE(sfu_stun_authentic(&stun, password));
}

static void unknown_attributes_are_listed_up_to_a_bound(void)
{
    uint8_t message[512];
    struct sfu_stun stun;
    struct test_stun request = {.username = "abcd:efgh", .password = password, .extra = 0x7f01};
    size_t len = test_stun_request(message, sizeof message, &request);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
    CU_ASSERT_EQUAL(stun.unknown_count, 1);
    CU_ASSERT_EQUAL(stun.unknown[0], 0x7f01);
    request.extra = 0xff01; /* comprehension-optional */
    len = test_stun_request(message, sizeof message, &request);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, message, len));
    CU_ASSERT_EQUAL(stun.unknown_count, 0);

    /* forty of them */
    uint8_t many[512] = {0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    size_t at = 20;
    for (unsigned i = 0; i < 40; i++, at += 4) {
        many[at] = 0x7f;
        many[at + 1] = (uint8_t)i;
    }
    memcpy(many + at, message + len - 8, 8);
    at += 8;
    many[2] = (uint8_t)((at - 20) >> 8);
    many[3] = (uint8_t)(at - 20);
    test_stun_reseal(many, at, password);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, many, at));
    CU_ASSERT_EQUAL(stun.unknown_count, SFU_STUN_UNKNOWN_MAX);
}

static void responses_are_what_the_test_peer_expects(void)
{
    uint8_t transaction[SFU_STUN_TRANSACTION];
    uint8_t out[SFU_STUN_REPLY_MAX];
    struct test_stun_reply reply;
    struct sfu_address address;
    /* RFC 5769's transaction, so that its mapped addresses come out as printed there */
    unit_hex("b7e7a701bc34d686fa87dfae", transaction, sizeof transaction);

    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&address, "192.0.2.1", 32853));
    size_t len = sfu_stun_write_success(out, sizeof out, transaction, &address, password);
    CU_ASSERT_TRUE_FATAL(test_stun_read(out, len, password, &reply));
    CU_ASSERT_EQUAL(reply.class, 2);
    unit_assert_bytes("transaction", reply.transaction, 12, transaction, 12);
    unit_assert_bytes("address", reply.ip, reply.ip_len, address.ip, 4);
    CU_ASSERT_EQUAL(reply.port, 32853);
    uint8_t want[12];
    unit_hex("002000080001a147e112a643", want, sizeof want);
    unit_assert_bytes("RFC 5769 section 2.2", out + 20, 12, want, 12);

    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&address, "2001:db8:1234:5678:11:2233:4455:6677", 32853));
    len = sfu_stun_write_success(out, sizeof out, transaction, &address, password);
    CU_ASSERT_TRUE_FATAL(test_stun_read(out, len, password, &reply));
    unit_assert_bytes("address", reply.ip, reply.ip_len, address.ip, 16);
    uint8_t want6[24];
    unit_hex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9", want6, sizeof want6);
    unit_assert_bytes("RFC 5769 section 2.3", out + 20, 24, want6, 24);

    static const uint16_t unknown[3] = {0x7f01, 0x7f02, 0x7f03};
    len = sfu_stun_write_error(out, sizeof out, transaction, SFU_STUN_UNKNOWN_ATTRIBUTE, unknown, 3, password);
    CU_ASSERT_TRUE_FATAL(test_stun_read(out, len, password, &reply));
    CU_ASSERT_EQUAL(reply.class, 3);
    CU_ASSERT_EQUAL(reply.error, 420);
    CU_ASSERT_EQUAL(reply.unknown_count, 3);
    CU_ASSERT_EQUAL(reply.unknown[2], 0x7f03);

    len = sfu_stun_write_error(out, sizeof out, transaction, SFU_STUN_ROLE_CONFLICT, NULL, 0, password);
    CU_ASSERT_TRUE_FATAL(test_stun_read(out, len, password, &reply));
    CU_ASSERT_EQUAL(reply.error, 487);
    CU_ASSERT_EQUAL(reply.unknown_count, 0);
}

static void writers_keep_within_their_room(void)
{
    uint8_t transaction[SFU_STUN_TRANSACTION] = {0};
    struct sfu_address address;
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&address, "192.0.2.1", 1));
    uint8_t out[SFU_STUN_CHECK_MAX];
    size_t need = sfu_stun_write_success(out, sizeof out, transaction, &address, password);
    size_t check = sfu_stun_write_check(out, sizeof out, transaction, "abc:defg", 1, password);
    for (size_t cap = 0; cap < check; cap++) {
        uint8_t *exact = malloc(cap ? cap : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        CU_ASSERT_EQUAL(sfu_stun_write_success(exact, cap, transaction, &address, password), cap < need ? 0 : need);
        CU_ASSERT_EQUAL(sfu_stun_write_check(exact, cap, transaction, "abc:defg", 1, password), 0);
        free(exact);
    }
    struct sfu_stun stun;
    CU_ASSERT_EQUAL(sfu_stun_write_check(out, check, transaction, "abc:defg", 1, password), check);
    CU_ASSERT_TRUE_FATAL(sfu_stun_parse(&stun, out, check));
    CU_ASSERT_TRUE(stun.controlled);
    CU_ASSERT_TRUE(sfu_stun_authentic(&stun, password));
}

static const struct unit_test tests[] = {
    {"RFC 5769's request is read and authentic under its password only", rfc5769_request_is_read},
    {"a request of the test peer is read", a_request_of_the_test_peer_is_read},
    {"truncation at every length is refused", truncation_at_every_length_is_refused},
    {"any bit flipped is refused", any_bit_flipped_is_refused},
    {"integrity alone catches a flipped bit", integrity_alone_catches_a_flipped_bit},
    {"attribute lengths are checked", attribute_lengths_are_checked},
    {"the header is checked under a right seal", the_header_is_checked_under_a_right_seal},
    {"attributes of fixed length have it", attributes_of_fixed_length_have_it},
    {"nothing stands behind FINGERPRINT", nothing_stands_behind_fingerprint},
    {"the first USERNAME counts, and none is too long", the_first_username_counts_and_none_is_too_long},
    {"what stands behind MESSAGE-INTEGRITY is ignored", what_stands_behind_integrity_is_ignored},
    {"without FINGERPRINT it is no ICE, without integrity not authentic", without_fingerprint_it_is_no_ice},
    {"unknown attributes are listed up to a bound", unknown_attributes_are_listed_up_to_a_bound},
    {"responses are what the test peer expects", responses_are_what_the_test_peer_expects},
    {"writers keep within their room", writers_keep_within_their_room},
};
UNIT_MAIN("sfu.stun", tests)
