/* The folder of an identity. */
#include "id/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/sotto-id-store-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static struct id_store open_in(const char *name)
{
    struct id_store store;
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CU_ASSERT_FATAL(id_store_open(&store, path));
    return store;
}

static void kept_and_read(void)
{
    uint8_t out[8];
    size_t len = 99;
    make_folder();
    struct id_store store = open_in("a/b/c"); /* none of which is there */
    CU_ASSERT_EQUAL(id_store_read(&store, "pins", out, sizeof out, &len), ID_READ_ABSENT);
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"12345678", 8));
    CU_ASSERT_EQUAL(id_store_read(&store, "pins", out, sizeof out, &len), ID_READ_OK);
    CU_ASSERT(len == 8 && memcmp(out, "12345678", 8) == 0);
    CU_ASSERT_EQUAL(id_store_read(&store, "pins", out, 7, &len), ID_READ_FAILED); /* too large */
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"1", 1));
    CU_ASSERT_EQUAL(id_store_read(&store, "pins", out, sizeof out, &len), ID_READ_OK);
    CU_ASSERT_EQUAL(len, 1);
    id_store_close(&store);
    remove_folder();
}

static void for_its_user_alone(void)
{
    struct stat st;
    char path[ID_PATH_MAX + 16];
    uint8_t out[8];
    size_t len = 0;
    make_folder();
    mode_t before = umask(0);
    struct id_store store = open_in("x");
    CU_ASSERT(id_store_write(&store, "root.key", (const uint8_t *)"1", 1));
    umask(before);
    snprintf(path, sizeof path, "%s/root.key", store.folder);
    CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CU_ASSERT(stat(store.folder, &st) == 0 && (st.st_mode & 0777) == 0700);
    for (mode_t bit = 1; bit < 0100; bit <<= 1) {
        CU_ASSERT_EQUAL(chmod(path, 0600 | bit), 0);
        CU_ASSERT_EQUAL(id_store_read(&store, "root.key", out, sizeof out, &len), ID_READ_FAILED);
    }
    CU_ASSERT_EQUAL(chmod(path, 0600), 0);
    CU_ASSERT_EQUAL(id_store_read(&store, "root.key", out, sizeof out, &len), ID_READ_OK);
    id_store_close(&store);
    remove_folder();
}

/* As on a full disk: the process may write no file longer than four bytes. */
static bool write_where_there_is_no_room(const struct id_store *store)
{
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        const struct rlimit four = {4, 4};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &four);
        _exit(id_store_write(store, "pins", (const uint8_t *)"something new", 13) ? 0 : 1);
    }
    CU_ASSERT_FATAL(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status) == 0;
}

static void the_old_or_the_new(void)
{
    uint8_t out[16];
    char command[ID_PATH_MAX + 64];
    size_t len = 0;
    make_folder();
    struct id_store store = open_in("x");
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"old", 3));
    CU_ASSERT_FALSE(write_where_there_is_no_room(&store));
    CU_ASSERT_EQUAL(id_store_read(&store, "pins", out, sizeof out, &len), ID_READ_OK);
    CU_ASSERT(len == 3 && memcmp(out, "old", 3) == 0);
    snprintf(command, sizeof command, "[ \"$(ls '%s' | wc -l)\" = 2 ]", store.folder); /* pins and lock: no remains */
    CU_ASSERT_EQUAL(system(command), 0);
    id_store_close(&store);
    remove_folder();
}

static bool is_there(const struct id_store *store, const char *name)
{
    char path[ID_PATH_MAX + 16];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", store->folder, name);
    return lstat(path, &st) == 0;
}

/* A process was killed in the middle of a write, under any number: what it left may hold a secret. */
static void remains_of_the_dead(void)
{
    uint8_t out[16];
    size_t len = 0;
    int ready[2];
    char c = 0;
    make_folder();
    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    struct id_store store = open_in("x");
    CU_ASSERT(id_store_write(&store, "pins.new", (const uint8_t *)"half of som", 11));
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"new", 3));
    CU_ASSERT_EQUAL(id_store_read(&store, "pins", out, sizeof out, &len), ID_READ_OK);
    CU_ASSERT(len == 3 && memcmp(out, "new", 3) == 0);
    CU_ASSERT_FALSE(is_there(&store, "pins.new"));
    id_store_close(&store);
    /* and the folder is free again */
    pid_t child = fork();
    if (child == 0) {
        struct id_store same;
        if (id_store_open(&same, store.folder) && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    CU_ASSERT_FATAL(child > 0);
    CU_ASSERT_EQUAL(read(ready[0], &c, 1), 1);
    CU_ASSERT_EQUAL(kill(child, SIGKILL), 0);
    CU_ASSERT_EQUAL(waitpid(child, NULL, 0), child);
    store = open_in("x");
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"newer", 5));
    id_store_close(&store);
    close(ready[0]);
    close(ready[1]);
    remove_folder();
}

static void removed(void)
{
    make_folder();
    struct id_store store = open_in("x");
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"1", 1));
    CU_ASSERT(id_store_remove(&store, "pins"));
    CU_ASSERT_FALSE(is_there(&store, "pins"));
    CU_ASSERT(id_store_remove(&store, "pins")); /* it is not there */
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"2", 1));
    id_store_close(&store);
    remove_folder();
}

static void one_at_a_time(void)
{
    int ready[2];
    char c = 0;
    make_folder();
    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    struct id_store store = open_in("x");
    pid_t child = fork();
    if (child == 0) { /* says so once it has the folder */
        struct id_store same;
        close(store.lock);
        _exit(id_store_open(&same, store.folder) && write(ready[1], "x", 1) == 1 ? 0 : 1);
    }
    CU_ASSERT_FATAL(child > 0);
    CU_ASSERT(id_store_write(&store, "pins", (const uint8_t *)"mine", 4));
    CU_ASSERT_EQUAL(waitpid(child, NULL, WNOHANG), 0);
    id_store_close(&store);
    int status = 1;
    CU_ASSERT_EQUAL(read(ready[0], &c, 1), 1);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    close(ready[0]);
    close(ready[1]);
    remove_folder();
}

static void rooms_wait_for_nobody(void)
{
    struct id_store other;
    make_folder();
    struct id_store store = open_in("x");
    CU_ASSERT_FALSE(id_store_try(&other, store.folder)); /* without waiting */
    CU_ASSERT_FATAL(id_store_open_rooms(&other, store.folder));
    CU_ASSERT(id_store_write(&other, "state-tea", (const uint8_t *)"1", 1));
    id_store_close(&store);
    CU_ASSERT(id_store_try(&store, other.folder));
    id_store_close(&other);
    id_store_close(&store);
    remove_folder();
}

static const struct unit_test tests[] = {
    {"what is written is read, whole", kept_and_read},
    {"files are for their user alone, and keys that are not are refused", for_its_user_alone},
    {"a write that fails leaves the old file and nothing else", the_old_or_the_new},
    {"what a process that died has left of a write is gone with the next", remains_of_the_dead},
    {"what is removed is gone, and may be written again", removed},
    {"who has opened the folder has it alone", one_at_a_time},
    {"who only tries, or writes what is a room's, does not wait for them", rooms_wait_for_nobody},
};

UNIT_MAIN("id.store", tests)
