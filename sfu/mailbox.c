#include "sfu/mailbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum command_state { COMMAND_WAITS, COMMAND_RUNS, COMMAND_DONE, COMMAND_REFUSED };

/* Stands on the caller's stack: it stays there until the owner is done with it. */
struct sfu_command {
    struct sfu_command *next;
    sfu_mailbox_fn fn;
    void *arg;
    enum command_state state;
};

int sfu_mailbox_open(struct sfu_mailbox *mailbox)
{
    pthread_condattr_t attributes;
    *mailbox = (struct sfu_mailbox){.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (mailbox->event_fd < 0)
        return -1;
    int error = pthread_condattr_init(&attributes);
    if (error == 0) {
        /* the wall clock may jump */
        error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        if (error == 0)
            error = pthread_cond_init(&mailbox->answered, &attributes);
        (void)pthread_condattr_destroy(&attributes);
    }
    if (error == 0)
        error = pthread_mutex_init(&mailbox->mutex, NULL);
    if (error != 0) {
        close(mailbox->event_fd);
        errno = error;
        return -1;
    }
    return 0;
}

static struct sfu_command *pop(struct sfu_mailbox *mailbox)
{
    struct sfu_command *command = mailbox->first;
    if (command) {
        mailbox->first = command->next;
        if (!mailbox->first)
            mailbox->last = NULL;
        mailbox->count--;
    }
    return command;
}

static void append(struct sfu_mailbox *mailbox, struct sfu_command *command)
{
    if (mailbox->last)
        mailbox->last->next = command;
    else
        mailbox->first = command;
    mailbox->last = command;
    mailbox->count++;
}

static void withdraw(struct sfu_mailbox *mailbox, struct sfu_command *command)
{
    struct sfu_command *before = NULL;
    for (struct sfu_command *c = mailbox->first; c != command; c = c->next)
        before = c;
    if (before)
        before->next = command->next;
    else
        mailbox->first = command->next;
    if (mailbox->last == command)
        mailbox->last = before;
    mailbox->count--;
}

void sfu_mailbox_close(struct sfu_mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->mutex);
    mailbox->closed = true;
    for (struct sfu_command *command = pop(mailbox); command; command = pop(mailbox))
        command->state = COMMAND_REFUSED;
    (void)pthread_cond_broadcast(&mailbox->answered);
    while (mailbox->callers > 0)
        (void)pthread_cond_wait(&mailbox->answered, &mailbox->mutex);
    (void)pthread_mutex_unlock(&mailbox->mutex);
    (void)pthread_cond_destroy(&mailbox->answered);
    (void)pthread_mutex_destroy(&mailbox->mutex);
    close(mailbox->event_fd);
}

bool sfu_mailbox_call(struct sfu_mailbox *mailbox, sfu_mailbox_fn fn, void *arg, uint64_t timeout_us)
{
    struct sfu_command command = {.fn = fn, .arg = arg, .state = COMMAND_WAITS};
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    uint64_t end_ns = (uint64_t)end.tv_nsec + timeout_us % 1000000 * 1000;
    end.tv_sec += (time_t)(timeout_us / 1000000 + end_ns / 1000000000);
    end.tv_nsec = (long)(end_ns % 1000000000);

    (void)pthread_mutex_lock(&mailbox->mutex);
    if (mailbox->closed || mailbox->count == SFU_MAILBOX_MAX) {
        (void)pthread_mutex_unlock(&mailbox->mutex);
        return false;
    }
    append(mailbox, &command);
    mailbox->callers++;
    /* cannot block or fail: the counter is far from its limit */
    (void)eventfd_write(mailbox->event_fd, 1);
    while (command.state == COMMAND_WAITS || command.state == COMMAND_RUNS) {
        int error = pthread_cond_timedwait(&mailbox->answered, &mailbox->mutex, &end);
        if (error == ETIMEDOUT && command.state == COMMAND_WAITS) {
            withdraw(mailbox, &command);
            command.state = COMMAND_REFUSED;
        } else if (error == ETIMEDOUT && command.state == COMMAND_RUNS) {
            /* begun is begun: its outcome is at hand */
            (void)pthread_cond_wait(&mailbox->answered, &mailbox->mutex);
        }
    }
    bool done = command.state == COMMAND_DONE;
    mailbox->callers--;
    if (mailbox->closed)
        (void)pthread_cond_broadcast(&mailbox->answered);
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return done;
}

void sfu_mailbox_run(struct sfu_mailbox *mailbox, void *owner)
{
    eventfd_t unused;
    (void)eventfd_read(mailbox->event_fd, &unused);
    for (;;) {
        (void)pthread_mutex_lock(&mailbox->mutex);
        struct sfu_command *command = pop(mailbox);
        if (command)
            command->state = COMMAND_RUNS;
        (void)pthread_mutex_unlock(&mailbox->mutex);
        if (!command)
            return;
        command->fn(owner, command->arg);
        (void)pthread_mutex_lock(&mailbox->mutex);
        command->state = COMMAND_DONE;
        (void)pthread_cond_broadcast(&mailbox->answered);
        (void)pthread_mutex_unlock(&mailbox->mutex);
    }
}
