/* Whose GroupInfos are kept: who floods a room displaces his own, and gains nothing by going and coming again. */
#include "hub_fixture.h"

#include <stdarg.h>
#include <string.h>

/* The linker puts this before the store's own (--wrap). */
int __real_ds_store_commit(struct ds_store *to);
int __wrap_ds_store_commit(struct ds_store *to);

static bool commit_fails;

int __wrap_ds_store_commit(struct ds_store *to)
{
    return commit_fails ? DS_STORE_FAILED : __real_ds_store_commit(to);
}

enum { FLOODER = 9, READER = 10 };

static uint8_t last_id;

/* One more with a GroupInfo; its number is as expected. */
static void add(size_t i, uint64_t seq)
{
    drop_all(i);
    const uint32_t request = append_parts(i, ++last_id, "x", NULL, "info");
    flush();
    CU_ASSERT(takes_appended(i, request, seq));
}

/* As fast as the rate allows. */
static void flood(size_t i, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        append_parts(i, ++last_id, "x", NULL, "flood");
        flush();
        drop_all(i);
        pass_ms(200);
    }
}

/* The GroupInfos that are there for who comes now, the oldest first; ends with 0. */
static void assert_kept(uint64_t first, ...)
{
    va_list rest;
    uint64_t seq = 0;
    join(READER);
    struct bytes_reader r = wire_walk(clients[READER].got.admitted.group_infos);
    va_start(rest, first);
    for (uint64_t want = first; want != 0; want = va_arg(rest, uint64_t)) {
        CU_ASSERT(wire_seq_next(&r, &seq));
        CU_ASSERT_EQUAL(seq, want);
    }
    va_end(rest);
    CU_ASSERT_FALSE(wire_seq_next(&r, &seq));
    disconnect(READER);
}

#define KEPT(...) assert_kept(__VA_ARGS__, UINT64_C(0))
#define N(n) UINT64_C(n)

static void a_flood_displaces_its_own(void)
{
    start();
    for (size_t i = 1; i <= 3; i++)
        join(i);
    join(FLOODER);
    add(1, 1);
    add(2, 2);
    add(3, 3);
    flood(FLOODER, 40);
    KEPT(N(1), N(2), N(3), N(42), N(43));
    add(2, 44); /* who is among them keeps two of its own */
    add(2, 45);
    KEPT(N(1), N(3), N(42), N(43), N(44), N(45));
    stop();
}

/* Of eight places three floods take six. */
static void three_floods_leave_the_newest_of_others(void)
{
    start();
    for (size_t i = 1; i <= 3; i++) {
        join(i);
        join(FLOODER - i);
    }
    add(1, 1);
    add(2, 2);
    add(3, 3);
    for (unsigned n = 0; n < 40; n++)
        flood(FLOODER - 1 - n % 3, 1);
    KEPT(N(2), N(3), N(38), N(39), N(40), N(41), N(42), N(43));
    stop();
}

static void in_all_the_newest_are_kept(void)
{
    uint64_t seq = 0;
    start();
    for (size_t i = 1; i <= 6; i++)
        join(i);
    for (size_t i = 1; i <= 5; i++) {
        add(i, ++seq);
        add(i, ++seq);
    }
    KEPT(N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10));
    add(1, 11); /* of its own none is left */
    add(6, 12);
    KEPT(N(5), N(6), N(7), N(8), N(9), N(10), N(11), N(12));
    add(5, 13); /* its third: nobody else's goes */
    KEPT(N(5), N(6), N(7), N(8), N(10), N(11), N(12), N(13));
    stop();
}

/* An append without a GroupInfo, and one that is repeated, displace nothing. */
static void what_brings_none_takes_none(void)
{
    start();
    join(1);
    add(1, 1);
    add(1, 2);
    const uint8_t second = last_id;
    append(1, ++last_id, "x");
    for (unsigned n = 0; n < 3; n++)
        append_parts(1, second, "x", NULL, "info");
    flush();
    KEPT(N(1), N(2));
    append_parts(1, ++last_id, "x", NULL, "info");
    append_parts(1, last_id, "x", NULL, "info"); /* in the same transaction */
    flush();
    KEPT(N(2), N(4));
    stop();
}

/* In which client 1 takes what comes. */
static void wait_minutes(unsigned minutes)
{
    for (unsigned n = 0; n < 3 * minutes; n++) {
        pass_ms(20000);
        drop_all(1);
    }
}

/* A participant is who its token names, whichever its connection, and however long it was gone. */
static void coming_again_gains_nothing(void)
{
    start();
    join(1);
    join(FLOODER);
    add(1, 1);
    for (unsigned n = 0; n < 10; n++) {
        flood(FLOODER, 1);
        if (n % 3 == 0)
            disconnect(FLOODER);
        wait_minutes(n == 6 ? 60 : 1); /* no rate is in use any more */
        if (n % 3 == 0) {
            join(FLOODER);
        } else if (n % 3 == 1) { /* its other device, under the same name */
            connect_to(FLOODER + 2);
            hello(FLOODER + 2, "tea p-9 sa 9999999999", "tea", 0);
            CU_ASSERT(takes(FLOODER + 2, WIRE_ADMITTED) && is_ended(FLOODER, WIRE_REFUSED_REPLACED));
            flood(FLOODER + 2, 1);
            join(FLOODER);
        }
    }
    KEPT(N(1), N(13), N(14));
    stop();
}

static void an_empty_room_remembers_for_a_while(void)
{
    start();
    join(1);
    add(1, 1);
    disconnect(1);
    for (uint64_t n = 0; n < 5; n++) {
        join(FLOODER);
        add(FLOODER, 2 + n);
        disconnect(FLOODER);
        pass_ms((DS_INFOS_LIFE_S - 1) * 1000);
    }
    KEPT(N(1), N(5), N(6));
    pass_ms((DS_INFOS_LIFE_S + 2) * 1000);
    struct ds_stats stats;
    ds_hub_stats(hub, &stats);
    CU_ASSERT_EQUAL(stats.rooms, 0);
    join(FLOODER); /* as after a restart */
    flood(FLOODER, 10);
    KEPT(N(1), N(5), N(6), N(15), N(16));
    stop();
}

/* Nothing on disk says whose they were: they all stay, until there are too many. */
static void after_a_restart_the_oldest_go(void)
{
    start();
    for (size_t i = 1; i <= 4; i++) {
        join(i);
        add(i, 2 * i - 1);
        add(i, 2 * i);
    }
    restart();
    join(4);
    flood(4, 10);
    KEPT(N(3), N(4), N(5), N(6), N(7), N(8), N(17), N(18));
    stop();
}

static void what_is_rolled_back_is_nobodys(void)
{
    start();
    join(1);
    join(FLOODER);
    flood(FLOODER, 2);
    commit_fails = true;
    append_parts(FLOODER, ++last_id, "x", NULL, "flood");
    append_parts(FLOODER, ++last_id, "x", NULL, "flood");
    flush();
    commit_fails = false;
    KEPT(N(1), N(2)); /* nothing went for what never was */
    add(1, 3);        /* the numbers are another's now */
    add(1, 4);
    flood(FLOODER, 1);
    KEPT(N(2), N(3), N(4), N(5));
    flood(FLOODER, 5);
    KEPT(N(3), N(4), N(9), N(10));
    stop();
}

static void close_room(size_t i)
{
    send_envelope(i, &(struct wire_envelope){.type = WIRE_CLOSE_ROOM, .request = ++clients[i].request});
}

static void a_closed_rooms_numbers_are_nobodys(void)
{
    start();
    join(1);
    join(2);
    join(FLOODER);
    flood(FLOODER, 2);
    commit_fails = true;
    close_room(1);
    flush();
    commit_fails = false;
    flood(FLOODER, 1); /* it was not closed: they are its own still */
    KEPT(N(2), N(3));
    close_room(1);
    append_parts(2, ++last_id, "x", NULL, "info"); /* the first of the log that begins anew */
    append_parts(2, ++last_id, "x", NULL, "info");
    append_parts(2, ++last_id, "x", NULL, "info");
    append_parts(FLOODER, ++last_id, "x", NULL, "flood");
    flush();
    for (size_t i = 1; i <= FLOODER; i++)
        disconnect(i);
    pass_ms((DS_BAN_S + 2) * 1000);
    KEPT(N(2), N(3), N(4));
    stop();
}

static const struct unit_test tests[] = {
    {"a flood displaces its own", a_flood_displaces_its_own},
    {"three floods leave the newest of others", three_floods_leave_the_newest_of_others},
    {"in all the newest are kept", in_all_the_newest_are_kept},
    {"what brings none takes none", what_brings_none_takes_none},
    {"coming again gains nothing", coming_again_gains_nothing},
    {"an empty room remembers for a while", an_empty_room_remembers_for_a_while},
    {"after a restart the oldest go", after_a_restart_the_oldest_go},
    {"what is rolled back is nobody's", what_is_rolled_back_is_nobodys},
    {"a closed room's numbers are nobody's", a_closed_rooms_numbers_are_nobodys},
};
UNIT_MAIN("ds.hub_infos", tests)
