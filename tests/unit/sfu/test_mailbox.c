/* sfu/mailbox.c; also under TSan */
#include "sfu/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"

enum { CALLERS = 4, CALLS = 300, LONG_US = 10000000, SHORT_US = 20000 };

static struct sfu_mailbox mailbox;

static void add_one(void *owner, void *arg)
{
    /* both are the owner's alone: no locks */
    ++*(int *)owner;
    ++*(int *)arg;
}

static void *call_often(void *done)
{
    for (int i = 0; i < CALLS; i++) {
        int here = 0;
        if (!sfu_mailbox_call(&mailbox, add_one, &here, LONG_US) || here != 1)
            return NULL;
    }
    return done;
}

static void wait_for_command(void)
{
    struct pollfd ready = {.fd = mailbox.event_fd, .events = POLLIN};
    CU_ASSERT_EQUAL_FATAL(poll(&ready, 1, 5000), 1);
}

static void each_command_runs_once_on_the_owners_thread(void)
{
    pthread_t threads[CALLERS];
    int total = 0;
    CU_ASSERT_EQUAL_FATAL(sfu_mailbox_open(&mailbox), 0);
    for (int i = 0; i < CALLERS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, call_often, &mailbox), 0);
    while (total < CALLERS * CALLS) {
        wait_for_command();
        sfu_mailbox_run(&mailbox, &total);
    }
    for (int i = 0; i < CALLERS; i++) {
        void *done = NULL;
        CU_ASSERT_EQUAL(pthread_join(threads[i], &done), 0);
        CU_ASSERT_PTR_EQUAL(done, &mailbox);
    }
    CU_ASSERT_EQUAL(total, CALLERS * CALLS);
    sfu_mailbox_close(&mailbox);
}

static void a_command_nobody_takes_is_withdrawn(void)
{
    int total = 0;
    int here = 0;
    CU_ASSERT_EQUAL_FATAL(sfu_mailbox_open(&mailbox), 0);
    for (int i = 0; i < SFU_MAILBOX_MAX + 2; i++)
        CU_ASSERT_FALSE(sfu_mailbox_call(&mailbox, add_one, &here, i == 0 ? SHORT_US : 0));
    sfu_mailbox_run(&mailbox, &total);
    CU_ASSERT_EQUAL(total, 0);
    CU_ASSERT_EQUAL(here, 0);
    CU_ASSERT_EQUAL(mailbox.count, 0);
    sfu_mailbox_close(&mailbox);
}

static atomic_int refused;

static void *call_in_vain(void *unused)
{
    int here = 0;
    if (!sfu_mailbox_call(&mailbox, add_one, &here, LONG_US) && here == 0)
        refused++;
    return unused;
}

static void close_sends_everybody_home(void)
{
    pthread_t threads[CALLERS];
    CU_ASSERT_EQUAL_FATAL(sfu_mailbox_open(&mailbox), 0);
    refused = 0;
    for (int i = 0; i < CALLERS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, call_in_vain, NULL), 0);
    for (size_t waiting = 0; waiting < CALLERS;) {
        (void)pthread_mutex_lock(&mailbox.mutex);
        waiting = mailbox.count;
        (void)pthread_mutex_unlock(&mailbox.mutex);
    }
    sfu_mailbox_close(&mailbox);
    for (int i = 0; i < CALLERS; i++)
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
    CU_ASSERT_EQUAL(refused, CALLERS);
}

static void *call_many_at_once(void *unused)
{
    int here = 0;
    if (!sfu_mailbox_call(&mailbox, add_one, &here, LONG_US))
        refused++;
    return unused;
}

static void a_full_mailbox_refuses(void)
{
    pthread_t threads[SFU_MAILBOX_MAX];
    int total = 0;
    int here = 0;
    CU_ASSERT_EQUAL_FATAL(sfu_mailbox_open(&mailbox), 0);
    refused = 0;
    for (int i = 0; i < SFU_MAILBOX_MAX; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, call_many_at_once, NULL), 0);
    for (size_t waiting = 0; waiting < SFU_MAILBOX_MAX;) {
        (void)pthread_mutex_lock(&mailbox.mutex);
        waiting = mailbox.count;
        (void)pthread_mutex_unlock(&mailbox.mutex);
    }
    CU_ASSERT_FALSE(sfu_mailbox_call(&mailbox, add_one, &here, LONG_US));
    sfu_mailbox_run(&mailbox, &total);
    for (int i = 0; i < SFU_MAILBOX_MAX; i++)
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
    CU_ASSERT_EQUAL(total, SFU_MAILBOX_MAX);
    CU_ASSERT_EQUAL(refused, 0);
    sfu_mailbox_close(&mailbox);
}

static const struct unit_test tests[] = {
    {"each command runs once, on the owner's thread", each_command_runs_once_on_the_owners_thread},
    {"a command nobody takes is withdrawn and never runs", a_command_nobody_takes_is_withdrawn},
    {"close sends everybody home", close_sends_everybody_home},
    {"a full mailbox refuses at once", a_full_mailbox_refuses},
};
UNIT_MAIN("sfu.mailbox", tests)
