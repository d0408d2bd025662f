/* Messages that come in part: put together, bounded in length, in time, and in what all of them hold. */
#include <stdlib.h>
#include <string.h>

#include "hub_fixture.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

static struct ds_stats stats(void)
{
    struct ds_stats s;
    ds_hub_stats(hub, &s);
    return s;
}

static void part(size_t i, const void *data, size_t len, bool last)
{
    ds_peer_fragment(clients[i].peer, data, len, 0, last, now);
}

/* The next len bytes of client i's append of zeros, which is not their end; the first ones say what it is. */
static void drip(size_t i, size_t len)
{
    static const uint8_t zeros[WIRE_ENVELOPE_MAX];
    part(i, zeros, len, false);
}

static void begin(size_t i, size_t len)
{
    const uint8_t head[] = {WIRE_APPEND, 0, 0, 0, (uint8_t)++clients[i].request};
    part(i, head, sizeof(head), false);
    drip(i, len - sizeof(head));
}

static bool is_refused(size_t i)
{
    return takes_error(i, clients[i].request, WIRE_REFUSED_RATE_LIMITED) &&
           clients[i].got.error.retry_after_ms == 1000 * DS_MESSAGE_RETRY_S;
}

static void however_it_is_cut_a_message_is_the_same(void)
{
    static uint8_t data[70000];
    char commit[60001];
    memset(commit, 'c', sizeof(commit) - 1);
    commit[sizeof(commit) - 1] = 0;
    start();
    join(1);
    const size_t steps[] = {1, 2, 4999, 16384, sizeof(data)};
    for (uint8_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
        struct bytes_writer w;
        bytes_writer_init(&w, data, sizeof(data));
        wire_envelope_write(&w, &(struct wire_envelope){.type = WIRE_APPEND,
                                                        .request = ++clients[1].request,
                                                        .append = {.append_id = {k}, .commit = text(commit)}});
        CU_ASSERT_FATAL(bytes_writer_ok(&w));
        for (size_t at = 0; at < w.len; at += steps[k])
            part(1, data + at, w.len - at < steps[k] ? w.len - at : steps[k], at + steps[k] >= w.len);
        flush();
        CU_ASSERT(takes_appended(1, clients[1].request, k + 1U) && takes_entry(1, k + 1U, commit));
        CU_ASSERT_EQUAL(stats().unfinished_bytes, 0);
    }
    stop();
}

static void each_type_has_its_length(void)
{
    static uint8_t data[WIRE_ENVELOPE_MAX + 1];
    static const struct {
        uint8_t type;
        bool admitted;
        size_t max;
    } rows[] = {
        {WIRE_HELLO, false, WIRE_HELLO_MAX},       {WIRE_APPEND, false, WIRE_HELLO_MAX},
        {WIRE_APPEND, true, WIRE_ENVELOPE_MAX},    {WIRE_RELAY, true, WIRE_REQUEST_MAX},
        {WIRE_RENEW, true, WIRE_REQUEST_MAX},      {WIRE_PUT_KEY_PACKAGE, true, WIRE_REQUEST_MAX},
        {WIRE_CLOSE_ROOM, true, WIRE_REQUEST_MAX},
    };
    start();
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
        for (int at_once = 0; at_once < 2; at_once++) {
            if (rows[k].admitted)
                join(1);
            else
                connect_to(1);
            data[0] = rows[k].type;
            part(1, data, rows[k].max, false);
            CU_ASSERT_EQUAL(ds_peer_ending(clients[1].peer), 0);
            if (at_once) {
                disconnect(1);
                rows[k].admitted ? join(1) : connect_to(1);
                part(1, data, rows[k].max + 1, false);
            } else {
                part(1, data, 1, false);
            }
            CU_ASSERT(is_ended(1, WIRE_REFUSED_MALFORMED));
            CU_ASSERT_EQUAL(stats().unfinished_bytes, 0);
        }
    stop();
}

static void a_message_has_its_time(void)
{
    start();
    join(1);
    join(2);
    join(3);
    for (size_t i = 1; i <= 3; i++)
        drop_all(i);
    begin(1, 1000);
    begin(2, 10 * 64 * KIB); /* ten seconds more */
    part(3, "", 0, false);   /* of nothing, too */
    pass_ms(29000);
    CU_ASSERT(takes_nothing(1));
    drip(1, 1); /* which does not begin anew */
    pass_ms(2000);
    CU_ASSERT(is_ended(1, WIRE_REFUSED_SLOW) && is_ended(3, WIRE_REFUSED_SLOW));
    CU_ASSERT_EQUAL(ds_peer_ending(clients[2].peer), 0);
    pass_ms(8000);
    CU_ASSERT_EQUAL(ds_peer_ending(clients[2].peer), 0);
    pass_ms(2000);
    CU_ASSERT(is_ended(2, WIRE_REFUSED_SLOW));
    CU_ASSERT(stats().dropped_late == 3 && stats().unfinished_bytes == 0);
    join(4); /* between messages no time runs */
    append(4, 1, "x");
    flush();
    drop_all(4);
    pass_ms(60000);
    CU_ASSERT(takes_nothing(4) && ds_peer_ending(clients[4].peer) == 0);
    stop();
}

static void one_room_holds_so_much(void)
{
    limits = ds_limits_default;
    limits.unfinished_room_bytes = MIB;
    start();
    for (size_t i = 1; i <= 3; i++)
        join(i);
    connect_to(9);
    hello(9, "", "milk", 1);
    for (size_t i = 1; i <= 3; i++)
        drop_all(i);
    begin(1, 400 * KIB);
    begin(2, 400 * KIB);
    begin(3, 400 * KIB);
    CU_ASSERT(is_refused(3) && takes_nothing(1) && takes_nothing(2));
    CU_ASSERT(stats().unfinished_bytes <= MIB && stats().refused_unfinished == 1);
    begin(9, 400 * KIB); /* another room is not concerned */
    CU_ASSERT(stats().unfinished_bytes > MIB && stats().refused_unfinished == 1);
    /* the rest of what was refused is dropped, and what follows is heard; nor do short messages need any of it */
    drip(3, 3 * MIB);
    part(3, "", 1, true);
    const uint32_t next = append(3, 1, "short");
    flush();
    CU_ASSERT(takes_appended(3, next, 1));
    /* when one is done there is place again */
    disconnect(1);
    drop_all(3);
    begin(3, 400 * KIB);
    CU_ASSERT(takes_nothing(3));
    stop();
}

static void who_had_its_turn_gives_way(void)
{
    limits = ds_limits_default;
    limits.unfinished_room_bytes = MIB;
    limits.unfinished_bytes = 3 * MIB / 2;
    start();
    join(1);
    join(2);
    join(3);
    connect_to(9);
    hello(9, "", "milk", 1);
    drop_all(9);
    for (size_t i = 1; i <= 3; i++)
        drop_all(i);
    begin(9, 500 * KIB);
    pass_ms(5000);
    begin(1, 500 * KIB);
    pass_ms(1000);
    begin(2, 500 * KIB);
    pass_ms(3999);
    begin(3, 500 * KIB); /* nobody has had ten seconds in this room */
    CU_ASSERT(is_refused(3));
    part(3, "", 1, true);
    pass_ms(5001);
    begin(3, 500 * KIB); /* now one has: the oldest of the room gives way, not that of all */
    CU_ASSERT(is_refused(1) && takes_nothing(2) && takes_nothing(3) && takes_nothing(9));
    part(1, "", 1, true);
    connect_to(8);
    hello(8, "", "coffee", 1);
    drop_all(8);
    begin(8, 500 * KIB); /* and where all rooms are short, the oldest of all */
    CU_ASSERT(is_refused(9) && takes_nothing(8) && takes_nothing(2) && takes_nothing(3));
    CU_ASSERT_EQUAL(stats().refused_unfinished, 3);
    CU_ASSERT(stats().unfinished_bytes <= limits.unfinished_bytes);
    stop();
}

static void a_short_message_always_finds_place(void)
{
    const uint8_t head[] = {WIRE_APPEND, 0, 0, 0, 9};
    limits = ds_limits_default;
    limits.unfinished_room_bytes = 4 * MIB;
    start();
    for (size_t i = 1; i <= 6; i++)
        join(i);
    for (size_t i = 1; i <= 6; i++)
        drop_all(i);
    begin(1, 1 * MIB);
    begin(2, 2 * MIB);
    begin(3, 900 * KIB);
    /* of 40 KiB, in pieces of which the first says so; and again, of 600 KiB */
    ds_peer_fragment(clients[4].peer, head, sizeof(head), 40 * KIB, false, now);
    drip(4, 40 * KIB);
    CU_ASSERT(takes_nothing(1) && takes_nothing(2) && takes_nothing(3) && takes_nothing(4));
    drip(3, 100 * KIB); /* which takes twice its place: more than there is, and not less than half of any */
    CU_ASSERT(is_refused(3));
    ds_peer_fragment(clients[5].peer, head, sizeof(head), 900 * KIB, false, now);
    drip(5, 900 * KIB);
    CU_ASSERT(takes_nothing(5) && takes_nothing(2));
    ds_peer_fragment(clients[6].peer, head, sizeof(head), 600 * KIB, false, now);
    drip(6, 600 * KIB);
    CU_ASSERT(is_refused(2) && takes_nothing(1) && takes_nothing(4) && takes_nothing(5) && takes_nothing(6));
    CU_ASSERT_EQUAL(stats().refused_unfinished, 2);
    stop();
}

static void what_was_held_is_free_again(void)
{
    start();
    for (int round = 0; round < 5; round++) {
        join(1);
        begin(1, 4 * MIB);
        CU_ASSERT(stats().unfinished_bytes >= 4 * MIB && stats().unfinished_bytes <= WIRE_ENVELOPE_MAX);
        if (round == 0) { /* replaced: its connection is still there, with its last word */
            struct ds_peer *before = clients[1].peer;
            clients[1].peer = NULL;
            join(1);
            CU_ASSERT_EQUAL(stats().unfinished_bytes, 0);
            ds_peer_fragment(before, (const uint8_t *)"x", 1, 0, false, now);
            CU_ASSERT_EQUAL(stats().unfinished_bytes, 0);
            ds_peer_free(before, now);
        } else if (round == 1) {
            disconnect(1);
        } else if (round == 2) {
            ds_peer_malformed(clients[1].peer, now);
        } else if (round == 3) {
            ds_hub_drain(hub, now);
            restart();
        } else {
            part(1, "", 1, true); /* malformed, and whole */
        }
        CU_ASSERT_EQUAL(stats().unfinished_bytes, 0);
    }
    stop();
}

static void a_refused_message_without_a_number_ends_its_connection(void)
{
    static const uint8_t head[] = {WIRE_APPEND, 0, 0, 0, 0};
    limits = ds_limits_default;
    limits.unfinished_room_bytes = 100 * KIB;
    start();
    join(1);
    part(1, head, sizeof(head), false);
    drip(1, 200 * KIB);
    CU_ASSERT(is_ended(1, WIRE_REFUSED_INTERNAL));
    stop();
}

static const struct unit_test tests[] = {
    {"however it is cut, a message is the same", however_it_is_cut_a_message_is_the_same},
    {"each type has its length", each_type_has_its_length},
    {"a message has its time", a_message_has_its_time},
    {"one room holds so much", one_room_holds_so_much},
    {"who had its turn gives way", who_had_its_turn_gives_way},
    {"a short message always finds place", a_short_message_always_finds_place},
    {"what was held is free again", what_was_held_is_free_again},
    {"a refused message without a number ends its connection", a_refused_message_without_a_number_ends_its_connection},
};
UNIT_MAIN("ds.hub_fragments", tests)
