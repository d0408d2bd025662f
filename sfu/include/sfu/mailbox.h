/* Commands from any thread to the one that owns the state: the caller waits until the owner has run its function.
 * Bounded in number and in waiting time; an eventfd wakes the owner. */
#ifndef SFU_MAILBOX_H
#define SFU_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

enum { SFU_MAILBOX_MAX = 64 }; /* commands waiting at once */

struct sfu_command;

struct sfu_mailbox {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    struct sfu_command *first;
    struct sfu_command *last;
    size_t count;
    size_t callers; /* inside sfu_mailbox_call */
    bool closed;
    int event_fd; /* readable while commands wait */
};

typedef void (*sfu_mailbox_fn)(void *owner, void *arg);

/* 0, or -1 with errno set. */
SOTTO_MUST_CHECK int sfu_mailbox_open(struct sfu_mailbox *mailbox);
/* Answers whoever waits with false, and waits until they have left. Nobody may call after that. */
void sfu_mailbox_close(struct sfu_mailbox *mailbox);

/* From any thread but the owner's: has the owner run fn(owner, arg), and waits for it. False, and fn was not and will
 * not be run, if the mailbox is full or closed or the owner has not begun within timeout_us. */
SOTTO_MUST_CHECK bool sfu_mailbox_call(struct sfu_mailbox *mailbox, sfu_mailbox_fn fn, void *arg, uint64_t timeout_us);

/* From the owner's thread: runs what waits. */
void sfu_mailbox_run(struct sfu_mailbox *mailbox, void *owner);

#endif
