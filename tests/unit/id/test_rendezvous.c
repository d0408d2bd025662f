/* Where two devices meet on a delivery service, and what their payloads look like. */
#include "rendezvous.h"

#include <string.h>

#include "unit.h"

static void places(void)
{
    static const struct {
        const char *text;
        const char *host;
        const char *room;
    } good[] = {
        {"call.example", "call.example", ""},
        {"call.example:7900", "call.example:7900", ""},
        {"[2001:db8::1]:7900/link-0", "[2001:db8::1]:7900", "link-0"},
        {"127.0.0.1:1/a.b_c-D", "127.0.0.1:1", "a.b_c-D"},
    };
    static const char *const bad[] = {
        "",        "/",       "/room",     "host/",    "host/a/b", "host/a b",
        "host/..", "ho st/a", "ws://host", "u@host/a", "host?x",   "host#x/a",
    };
    struct id_rendezvous r;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CU_ASSERT(id_rendezvous_parse(good[i].text, &r));
        CU_ASSERT_STRING_EQUAL(r.host, good[i].host);
        CU_ASSERT_STRING_EQUAL(r.room, good[i].room);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(id_rendezvous_parse(bad[i], &r));
    char text[ID_HOST_MAX + 2] = {0};
    memset(text, 'h', ID_HOST_MAX);
    CU_ASSERT(id_rendezvous_parse(text, &r));
    text[ID_HOST_MAX] = 'h';
    CU_ASSERT_FALSE(id_rendezvous_parse(text, &r));
}

static void drawn(void)
{
    struct id_rendezvous a = {.host = "h"};
    struct id_rendezvous b = {.host = "h"};
    CU_ASSERT(id_rendezvous_draw(&a) && id_rendezvous_draw(&b));
    CU_ASSERT_STRING_NOT_EQUAL(a.room, b.room);
    CU_ASSERT_EQUAL(strlen(a.room), strlen("link-") + 8);
    CU_ASSERT_EQUAL(strspn(a.room + 5, "0123456789abcdefghjkmnpqrstvwxyz"), 8);
}

static bool parse(const uint8_t *data, size_t len)
{
    enum id_side side;
    struct core_slice message;
    return id_payload_parse((struct core_slice){data, len}, &side, &message);
}

static void payloads(void)
{
    uint8_t message[IDENTITY_LINK_MESSAGE_MAX];
    uint8_t payload[ID_PAYLOAD_LEN + 1] = {0};
    static const size_t lengths[] = {1, 63, 64, sizeof message};
    memset(message, 0xa5, sizeof message);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        enum id_side side = ID_SIDE_NEW;
        struct core_slice read = {0};
        id_payload_write(ID_SIDE_ROOT, message, lengths[i], payload);
        CU_ASSERT_FATAL(id_payload_parse((struct core_slice){payload, ID_PAYLOAD_LEN}, &side, &read));
        CU_ASSERT_EQUAL(side, ID_SIDE_ROOT);
        CU_ASSERT_EQUAL(read.len, lengths[i]);
        CU_ASSERT_EQUAL(memcmp(read.data, message, read.len), 0);
        /* of one length, zeros behind the message */
        CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN - 1));
        CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN + 1));
        payload[ID_PAYLOAD_LEN - 1] = 1;
        CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN));
        payload[ID_PAYLOAD_LEN - 1] = 0;
        payload[0] = 0;
        CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN));
        payload[0] = ID_SIDE_ROOT + 1;
        CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN));
    }
    /* no message, one longer than any, one that ends behind the payload, nothing at all */
    id_payload_write(ID_SIDE_NEW, message, 0, payload);
    CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN));
    memset(payload, 0, sizeof payload);
    memcpy(payload, (const uint8_t[]){ID_SIDE_NEW, 0x4c, 0x01}, 3);
    CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN));
    memcpy(payload, (const uint8_t[]){ID_SIDE_NEW, 0x50, 0x00}, 3);
    CU_ASSERT_FALSE(parse(payload, ID_PAYLOAD_LEN));
    CU_ASSERT_FALSE(parse(payload, 0));
}

static const struct unit_test tests[] = {
    {"a host, and a room on it, are told apart", places},
    {"a room is drawn afresh for each linking", drawn},
    {"payloads are of one size, and nothing else is one", payloads},
};

UNIT_MAIN("id.rendezvous", tests)
