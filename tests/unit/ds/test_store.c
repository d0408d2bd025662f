#include "ds/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder[] = "/tmp/sotto-ds-store-XXXXXX";
static char path[64];
static const struct ds_store_bounds wide = {.entries = 1000, .bytes = 1 << 20, .welcomes = 64, .group_infos = 8};

static struct core_slice text(const char *s)
{
    return (struct core_slice){(const uint8_t *)s, strlen(s)};
}

static struct ds_store *open_store(const char *at)
{
    char problem[DS_STORE_PROBLEM_MAX] = "";
    struct ds_store *store = ds_store_open(at, problem);
    if (!store)
        printf("  %s\n", problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    return store;
}

static void remove_files(void)
{
    char name[80];
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
}

static void begin(struct ds_store *store)
{
    CU_ASSERT_EQUAL(ds_store_begin(store), DS_STORE_OK);
}

static void commit(struct ds_store *store)
{
    CU_ASSERT_EQUAL(ds_store_commit(store), DS_STORE_OK);
}

static struct ds_store_room add_room(struct ds_store *store, const char *name)
{
    struct ds_store_room room = {.oldest = 1, .log_id = {1, 2, 3}};
    CU_ASSERT_EQUAL(ds_store_add_room(store, name, 1000, &room), DS_STORE_OK);
    CU_ASSERT(room.id > 0);
    return room;
}

/* The number that an entry of this key and these contents gets, for which another's GroupInfo goes. */
static uint64_t append_instead(struct ds_store *store, struct ds_store_room *room, uint8_t key, const char *content,
                               const char *welcome, const char *info, uint64_t instead,
                               const struct ds_store_bounds *bounds)
{
    const uint8_t bytes[DS_STORE_APPEND_KEY_LEN] = {key};
    struct wire_append a = {.commit = text(content), .has_welcome = welcome, .has_group_info = info};
    uint64_t seq = 0;
    if (welcome)
        a.welcome = text(welcome);
    if (info)
        a.group_info = text(info);
    CU_ASSERT_EQUAL(ds_store_append(store, room, bytes, &a, instead, bounds, 1000, &seq), DS_STORE_OK);
    return seq;
}

static uint64_t append(struct ds_store *store, struct ds_store_room *room, uint8_t key, const char *content,
                       const char *welcome, const char *info, const struct ds_store_bounds *bounds)
{
    return append_instead(store, room, key, content, welcome, info, 0, bounds);
}

struct seen {
    char text[256];
    size_t left;
};

static bool see(void *user, const struct wire_entry *entry)
{
    struct seen *seen = user;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof(seen->text) - len, "%d%s%s=%.*s ", (int)entry->seq, entry->has_welcome ? "w" : "",
             entry->has_group_info ? "g" : "", (int)entry->commit.len, (const char *)entry->commit.data);
    return --seen->left > 0;
}

static void assert_log(struct ds_store *store, const struct ds_store_room *room, uint64_t from, const char *want)
{
    struct seen seen = {.left = 100};
    CU_ASSERT_EQUAL(ds_store_read(store, room->id, from, room->head, see, &seen), DS_STORE_OK);
    CU_ASSERT_STRING_EQUAL(seen.text, want);
    if (strcmp(seen.text, want) != 0)
        printf("  %s\n", seen.text);
}

static void copy_part(void *user, struct core_slice data)
{
    snprintf(user, 64, "%.*s", (int)data.len, (const char *)data.data);
}

static void assert_part(struct ds_store *store, const struct ds_store_room *room, uint64_t seq, enum wire_part part,
                        const char *want)
{
    char got[64] = "";
    CU_ASSERT_EQUAL(ds_store_fetch(store, room->id, seq, part, copy_part, got), want ? DS_STORE_OK : DS_STORE_NONE);
    CU_ASSERT_STRING_EQUAL(got, want ? want : "");
}

static void a_log_outlives_the_process(void)
{
    struct ds_store *store = open_store(path);
    struct ds_store_room room;
    struct stat info;
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &room), DS_STORE_NONE);
    begin(store);
    room = add_room(store, "tea");
    CU_ASSERT_EQUAL(append(store, &room, 1, "one", NULL, "info1", &wide), 1);
    CU_ASSERT_EQUAL(append(store, &room, 2, "two", "hello", NULL, &wide), 2);
    commit(store);
    CU_ASSERT(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    ds_store_close(store);
    store = open_store(path);
    memset(&room, 0, sizeof(room));
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &room), DS_STORE_OK);
    CU_ASSERT(room.oldest == 1 && room.head == 2 && room.bytes == 3 + 5 + 3 + 5 && room.log_id[2] == 3 &&
              room.closed_until_s == 0);
    assert_log(store, &room, 1, "1g=one 2w=two ");
    assert_log(store, &room, 2, "2w=two ");
    assert_log(store, &room, 3, "");
    assert_part(store, &room, 1, WIRE_PART_COMMIT, "one");
    assert_part(store, &room, 1, WIRE_PART_GROUP_INFO, "info1");
    assert_part(store, &room, 1, WIRE_PART_WELCOME, NULL);
    assert_part(store, &room, 2, WIRE_PART_WELCOME, "hello");
    assert_part(store, &room, 3, WIRE_PART_COMMIT, NULL);
    ds_store_close(store);
    remove_files();
}

static void what_is_rolled_back_never_was(void)
{
    struct ds_store *store = open_store(NULL);
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    append(store, &room, 1, "one", NULL, NULL, &wide);
    commit(store);
    struct ds_store_room staged = room;
    begin(store);
    append(store, &staged, 2, "two", "w", "g", &wide);
    ds_store_rollback(store);
    staged = room;
    assert_log(store, &room, 1, "1=one ");
    begin(store);
    CU_ASSERT_EQUAL(append(store, &staged, 3, "three", NULL, NULL, &wide), 2);
    commit(store);
    assert_log(store, &staged, 1, "1=one 2=three ");
    ds_store_rollback(store); /* of nothing */
    ds_store_close(store);
}

static void the_same_key_is_stored_once(void)
{
    struct ds_store *store = open_store(NULL);
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    struct ds_store_room other = add_room(store, "milk");
    CU_ASSERT_EQUAL(append(store, &room, 7, "one", NULL, NULL, &wide), 1);
    CU_ASSERT_EQUAL(append(store, &room, 8, "two", NULL, NULL, &wide), 2);
    CU_ASSERT_EQUAL(append(store, &room, 7, "one", NULL, NULL, &wide), 1);
    CU_ASSERT_EQUAL(append(store, &other, 7, "another room", NULL, NULL, &wide), 1);
    commit(store);
    begin(store);
    CU_ASSERT_EQUAL(append(store, &room, 8, "two", NULL, NULL, &wide), 2);
    commit(store);
    CU_ASSERT(room.head == 2 && room.bytes == 6);
    assert_log(store, &room, 1, "1=one 2=two ");
    ds_store_close(store);
}

static void what_is_over_a_bound_goes_oldest_first(void)
{
    const struct ds_store_bounds three = {.entries = 3, .bytes = 1000, .welcomes = 64, .group_infos = 8};
    const struct ds_store_bounds ten_bytes = {.entries = 100, .bytes = 10, .welcomes = 64, .group_infos = 8};
    struct ds_store *store = open_store(NULL);
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    for (uint8_t i = 1; i <= 5; i++)
        append(store, &room, i, "x", i == 2 ? "w" : NULL, i == 2 ? "gg" : NULL, &three);
    CU_ASSERT(room.oldest == 3 && room.head == 5 && room.bytes == 3);
    assert_log(store, &room, 1, "3=x 4=x 5=x ");
    assert_part(store, &room, 2, WIRE_PART_WELCOME, NULL);
    assert_part(store, &room, 2, WIRE_PART_GROUP_INFO, NULL);
    append(store, &room, 6, "12345678", NULL, NULL, &ten_bytes);
    CU_ASSERT(room.oldest == 4 && room.bytes == 10);
    append(store, &room, 7, "0123456789", NULL, NULL, &ten_bytes);
    CU_ASSERT(room.oldest == 7 && room.head == 7 && room.bytes == 10);
    assert_log(store, &room, 1, "7=0123456789 ");
    commit(store);
    struct ds_store_room again;
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &again), DS_STORE_OK);
    CU_ASSERT(again.oldest == 7 && again.bytes == 10);
    ds_store_close(store);
}

static void only_the_newest_parts_are_kept(void)
{
    const struct ds_store_bounds few = {.entries = 100, .bytes = 1000, .welcomes = 3, .group_infos = 2};
    struct ds_store *store = open_store(NULL);
    uint64_t seqs[WIRE_SEQS_MAX];
    size_t count = 0;
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    for (uint8_t i = 1; i <= 5; i++)
        append(store, &room, i, "x", "w", "gg", &few);
    assert_log(store, &room, 1, "1=x 2=x 3w=x 4wg=x 5wg=x ");
    CU_ASSERT_EQUAL(room.bytes, 5 + 3 + 4);
    CU_ASSERT_EQUAL(ds_store_list(store, room.id, WIRE_PART_GROUP_INFO, room.head, 64, seqs, &count), DS_STORE_OK);
    CU_ASSERT(count == 2 && seqs[0] == 4 && seqs[1] == 5);
    CU_ASSERT_EQUAL(ds_store_list(store, room.id, WIRE_PART_WELCOME, 4, 64, seqs, &count), DS_STORE_OK);
    CU_ASSERT(count == 2 && seqs[0] == 3 && seqs[1] == 4);
    CU_ASSERT_EQUAL(ds_store_list(store, room.id, WIRE_PART_WELCOME, 5, 2, seqs, &count), DS_STORE_OK);
    CU_ASSERT(count == 2 && seqs[0] == 4 && seqs[1] == 5);
    commit(store);
    ds_store_close(store);
}

/* The bounds hold as ever beside it. */
static void a_group_info_goes_for_another(void)
{
    const struct ds_store_bounds few = {.entries = 3, .bytes = 1000, .welcomes = 64, .group_infos = 3};
    struct ds_store *store = open_store(NULL);
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    struct ds_store_room other = add_room(store, "milk");
    append(store, &other, 1, "x", "w", "ggg", &few);
    append(store, &room, 1, "x", "w", "ggg", &few);
    append(store, &room, 2, "x", NULL, "gg", &few);
    CU_ASSERT_EQUAL(append_instead(store, &room, 3, "x", NULL, "g", 1, &few), 3);
    assert_log(store, &room, 1, "1w=x 2g=x 3g=x ");
    CU_ASSERT_EQUAL(room.bytes, 3 + 1 + 2 + 1);
    CU_ASSERT_EQUAL(append_instead(store, &room, 3, "x", NULL, "g", 2, &few), 3); /* repeated: nothing goes */
    assert_log(store, &room, 1, "1w=x 2g=x 3g=x ");
    CU_ASSERT_EQUAL(append_instead(store, &room, 4, "x", NULL, "g", 1, &few), 4); /* it has gone before */
    CU_ASSERT_EQUAL(append_instead(store, &room, 5, "x", NULL, "g", 4, &few), 5);
    assert_log(store, &room, 1, "3g=x 4=x 5g=x ");
    CU_ASSERT_EQUAL(room.bytes, 3 + 2);
    assert_log(store, &other, 1, "1wg=x ");
    commit(store);
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &room), DS_STORE_OK);
    CU_ASSERT_EQUAL(room.bytes, 3 + 2);
    ds_store_close(store);
}

/* Welcomes hold a tree each; entries are what all members have to follow. */
static void welcomes_go_before_entries(void)
{
    const struct ds_store_bounds small = {.entries = 100, .bytes = 200, .welcomes = 64, .group_infos = 2};
    static const char welcome[] = "0123456789";
    struct ds_store *store = open_store(NULL);
    uint64_t seqs[WIRE_SEQS_MAX];
    size_t count = 0;
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    for (uint8_t i = 1; i <= 30; i++)
        append(store, &room, i, "x", welcome, NULL, &small);
    CU_ASSERT(room.oldest == 1 && room.head == 30 && room.bytes <= 200);
    CU_ASSERT_EQUAL(ds_store_list(store, room.id, WIRE_PART_WELCOME, room.head, 64, seqs, &count), DS_STORE_OK);
    CU_ASSERT(count == 17 && seqs[count - 1] == 30);
    /* a few Welcomes stay, of who may just be coming in: then entries go */
    for (uint8_t i = 31; i <= 60; i++)
        append(store, &room, i, "0123456789", welcome, NULL, &small);
    CU_ASSERT(room.oldest > 1 && room.bytes <= 200);
    CU_ASSERT_EQUAL(ds_store_list(store, room.id, WIRE_PART_WELCOME, room.head, 64, seqs, &count), DS_STORE_OK);
    CU_ASSERT_EQUAL(count, 8);
    commit(store);
    ds_store_close(store);
}

static void copy_package(void *user, const struct wire_key_package *package)
{
    snprintf(user, 64, "%.*s:%d:%.*s", (int)package->holder.len, (const char *)package->holder.data, package->use,
             (int)package->key_package.len, (const char *)package->key_package.data);
}

static void assert_taken(struct ds_store *store, struct ds_store_room *room, const char *holder, const char *want)
{
    char got[64] = "";
    CU_ASSERT_EQUAL(ds_store_take_key_package(store, room, holder, copy_package, got),
                    want ? DS_STORE_OK : DS_STORE_NONE);
    CU_ASSERT_STRING_EQUAL(got, want ? want : "");
}

static int put(struct ds_store *store, struct ds_store_room *room, const char *holder, enum wire_use use,
               const char *data)
{
    return ds_store_put_key_package(store, room, holder, use, text(data), 2, &wide);
}

static void key_packages_of_one_use_are_given_once_the_last_resort_for_ever(void)
{
    struct ds_store *store = open_store(NULL);
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    CU_ASSERT_EQUAL(put(store, &room, "p-1", WIRE_USE_LAST_RESORT, "last"), DS_STORE_OK);
    CU_ASSERT_EQUAL(put(store, &room, "p-1", WIRE_USE_ONE_USE, "first"), DS_STORE_OK);
    CU_ASSERT_EQUAL(put(store, &room, "p-1", WIRE_USE_ONE_USE, "second"), DS_STORE_OK);
    CU_ASSERT_EQUAL(put(store, &room, "p-1", WIRE_USE_ONE_USE, "third"), DS_STORE_NONE);
    CU_ASSERT_EQUAL(put(store, &room, "p-2", WIRE_USE_ONE_USE, "other"), DS_STORE_OK);
    CU_ASSERT_EQUAL(room.bytes, 4 + 5 + 6 + 5);
    assert_taken(store, &room, "p-1", "p-1:2:first");
    assert_taken(store, &room, "p-1", "p-1:2:second");
    assert_taken(store, &room, "p-1", "p-1:3:last");
    CU_ASSERT_EQUAL(put(store, &room, "p-1", WIRE_USE_LAST_RESORT, "newer"), DS_STORE_OK);
    assert_taken(store, &room, "p-1", "p-1:3:newer");
    assert_taken(store, &room, "p-1", "p-1:3:newer");
    assert_taken(store, &room, "p-2", "p-2:2:other");
    assert_taken(store, &room, "p-2", NULL);
    CU_ASSERT_EQUAL(room.bytes, 5);
    commit(store);
    ds_store_close(store);
}

static void what_is_over_the_bounds_alone_changes_nothing(void)
{
    static const uint8_t key[DS_STORE_APPEND_KEY_LEN] = {9};
    const struct ds_store_bounds small = {.entries = 100, .bytes = 20, .welcomes = 64, .group_infos = 8};
    struct ds_store *store = open_store(NULL);
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    append(store, &room, 1, "0123456789", NULL, NULL, &small);
    append(store, &room, 2, "01234567", NULL, NULL, &small);
    const struct ds_store_room before = room;
    uint64_t seq = 0;
    const struct wire_append one_too_many = {.commit = text("0123456789"),
                                             .has_welcome = true,
                                             .welcome = text("0123456789"),
                                             .has_group_info = true,
                                             .group_info = text("g")};
    CU_ASSERT_EQUAL(ds_store_append(store, &room, key, &one_too_many, 1, &small, 1000, &seq), DS_STORE_OVER);
    /* key packages: a quarter at most, beside the newest entry, and what makes place for them is old entries */
    const struct ds_store_bounds wide_log = {.entries = 100, .bytes = 24, .welcomes = 64, .group_infos = 8};
    CU_ASSERT_EQUAL(ds_store_put_key_package(store, &room, "p", WIRE_USE_ONE_USE, text("123456"), 9, &small),
                    DS_STORE_OVER);
    CU_ASSERT(memcmp(&room, &before, sizeof(room)) == 0);
    assert_log(store, &room, 1, "1=0123456789 2=01234567 ");
    assert_taken(store, &room, "p", NULL);
    CU_ASSERT_EQUAL(ds_store_put_key_package(store, &room, "p", WIRE_USE_ONE_USE, text("123456"), 9, &wide_log),
                    DS_STORE_OK);
    CU_ASSERT_EQUAL(room.bytes, 24);
    CU_ASSERT_EQUAL(ds_store_put_key_package(store, &room, "q", WIRE_USE_ONE_USE, text("1"), 9, &wide_log),
                    DS_STORE_OVER);
    assert_taken(store, &room, "p", "p:2:123456");
    CU_ASSERT(room.bytes == 18 && room.package_bytes == 0);
    CU_ASSERT_EQUAL(ds_store_put_key_package(store, &room, "p", WIRE_USE_LAST_RESORT, text("12345"), 9, &small),
                    DS_STORE_OK);
    CU_ASSERT(room.oldest == 2 && room.bytes == 13 && room.package_bytes == 5);
    assert_log(store, &room, 1, "2=01234567 ");
    append(store, &room, 3, "0123456789abcde", NULL, NULL, &small);
    CU_ASSERT(room.oldest == 3 && room.bytes == 20);
    /* the newest entry and a longer one instead of it do not fit together; an equal one does */
    const struct ds_store_bounds quarter = {.entries = 100, .bytes = 24, .welcomes = 64, .group_infos = 8};
    append(store, &room, 4, "0123456789abcdefghi", NULL, NULL, &quarter);
    CU_ASSERT_EQUAL(ds_store_put_key_package(store, &room, "p", WIRE_USE_LAST_RESORT, text("123456"), 9, &quarter),
                    DS_STORE_OVER);
    CU_ASSERT_EQUAL(ds_store_put_key_package(store, &room, "p", WIRE_USE_LAST_RESORT, text("abcde"), 9, &quarter),
                    DS_STORE_OK);
    CU_ASSERT_EQUAL(ds_store_append(store, &room, key, &(struct wire_append){.commit = text("0123456789abcdefghij")}, 0,
                                    &quarter, 1000, &seq),
                    DS_STORE_OVER);
    commit(store);
    struct ds_store_room again;
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &again), DS_STORE_OK);
    CU_ASSERT(again.bytes == 24 && again.package_bytes == 5 && again.oldest == 4);
    ds_store_close(store);
}

static void a_closed_room_is_empty_and_begins_anew(void)
{
    struct ds_store *store = open_store(NULL);
    struct ds_store_room again;
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    struct ds_store_room other = add_room(store, "milk");
    append(store, &room, 1, "one", "w", "g", &wide);
    append(store, &other, 1, "one", "w", "g", &wide);
    CU_ASSERT_EQUAL(put(store, &room, "p-1", WIRE_USE_ONE_USE, "first"), DS_STORE_OK);
    CU_ASSERT_EQUAL(ds_store_ban(store, room.id, "p-2", 2000), DS_STORE_OK);
    room.log_id[0] = 99;
    CU_ASSERT_EQUAL(ds_store_close_room(store, &room, 5000), DS_STORE_OK);
    commit(store);
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &again), DS_STORE_OK);
    CU_ASSERT(again.head == 0 && again.oldest == 1 && again.bytes == 0 && again.closed_until_s == 5000 &&
              again.log_id[0] == 99);
    assert_part(store, &again, 1, WIRE_PART_COMMIT, NULL);
    assert_part(store, &again, 1, WIRE_PART_WELCOME, NULL);
    assert_taken(store, &again, "p-1", NULL);
    CU_ASSERT_EQUAL(ds_store_find_ban(store, again.id, "p-2", 1000), DS_STORE_NONE);
    begin(store);
    CU_ASSERT_EQUAL(append(store, &again, 1, "new", NULL, NULL, &wide), 1);
    commit(store);
    assert_log(store, &other, 1, "1wg=one ");
    ds_store_close(store);
}

static void bans_end(void)
{
    struct ds_store *store = open_store(NULL);
    begin(store);
    struct ds_store_room room = add_room(store, "tea");
    CU_ASSERT_EQUAL(ds_store_ban(store, room.id, "p-1", 2000), DS_STORE_OK);
    CU_ASSERT_EQUAL(ds_store_ban(store, room.id, "p-1", 3000), DS_STORE_OK);
    commit(store);
    CU_ASSERT_EQUAL(ds_store_find_ban(store, room.id, "p-1", 2999), DS_STORE_OK);
    CU_ASSERT_EQUAL(ds_store_find_ban(store, room.id, "p-1", 3000), DS_STORE_NONE);
    CU_ASSERT_EQUAL(ds_store_find_ban(store, room.id, "p-2", 1000), DS_STORE_NONE);
    CU_ASSERT_EQUAL(ds_store_find_ban(store, room.id + 1, "p-1", 1000), DS_STORE_NONE);
    ds_store_close(store);
}

static bool keep_one(void *user, int64_t id)
{
    return id == *(const int64_t *)user;
}

static void old_rooms_are_forgotten_but_those_in_use_and_closed_ones(void)
{
    struct ds_store *store = open_store(NULL);
    struct ds_store_room room;
    struct ds_store_totals totals;
    size_t count = 0;
    begin(store);
    struct ds_store_room used = add_room(store, "used");
    struct ds_store_room old = add_room(store, "old");
    struct ds_store_room closed = add_room(store, "closed");
    struct ds_store_room touched = add_room(store, "touched");
    append(store, &old, 1, "12345", "67", NULL, &wide);
    append(store, &touched, 1, "123", NULL, NULL, &wide);
    CU_ASSERT_EQUAL(ds_store_close_room(store, &closed, 9000), DS_STORE_OK);
    CU_ASSERT_EQUAL(ds_store_touch_room(store, touched.id, 6000), DS_STORE_OK);
    CU_ASSERT_EQUAL(ds_store_totals(store, 2, &totals), DS_STORE_OK);
    CU_ASSERT(totals.rooms == 4 && totals.bytes == 10 && totals.beyond == 5 + 1);
    CU_ASSERT_EQUAL(ds_store_forget_rooms(store, 6000, 8000, 10, keep_one, &used.id, &count), DS_STORE_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(ds_store_find_room(store, "old", &room), DS_STORE_NONE);
    CU_ASSERT_EQUAL(ds_store_find_room(store, "closed", &room), DS_STORE_OK);
    CU_ASSERT_EQUAL(ds_store_totals(store, 3, &totals), DS_STORE_OK);
    CU_ASSERT(totals.rooms == 3 && totals.bytes == 3 && totals.beyond == 0);
    CU_ASSERT_EQUAL(ds_store_forget_rooms(store, 9001, 9001, 1, keep_one, &used.id, &count), DS_STORE_OK);
    CU_ASSERT_EQUAL(count, 1);
    commit(store);
    ds_store_close(store);
}

static void one_process_has_the_file(void)
{
    char problem[DS_STORE_PROBLEM_MAX] = "";
    struct ds_store *store = open_store(path);
    CU_ASSERT_PTR_NULL(ds_store_open(path, problem));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "in use"));
    ds_store_close(store);
    ds_store_close(open_store(path));
    remove_files();
}

/* --- Migration --- */

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK);
    if (message)
        printf("  %s\n", message);
    sqlite3_free(message);
    sqlite3_close(db);
}

/* Version 1 as it was released, with a room in it. */
static const char version_1[] =
    "CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, log_id BLOB NOT NULL,"
    "  oldest INTEGER NOT NULL DEFAULT 1, head INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
    "  touched_s INTEGER NOT NULL) STRICT;"
    "CREATE INDEX rooms_touched ON rooms (touched_s);"
    "CREATE TABLE entries (id INTEGER PRIMARY KEY, room INTEGER NOT NULL, seq INTEGER NOT NULL,"
    "  append_key BLOB NOT NULL, content BLOB NOT NULL, UNIQUE (room, seq), UNIQUE (room, append_key)) STRICT;"
    "CREATE TABLE parts (id INTEGER PRIMARY KEY, room INTEGER NOT NULL, part INTEGER NOT NULL, seq INTEGER NOT NULL,"
    "  content BLOB NOT NULL, UNIQUE (room, part, seq)) STRICT;"
    "CREATE TABLE key_packages (id INTEGER PRIMARY KEY AUTOINCREMENT, room INTEGER NOT NULL, holder TEXT NOT NULL,"
    "  last_resort INTEGER NOT NULL, content BLOB NOT NULL) STRICT;"
    "CREATE INDEX key_packages_holder ON key_packages (room, holder, last_resort, id);"
    "INSERT INTO rooms VALUES (7, 'tea', x'01010101010101010101010101010101', 1, 2, 9, 1000);"
    "INSERT INTO entries VALUES (1, 7, 1, x'01000000000000000000000000000000', CAST('one' AS BLOB)),"
    "  (2, 7, 2, x'02000000000000000000000000000000', CAST('two' AS BLOB));"
    "INSERT INTO parts VALUES (1, 7, 2, 2, CAST('inf' AS BLOB));"
    "PRAGMA application_id = 1936680051; PRAGMA user_version = 1;";

static void version_1_is_migrated_with_all_it_holds(void)
{
    struct ds_store_room room;
    run_sql(version_1);
    struct ds_store *store = open_store(path);
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &room), DS_STORE_OK);
    CU_ASSERT(room.id == 7 && room.head == 2 && room.bytes == 9 && room.closed_until_s == 0);
    assert_log(store, &room, 1, "1=one 2g=two ");
    begin(store);
    CU_ASSERT_EQUAL(append(store, &room, 1, "one", NULL, NULL, &wide), 1); /* known still */
    CU_ASSERT_EQUAL(append(store, &room, 3, "three", NULL, NULL, &wide), 3);
    CU_ASSERT_EQUAL(ds_store_ban(store, room.id, "p-1", 2000), DS_STORE_OK);
    commit(store);
    ds_store_close(store);
    store = open_store(path); /* and not again */
    CU_ASSERT_EQUAL(ds_store_find_ban(store, 7, "p-1", 1000), DS_STORE_OK);
    ds_store_close(store);
    remove_files();
}

static void a_migration_that_fails_changes_nothing(void)
{
    char problem[DS_STORE_PROBLEM_MAX] = "";
    run_sql(version_1);
    run_sql("CREATE TABLE bans (x INTEGER);"); /* in the way of version 2, behind its first step */
    CU_ASSERT_PTR_NULL(ds_store_open(path, problem));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "migrated"));
    run_sql("DROP TABLE bans;");
    struct ds_store *store = open_store(path);
    struct ds_store_room room;
    CU_ASSERT_EQUAL(ds_store_find_room(store, "tea", &room), DS_STORE_OK);
    ds_store_close(store);
    remove_files();
}

static void refuses_with(const char *sql, const char *want)
{
    char problem[DS_STORE_PROBLEM_MAX] = "";
    run_sql(sql);
    CU_ASSERT_PTR_NULL(ds_store_open(path, problem));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, want));
    remove_files();
}

static void newer_and_foreign_databases_are_left_alone(void)
{
    char problem[DS_STORE_PROBLEM_MAX] = "";
    refuses_with("CREATE TABLE x (y); PRAGMA application_id = 1936680051; PRAGMA user_version = 3;", "newer");
    refuses_with("CREATE TABLE x (y);", "another program's");
    CU_ASSERT_PTR_NULL(ds_store_open("/nonexistent/folder/file", problem));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "opened"));
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database. ", file);
    fclose(file);
    CU_ASSERT_PTR_NULL(ds_store_open(path, problem));
    remove_files();
}

static const struct unit_test tests[] = {
    {"a log outlives the process, and is its owner's alone", a_log_outlives_the_process},
    {"what is rolled back never was", what_is_rolled_back_never_was},
    {"the same key is stored once in a room", the_same_key_is_stored_once},
    {"what is over a bound goes, the oldest first", what_is_over_a_bound_goes_oldest_first},
    {"what is over the bounds alone changes nothing", what_is_over_the_bounds_alone_changes_nothing},
    {"only the newest parts are kept", only_the_newest_parts_are_kept},
    {"a GroupInfo goes for another", a_group_info_goes_for_another},
    {"where room is short Welcomes go before entries", welcomes_go_before_entries},
    {"key packages of one use are given once, the last resort for ever",
     key_packages_of_one_use_are_given_once_the_last_resort_for_ever},
    {"a closed room is empty, and begins anew", a_closed_room_is_empty_and_begins_anew},
    {"bans end", bans_end},
    {"old rooms are forgotten, but those in use and closed ones",
     old_rooms_are_forgotten_but_those_in_use_and_closed_ones},
    {"one process has the file", one_process_has_the_file},
    {"version 1 is migrated with all that it holds", version_1_is_migrated_with_all_it_holds},
    {"a migration that fails changes nothing", a_migration_that_fails_changes_nothing},
    {"newer and foreign databases are left alone", newer_and_foreign_databases_are_left_alone},
};

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/rooms.db", folder);
    int result = unit_main("ds.store", tests, sizeof(tests) / sizeof(tests[0]));
    remove_files();
    rmdir(folder);
    return result;
}
