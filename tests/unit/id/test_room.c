/* Who speaks in a delivery service's room, while the root's device waits for the new one. */
#include "room.h"

#include <string.h>

#include "unit.h"

enum { QUEUE_MAX = 128, DEVICES_MAX = ID_ROOM_STARTS_MAX + 2 };

static const char CODE[] = "12345678";
static const char WRONG[] = "12345679";

struct message {
    uint8_t data[IDENTITY_LINK_MESSAGE_MAX];
    size_t len;
};

/* A room: what comes in turn, and who has begun; each is answered in the order in which it did. */
struct fake {
    struct message queue[QUEUE_MAX];
    size_t first;
    size_t count;
    struct identity_link *devices[DEVICES_MAX];
    struct message requests[DEVICES_MAX];
    unsigned begun;
    unsigned answered;
    unsigned passed_over;
};

static void put(struct fake *fake, const struct message *message)
{
    CU_ASSERT_FATAL(fake->count < QUEUE_MAX);
    fake->queue[fake->count++] = *message;
}

static bool fake_send(void *carrier, const uint8_t *data, size_t len)
{
    struct fake *fake = carrier;
    CU_ASSERT_FATAL(fake->answered < fake->begun);
    struct message *request = &fake->requests[fake->answered];
    CU_ASSERT_EQUAL(identity_link_receive(fake->devices[fake->answered], data, len, request->data, sizeof request->data,
                                          &request->len),
                    IDENTITY_OK);
    fake->answered++;
    return true;
}

static bool fake_receive(void *carrier, const struct id_wanted *wanted, uint8_t *out, size_t cap, size_t *len)
{
    struct fake *fake = carrier;
    CU_ASSERT_NOT_EQUAL(wanted->until_us, 0);
    for (; fake->first < fake->count; fake->passed_over++) {
        const struct message *next = &fake->queue[fake->first++];
        if (next->len == 0) { /* here a request of who is named by the first byte */
            const struct message *request = &fake->requests[next->data[0]];
            if (request->len == 0 || !wanted->is(wanted->context, request->data, request->len))
                continue;
            memcpy(out, request->data, request->len);
            *len = request->len;
            return true;
        }
        if (next->len <= cap && wanted->is(wanted->context, next->data, next->len)) {
            memcpy(out, next->data, next->len);
            *len = next->len;
            return true;
        }
    }
    return false;
}

static void starts(struct fake *fake, const char *code, uint8_t key)
{
    struct message start;
    uint8_t device_key[IDENTITY_KEY_LEN];
    memset(device_key, key, sizeof device_key);
    CU_ASSERT_FATAL(fake->begun < DEVICES_MAX);
    CU_ASSERT_EQUAL_FATAL(identity_link_begin(code, device_key, "phone", &fake->devices[fake->begun], start.data,
                                              sizeof start.data, &start.len),
                          IDENTITY_OK);
    fake->begun++;
    put(fake, &start);
}

static void asks(struct fake *fake, uint8_t who)
{
    put(fake, &(struct message){.data = {who}});
}

static void garbage(struct fake *fake)
{
    static const uint8_t heads[][3] = {{0, 1, 1}, {0, 1, 2}, {0, 1, 3}, {0, 1, 4}, {0, 1, 5}, {0, 2, 1}, {1, 1, 1}};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct message m = {.len = 51};
        memset(m.data, 0xff, sizeof m.data);
        memcpy(m.data, heads[i], sizeof heads[i]);
        put(fake, &m);
    }
}

static enum id_accepted accepted(struct fake *fake, struct identity_link **link)
{
    const struct id_channel channel = {.send = fake_send, .receive = fake_receive, .carrier = fake};
    return id_room_accept(&channel, CODE, link);
}

static void end(struct fake *fake, struct identity_link *link)
{
    for (unsigned i = 0; i < fake->begun; i++)
        identity_link_free(fake->devices[i]);
    identity_link_free(link);
    *fake = (struct fake){0};
}

/* The room is large: one for all. */
static struct fake fake;

static void is_let_in(struct identity_link *link, uint8_t key)
{
    uint8_t device_key[IDENTITY_KEY_LEN];
    char device[IDENTITY_DEVICE_MAX + 1];
    CU_ASSERT_EQUAL_FATAL(identity_link_request(link, device_key, device), IDENTITY_OK);
    CU_ASSERT_EQUAL(device_key[0], key);
}

static void garbage_costs_nothing(void)
{
    struct identity_link *link = NULL;
    garbage(&fake);
    starts(&fake, CODE, 7);
    garbage(&fake);
    asks(&fake, 0);
    CU_ASSERT_EQUAL(accepted(&fake, &link), ID_ACCEPTED);
    CU_ASSERT_EQUAL(fake.passed_over, 14);
    is_let_in(link, 7);
    end(&fake, link);
}

/* As many as there is room for besides it, and some before. */
static void who_begins_costs_nothing(void)
{
    struct identity_link *link = NULL;
    for (unsigned i = 0; i < 5; i++)
        starts(&fake, WRONG, 1);
    starts(&fake, CODE, 7);
    for (unsigned i = 0; i < ID_ROOM_PENDING - 1; i++)
        starts(&fake, WRONG, 2);
    asks(&fake, 5);
    CU_ASSERT_EQUAL(accepted(&fake, &link), ID_ACCEPTED);
    is_let_in(link, 7);
    end(&fake, link);
}

/* Whichever run it is of, also beside the new device's. */
static void a_wrong_code_is_the_one_guess(void)
{
    struct identity_link *link = NULL;
    starts(&fake, WRONG, 1);
    starts(&fake, CODE, 7);
    asks(&fake, 0);
    asks(&fake, 1); /* too late; and who begins anew gets no other */
    starts(&fake, CODE, 9);
    asks(&fake, 2);
    CU_ASSERT_EQUAL(accepted(&fake, &link), ID_ACCEPT_GUESSED);
    CU_ASSERT_PTR_NULL(link);
    end(&fake, link);
}

static void too_many_end_it(void)
{
    struct identity_link *link = NULL;
    for (unsigned i = 0; i <= ID_ROOM_STARTS_MAX; i++)
        starts(&fake, CODE, 7);
    asks(&fake, ID_ROOM_STARTS_MAX - 1);
    CU_ASSERT_EQUAL(accepted(&fake, &link), ID_ACCEPT_FAILED);
    CU_ASSERT_EQUAL(fake.answered, ID_ROOM_STARTS_MAX);
    CU_ASSERT_PTR_NULL(link);
    end(&fake, link);
}

static void nobody_comes(void)
{
    struct identity_link *link = NULL;
    garbage(&fake);
    CU_ASSERT_EQUAL(accepted(&fake, &link), ID_ACCEPT_FAILED);
    CU_ASSERT_PTR_NULL(link);
    end(&fake, link);
}

static const struct unit_test tests[] = {
    {"what is no message of a linking is passed over", garbage_costs_nothing},
    {"others who begin cost the new device nothing", who_begins_costs_nothing},
    {"a request by a wrong code is the one guess, and ends it", a_wrong_code_is_the_one_guess},
    {"who begins again and again ends it, when that was answered often enough", too_many_end_it},
    {"where only garbage comes nobody is let in", nobody_comes},
};
UNIT_MAIN("id.room", tests)
