#include "id/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS = 077 };

static bool failed(const char *what, const char *path)
{
    fprintf(stderr, "sotto: %s %s: %s\n", what, path, strerror(errno));
    return false;
}

static bool join(char out[ID_PATH_MAX], const char *folder, const char *name)
{
    if (snprintf(out, ID_PATH_MAX, "%s/%s", folder, name) < ID_PATH_MAX)
        return true;
    fprintf(stderr, "sotto: the path of %s is too long\n", name);
    return false;
}

/* --- Files --- */

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        len -= (size_t)written;
    }
    return true;
}

/* A rename lasts once its folder is on disk. */
static bool sync_folder_of(const char *path)
{
    char folder[ID_PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

/* What a process that died has left of a write is removed first: it would stand in the way, and it may be a secret. */
static bool replace(const char *path, const char *temporary, const uint8_t *data, size_t len)
{
    if (unlink(temporary) != 0 && errno != ENOENT)
        return failed("writing", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed("writing", path);
    bool ok = write_all(fd, data, len) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && rename(temporary, path) == 0 && sync_folder_of(path))
        return true;
    errno = ok ? errno : error;
    failed("writing", path);
    unlink(temporary);
    return false;
}

bool id_file_write(const char *path, const uint8_t *data, size_t len)
{
    char temporary[ID_PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid()) < ID_PATH_MAX)
        return replace(path, temporary, data, len);
    errno = ENAMETOOLONG;
    return failed("writing", path);
}

static enum id_read read_all(int fd, const char *path, uint8_t *out, size_t cap, size_t *len)
{
    size_t done = 0;
    for (;;) {
        uint8_t more = 0;
        ssize_t got = done < cap ? read(fd, out + done, cap - done) : read(fd, &more, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            failed("reading", path);
            return ID_READ_FAILED;
        }
        if (got == 0)
            break;
        if (done == cap) {
            fprintf(stderr, "sotto: reading %s: it is too large\n", path);
            return ID_READ_FAILED;
        }
        done += (size_t)got;
    }
    *len = done;
    return ID_READ_OK;
}

static enum id_read read_file(const char *path, bool is_key, uint8_t *out, size_t cap, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return ID_READ_ABSENT;
        failed("reading", path);
        return ID_READ_FAILED;
    }
    enum id_read result = ID_READ_FAILED;
    if (fstat(fd, &st) != 0)
        failed("reading", path);
    else if (is_key && (st.st_mode & OTHERS) != 0)
        fprintf(stderr, "sotto: others may read or write %s, which holds a key; allow it yourself only: chmod 600 %s\n",
                path, path);
    else
        result = read_all(fd, path, out, cap, len);
    close(fd);
    return result;
}

enum id_read id_file_read(const char *path, uint8_t *out, size_t cap, size_t *len)
{
    return read_file(path, false, out, cap, len);
}

/* --- The folder --- */

/* Each part of the path that is missing. */
static bool make_folders(const char *folder)
{
    char path[ID_PATH_MAX];
    snprintf(path, sizeof path, "%s", folder);
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return failed("making", path);
        *slash = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST || failed("making", path);
}

static bool find_folder(const char *folder, char out[ID_PATH_MAX])
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (!folder)
        folder = getenv("SOTTO_HOME");
    if (folder && *folder) {
        if (snprintf(out, ID_PATH_MAX, "%s", folder) < ID_PATH_MAX)
            return true;
        fprintf(stderr, "sotto: the path of the folder is too long\n");
        return false;
    }
    if (data && *data == '/')
        return join(out, data, "sotto");
    if (home && *home)
        return join(out, home, ".local/share/sotto");
    fprintf(stderr, "sotto: no home folder is known; name one with --home\n");
    return false;
}

static bool lock_file(int fd, const char *folder)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        fprintf(stderr, "sotto: another sotto uses %s; waiting for it\n", folder);
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

static bool lock_by(struct id_store *store, const char *lock, bool wait)
{
    char path[ID_PATH_MAX];
    if (!join(path, store->folder, lock))
        return false;
    store->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (store->lock < 0)
        return failed("opening", path);
    if (wait ? lock_file(store->lock, store->folder) : flock(store->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (wait || errno != EWOULDBLOCK)
        failed("locking", path);
    id_store_close(store);
    return false;
}

bool id_store_find(struct id_store *store, const char *folder)
{
    store->lock = -1;
    return find_folder(folder, store->folder) && make_folders(store->folder);
}

bool id_store_lock(struct id_store *store)
{
    return store->lock >= 0 || lock_by(store, "lock", true);
}

bool id_store_open(struct id_store *store, const char *folder)
{
    return id_store_find(store, folder) && id_store_lock(store);
}

bool id_store_try(struct id_store *store, const char *folder)
{
    return id_store_find(store, folder) && lock_by(store, "lock", false);
}

bool id_store_open_rooms(struct id_store *store, const char *folder)
{
    return id_store_find(store, folder) && lock_by(store, "lock-rooms", true);
}

void id_store_close(struct id_store *store)
{
    if (store->lock >= 0)
        close(store->lock);
    store->lock = -1;
}

enum id_read id_store_read(const struct id_store *store, const char *name, uint8_t *out, size_t cap, size_t *len)
{
    char path[ID_PATH_MAX];
    const char *dot = strrchr(name, '.');
    return join(path, store->folder, name) ? read_file(path, dot && strcmp(dot, ".key") == 0, out, cap, len)
                                           : ID_READ_FAILED;
}

bool id_store_write(const struct id_store *store, const char *name, const uint8_t *data, size_t len)
{
    char path[ID_PATH_MAX];
    char temporary[ID_PATH_MAX];
    if (!join(path, store->folder, name))
        return false;
    /* one name for all processes: who has the folder open has it alone */
    if (snprintf(temporary, sizeof temporary, "%s.new", path) < ID_PATH_MAX)
        return replace(path, temporary, data, len);
    errno = ENAMETOOLONG;
    return failed("writing", path);
}

bool id_store_remove(const struct id_store *store, const char *name)
{
    char path[ID_PATH_MAX];
    if (!join(path, store->folder, name))
        return false;
    if (unlink(path) != 0)
        return errno == ENOENT || failed("removing", path);
    return sync_folder_of(path) || failed("removing", path);
}
