/* Linking a device. */
#include <string.h>

#include "linking.h"
#include "unit.h"

static const char CODE[] = "12345678";

/* A run as far as `messages` messages; the last one is left in *m. */
static void run(struct identity_link **fresh, struct identity_link **rooted, unsigned messages,
                struct linking_message *m)
{
    struct linking_message next;
    CU_ASSERT_EQUAL_FATAL(identity_link_await(CODE, rooted), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(
        identity_link_begin(CODE, people_key(2).public_key, "laptop", fresh, m->data, sizeof m->data, &m->len),
        IDENTITY_OK);
    for (unsigned i = 1; i < messages; i++) {
        if (i == 3) { /* the request is answered by the application */
            CU_ASSERT_EQUAL_FATAL(linking_pass(*rooted, m, &next), IDENTITY_OK);
            CU_ASSERT_EQUAL(next.len, 0);
            CU_ASSERT_EQUAL_FATAL(linking_answer(*rooted, &next), IDENTITY_OK);
        } else {
            CU_ASSERT_EQUAL_FATAL(linking_pass(i % 2 ? *rooted : *fresh, m, &next), IDENTITY_OK);
        }
        *m = next;
    }
}

static void end(struct identity_link *fresh, struct identity_link *rooted)
{
    identity_link_free(fresh);
    identity_link_free(rooted);
}

static void a_device_is_linked(void)
{
    struct identity_link *fresh = NULL;
    struct identity_link *rooted = NULL;
    struct linking_message m;
    struct linking_message none;
    struct identity_certificate certificate;
    struct identity_revocations list;
    const uint8_t *data = NULL;
    const uint8_t *list_data = NULL;
    size_t len = 0;
    size_t list_len = 0;
    run(&fresh, &rooted, 5, &m);
    CU_ASSERT_EQUAL(identity_link_state(fresh), IDENTITY_LINK_DONE);
    CU_ASSERT_EQUAL(identity_link_state(rooted), IDENTITY_LINK_WAITING);
    CU_ASSERT_EQUAL(linking_pass(rooted, &m, &none), IDENTITY_OK);
    CU_ASSERT_EQUAL(none.len, 0);
    CU_ASSERT_EQUAL(identity_link_state(rooted), IDENTITY_LINK_DONE);
    CU_ASSERT_EQUAL_FATAL(identity_link_result(fresh, &data, &len, &list_data, &list_len), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_certificate_verify(data, len, &certificate), IDENTITY_OK);
    CU_ASSERT_EQUAL(memcmp(certificate.root_key, people_key(1).public_key, IDENTITY_KEY_LEN), 0);
    CU_ASSERT_EQUAL(memcmp(certificate.device_key, people_key(2).public_key, IDENTITY_KEY_LEN), 0);
    CU_ASSERT_STRING_EQUAL(certificate.device, "laptop");
    CU_ASSERT_EQUAL_FATAL(identity_revocations_verify(list_data, list_len, &list), IDENTITY_OK);
    CU_ASSERT_EQUAL(list.number, 7);
    CU_ASSERT_EQUAL(identity_link_result(rooted, &data, &len, &list_data, &list_len), IDENTITY_STATE);
    end(fresh, rooted);
}

static void without_a_list(void)
{
    struct identity_link *fresh = NULL;
    struct identity_link *rooted = NULL;
    struct linking_message m;
    struct linking_message next;
    const struct identity_key root = people_key(1);
    const struct identity_certificate content = people_anna();
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    const uint8_t *data = NULL;
    size_t len = people_certify(&root, &content, certificate);
    size_t list_len = 99;
    run(&fresh, &rooted, 3, &m);
    CU_ASSERT_EQUAL(linking_pass(rooted, &m, &next), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_link_answer(rooted, certificate, len, NULL, 0, m.data, sizeof m.data, &m.len),
                    IDENTITY_OK);
    CU_ASSERT_EQUAL(linking_pass(fresh, &m, &next), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_link_result(fresh, &data, &len, &data, &list_len), IDENTITY_OK);
    CU_ASSERT_EQUAL(list_len, 0);
    end(fresh, rooted);
}

static void codes(void)
{
    static const char *const bad[] = {"", "1234567", "123456789", "1234567a", "1234 678"};
    char first[IDENTITY_LINK_CODE_DIGITS + 1];
    char second[IDENTITY_LINK_CODE_DIGITS + 1];
    struct identity_link *link = NULL;
    struct linking_message m;
    unsigned counts[10] = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(identity_link_await(bad[i], &link), IDENTITY_INVALID);
        CU_ASSERT_EQUAL(
            identity_link_begin(bad[i], people_key(2).public_key, "x", &link, m.data, sizeof m.data, &m.len),
            IDENTITY_INVALID);
    }
    CU_ASSERT_EQUAL(identity_link_begin(CODE, people_key(2).public_key, "", &link, m.data, sizeof m.data, &m.len),
                    IDENTITY_NAME);
    CU_ASSERT_EQUAL(identity_link_begin(CODE, people_key(2).public_key, "x", &link, m.data, 10, &m.len),
                    IDENTITY_SPACE);
    CU_ASSERT_PTR_NULL(link);
    CU_ASSERT_EQUAL(identity_link_code(first), IDENTITY_OK);
    CU_ASSERT_EQUAL(strspn(first, "0123456789"), IDENTITY_LINK_CODE_DIGITS);
    for (unsigned i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(identity_link_code(second), IDENTITY_OK);
        for (size_t j = 0; j < IDENTITY_LINK_CODE_DIGITS; j++)
            counts[second[j] - '0']++;
    }
    CU_ASSERT_STRING_NOT_EQUAL(first, second);
    for (unsigned i = 0; i < 10; i++)
        CU_ASSERT(counts[i] > 600 && counts[i] < 1000); /* of 8000; 800 are expected, 27 the deviation */
    identity_link_free(NULL);
}

/* After each message of a run, each side is sent each kind of message but the one it waits for. */
static void in_their_order_only(void)
{
    static const unsigned awaited_by_new[] = {0, 2, 2, 4, 4, 0};
    static const unsigned awaited_by_root[] = {0, 1, 3, 3, 5, 5};
    struct linking_message kept[6];
    struct identity_link *fresh = NULL;
    struct identity_link *rooted = NULL;
    for (unsigned i = 1; i <= 5; i++) {
        run(&fresh, &rooted, i, &kept[i]);
        end(fresh, rooted);
    }
    for (unsigned at = 1; at <= 5; at++) {
        for (unsigned which = 1; which <= 5; which++) {
            struct linking_message last;
            struct linking_message next;
            run(&fresh, &rooted, at, &last);
            if (which != awaited_by_new[at]) {
                CU_ASSERT_NOT_EQUAL(linking_pass(fresh, &kept[which], &next), IDENTITY_OK);
                CU_ASSERT_EQUAL(identity_link_state(fresh), IDENTITY_LINK_FAILED);
            }
            if (which != awaited_by_root[at]) {
                CU_ASSERT_NOT_EQUAL(linking_pass(rooted, &kept[which], &next), IDENTITY_OK);
                CU_ASSERT_EQUAL(identity_link_state(rooted), IDENTITY_LINK_FAILED);
            }
            end(fresh, rooted);
        }
    }
}

/* Wherever a run stands it expects one kind of message, whole and of this version; asking changes nothing. */
static void one_kind_is_expected(void)
{
    static const unsigned awaited_by_new[] = {0, 2, 2, 4, 4, 0};
    static const unsigned awaited_by_root[] = {0, 1, 3, 3, 5, 5};
    struct linking_message kept[6];
    struct identity_link *fresh = NULL;
    struct identity_link *rooted = NULL;
    for (unsigned i = 1; i <= 5; i++) {
        run(&fresh, &rooted, i, &kept[i]);
        end(fresh, rooted);
    }
    for (unsigned at = 1; at <= 5; at++) {
        struct linking_message last;
        struct linking_message next;
        run(&fresh, &rooted, at, &last);
        for (unsigned which = 1; which <= 5; which++) {
            /* the last one of another run is under another key, and shows it */
            CU_ASSERT_EQUAL(identity_link_expects(fresh, kept[which].data, kept[which].len),
                            which == awaited_by_new[at] && which != 5);
            CU_ASSERT_EQUAL(identity_link_expects(rooted, kept[which].data, kept[which].len),
                            which == awaited_by_root[at] && which != 5);
        }
        struct identity_link *to = at % 2 ? rooted : fresh;
        for (size_t len = 0; len < last.len; len++)
            CU_ASSERT_FALSE(identity_link_expects(to, last.data, len));
        for (size_t i = 0; i < 3; i++) {
            struct linking_message other = last;
            other.data[i] ^= 1;
            CU_ASSERT_FALSE(identity_link_expects(to, other.data, other.len));
        }
        struct linking_message longer = last;
        longer.data[longer.len++] = 0;
        CU_ASSERT_FALSE(identity_link_expects(to, longer.data, longer.len));
        CU_ASSERT_TRUE(identity_link_expects(to, last.data, last.len));
        if (at != 3)
            CU_ASSERT_EQUAL(linking_pass(to, &last, &next), IDENTITY_OK);
        end(fresh, rooted);
    }
}

static void a_share_is_an_element(void)
{
    struct identity_link *fresh = NULL;
    struct identity_link *rooted = NULL;
    struct linking_message m;
    for (unsigned at = 1; at <= 2; at++) {
        run(&fresh, &rooted, at, &m);
        struct identity_link *to = at % 2 ? rooted : fresh;
        uint8_t *share = m.data + m.len - 32;
        share[0] ^= 1; /* a negative one is none (RFC 9496 section 4.3.1) */
        CU_ASSERT_FALSE(identity_link_expects(to, m.data, m.len));
        memset(share, 0, 32); /* nor the identity */
        CU_ASSERT_FALSE(identity_link_expects(to, m.data, m.len));
        end(fresh, rooted);
    }
}

static void only_what_was_asked_for_is_answered(void)
{
    struct identity_link *fresh = NULL;
    struct identity_link *rooted = NULL;
    struct linking_message m;
    struct linking_message out;
    const struct identity_key root = people_key(1);
    const struct identity_key other = people_key(9);
    struct identity_certificate content = people_anna();
    struct identity_revocations revoked = {.number = 8};
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    uint8_t list[IDENTITY_REVOCATIONS_MAX];
    uint8_t key[IDENTITY_KEY_LEN];
    char device[IDENTITY_DEVICE_MAX + 1];
    size_t list_len = linking_list(7, list);
    run(&fresh, &rooted, 3, &m);
    CU_ASSERT_EQUAL(identity_link_request(rooted, key, device), IDENTITY_STATE); /* nobody has asked yet */
    CU_ASSERT_EQUAL(identity_link_answer(rooted, list, list_len, NULL, 0, out.data, sizeof out.data, &out.len),
                    IDENTITY_STATE);
    CU_ASSERT_EQUAL(linking_pass(rooted, &m, &out), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_link_state(rooted), IDENTITY_LINK_ASKED);
    CU_ASSERT_EQUAL(identity_link_request(rooted, key, device), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(device, "laptop");
    CU_ASSERT_EQUAL(memcmp(key, content.device_key, sizeof key), 0);
    memcpy(content.device_key, people_key(3).public_key, IDENTITY_KEY_LEN);
    size_t len = people_certify(&root, &content, certificate);
    CU_ASSERT_EQUAL(identity_link_answer(rooted, certificate, len, list, list_len, out.data, sizeof out.data, &out.len),
                    IDENTITY_DEVICE);
    content = people_anna();
    len = people_certify(&other, &content, certificate);
    CU_ASSERT_EQUAL(identity_link_answer(rooted, certificate, len, list, list_len, out.data, sizeof out.data, &out.len),
                    IDENTITY_ROOT);
    len = people_certify(&root, &content, certificate);
    CU_ASSERT_EQUAL(
        identity_link_answer(rooted, certificate, len, list, list_len - 1, out.data, sizeof out.data, &out.len),
        IDENTITY_MALFORMED);
    CU_ASSERT_EQUAL(identity_link_answer(rooted, certificate, len, list, list_len, out.data, 20, &out.len),
                    IDENTITY_SPACE);
    CU_ASSERT_EQUAL(identity_revocations_add(&revoked, content.device_key), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_make(&root, &revoked, list, sizeof list, &list_len), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_link_answer(rooted, certificate, len, list, list_len, out.data, sizeof out.data, &out.len),
                    IDENTITY_DEVICE);                           /* revoked by the list that comes with it */
    CU_ASSERT_EQUAL(linking_answer(rooted, &out), IDENTITY_OK); /* a wrong answer is no failure: nothing was sent */
    CU_ASSERT_EQUAL(linking_pass(fresh, &out, &m), IDENTITY_OK);
    end(fresh, rooted);
}

static const struct unit_test tests[] = {
    {"a new device gets a certificate of its own key, and the list", a_device_is_linked},
    {"a root that has revoked nothing sends no list", without_a_list},
    {"codes are eight digits, each as likely as another", codes},
    {"messages are taken in their order only; another ends the run", in_their_order_only},
    {"a run expects one kind of message, and tells it from all else", one_kind_is_expected},
    {"a share that is no element is not expected", a_share_is_an_element},
    {"the answer is of the device that asks, of one root, and not revoked", only_what_was_asked_for_is_answered},
};

UNIT_MAIN("identity.link", tests)
