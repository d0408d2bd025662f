/* The disk fails: whoever asked for something in that transaction is told so, and nothing of it ever was. */
#include "hub_fixture.h"

#include <string.h>

/* The linker puts these before the store's own (--wrap). */
int __real_ds_store_commit(struct ds_store *to);
int __wrap_ds_store_commit(struct ds_store *to);
int __real_ds_store_begin(struct ds_store *to);
int __wrap_ds_store_begin(struct ds_store *to);
int __real_ds_store_ban(struct ds_store *to, int64_t room, const char *subject, uint64_t until_s);
int __wrap_ds_store_ban(struct ds_store *to, int64_t room, const char *subject, uint64_t until_s);

static bool begin_fails;
static bool commit_fails;
static bool ban_fails;

int __wrap_ds_store_begin(struct ds_store *to)
{
    return begin_fails ? DS_STORE_FULL : __real_ds_store_begin(to);
}

int __wrap_ds_store_commit(struct ds_store *to)
{
    return commit_fails ? DS_STORE_FAILED : __real_ds_store_commit(to);
}

int __wrap_ds_store_ban(struct ds_store *to, int64_t room, const char *subject, uint64_t until_s)
{
    return ban_fails ? DS_STORE_FAILED : __real_ds_store_ban(to, room, subject, until_s);
}

static void ask(size_t i, const struct wire_envelope *e)
{
    struct wire_envelope numbered = *e;
    numbered.request = ++clients[i].request;
    send_envelope(i, &numbered);
}

static void a_commit_that_fails_never_was(void)
{
    struct ds_stats stats;
    start();
    join(1);
    join(2);
    CU_ASSERT(takes_presence(1, WIRE_JOINED, "p-2"));
    commit_fails = true;
    uint32_t one = append(1, 1, "one");
    uint32_t two = append(2, 2, "two");
    ask(2, &(struct wire_envelope){.type = WIRE_PUT_KEY_PACKAGE, .put_key_package = {WIRE_USE_ONE_USE, text("k")}});
    flush();
    CU_ASSERT(takes_error(1, one, WIRE_REFUSED_STORAGE) && takes_nothing(1));
    CU_ASSERT(takes_error(2, two, WIRE_REFUSED_STORAGE));
    CU_ASSERT(takes_error(2, clients[2].request, WIRE_REFUSED_STORAGE) && takes_nothing(2));
    ds_hub_stats(hub, &stats);
    CU_ASSERT(stats.storage_failures == 1 && stats.commits == 0 && stats.stored_rooms == 0 && stats.stored_bytes == 0);
    commit_fails = false;
    two = append(2, 2, "two"); /* the retry */
    flush();
    CU_ASSERT(takes_appended(2, two, 1) && takes_entry(2, 1, "two") && takes_entry(1, 1, "two"));
    ask(1, &(struct wire_envelope){.type = WIRE_TAKE_KEY_PACKAGES, .take_key_packages = {text("p-2"), 1}});
    flush();
    CU_ASSERT(takes(1, WIRE_KEY_PACKAGES) && clients[1].got.key_packages.list.len == 0);
    restart();
    join(1);
    CU_ASSERT_EQUAL(clients[1].got.admitted.head, 1);
    stop();
}

static void a_failure_in_the_middle_fails_all_of_the_transaction(void)
{
    start();
    join(1);
    uint32_t before = append(1, 1, "before");
    ban_fails = true;
    ask(1, &(struct wire_envelope){.type = WIRE_KICK, .kick = {text("p-2")}});
    CU_ASSERT(takes_error(1, before, WIRE_REFUSED_STORAGE));
    CU_ASSERT(takes_error(1, clients[1].request, WIRE_REFUSED_STORAGE) && takes_nothing(1));
    ban_fails = false;
    uint32_t after = append(1, 2, "after");
    flush();
    CU_ASSERT(takes_appended(1, after, 1) && takes_entry(1, 1, "after") && takes_nothing(1));
    stop();
}

static void without_a_transaction_nothing_is_done(void)
{
    start();
    join(1);
    begin_fails = true;
    uint32_t one = append(1, 1, "one");
    CU_ASSERT(takes_error(1, one, WIRE_REFUSED_STORAGE) && takes_nothing(1));
    begin_fails = false;
    one = append(1, 1, "one");
    flush();
    CU_ASSERT(takes_appended(1, one, 1) && takes_entry(1, 1, "one"));
    stop();
}

static void a_kick_that_is_not_on_disk_puts_nobody_out(void)
{
    start();
    join(1);
    join(2);
    drop_all(1);
    commit_fails = true;
    ask(1, &(struct wire_envelope){.type = WIRE_KICK, .kick = {text("p-2")}});
    ask(1, &(struct wire_envelope){.type = WIRE_CLOSE_ROOM});
    flush();
    CU_ASSERT(takes_nothing(2) && ds_peer_ending(clients[2].peer) == 0);
    CU_ASSERT(takes_error(1, clients[1].request - 1, WIRE_REFUSED_STORAGE));
    CU_ASSERT(takes_error(1, clients[1].request, WIRE_REFUSED_STORAGE));
    commit_fails = false;
    join(2);
    stop();
}

static void who_left_a_failed_transaction_is_not_answered(void)
{
    start();
    join(1);
    join(2);
    append(1, 1, "one");
    disconnect(1);
    drop_all(2);
    commit_fails = true;
    flush();
    commit_fails = false;
    CU_ASSERT(takes_nothing(2));
    stop();
}

static void bytes_that_never_were_take_no_place(void)
{
    limits = ds_limits_default;
    limits.rooms = 1;
    limits.stored_bytes = 20;
    start();
    join(1);
    append(1, 1, "0123456789");
    flush();
    drop_all(1);
    commit_fails = true;
    const uint32_t lost = append(1, 2, "abcdefghij");
    flush();
    CU_ASSERT(takes_error(1, lost, WIRE_REFUSED_STORAGE));
    commit_fails = false;
    const uint32_t kept = append(1, 2, "abcdefghij");
    flush();
    CU_ASSERT(takes_appended(1, kept, 2));
    join(2);
    CU_ASSERT_EQUAL(clients[2].got.admitted.oldest, 1); /* both have place */
    stop();
}

static const struct unit_test tests[] = {
    {"a commit that fails never was", a_commit_that_fails_never_was},
    {"a failure in the middle fails all of the transaction", a_failure_in_the_middle_fails_all_of_the_transaction},
    {"without a transaction nothing is done", without_a_transaction_nothing_is_done},
    {"a kick that is not on disk puts nobody out", a_kick_that_is_not_on_disk_puts_nobody_out},
    {"who left a failed transaction is not answered", who_left_a_failed_transaction_is_not_answered},
    {"bytes that never were take no place", bytes_that_never_were_take_no_place},
};
UNIT_MAIN("ds.hub_disk", tests)
