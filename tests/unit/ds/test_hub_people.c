/* Who may be in a room, who hears of whom, and what admins do. */
#include <stdio.h>
#include <string.h>

#include "hub_fixture.h"

static void ask(size_t i, const struct wire_envelope *e)
{
    struct wire_envelope numbered = *e;
    numbered.request = ++clients[i].request;
    send_envelope(i, &numbered);
}

/* As a participant named by a token; true if it is admitted. */
static bool enters(size_t i, const char *token, const char *room)
{
    connect_to(i);
    hello(i, token, room, 0);
    return takes(i, WIRE_ADMITTED);
}

static void refused(const char *token, const char *room, enum wire_refusal code, const char *why)
{
    connect_to(9);
    uint32_t request = hello(9, token, room, 1);
    CU_ASSERT(takes_error(9, request, code));
    CU_ASSERT(same(clients[9].got.error.text, why));
    CU_ASSERT(takes_nothing(9));
    CU_ASSERT_EQUAL(ds_peer_ending(clients[9].peer), code);
}

static void a_token_for_the_room_admits_and_nothing_else_does(void)
{
    struct ds_stats stats;
    start();
    refused("nonsense", "tea", WIRE_REFUSED_TOKEN, "no token");
    refused("tea ada s 1000000", "tea", WIRE_REFUSED_TOKEN, "the token has expired");
    refused("milk ada s 1000060", "tea", WIRE_REFUSED_TOKEN, "the token is for another room");
    refused("te ada s 1000060", "tea", WIRE_REFUSED_TOKEN, "the token is for another room");
    refused("teapot ada s 1000060", "tea", WIRE_REFUSED_TOKEN, "the token is for another room");
    refused("tea ada a 1000060", "tea", WIRE_REFUSED_FORBIDDEN, "the token does not have the right signal");
    ds_hub_stats(hub, &stats);
    CU_ASSERT(stats.refused_tokens == 5 && stats.participants == 0);
    CU_ASSERT(enters(1, "tea ada s 1000060", "tea"));
    CU_ASSERT(same(clients[1].got.admitted.pseudonym, "ada") && clients[1].got.admitted.token_left_s == 60);
    stop();
}

static void without_dev_an_empty_token_is_none(void)
{
    char problem[DS_STORE_PROBLEM_MAX];
    start();
    stop();
    now = (struct ds_time){1000000, START_S};
    store = ds_store_open(NULL, problem);
    limits = ds_limits_default;
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    open_hub(false);
    refused("", "tea", WIRE_REFUSED_TOKEN, "no token");
    stop();
}

static void hello_comes_first_once_and_in_time(void)
{
    start();
    connect_to(1);
    CU_ASSERT(!ds_peer_is_admitted(clients[1].peer));
    ask(1, &(struct wire_envelope){.type = WIRE_READ, .read = {1, 1}});
    CU_ASSERT(is_ended(1, WIRE_REFUSED_NOT_ADMITTED));
    join(2);
    CU_ASSERT(ds_peer_is_admitted(clients[2].peer));
    hello(2, "", "tea", 1);
    CU_ASSERT(is_ended(2, WIRE_REFUSED_NOT_ADMITTED));
    connect_to(3);
    connect_to(4);
    hello(4, "", "tea", 1);
    pass_ms(10001);
    CU_ASSERT(is_ended(3, WIRE_REFUSED_NOT_ADMITTED));
    CU_ASSERT(takes(4, WIRE_ADMITTED) && takes_nothing(4));
    stop();
}

static void what_is_malformed_ends_the_connection(void)
{
    const uint8_t garbage[] = {1, 2, 3};
    const uint8_t answer[] = {0x88, 0, 0, 0, 1}; /* well formed, and not a client's */
    struct ds_stats stats;
    start();
    join(1);
    ds_peer_fragment(clients[1].peer, garbage, sizeof(garbage), 0, true, now);
    CU_ASSERT(is_ended(1, WIRE_REFUSED_MALFORMED));
    join(2);
    ds_peer_fragment(clients[2].peer, answer, sizeof(answer), 0, true, now);
    CU_ASSERT(is_ended(2, WIRE_REFUSED_MALFORMED));
    join(3);
    ds_peer_malformed(clients[3].peer, now);
    CU_ASSERT(is_ended(3, WIRE_REFUSED_MALFORMED));
    join(4);
    ds_peer_fragment(clients[4].peer, NULL, 0, 0, true, now);
    CU_ASSERT(is_ended(4, WIRE_REFUSED_MALFORMED));
    /* and what comes after the end is not heard */
    append(4, 1, "late");
    flush();
    ds_hub_stats(hub, &stats);
    CU_ASSERT(stats.malformed == 4 && stats.appends == 0);
    stop();
}

static void others_hear_who_comes_and_goes(void)
{
    start();
    join(1);
    join(2);
    CU_ASSERT(takes_presence(1, WIRE_JOINED, "p-2") && takes_nothing(2));
    join(3);
    CU_ASSERT(takes_presence(1, WIRE_JOINED, "p-3") && takes_presence(2, WIRE_JOINED, "p-3"));
    disconnect(2);
    CU_ASSERT(takes_presence(1, WIRE_LEFT, "p-2") && takes_presence(3, WIRE_LEFT, "p-2"));
    CU_ASSERT(takes_nothing(1) && takes_nothing(3));
    stop();
}

static void a_new_connection_replaces_the_old_one_unseen(void)
{
    struct ds_stats stats;
    start();
    CU_ASSERT(enters(1, "tea ada s 2000000", "tea"));
    CU_ASSERT(enters(2, "tea ben s 2000000", "tea"));
    CU_ASSERT(takes_presence(1, WIRE_JOINED, "ben"));
    CU_ASSERT(enters(3, "tea ada s 2000000", "tea"));
    CU_ASSERT(is_ended(1, WIRE_REFUSED_REPLACED));
    disconnect(1);
    CU_ASSERT(takes_nothing(2));
    uint32_t request = append(3, 1, "one");
    flush();
    CU_ASSERT(takes_appended(3, request, 1) && takes_entry(2, 1, "one"));
    ds_hub_stats(hub, &stats);
    CU_ASSERT(stats.participants == 2 && stats.connections == 2);
    /* the same name in another room is somebody else */
    CU_ASSERT(enters(4, "milk ada s 2000000", "milk"));
    CU_ASSERT(takes_entry(3, 1, "one") && takes_nothing(3));
    stop();
}

static void a_connection_ends_with_its_token_unless_it_is_renewed(void)
{
    start();
    CU_ASSERT(enters(1, "tea ada s 1000060", "tea"));
    CU_ASSERT(enters(2, "tea ben s 1000060", "tea"));
    CU_ASSERT(takes_presence(1, WIRE_JOINED, "ben") && takes_nothing(1) && takes_nothing(2));
    pass_ms(30000);
    ask(1, &(struct wire_envelope){.type = WIRE_RENEW, .renew = {text("tea ada s 1000120")}});
    CU_ASSERT(takes(1, WIRE_DONE));
    ask(2, &(struct wire_envelope){.type = WIRE_RENEW, .renew = {text("tea ada s 1000120")}});
    CU_ASSERT(takes_error(2, clients[2].request, WIRE_REFUSED_TOKEN));
    ask(2, &(struct wire_envelope){.type = WIRE_RENEW, .renew = {text("milk ben s 1000120")}});
    CU_ASSERT(takes_error(2, clients[2].request, WIRE_REFUSED_TOKEN));
    ask(2, &(struct wire_envelope){.type = WIRE_RENEW, .renew = {text("tea ben a 1000120")}});
    CU_ASSERT(takes_error(2, clients[2].request, WIRE_REFUSED_TOKEN));
    CU_ASSERT(takes_nothing(1));
    pass_ms(29000);
    CU_ASSERT(takes_nothing(2));
    pass_ms(1000);
    CU_ASSERT(is_ended(2, WIRE_REFUSED_EXPIRED));
    CU_ASSERT(takes_presence(1, WIRE_LEFT, "ben") && takes_nothing(1));
    pass_ms(60000);
    CU_ASSERT(is_ended(1, WIRE_REFUSED_EXPIRED));
    stop();
}

/* --- Admins --- */

static void only_an_admin_kicks_and_it_lasts_an_hour(void)
{
    start();
    CU_ASSERT(enters(1, "tea ada sa 2000000", "tea"));
    CU_ASSERT(enters(2, "tea ben s 2000000", "tea"));
    CU_ASSERT(enters(3, "tea cat s 2000000", "tea"));
    drop_all(1);
    drop_all(2);
    ask(2, &(struct wire_envelope){.type = WIRE_KICK, .kick = {text("ada")}});
    flush();
    CU_ASSERT(takes_error(2, clients[2].request, WIRE_REFUSED_FORBIDDEN) && takes_nothing(1));
    ask(1, &(struct wire_envelope){.type = WIRE_KICK, .kick = {text("ben")}});
    CU_ASSERT(takes_nothing(2)); /* not before it is on disk */
    flush();
    CU_ASSERT(is_ended(2, WIRE_REFUSED_KICKED));
    CU_ASSERT(takes(1, WIRE_DONE) && takes_presence(1, WIRE_LEFT, "ben") && takes_presence(3, WIRE_LEFT, "ben"));
    refused("tea ben s 2000000", "tea", WIRE_REFUSED_KICKED, "an admin has removed this participant");
    restart();
    refused("tea ben s 2000000", "tea", WIRE_REFUSED_KICKED, "an admin has removed this participant");
    CU_ASSERT(enters(3, "tea cat s 2000000", "tea"));
    CU_ASSERT(enters(2, "milk ben s 2000000", "milk"));
    now.wall_s += DS_BAN_S;
    CU_ASSERT(enters(2, "tea ben s 2000000", "tea"));
    stop();
}

static void rights_are_the_renewed_tokens(void)
{
    start();
    CU_ASSERT(enters(1, "tea ada sa 2000000", "tea"));
    ask(1, &(struct wire_envelope){.type = WIRE_RENEW, .renew = {text("tea ada s 2000000")}});
    CU_ASSERT(takes(1, WIRE_DONE));
    ask(1, &(struct wire_envelope){.type = WIRE_CLOSE_ROOM});
    flush();
    CU_ASSERT(takes_error(1, clients[1].request, WIRE_REFUSED_FORBIDDEN));
    stop();
}

static void a_closed_room_is_empty_for_an_hour_and_another_log_after(void)
{
    uint8_t log_id[WIRE_LOG_ID_LEN];
    start();
    CU_ASSERT(enters(1, "tea ada sa 2000000", "tea"));
    memcpy(log_id, clients[1].got.admitted.log_id, sizeof(log_id));
    CU_ASSERT(enters(2, "tea ben s 2000000", "tea"));
    append(2, 1, "one");
    flush();
    drop_all(1);
    append(2, 2, "in the same batch as the closing");
    ask(1, &(struct wire_envelope){.type = WIRE_CLOSE_ROOM});
    flush();
    CU_ASSERT(is_ended(1, WIRE_REFUSED_ROOM_CLOSED));
    CU_ASSERT(is_ended(2, WIRE_REFUSED_ROOM_CLOSED));
    refused("tea ben s 2000000", "tea", WIRE_REFUSED_ROOM_CLOSED, "an admin has closed the room");
    restart();
    refused("tea ada sa 2000000", "tea", WIRE_REFUSED_ROOM_CLOSED, "an admin has closed the room");
    now.wall_s += DS_BAN_S;
    restart();
    CU_ASSERT(enters(1, "tea ada sa 2000000", "tea"));
    CU_ASSERT(clients[1].got.admitted.head == 0 && clients[1].got.admitted.oldest == 1);
    CU_ASSERT_NOT_EQUAL(memcmp(clients[1].got.admitted.log_id, log_id, sizeof(log_id)), 0);
    uint32_t request = append(1, 1, "new");
    flush();
    CU_ASSERT(takes_appended(1, request, 1) && takes_entry(1, 1, "new"));
    stop();
}

static void draining_ends_all_after_what_they_appended(void)
{
    start();
    join(1);
    join(2);
    drop_all(1);
    append(1, 1, "one");
    ds_hub_drain(hub, now);
    CU_ASSERT(is_ended(1, WIRE_REFUSED_DRAINING) && is_ended(2, WIRE_REFUSED_DRAINING));
    connect_to(3);
    CU_ASSERT(is_ended(3, WIRE_REFUSED_DRAINING));
    restart();
    join(1);
    CU_ASSERT_EQUAL(clients[1].got.admitted.head, 1);
    stop();
}

/* --- Key packages --- */

static void put(size_t i, uint8_t use, const char *data)
{
    ask(i, &(struct wire_envelope){.type = WIRE_PUT_KEY_PACKAGE, .put_key_package = {use, text(data)}});
}

static void take(size_t i, const char *holder, uint16_t max)
{
    ask(i, &(struct wire_envelope){.type = WIRE_TAKE_KEY_PACKAGES, .take_key_packages = {text(holder), max}});
    flush();
}

/* The answer holds exactly these, as "holder:use:data " each. */
static bool took(size_t i, uint16_t waiting, const char *want)
{
    char got[256] = "";
    struct wire_key_package package;
    if (!takes(i, WIRE_KEY_PACKAGES))
        return false;
    struct bytes_reader r = wire_walk(clients[i].got.key_packages.list);
    while (wire_key_package_next(&r, &package)) {
        size_t len = strlen(got);
        snprintf(got + len, sizeof(got) - len, "%.*s:%d:%.*s ", (int)package.holder.len,
                 (const char *)package.holder.data, package.use, (int)package.key_package.len,
                 (const char *)package.key_package.data);
    }
    if (strcmp(got, want) != 0)
        printf("  %s\n", got);
    return strcmp(got, want) == 0 && clients[i].got.key_packages.waiting == waiting;
}

static bool hears_waiting(size_t i, uint16_t count)
{
    return takes(i, WIRE_KEY_PACKAGES_WAITING) && clients[i].got.waiting.waiting == count;
}

static void who_waits_is_taken_in_order_and_once(void)
{
    start();
    join(1);
    join(2);
    join(3);
    drop_all(1);
    drop_all(2);
    put(2, WIRE_USE_WAITING, "two");
    CU_ASSERT(takes(2, WIRE_DONE) && hears_waiting(1, 1) && hears_waiting(3, 1));
    put(3, WIRE_USE_WAITING, "three");
    put(2, WIRE_USE_WAITING, "two again");              /* instead of the first; behind who came since */
    CU_ASSERT(hears_waiting(1, 2) && takes_nothing(1)); /* at once what it could take */
    join(4);
    CU_ASSERT_EQUAL(clients[4].got.admitted.waiting, 2);
    CU_ASSERT(takes_presence(1, WIRE_JOINED, "p-4"));
    take(1, "", 1);
    CU_ASSERT(took(1, 1, "p-3:1:three "));
    take(1, "", 256);
    CU_ASSERT(took(1, 0, "p-2:1:two again ") && hears_waiting(1, 0));
    take(1, "", 256);
    CU_ASSERT(took(1, 0, ""));
    stop();
}

static void who_goes_or_waits_too_long_waits_no_more(void)
{
    start();
    join(1);
    join(2);
    join(3);
    put(2, WIRE_USE_WAITING, "two");
    put(3, WIRE_USE_WAITING, "three");
    disconnect(2);
    drop_all(1);
    take(1, "", 256);
    CU_ASSERT(took(1, 0, "p-3:1:three "));
    put(3, WIRE_USE_WAITING, "again");
    drop_all(1);
    drop_all(3);
    pass_ms(29000);
    join(4);
    CU_ASSERT_EQUAL(clients[4].got.admitted.waiting, 1);
    pass_ms(2000);
    take(4, "", 256);
    CU_ASSERT(took(4, 0, "") && hears_waiting(4, 0));
    put(3, WIRE_USE_WAITING, "once more");
    join(3); /* a new connection has nothing that waits */
    CU_ASSERT_EQUAL(clients[3].got.admitted.waiting, 0);
    stop();
}

static void those_in_stock_survive_and_are_given_once(void)
{
    start();
    join(1);
    join(2);
    drop_all(1);
    put(2, WIRE_USE_ONE_USE, "one");
    put(2, WIRE_USE_LAST_RESORT, "last");
    CU_ASSERT(takes_nothing(2)); /* not before it is on disk */
    flush();
    CU_ASSERT(takes(2, WIRE_DONE) && takes(2, WIRE_DONE));
    CU_ASSERT(takes_nothing(1)); /* nobody waits */
    restart();
    join(1);
    take(1, "p-2", 5);
    CU_ASSERT(took(1, 0, "p-2:2:one "));
    restart();
    join(1);
    take(1, "p-2", 5);
    CU_ASSERT(took(1, 0, "p-2:3:last "));
    take(1, "p-2", 5);
    CU_ASSERT(took(1, 0, "p-2:3:last "));
    take(1, "nobody", 5);
    CU_ASSERT(took(1, 0, ""));
    connect_to(3);
    hello(3, "", "milk", 0);
    CU_ASSERT(takes(3, WIRE_ADMITTED));
    take(3, "p-2", 5);
    CU_ASSERT(took(3, 0, ""));
    stop();
}

static void a_holder_has_a_bounded_stock(void)
{
    start();
    join(1);
    for (int i = 0; i < DS_ONE_USE_MAX; i++)
        put(1, WIRE_USE_ONE_USE, "one");
    flush();
    for (int i = 0; i < DS_ONE_USE_MAX; i++)
        CU_ASSERT(takes(1, WIRE_DONE));
    put(1, WIRE_USE_ONE_USE, "one too many");
    flush();
    CU_ASSERT(takes_error(1, clients[1].request, WIRE_REFUSED_FULL));
    put(1, WIRE_USE_LAST_RESORT, "last");
    flush();
    CU_ASSERT(takes(1, WIRE_DONE));
    stop();
}

static const struct unit_test tests[] = {
    {"a token for the room admits, and nothing else does", a_token_for_the_room_admits_and_nothing_else_does},
    {"without --dev an empty token is none", without_dev_an_empty_token_is_none},
    {"hello comes first, once and in time", hello_comes_first_once_and_in_time},
    {"what is malformed ends the connection", what_is_malformed_ends_the_connection},
    {"others hear who comes and goes", others_hear_who_comes_and_goes},
    {"a new connection replaces the old one, unseen", a_new_connection_replaces_the_old_one_unseen},
    {"a connection ends with its token unless it is renewed", a_connection_ends_with_its_token_unless_it_is_renewed},
    {"only an admin kicks, and it lasts an hour", only_an_admin_kicks_and_it_lasts_an_hour},
    {"rights are the renewed token's", rights_are_the_renewed_tokens},
    {"a closed room is empty for an hour, and another log after",
     a_closed_room_is_empty_for_an_hour_and_another_log_after},
    {"draining ends all, after what they appended", draining_ends_all_after_what_they_appended},
    {"who waits is taken in order, and once", who_waits_is_taken_in_order_and_once},
    {"who goes, or waits too long, waits no more", who_goes_or_waits_too_long_waits_no_more},
    {"key packages in stock survive, and are given once", those_in_stock_survive_and_are_given_once},
    {"a holder has a bounded stock", a_holder_has_a_bounded_stock},
};
UNIT_MAIN("ds.hub_people", tests)
