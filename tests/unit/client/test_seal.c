/* seal.c and room_secret.c */
#include "seal.h"

#include <string.h>

#include "sotto/call.h"
#include "unit.h"

static const uint8_t secret[CALL_SECRET_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct call_room room_of(const char *name, uint32_t number)
{
    struct call_room room;
    CU_ASSERT_EQUAL_FATAL(call_room_init(&room, name, number, secret), CALL_OK);
    return room;
}

static struct mls_bytes bytes(struct mls_output output)
{
    return (struct mls_bytes){output.data, output.len};
}

static struct mls_bytes text(const char *s)
{
    return (struct mls_bytes){(const uint8_t *)s, strlen(s)};
}

static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
    return memcmp(a, b, len) == 0;
}

/* Computed with Python's hmac (HKDF-SHA256, salt "sotto room v1", info = label, number in four bytes, room). */
static void known_answers(void)
{
    uint8_t want[32];
    uint8_t id[CALL_PSK_ID_LEN];
    const struct call_room room = room_of("tea", 258);
    unit_hex("fff89214ecd25e890e88c5cd4ffc0a9c7287771b3807d0016c8c69e1eb4df724", want, sizeof want);
    unit_assert_bytes("PSK", room.psk, sizeof room.psk, want, sizeof want);
    unit_hex("30fef11f2d9ebde26ff47d8de2cfd687b45019511e1c7898de7d9c6e67584e8a", want, sizeof want);
    unit_assert_bytes("sealing key", room.seal_key, sizeof room.seal_key, want, sizeof want);
    call_psk_id(258, id);
    unit_hex("736f74746f20726f6f6d2070736b000100000102", want, sizeof want);
    unit_assert_bytes("PSK id", id, sizeof id, want, CALL_PSK_ID_LEN);
}

static void rooms_and_numbers_differ(void)
{
    const struct call_room a = room_of("tea", 0);
    const struct call_room b = room_of("tee", 0);
    const struct call_room c = room_of("tea", 1);
    struct call_room unused;
    CU_ASSERT_FALSE(same(a.psk, b.psk, sizeof a.psk));
    CU_ASSERT_FALSE(same(a.psk, c.psk, sizeof a.psk));
    CU_ASSERT_FALSE(same(a.seal_key, b.seal_key, sizeof a.seal_key));
    CU_ASSERT_FALSE(same(a.seal_key, c.seal_key, sizeof a.seal_key));
    CU_ASSERT_FALSE(same(a.psk, a.seal_key, sizeof a.psk));
    CU_ASSERT_EQUAL(call_room_init(&unused, "a/b", 0, secret), CALL_INVALID);
    CU_ASSERT_EQUAL(call_room_init(&unused, "", 0, secret), CALL_INVALID);
}

static void round_trip_in_buckets(void)
{
    static uint8_t content[40000];
    static const size_t lens[] = {0, 1, 205, 206, 207, 461, 462, 463, 16333, 16334, 16335, 40000};
    static const size_t boxes[] = {256, 256, 256, 256, 512, 512, 512, 1024, 16384, 16384, 32768, 49152};
    const struct call_room room = room_of("tea", 7);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct mls_output box = {0};
        struct mls_output back = {0};
        uint8_t type = 0;
        uint32_t number = 0;
        CU_ASSERT_EQUAL_FATAL(call_box_seal(&room, CALL_BOX_WELCOME, (struct mls_bytes){content, lens[i]}, &box),
                              CALL_OK);
        CU_ASSERT_EQUAL(box.len, boxes[i]);
        CU_ASSERT_EQUAL(call_box_len(lens[i]), boxes[i]);
        CU_ASSERT_TRUE(call_box_look(bytes(box), &type, &number));
        CU_ASSERT_EQUAL(type, CALL_BOX_WELCOME);
        CU_ASSERT_EQUAL(number, 7);
        CU_ASSERT_EQUAL_FATAL(call_box_open(&room, CALL_BOX_WELCOME, bytes(box), &back), CALL_OK);
        unit_assert_bytes("content", back.data, back.len, content, lens[i]);
        mls_output_free(&box);
        mls_output_free(&back);
    }
}

static void what_does_not_open(void)
{
    const struct call_room room = room_of("tea", 0);
    const struct call_room other_room = room_of("tee", 0);
    const struct call_room next = room_of("tea", 1);
    struct mls_output box = {0};
    struct mls_output out = {0};
    CU_ASSERT_EQUAL_FATAL(call_box_seal(&room, CALL_BOX_COMMIT, text("hello"), &box), CALL_OK);
    CU_ASSERT_EQUAL(call_box_open(&other_room, CALL_BOX_COMMIT, bytes(box), &out), CALL_AUTH);
    CU_ASSERT_EQUAL(call_box_open(&next, CALL_BOX_COMMIT, bytes(box), &out), CALL_NUMBER);
    CU_ASSERT_EQUAL(call_box_open(&room, CALL_BOX_WELCOME, bytes(box), &out), CALL_TYPE);
    for (size_t len = 0; len < box.len; len++)
        CU_ASSERT_NOT_EQUAL(call_box_open(&room, CALL_BOX_COMMIT, (struct mls_bytes){box.data, len}, &out), CALL_OK);
    for (size_t bit = 0; bit < 8 * box.len; bit++) {
        box.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL(call_box_open(&room, CALL_BOX_COMMIT, bytes(box), &out), CALL_OK);
        box.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT_EQUAL(call_box_open(&room, CALL_BOX_COMMIT, bytes(box), &out), CALL_OK);
    mls_output_free(&out);
    mls_output_free(&box);
}

/* A box that was sealed with the right key, but not as this house does it. */
static int open_made(const struct call_room *room, const uint8_t *plain, size_t len)
{
    uint8_t box[6 + CORE_XCHACHA_NONCE_LEN + 64 + CORE_XCHACHA_TAG_LEN] = {CALL_BOX_VERSION, CALL_BOX_COMMIT};
    const uint8_t aad[] = {'s', 'o', 't', 't', 'o', ' ', 'b', 'o', 'x', 3, 't', 'e', 'a', 1, CALL_BOX_COMMIT,
                           0,   0,   0,   0};
    struct mls_output out = {0};
    CU_ASSERT_TRUE_FATAL(
        core_xchacha_seal(room->seal_key, box + 6, aad, sizeof aad, plain, len, box + 6 + CORE_XCHACHA_NONCE_LEN));
    int rc = call_box_open(room, CALL_BOX_COMMIT,
                           (struct mls_bytes){box, 6 + CORE_XCHACHA_NONCE_LEN + len + CORE_XCHACHA_TAG_LEN}, &out);
    mls_output_free(&out);
    return rc;
}

static void padding_is_zeros(void)
{
    const struct call_room room = room_of("tea", 0);
    CU_ASSERT_EQUAL(open_made(&room, (const uint8_t *)"\0\0\0\1x\0\0", 7), CALL_OK);
    CU_ASSERT_EQUAL(open_made(&room, (const uint8_t *)"\0\0\0\1x\0\1", 7), CALL_MALFORMED);
    CU_ASSERT_EQUAL(open_made(&room, (const uint8_t *)"\0\0\0\4x\0\0", 7), CALL_MALFORMED);
}

static void equal_contents_look_different(void)
{
    const struct call_room room = room_of("tea", 0);
    struct mls_output a = {0};
    struct mls_output b = {0};
    CU_ASSERT_EQUAL_FATAL(call_box_seal(&room, CALL_BOX_COMMIT, text("hello"), &a), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(call_box_seal(&room, CALL_BOX_COMMIT, text("hello"), &b), CALL_OK);
    CU_ASSERT_FALSE(same(a.data + 6, b.data + 6, CORE_XCHACHA_NONCE_LEN));
    mls_output_free(&a);
    mls_output_free(&b);
}

static const struct unit_test tests[] = {
    {"keys come from the secret as documented", known_answers},
    {"another room or number has other keys", rooms_and_numbers_differ},
    {"what is sealed opens, and only its bucket shows", round_trip_in_buckets},
    {"another room, number or type, any bit flipped, any truncation: it does not open", what_does_not_open},
    {"a box has one encoding", padding_is_zeros},
    {"each box has a nonce of its own", equal_contents_look_different},
};
UNIT_MAIN("client.seal", tests)
