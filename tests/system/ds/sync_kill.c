/* Preloaded into sotto-ds by a test: the power fails at a sync of the database.
 *
 * $SOTTO_SYNC_KILL names a file of two 32-bit numbers that the test shares: which sync from now on the process dies at
 * (0: none), and whether before it (1) or after it (2). The second is cleared as the sign that it was this that killed.
 * After each sync the file that was synced is copied beside itself, as FILE.synced: that is what a loss of power would
 * leave at the least. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BEFORE = 1, AFTER = 2 };

struct plan {
    volatile uint32_t countdown;
    volatile uint32_t when;
};

static struct plan *shared_plan(void)
{
    static struct plan *plan;
    const char *path = getenv("SOTTO_SYNC_KILL");
    if (!plan && path) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        void *map = fd >= 0 ? mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
        if (map == MAP_FAILED)
            abort();
        close(fd);
        plan = map;
    }
    return plan;
}

static void die(struct plan *plan)
{
    plan->when = 0;
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Under another name first: half a copy would be no state that ever was. */
static void keep_copy(int fd)
{
    char link[64];
    char path[4096];
    char copy[4096 + 16];
    char new_copy[4096 + 32];
    char buffer[65536];
    off_t at = 0;
    ssize_t len;
    struct stat info;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode))
        return; /* the folder */
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof(path) - 1);
    if (len <= 0)
        return;
    path[len] = 0;
    snprintf(copy, sizeof(copy), "%s.synced", path);
    snprintf(new_copy, sizeof(new_copy), "%s.new", copy);
    int out = open(new_copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    while (out >= 0 && in >= 0 && (len = pread(in, buffer, sizeof(buffer), at)) > 0) {
        if (write(out, buffer, (size_t)len) != len)
            abort();
        at += len;
    }
    close(in);
    close(out);
    if (rename(new_copy, copy))
        abort();
}

static int sync_with(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    struct plan *plan = shared_plan();
    bool now = plan && plan->countdown > 0 && --plan->countdown == 0;
    if (now && plan->when == BEFORE)
        die(plan);
    int result = real(fd);
    if (plan && result == 0)
        keep_copy(fd);
    if (now && plan->when == AFTER)
        die(plan);
    return result;
}

int fsync(int fd)
{
    return sync_with("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_with("fdatasync", fd);
}
