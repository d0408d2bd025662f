/* A sotto-ds beside a benchmark, as a process of its own: on a free port of 127.0.0.1, with its database on this
 * folder's disk. It ends with the benchmark, however that ends. */
#ifndef BENCH_DS_PROCESS_H
#define BENCH_DS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

enum { DS_PROCESS_ADDRESS_MAX = 64 };

struct ds_process {
    pid_t pid;
    char address[DS_PROCESS_ADDRESS_MAX]; /* HOST:PORT */
    char folder[32];                      /* with its database and its log; removed with it */
};

/* Starts the sotto-ds that lies beside this program, and waits until it serves. False, with a reason on stderr, if it
 * does not: there is nothing to stop then. */
bool ds_process_start(struct ds_process *process);
/* Seconds of CPU that it has taken so far, all of its threads'. */
double ds_process_cpu_s(const struct ds_process *process);
/* Ends it by its pid, and removes what it wrote. */
void ds_process_stop(struct ds_process *process);

#endif
