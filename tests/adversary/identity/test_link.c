/* The server in the middle of add-device: it carries every message and may change, hold back, repeat or make up any. It
 * does not know the code. It wins if the new device takes a certificate that the user's root did not make, or the root
 * certifies a key that is not the new device's. */
#include <string.h>

#include "linking.h"
#include "unit.h"

static const char CODE[] = "12345678";

static struct identity_link *new_device(const char *code, uint8_t device, struct linking_message *start)
{
    struct identity_link *link = NULL;
    CU_ASSERT_EQUAL_FATAL(identity_link_begin(code, people_key(device).public_key, "phone", &link, start->data,
                                              sizeof start->data, &start->len),
                          IDENTITY_OK);
    return link;
}

static struct identity_link *roots_device(const char *code)
{
    struct identity_link *link = NULL;
    CU_ASSERT_EQUAL_FATAL(identity_link_await(code, &link), IDENTITY_OK);
    return link;
}

/* The server plays a new device towards the root's, and the root's device towards the new one. Returns whether it got
 * its own device certified. */
static bool play_both_sides(const char *guess)
{
    struct linking_message from_victim;
    struct linking_message from_server;
    struct linking_message m;
    struct linking_message next;
    struct identity_link *victim = new_device(CODE, 2, &from_victim);
    struct identity_link *rooted = roots_device(CODE);
    struct identity_link *as_new = new_device(guess, 0x67, &from_server);
    struct identity_link *as_root = roots_device(guess);
    /* towards the root's device */
    CU_ASSERT_EQUAL(linking_pass(rooted, &from_server, &m), IDENTITY_OK);
    CU_ASSERT_EQUAL(linking_pass(as_new, &m, &next), IDENTITY_OK);
    bool won = linking_pass(rooted, &next, &m) == IDENTITY_OK;
    CU_ASSERT_EQUAL(identity_link_state(rooted), won ? IDENTITY_LINK_ASKED : IDENTITY_LINK_FAILED);
    /* towards the new device */
    CU_ASSERT_EQUAL(linking_pass(as_root, &from_victim, &m), IDENTITY_OK);
    CU_ASSERT_EQUAL(linking_pass(victim, &m, &next), IDENTITY_OK);
    CU_ASSERT_EQUAL(linking_pass(as_root, &next, &m) == IDENTITY_OK, won);
    if (!won) { /* the guess is spent: the same run takes no other, right or wrong */
        struct identity_link *again = new_device(CODE, 0x67, &from_server);
        CU_ASSERT_EQUAL(linking_pass(rooted, &from_server, &m), IDENTITY_STATE);
        CU_ASSERT_EQUAL(linking_pass(rooted, &next, &m), IDENTITY_STATE);
        identity_link_free(again);
    }
    identity_link_free(victim);
    identity_link_free(rooted);
    identity_link_free(as_new);
    identity_link_free(as_root);
    return won;
}

static void one_guess(void)
{
    static const char *const wrong[] = {"00000000", "12345679", "87654321", "11111111"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CU_ASSERT_FALSE(play_both_sides(wrong[i]));
    CU_ASSERT(play_both_sides(CODE)); /* the control: with the right code it would succeed */
}

/* A whole run of honest devices; message `at` (from 1) is handed to the server before it is delivered. */
typedef void tamper(struct linking_message *m, size_t step);

static int run_through(unsigned at, tamper *change, size_t step)
{
    struct linking_message m;
    struct linking_message next;
    struct identity_link *victim = new_device(CODE, 2, &m);
    struct identity_link *rooted = roots_device(CODE);
    int error = IDENTITY_OK;
    for (unsigned i = 1; i <= 5 && error == IDENTITY_OK; i++) {
        if (i == at)
            change(&m, step);
        error = linking_pass(i % 2 ? rooted : victim, &m, &next);
        if (error == IDENTITY_OK && i == 3)
            error = linking_answer(rooted, &next);
        m = next;
    }
    if (error != IDENTITY_OK && at < 5)
        CU_ASSERT_NOT_EQUAL(identity_link_state(victim), IDENTITY_LINK_DONE);
    if (error != IDENTITY_OK)
        CU_ASSERT_NOT_EQUAL(identity_link_state(rooted), IDENTITY_LINK_DONE);
    identity_link_free(victim);
    identity_link_free(rooted);
    return error;
}

static void flip_bit(struct linking_message *m, size_t bit)
{
    m->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void cut(struct linking_message *m, size_t len)
{
    m->len = len;
}

static void append(struct linking_message *m, size_t count)
{
    memset(m->data + m->len, 0, count);
    m->len += count;
}

static void break_version(struct linking_message *m, size_t at)
{
    (void)at;
    m->data[0] = 0xff;
}

static void changed_anywhere(void)
{
    /* version and type, 16 of sid, 32 of share; tags of 64; sealed texts with their lengths and tags */
    static const size_t lens[] = {0, 3 + 16 + 32, 3 + 32, 3 + 64 + 1 + 33 + 6 + 16, 0, 3 + 1 + 16};
    CU_ASSERT_EQUAL(run_through(0, NULL, 0), IDENTITY_OK); /* the control */
    for (unsigned at = 1; at <= 5; at++) {
        size_t len = at == 4 ? 400 : lens[at];
        size_t stride = at == 4 ? 5 : 1; /* bits of the longest message; each in turn elsewhere */
        for (size_t bit = 0; bit < len * 8 && bit < 8 * 300; bit += stride)
            CU_ASSERT_NOT_EQUAL(run_through(at, flip_bit, bit), IDENTITY_OK);
        for (size_t n = 0; n < len && n < 300; n += 3)
            CU_ASSERT_NOT_EQUAL(run_through(at, cut, n), IDENTITY_OK);
        CU_ASSERT_NOT_EQUAL(run_through(at, append, 1), IDENTITY_OK);
        CU_ASSERT_NOT_EQUAL(run_through(at, break_version, 0), IDENTITY_OK);
    }
}

/* What a side sent is sent back to it as if it were the other's. */
static void reflected(void)
{
    struct linking_message start;
    struct linking_message reply;
    struct linking_message request;
    struct linking_message none;
    struct identity_link *victim = new_device(CODE, 2, &start);
    /* the new device's own share as the root's */
    reply = start;
    reply.data[2] = 2;
    memmove(reply.data + 3, start.data + 3 + 16, 32);
    reply.len = 3 + 32;
    CU_ASSERT_EQUAL_FATAL(linking_pass(victim, &reply, &request), IDENTITY_OK);
    request.data[2] = 4; /* and its own request as the answer */
    CU_ASSERT_EQUAL(linking_pass(victim, &request, &none), IDENTITY_CODE);
    CU_ASSERT_EQUAL(identity_link_state(victim), IDENTITY_LINK_FAILED);
    identity_link_free(victim);
}

/* Shares that would make the key the same whatever the code. */
static void shares_without_a_secret(void)
{
    for (unsigned to_new = 0; to_new <= 1; to_new++) {
        static const uint8_t fills[] = {0x00, 0xff, 0x01};
        for (size_t i = 0; i < sizeof fills; i++) {
            struct linking_message start;
            struct linking_message reply = {.data = {0, 1, 2}, .len = 3 + 32};
            struct linking_message none;
            struct identity_link *victim = new_device(CODE, 2, &start);
            struct identity_link *rooted = roots_device(CODE);
            memset(reply.data + 3, fills[i], 32);
            memset(start.data + 3 + 16, fills[i], 32);
            CU_ASSERT_EQUAL(to_new ? linking_pass(victim, &reply, &none) : linking_pass(rooted, &start, &none),
                            IDENTITY_KEY);
            identity_link_free(victim);
            identity_link_free(rooted);
        }
    }
}

static bool contains(const struct linking_message *m, const uint8_t *needle, size_t len)
{
    for (size_t i = 0; i + len <= m->len; i++)
        if (memcmp(m->data + i, needle, len) == 0)
            return true;
    return false;
}

/* All that crosses is either random or sealed: no key, private or public, no name, not the code. */
static void nothing_to_read(void)
{
    const struct identity_key root = people_key(1);
    const struct identity_key device = people_key(2);
    struct linking_message m;
    struct linking_message next;
    struct identity_link *victim = new_device(CODE, 2, &m);
    struct identity_link *rooted = roots_device(CODE);
    CU_ASSERT(contains(&m, m.data + 19, 32)); /* the control: what is there is found */
    for (unsigned i = 1; i <= 5; i++) {
        CU_ASSERT_FALSE(contains(&m, root.seed, IDENTITY_KEY_LEN));
        CU_ASSERT_FALSE(contains(&m, device.seed, IDENTITY_KEY_LEN));
        CU_ASSERT_FALSE(contains(&m, root.public_key, IDENTITY_KEY_LEN));
        CU_ASSERT_FALSE(contains(&m, device.public_key, IDENTITY_KEY_LEN));
        CU_ASSERT_FALSE(contains(&m, (const uint8_t *)"Anna", 4));
        CU_ASSERT_FALSE(contains(&m, (const uint8_t *)"phone", 5));
        CU_ASSERT_FALSE(contains(&m, (const uint8_t *)CODE, sizeof CODE - 1));
        CU_ASSERT_EQUAL_FATAL(linking_pass(i % 2 ? rooted : victim, &m, &next), IDENTITY_OK);
        if (i == 3)
            CU_ASSERT_EQUAL_FATAL(linking_answer(rooted, &next), IDENTITY_OK);
        m = next;
    }
    identity_link_free(victim);
    identity_link_free(rooted);
}

/* A second run under a new code, with messages of the first. */
static void replayed(void)
{
    struct linking_message first[6];
    struct linking_message m;
    struct linking_message next;
    struct identity_link *victim = new_device(CODE, 2, &first[1]);
    struct identity_link *rooted = roots_device(CODE);
    for (unsigned i = 1; i < 5; i++) {
        CU_ASSERT_EQUAL_FATAL(linking_pass(i % 2 ? rooted : victim, &first[i], &first[i + 1]), IDENTITY_OK);
        if (i == 3)
            CU_ASSERT_EQUAL_FATAL(linking_answer(rooted, &first[4]), IDENTITY_OK);
    }
    identity_link_free(victim);
    identity_link_free(rooted);
    rooted = roots_device(CODE); /* even under the same code: the root's share is another */
    CU_ASSERT_EQUAL(linking_pass(rooted, &first[1], &next), IDENTITY_OK);
    CU_ASSERT_EQUAL(linking_pass(rooted, &first[3], &next), IDENTITY_CODE);
    identity_link_free(rooted);
    victim = new_device(CODE, 2, &m);
    CU_ASSERT_EQUAL(linking_pass(victim, &first[2], &next), IDENTITY_OK);
    CU_ASSERT_EQUAL(linking_pass(victim, &first[4], &next), IDENTITY_CODE);
    identity_link_free(victim);
}

static const struct unit_test tests[] = {
    {"who plays both sides has one guess, and a wrong one ends the run", one_guess},
    {"no bit of any message can be changed, none left out, none added", changed_anywhere},
    {"messages sent back to their sender are refused", reflected},
    {"shares that fix the key are refused", shares_without_a_secret},
    {"what crosses shows no key, no name and no code", nothing_to_read},
    {"messages of another run are refused", replayed},
};

UNIT_MAIN("adversary.identity.link", tests)
