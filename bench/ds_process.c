#include "ds_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_FD = 3, READY_LIMIT_MS = 30000, PATH_LEN = 4096, FILE_LEN = 64 };

/* SQLite's, and what the daemon logs. */
static const char *const FILES[] = {"rooms.db", "rooms.db-wal", "rooms.db-shm", "log"};

static const char *file_of(const struct ds_process *process, const char *name, char out[FILE_LEN])
{
    snprintf(out, FILE_LEN, "%s/%s", process->folder, name);
    return out;
}

static bool find_program(char out[PATH_LEN])
{
    static const char name[] = "/sotto-ds";
    const ssize_t len = readlink("/proc/self/exe", out, PATH_LEN - sizeof name);
    if (len <= 0)
        return false;
    out[len] = '\0';
    memcpy(strrchr(out, '/'), name, sizeof name);
    return access(out, X_OK) == 0;
}

/* In the child. It has no other thread, and does nothing but become the daemon. */
static void become(const char *program, const struct ds_process *process, int ready)
{
    char database[FILE_LEN];
    char log[FILE_LEN];
    const int out = open(file_of(process, "log", log), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (out < 0 || dup2(out, STDERR_FILENO) < 0 || dup2(ready, READY_FD) < 0)
        _exit(127);
    execl(program, program, "--dev", "--listen", "127.0.0.1:0", "--log-level", "warn", "--ready-fd", "3", "--database",
          file_of(process, "rooms.db", database), (char *)NULL);
    _exit(127);
}

static bool read_address(struct ds_process *process, int ready)
{
    char line[DS_PROCESS_ADDRESS_MAX + 16] = "";
    struct pollfd wait = {.fd = ready, .events = POLLIN};
    return poll(&wait, 1, READY_LIMIT_MS) == 1 && read(ready, line, sizeof line - 1) > 0 &&
           sscanf(line, "http=%63s", process->address) == 1;
}

bool ds_process_start(struct ds_process *process)
{
    char program[PATH_LEN];
    int ready[2];
    *process = (struct ds_process){.folder = "sotto-bench-ds-XXXXXX"};
    if (!find_program(program)) {
        fprintf(stderr, "there is no sotto-ds beside this program\n");
        return false;
    }
    if (!mkdtemp(process->folder) || pipe2(ready, O_CLOEXEC)) {
        perror("sotto-ds");
        return false;
    }
    process->pid = fork();
    if (process->pid == 0)
        become(program, process, ready[1]);
    close(ready[1]);
    const bool ok = process->pid > 0 && read_address(process, ready[0]);
    close(ready[0]);
    if (!ok) {
        fprintf(stderr, "%s does not start\n", program);
        ds_process_stop(process);
    }
    return ok;
}

double ds_process_cpu_s(const struct ds_process *process)
{
    clockid_t clock;
    struct timespec spent;
    if (clock_getcpuclockid(process->pid, &clock) || clock_gettime(clock, &spent))
        return 0;
    return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

void ds_process_stop(struct ds_process *process)
{
    char path[FILE_LEN];
    if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        waitpid(process->pid, NULL, 0);
    }
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        unlink(file_of(process, FILES[i], path));
    rmdir(process->folder);
    *process = (struct ds_process){0};
}
