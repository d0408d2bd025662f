/* The log: one order, each entry once, nothing said before it is on disk. */
#include <stdlib.h>
#include <string.h>

#include "hub_fixture.h"

static void everybody_sees_one_order_and_the_appender_its_number_first(void)
{
    start();
    join(1);
    join(2);
    CU_ASSERT(takes_presence(1, WIRE_JOINED, "p-2"));
    uint32_t one = append(1, 1, "one");
    uint32_t two = append(2, 2, "two");
    CU_ASSERT(takes_nothing(1) && takes_nothing(2)); /* not on disk yet */
    clients[2].woken = false;
    flush();
    CU_ASSERT(clients[2].woken);
    CU_ASSERT(takes_appended(1, one, 1) && takes_entry(1, 1, "one") && takes_entry(1, 2, "two") && takes_nothing(1));
    CU_ASSERT(takes_appended(2, two, 2) && takes_entry(2, 1, "one") && takes_entry(2, 2, "two") && takes_nothing(2));
    stop();
}

static void many_appends_share_one_transaction(void)
{
    struct ds_stats stats;
    limits = ds_limits_default;
    limits.appends.burst = 1000;
    start();
    join(1);
    for (int i = 0; i < 100; i++)
        append(1, (uint8_t)i, "x");
    flush();
    ds_hub_stats(hub, &stats);
    CU_ASSERT(stats.appends == 100 && stats.commits == 1);
    for (uint32_t i = 1; i <= 100; i++)
        CU_ASSERT(takes(1, WIRE_APPENDED));
    flush(); /* nothing to do is no transaction */
    ds_hub_stats(hub, &stats);
    CU_ASSERT_EQUAL(stats.commits, 1);
    stop();
}

static void a_retry_gets_the_same_number(void)
{
    start();
    join(1);
    join(2);
    drop_all(1);
    uint32_t first = append(1, 9, "one");
    uint32_t again = append(1, 9, "one"); /* in the same batch */
    flush();
    CU_ASSERT(takes_appended(1, first, 1) && takes_appended(1, again, 1) && takes_entry(1, 1, "one"));
    again = append(1, 9, "one");
    uint32_t other = append(2, 9, "two"); /* another's id is another's */
    flush();
    CU_ASSERT(takes_appended(1, again, 1) && takes_entry(1, 2, "two") && takes_nothing(1));
    CU_ASSERT(takes_appended(2, other, 2) && takes_entry(2, 1, "one") && takes_entry(2, 2, "two") && takes_nothing(2));
    restart();
    join(1);
    again = append(1, 9, "one");
    flush();
    CU_ASSERT(takes_appended(1, again, 1) && takes_entry(1, 1, "one") && takes_entry(1, 2, "two") && takes_nothing(1));
    stop();
}

static void who_left_before_the_answer_finds_it_stored(void)
{
    start();
    join(1);
    append(1, 1, "one");
    disconnect(1);
    flush();
    join(1);
    CU_ASSERT_EQUAL(clients[1].got.admitted.head, 1);
    uint32_t again = append(1, 1, "one");
    flush();
    CU_ASSERT(takes_appended(1, again, 1) && takes_entry(1, 1, "one") && takes_nothing(1));
    stop();
}

static void what_was_not_flushed_never_was(void)
{
    start();
    join(1);
    append(1, 1, "one");
    flush();
    append(1, 2, "two");
    restart();
    join(1);
    CU_ASSERT_EQUAL(clients[1].got.admitted.head, 1);
    CU_ASSERT(takes_entry(1, 1, "one") && takes_nothing(1));
    stop();
}

static void a_follower_begins_where_it_asks_to(void)
{
    limits = ds_limits_default;
    limits.room.entries = 20;
    start();
    join(1);
    for (uint8_t i = 1; i <= 20; i++)
        append(1, i, "x");
    flush();
    connect_to(2);
    hello(2, "", "tea", 19);
    CU_ASSERT(takes(2, WIRE_ADMITTED) && takes_entry(2, 19, "x") && takes_entry(2, 20, "x") && takes_nothing(2));
    connect_to(3);
    hello(3, "", "tea", 0);
    CU_ASSERT(takes(3, WIRE_ADMITTED) && takes_nothing(3));
    connect_to(4);
    hello(4, "", "tea", 23); /* not there yet */
    CU_ASSERT(takes(4, WIRE_ADMITTED) && takes_nothing(4));
    pass_ms(5000);
    for (uint8_t i = 21; i <= 24; i++)
        append(1, i, "y");
    flush();
    CU_ASSERT(takes_presence(3, WIRE_JOINED, "p-4") && takes_entry(3, 21, "y"));
    CU_ASSERT(takes_entry(4, 23, "y") && takes_entry(4, 24, "y") && takes_nothing(4));
    connect_to(5); /* the oldest are not kept any more */
    hello(5, "", "tea", 1);
    CU_ASSERT(takes(5, WIRE_ADMITTED));
    CU_ASSERT_EQUAL(clients[5].got.admitted.oldest, 5);
    CU_ASSERT(takes_entry(5, 5, "x"));
    stop();
}

static void admitted_says_what_there_is(void)
{
    uint64_t seq = 0;
    struct core_slice id;
    uint8_t log_id[WIRE_LOG_ID_LEN];
    start();
    join(1);
    memcpy(log_id, clients[1].got.admitted.log_id, sizeof(log_id));
    append_parts(1, 1, "one", NULL, "info");
    append_parts(1, 2, "two", "welcome", NULL);
    flush();
    join(2);
    const struct wire_admitted *a = &clients[2].got.admitted;
    CU_ASSERT(a->oldest == 1 && a->head == 2 && a->token_left_s == DS_UNLIMITED_S && same(a->pseudonym, "p-2"));
    CU_ASSERT(a->limits.append_burst == 20 && a->limits.append_interval_ms == 200 && a->limits.relay_burst == 40 &&
              a->limits.relay_interval_ms == 100 && a->limits.participants == 1000);
    CU_ASSERT_EQUAL(memcmp(a->log_id, log_id, sizeof(log_id)), 0);
    struct bytes_reader r = wire_walk(a->group_infos);
    CU_ASSERT(wire_seq_next(&r, &seq) && seq == 1 && !wire_seq_next(&r, &seq));
    r = wire_walk(a->present);
    CU_ASSERT(wire_id_next(&r, &id) && same(id, "p-1") && wire_id_next(&r, &id) && same(id, "p-2") &&
              !wire_id_next(&r, &id));
    restart();
    join(1);
    CU_ASSERT_EQUAL(memcmp(clients[1].got.admitted.log_id, log_id, sizeof(log_id)), 0);
    stop();
}

static void ask(size_t i, const struct wire_envelope *e)
{
    struct wire_envelope numbered = *e;
    numbered.request = ++clients[i].request;
    send_envelope(i, &numbered);
}

static void pages_parts_and_lists(void)
{
    struct wire_entry entry;
    struct bytes_reader r;
    uint64_t seq = 0;
    start();
    join(1);
    for (uint8_t i = 1; i <= 10; i++)
        append_parts(1, i, "x", i % 2 ? "w" : NULL, i % 3 ? NULL : "g");
    flush();
    append(1, 11, "staged");
    drop_all(1);
    ask(1, &(struct wire_envelope){.type = WIRE_READ, .read = {8, 2}});
    CU_ASSERT(takes(1, WIRE_ENTRIES));
    CU_ASSERT_EQUAL(clients[1].got.entries.head, 10); /* what is not on disk is not there */
    r = wire_walk(clients[1].got.entries.list);
    CU_ASSERT(wire_entry_next(&r, &entry) && entry.seq == 8 && !entry.has_welcome && !entry.has_group_info);
    CU_ASSERT(wire_entry_next(&r, &entry) && entry.seq == 9 && entry.has_welcome && entry.has_group_info);
    CU_ASSERT(!wire_entry_next(&r, &entry));
    ask(1, &(struct wire_envelope){.type = WIRE_READ, .read = {0, 256}});
    CU_ASSERT(takes(1, WIRE_ENTRIES));
    r = wire_walk(clients[1].got.entries.list);
    for (uint64_t i = 1; i <= 10; i++)
        CU_ASSERT(wire_entry_next(&r, &entry) && entry.seq == i);
    CU_ASSERT(!wire_entry_next(&r, &entry));
    ask(1, &(struct wire_envelope){.type = WIRE_READ, .read = {11, 256}});
    CU_ASSERT(takes(1, WIRE_ENTRIES) && clients[1].got.entries.list.len == 0);
    ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {9, WIRE_PART_GROUP_INFO, 0}});
    CU_ASSERT(takes(1, WIRE_PART) && same(clients[1].got.part.data, "g") && clients[1].got.part.seq == 9);
    ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {8, WIRE_PART_GROUP_INFO, 0}});
    CU_ASSERT(takes_error(1, clients[1].request, WIRE_REFUSED_NOT_FOUND));
    ask(1, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {11, WIRE_PART_COMMIT, 0}});
    CU_ASSERT(takes_error(1, clients[1].request, WIRE_REFUSED_NOT_FOUND));
    ask(1, &(struct wire_envelope){.type = WIRE_LIST, .list = {WIRE_PART_GROUP_INFO}});
    CU_ASSERT(takes(1, WIRE_SEQS));
    r = wire_walk(clients[1].got.seqs.list);
    CU_ASSERT(wire_seq_next(&r, &seq) && seq == 6 && wire_seq_next(&r, &seq) && seq == 9 && !wire_seq_next(&r, &seq));
    /* a room that has nothing */
    connect_to(2);
    hello(2, "", "milk", 1);
    CU_ASSERT(takes(2, WIRE_ADMITTED));
    ask(2, &(struct wire_envelope){.type = WIRE_LIST, .list = {WIRE_PART_WELCOME}});
    CU_ASSERT(takes(2, WIRE_SEQS) && clients[2].got.seqs.list.len == 0);
    ask(2, &(struct wire_envelope){.type = WIRE_READ, .read = {0, 10}});
    CU_ASSERT(takes(2, WIRE_ENTRIES) && clients[2].got.entries.list.len == 0 && clients[2].got.entries.head == 0);
    ask(2, &(struct wire_envelope){.type = WIRE_FETCH, .fetch = {1, WIRE_PART_COMMIT, 0}});
    CU_ASSERT(takes_error(2, clients[2].request, WIRE_REFUSED_NOT_FOUND));
    stop();
}

static void a_page_ends_where_it_is_full(void)
{
    struct wire_entry entry;
    char *big = malloc(200001);
    CU_ASSERT_PTR_NOT_NULL_FATAL(big);
    memset(big, 'x', 200000);
    big[200000] = 0;
    start();
    join(1);
    for (uint8_t i = 1; i <= 4; i++)
        append(1, i, big);
    flush();
    drop_all(1);
    ask(1, &(struct wire_envelope){.type = WIRE_READ, .read = {1, 256}});
    CU_ASSERT(takes(1, WIRE_ENTRIES));
    struct bytes_reader r = wire_walk(clients[1].got.entries.list);
    CU_ASSERT(wire_entry_next(&r, &entry) && wire_entry_next(&r, &entry) && entry.seq == 2 &&
              !wire_entry_next(&r, &entry));
    CU_ASSERT_EQUAL(clients[1].got.entries.head, 4);
    free(big);
    stop();
}

static void rooms_do_not_hear_of_each_other(void)
{
    start();
    join(1);
    connect_to(2);
    hello(2, "", "milk", 1);
    CU_ASSERT(takes(2, WIRE_ADMITTED));
    append(1, 1, "one");
    ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text("hi")}});
    flush();
    CU_ASSERT(takes_nothing(2));
    append(2, 1, "other");
    flush();
    CU_ASSERT(takes(2, WIRE_APPENDED) && takes_entry(2, 1, "other"));
    stop();
}

static void relayed_messages_come_to_all_and_are_not_kept(void)
{
    start();
    join(1);
    join(2);
    drop_all(1);
    ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text("one")}});
    ask(1, &(struct wire_envelope){.type = WIRE_RELAY, .relay = {text("two")}});
    CU_ASSERT(takes(1, WIRE_DONE) && takes(1, WIRE_RELAYED) && same(clients[1].got.relay.payload, "one"));
    CU_ASSERT(takes(2, WIRE_RELAYED) && same(clients[2].got.relay.payload, "one"));
    CU_ASSERT(takes(2, WIRE_RELAYED) && same(clients[2].got.relay.payload, "two") && takes_nothing(2));
    join(3);
    CU_ASSERT(takes_nothing(3));
    stop();
}

static const struct unit_test tests[] = {
    {"everybody sees one order, and the appender its number first",
     everybody_sees_one_order_and_the_appender_its_number_first},
    {"many appends share one transaction", many_appends_share_one_transaction},
    {"a retry gets the same number, and is stored once", a_retry_gets_the_same_number},
    {"who left before the answer finds it stored", who_left_before_the_answer_finds_it_stored},
    {"what was not flushed never was", what_was_not_flushed_never_was},
    {"a follower begins where it asks to", a_follower_begins_where_it_asks_to},
    {"admitted says what there is", admitted_says_what_there_is},
    {"pages, parts and lists", pages_parts_and_lists},
    {"a page ends where it is full", a_page_ends_where_it_is_full},
    {"rooms do not hear of each other", rooms_do_not_hear_of_each_other},
    {"relayed messages come to all and are not kept", relayed_messages_come_to_all_and_are_not_kept},
};
UNIT_MAIN("ds.hub_log", tests)
