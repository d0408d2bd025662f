/* Everything is bounded, and a flood costs its sender. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub_fixture.h"

static void ask(size_t i, const struct wire_envelope *e)
{
    struct wire_envelope numbered = *e;
    numbered.request = ++clients[i].request;
    send_envelope(i, &numbered);
}

static bool is_limited(size_t i, uint32_t at_least_ms, uint32_t at_most_ms)
{
    return takes_error(i, clients[i].request, WIRE_REFUSED_RATE_LIMITED) &&
           clients[i].got.error.retry_after_ms >= at_least_ms && clients[i].got.error.retry_after_ms <= at_most_ms;
}

static void appends_have_a_burst_and_a_rate(void)
{
    start();
    join(1);
    join(2);
    drop_all(1);
    for (uint8_t i = 0; i < 20; i++)
        append(1, i, "x");
    append(1, 20, "x");
    CU_ASSERT(is_limited(1, 200, 200)); /* at once, without a transaction */
    uint32_t other = append(2, 1, "y"); /* and it is nobody else's */
    flush();
    CU_ASSERT(takes_appended(2, other, 21));
    pass_ms(199);
    drop_all(1);
    append(1, 20, "x");
    CU_ASSERT(is_limited(1, 1, 1));
    pass_ms(1);
    append(1, 20, "x");
    flush();
    CU_ASSERT(takes_appended(1, clients[1].request, 22));
    stop();
}

static void bytes_have_theirs(void)
{
    char *big = malloc(262145);
    CU_ASSERT_PTR_NOT_NULL_FATAL(big);
    memset(big, 'x', 262144);
    big[262144] = 0;
    start();
    join(1);
    for (uint8_t i = 0; i < 10; i++) /* 5 MiB: the largest append, and some more */
        append_parts(1, i, big, big, NULL);
    append(1, 12, big);
    CU_ASSERT(is_limited(1, 900, 1000)); /* 256 KiB a second */
    append(1, 13, "small");
    CU_ASSERT(is_limited(1, 1, 1));
    flush();
    for (uint8_t i = 0; i < 10; i++)
        CU_ASSERT(takes(1, WIRE_APPENDED));
    stop();
    free(big);
}

static void a_new_connection_does_not_begin_anew(void)
{
    start();
    join(1);
    for (uint8_t i = 0; i < 20; i++)
        append(1, i, "x");
    flush();
    disconnect(1);
    pass_ms(3000); /* 15 of 20 are given back */
    join(1);
    for (uint8_t i = 20; i < 35; i++)
        append(1, i, "x");
    append(1, 35, "x");
    CU_ASSERT(is_limited(1, 1, 200));
    stop();
}

static void relays_have_a_rate(void)
{
    char payload[8193];
    memset(payload, 'x', 8192);
    payload[8192] = 0;
    start();
    join(1);
    for (int i = 0; i < 32; i++) {
        ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text(payload)}});
        CU_ASSERT(takes(1, WIRE_DONE) && takes(1, WIRE_RELAYED));
    }
    ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text(payload)}}); /* over 256 KiB */
    CU_ASSERT(is_limited(1, 100, 125));
    pass_ms(10000);
    for (int i = 0; i < 40; i++)
        ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text("x")}});
    drop_all(1);
    ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text("x")}});
    CU_ASSERT(is_limited(1, 100, 100));
    stop();
}

static void requests_and_what_they_answer_have_rates(void)
{
    char *info = malloc(400001);
    CU_ASSERT_PTR_NOT_NULL_FATAL(info);
    memset(info, 'x', 400000);
    info[400000] = 0;
    start();
    join(1);
    append_parts(1, 1, "one", NULL, info);
    flush();
    drop_all(1);
    ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {1, WIRE_PART_COMMIT, 0}});
    CU_ASSERT(takes(1, WIRE_PART));
    for (int i = 0; i < 63; i++) { /* 16 MiB, in pieces of 256 KiB; a shorter one costs as much */
        const uint32_t offset = i < 21 ? 0 : i < 42 ? 262144 : 399999;
        ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {1, WIRE_PART_GROUP_INFO, offset}});
        CU_ASSERT(takes(1, WIRE_PART) && clients[1].got.part.total == 400000);
        CU_ASSERT_EQUAL(clients[1].got.part.data.len, offset ? 400000 - offset : 262144);
    }
    ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {1, WIRE_PART_GROUP_INFO, 399999}});
    CU_ASSERT(is_limited(1, 1, 200));
    ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {1, WIRE_PART_COMMIT, 0}});
    CU_ASSERT(takes(1, WIRE_PART));
    for (int i = 66; i < 200; i++)
        ask(1, &(struct wire_envelope){.type = WIRE_LIST, .list = {WIRE_PART_GROUP_INFO}});
    drop_all(1);
    ask(1, &(struct wire_envelope){.type = WIRE_LIST, .list = {WIRE_PART_GROUP_INFO}});
    CU_ASSERT(is_limited(1, 20, 20));
    stop();
    free(info);
}

static void who_sends_on_is_not_read(void)
{
    start();
    join(1);
    for (int i = 0; i < 400; i++) {
        append(1, 1, "x");
        drop_all(1);
    }
    CU_ASSERT_EQUAL(ds_peer_pause_us(clients[1].peer, now), 0);
    append(1, 1, "x");
    CU_ASSERT_EQUAL(ds_peer_pause_us(clients[1].peer, now), 10000);
    pass_ms(10);
    CU_ASSERT_EQUAL(ds_peer_pause_us(clients[1].peer, now), 0);
    stop();
}

static void who_does_not_take_answers_is_not_read(void)
{
    char *info = malloc(300001);
    CU_ASSERT_PTR_NOT_NULL_FATAL(info);
    memset(info, 'x', 300000);
    info[300000] = 0;
    start();
    join(1);
    append_parts(1, 1, "one", NULL, info);
    flush();
    drop_all(1);
    ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {1, WIRE_PART_GROUP_INFO, 0}});
    CU_ASSERT_EQUAL(ds_peer_pause_us(clients[1].peer, now), UINT64_MAX);
    CU_ASSERT(takes(1, WIRE_PART));
    CU_ASSERT_EQUAL(ds_peer_pause_us(clients[1].peer, now), 0);
    stop();
    free(info);
}

static void a_slow_reader_is_dropped_and_holds_nobody_up(void)
{
    char payload[16001];
    struct ds_stats stats;
    memset(payload, 'x', 16000);
    payload[16000] = 0;
    limits = ds_limits_default;
    limits.relays.interval_ns = limits.relay_bytes.interval_ns = 0;
    start();
    join(1);
    join(2);
    drop_all(1);
    for (int i = 0; i < 140; i++) { /* over 2 MiB that client 2 does not take */
        ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text(payload)}});
        CU_ASSERT(takes(1, WIRE_DONE) && takes(1, WIRE_RELAYED));
        if (i == 130)
            CU_ASSERT_EQUAL(ds_peer_ending(clients[2].peer), 0);
        if (i == 131) /* the first that did not fit */
            CU_ASSERT(takes_presence(1, WIRE_LEFT, "p-2"));
    }
    CU_ASSERT(is_ended(2, WIRE_REFUSED_SLOW));
    ds_hub_stats(hub, &stats);
    CU_ASSERT_EQUAL(stats.dropped_slow, 1);
    stop();
}

static void who_takes_nothing_for_half_a_minute_is_dropped(void)
{
    start();
    join(1);
    join(2);
    drop_all(1);
    CU_ASSERT(takes_nothing(2));
    pass_ms(100000); /* with nothing to take that is well */
    CU_ASSERT_EQUAL(ds_peer_ending(clients[2].peer), 0);
    append(1, 1, "one");
    flush();
    drop_all(1);
    pass_ms(29000);
    CU_ASSERT_EQUAL(ds_peer_ending(clients[2].peer), 0);
    CU_ASSERT_EQUAL(ds_peer_ending(clients[1].peer), 0);
    pass_ms(2000);
    CU_ASSERT(is_ended(2, WIRE_REFUSED_SLOW));
    CU_ASSERT(takes_presence(1, WIRE_LEFT, "p-2") && takes_nothing(1));
    stop();
}

static void a_room_holds_so_many_participants(void)
{
    limits = ds_limits_default;
    limits.participants = 3;
    start();
    join(1);
    join(2);
    join(3);
    connect_to(4);
    uint32_t request = hello(4, "", "tea", 1);
    CU_ASSERT(takes_error(4, request, WIRE_REFUSED_FULL));
    disconnect(2);
    pass_ms(2000);
    join(4);
    connect_to(5);
    hello(5, "", "milk", 1);
    CU_ASSERT(takes(5, WIRE_ADMITTED));
    stop();
}

static void so_many_rooms_are_held_kept_ones_among_them(void)
{
    limits = ds_limits_default;
    limits.rooms = 2;
    start();
    connect_to(1);
    hello(1, "", "one", 1);
    CU_ASSERT(takes(1, WIRE_ADMITTED));
    append(1, 1, "x");
    flush();
    disconnect(1);
    pass_ms(3000);
    connect_to(2);
    hello(2, "", "two", 1); /* nothing of it is kept */
    CU_ASSERT(takes(2, WIRE_ADMITTED));
    connect_to(3);
    CU_ASSERT(takes_error(3, hello(3, "", "three", 1), WIRE_REFUSED_FULL));
    connect_to(1);
    hello(1, "", "one", 1);
    CU_ASSERT(takes(1, WIRE_ADMITTED));
    disconnect(2);
    pass_ms(2000);
    connect_to(3);
    hello(3, "", "three", 1);
    CU_ASSERT(takes(3, WIRE_ADMITTED));
    stop();
}

/* Clients 1 in "tea", 2 in "milk"; two rooms of 10 bytes each, and 20 for what they hold beyond that. */
static void start_small(void)
{
    limits = ds_limits_default;
    limits.rooms = 2;
    limits.stored_bytes = 40;
    start();
    join(1);
    connect_to(2);
    hello(2, "", "milk", 1);
    CU_ASSERT(takes(2, WIRE_ADMITTED));
}

static uint64_t stored_bytes(void)
{
    struct ds_stats stats;
    ds_hub_stats(hub, &stats);
    return stats.stored_bytes;
}

static bool is_full(size_t i, uint32_t request)
{
    return takes_error(i, request, WIRE_REFUSED_FULL) && clients[i].got.error.retry_after_ms == 1000 * DS_FULL_RETRY_S;
}

static void when_all_is_full_each_room_has_its_share(void)
{
    struct ds_stats stats;
    start_small();
    for (uint8_t i = 1; i <= 3; i++)
        append(1, i, "0123456789");
    flush();
    drop_all(1);
    CU_ASSERT_EQUAL(stored_bytes(), 30);
    const uint32_t fourth = append(1, 4, "0123456789"); /* in the place of the first */
    flush();
    CU_ASSERT(takes_appended(1, fourth, 4) && takes_entry(1, 4, "0123456789"));
    CU_ASSERT(is_full(2, append_parts(2, 1, "01234", "678", "9ab"))); /* a byte more than a share */
    const uint32_t share = append_parts(2, 2, "01234", "678", "9a");
    flush();
    CU_ASSERT(takes_appended(2, share, 1) && takes_entry(2, 1, "01234"));
    CU_ASSERT_EQUAL(stored_bytes(), 40);
    ask(2, &(struct wire_envelope){.type = WIRE_PUT_KEY_PACKAGE, .put_key_package = {WIRE_USE_ONE_USE, text("k")}});
    CU_ASSERT(is_full(2, clients[2].request));
    CU_ASSERT(is_full(1, append(1, 5, "0123456789012345678901234567890")));
    for (uint8_t i = 6; i < 14; i++) {
        append(1, i, i % 2 ? "0123456789abcdefg" : "01");
        append(2, i, i % 2 ? "0123456789" : "012345678");
        if (i % 3 == 0)
            flush();
        CU_ASSERT(stored_bytes() <= 40);
    }
    flush();
    CU_ASSERT(stored_bytes() <= 40);
    ds_hub_stats(hub, &stats);
    CU_ASSERT(stats.refused_full == 3 && stats.storage_failures == 0);
    stop();
}

static void what_is_not_on_disk_yet_counts_too(void)
{
    start_small();
    append(1, 1, "0123456789abcdefghijk"); /* 11 bytes beyond its share, of 20 */
    CU_ASSERT(is_full(2, append(2, 1, "0123456789abcdefghij")));
    append(2, 2, "0123456789abcdefghi");
    flush();
    CU_ASSERT(takes(1, WIRE_APPENDED) && takes(2, WIRE_APPENDED));
    CU_ASSERT_EQUAL(stored_bytes(), 40);
    restart(); /* counted anew, from the disk */
    join(1);
    connect_to(2);
    hello(2, "", "milk", 0);
    CU_ASSERT(takes(2, WIRE_ADMITTED) && is_full(2, append(2, 3, "0123456789abcdefghij")));
    /* what a room gives up is the others' */
    ask(1, &(struct wire_envelope){.type = WIRE_CLOSE_ROOM});
    const uint32_t more = append(2, 3, "0123456789abcdefghij");
    flush();
    CU_ASSERT(takes_appended(2, more, 2));
    CU_ASSERT_EQUAL(stored_bytes(), 20);
    stop();
}

static void a_lowered_bound_is_reached_as_rooms_go_on(void)
{
    start_small();
    append(1, 1, "0123456789abcdefghi");
    append(1, 2, "0123456789");
    append(2, 1, "0123456789");
    flush();
    CU_ASSERT_EQUAL(stored_bytes(), 39);
    limits.stored_bytes = 24; /* shares of 6, 12 beyond */
    restart();
    join(1);
    connect_to(2);
    hello(2, "", "milk", 0);
    CU_ASSERT(takes(2, WIRE_ADMITTED) && is_full(2, append(2, 2, "0123456"))); /* room 1 has all that is beyond */
    append(1, 3, "012");
    flush();
    CU_ASSERT_EQUAL(stored_bytes(), 13 + 10);
    stop();
}

/* Rooms that are there already stay, and have their shares, however many more they are than a new bound allows. */
static void with_fewer_rooms_allowed_the_bytes_of_all_are_bounded_still(void)
{
    start_small();
    append(1, 1, "0123456789");
    append(2, 1, "0123456789");
    flush();
    limits.rooms = 1;
    restart();
    join(1);
    connect_to(2);
    hello(2, "", "milk", 0);
    append(1, 2, "01234567890123456789"); /* all that is beyond */
    append(2, 2, "0123456789");
    flush();
    CU_ASSERT_EQUAL(stored_bytes(), 40);
    stop();
}

static void a_room_that_nobody_uses_is_forgotten_in_time(void)
{
    struct ds_stats stats;
    limits = ds_limits_default;
    limits.retention_s = 3600;
    start();
    connect_to(1);
    hello(1, "", "old", 1);
    CU_ASSERT(takes(1, WIRE_ADMITTED));
    append(1, 1, "x");
    flush();
    join(2);
    append(2, 1, "y");
    flush();
    now.wall_s += 3000; /* it is left 3000 s after the append: that counts as use */
    disconnect(1);
    pass_ms(3000);
    now.wall_s += 3500;
    pass_ms(61000);
    ds_hub_stats(hub, &stats);
    CU_ASSERT_EQUAL(stats.stored_rooms, 2);
    now.wall_s += 100;
    pass_ms(61000);
    ds_hub_stats(hub, &stats);
    CU_ASSERT(stats.stored_rooms == 1 && stats.stored_bytes == 1);
    drop_all(2); /* in use all the time, however old its last append */
    join(2);
    CU_ASSERT_EQUAL(clients[2].got.admitted.head, 1);
    connect_to(1);
    hello(1, "", "old", 1);
    CU_ASSERT(takes(1, WIRE_ADMITTED) && clients[1].got.admitted.head == 0);
    stop();
}

static const struct unit_test tests[] = {
    {"appends have a burst and a rate", appends_have_a_burst_and_a_rate},
    {"bytes have theirs", bytes_have_theirs},
    {"a new connection does not begin anew", a_new_connection_does_not_begin_anew},
    {"relays have a rate", relays_have_a_rate},
    {"requests, and what they answer, have rates", requests_and_what_they_answer_have_rates},
    {"who sends on is not read", who_sends_on_is_not_read},
    {"who does not take answers is not read", who_does_not_take_answers_is_not_read},
    {"a slow reader is dropped, and holds nobody up", a_slow_reader_is_dropped_and_holds_nobody_up},
    {"who takes nothing for half a minute is dropped", who_takes_nothing_for_half_a_minute_is_dropped},
    {"a room holds so many participants", a_room_holds_so_many_participants},
    {"so many rooms are held, kept ones among them", so_many_rooms_are_held_kept_ones_among_them},
    {"when all is full, each room has its share", when_all_is_full_each_room_has_its_share},
    {"what is not on disk yet counts too", what_is_not_on_disk_yet_counts_too},
    {"a lowered bound is reached as rooms go on", a_lowered_bound_is_reached_as_rooms_go_on},
    {"with fewer rooms allowed the bytes of all are bounded still",
     with_fewer_rooms_allowed_the_bytes_of_all_are_bounded_still},
    {"a room that nobody uses is forgotten in time", a_room_that_nobody_uses_is_forgotten_in_time},
};
UNIT_MAIN("ds.hub_limits", tests)
