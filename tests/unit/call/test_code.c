/* The call code beside the main loop. The slow step is the test's own: it lasts until the test lets it end. */
#include "code.h"

#include <glib.h>
#include <semaphore.h>
#include <string.h>

#include "unit.h"

enum { CODES_MAX = 8, PATIENCE_US = 20 * 1000 * 1000 };

static sem_t begun, may_end;
static bool is_held; /* set before a thread starts, read by it */
static int result;   /* the same */

int __wrap_identity_call_code(const struct identity_call_digest *digest, struct identity_call_code *out);

int __wrap_identity_call_code(const struct identity_call_digest *digest, struct identity_call_code *out)
{
    sem_post(&begun);
    if (is_held)
        sem_wait(&may_end);
    if (result != IDENTITY_OK)
        return result;
    memset(out, 0, sizeof(*out));
    out->words[0] = (char)digest->bytes[0];
    return IDENTITY_OK;
}

/* What was told, in order: the first character of each code's words, "-" where there was none. */
static char told[CODES_MAX + 1];
static struct code_maker *wants_in_turn; /* from inside of being told of a; NULL: not */

static struct identity_call_digest digest_of(char name)
{
    struct identity_call_digest digest = {{(uint8_t)name}};
    return digest;
}

static void on_made(void *user, const struct identity_call_digest *digest, const struct identity_call_code *code)
{
    const size_t count = strlen(told);
    CU_ASSERT_PTR_EQUAL(user, told);
    CU_ASSERT_FATAL(count < CODES_MAX);
    if (wants_in_turn && digest->bytes[0] == 'a') {
        const struct identity_call_digest next = digest_of('b');
        code_maker_want(wants_in_turn, &next);
    }
    /* what was told is still there, whatever was wanted meanwhile */
    CU_ASSERT_TRUE(code == NULL || code->words[0] == (char)digest->bytes[0]);
    told[count] = '-';
    if (code)
        told[count] = code->words[0];
}

static struct code_maker *begin(bool held)
{
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    is_held = held;
    result = IDENTITY_OK;
    wants_in_turn = NULL;
    memset(told, 0, sizeof told);
    return code_maker_new(on_made, told);
}

static void end(struct code_maker *maker)
{
    code_maker_free(maker);
    CU_ASSERT_FALSE(g_main_context_pending(NULL));
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

static void want(struct code_maker *maker, char name)
{
    const struct identity_call_digest digest = digest_of(name);
    code_maker_want(maker, &digest);
}

/* The main loop, until so many have been told. */
static void run_until(size_t count)
{
    const gint64 end_us = g_get_monotonic_time() + PATIENCE_US;
    while (strlen(told) < count && g_get_monotonic_time() < end_us)
        g_main_context_iteration(NULL, FALSE);
    CU_ASSERT_EQUAL(strlen(told), count);
}

static void loop_goes_on(void)
{
    struct code_maker *maker = begin(true);
    want(maker, 'a');
    sem_wait(&begun);
    /* it is under way; here nothing waits for it */
    for (int i = 0; i < 100; i++)
        g_main_context_iteration(NULL, FALSE);
    CU_ASSERT_STRING_EQUAL(told, "");
    sem_post(&may_end);
    run_until(1);
    CU_ASSERT_STRING_EQUAL(told, "a");
    end(maker);
}

static void older_are_not_told(void)
{
    struct code_maker *maker = begin(true);
    want(maker, 'a');
    sem_wait(&begun);
    want(maker, 'b');
    want(maker, 'c');
    want(maker, 'c');
    CU_ASSERT_NOT_EQUAL(sem_trywait(&begun), 0); /* one at a time */
    sem_post(&may_end);
    sem_post(&may_end);
    run_until(1);
    CU_ASSERT_STRING_EQUAL(told, "c");
    CU_ASSERT_EQUAL(sem_trywait(&begun), 0); /* for c; b was never begun */
    CU_ASSERT_NOT_EQUAL(sem_trywait(&begun), 0);
    end(maker);
}

static void back_again_is_told_once(void)
{
    struct code_maker *maker = begin(true);
    want(maker, 'a');
    sem_wait(&begun);
    want(maker, 'b');
    want(maker, 'a');
    sem_post(&may_end);
    run_until(1);
    CU_ASSERT_STRING_EQUAL(told, "a");
    CU_ASSERT_NOT_EQUAL(sem_trywait(&begun), 0);
    end(maker);
}

static void wanted_from_inside(void)
{
    struct code_maker *maker = begin(false);
    wants_in_turn = maker;
    want(maker, 'a');
    run_until(2);
    CU_ASSERT_STRING_EQUAL(told, "ab");
    end(maker);
}

static void no_memory_is_told(void)
{
    struct code_maker *maker = begin(false);
    result = IDENTITY_MEMORY;
    want(maker, 'a');
    run_until(1);
    CU_ASSERT_STRING_EQUAL(told, "-");
    result = IDENTITY_OK;
    want(maker, 'a');
    run_until(2);
    CU_ASSERT_STRING_EQUAL(told, "-a");
    end(maker);
}

static void freed_while_it_works(void)
{
    struct code_maker *maker = begin(true);
    want(maker, 'a');
    sem_wait(&begun);
    sem_post(&may_end);
    end(maker);
    CU_ASSERT_STRING_EQUAL(told, "");
}

static const struct unit_test TESTS[] = {
    {"the main loop goes on while a code is made", loop_goes_on},
    {"of several wanted one at a time is made, and only the last is told", older_are_not_told},
    {"a digest that is wanted again while it is worked on is told once", back_again_is_told_once},
    {"another may be wanted by who is told of one", wanted_from_inside},
    {"that there is no memory is told, and another attempt is made when it is wanted", no_memory_is_told},
    {"who frees it is told nothing any more", freed_while_it_works},
};

UNIT_MAIN("call.code", TESTS)
