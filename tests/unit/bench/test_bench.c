/* A whole report: contestants are interleaved, run as often as they say, and the JSON can be read. */
#include "bench.h"
#include "unit.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_MAX = 4096 };

struct counter {
    char mark;
    uint64_t iterations;
    char *log; /* shared: who ran, in order */
    size_t *log_len;
};

static void count_and_log(void *ctx, uint64_t iterations)
{
    struct counter *counter = ctx;
    counter->iterations += iterations;
    if (*counter->log_len < LOG_MAX) {
        counter->log[(*counter->log_len)++] = counter->mark;
    }
    /* long enough for one calibrating call: a millisecond, whatever the machine */
    usleep(1000);
}

static json_t *run_report(const char *path, char *log, size_t *log_len, struct bench_result *results)
{
    char program[] = "bench_test";
    char json_flag[] = "--json";
    char quick_flag[] = "--quick";
    char path_argument[64];
    snprintf(path_argument, sizeof(path_argument), "%s", path);
    char *arguments[] = {program, quick_flag, json_flag, path_argument, NULL};

    struct bench *bench = bench_open("a \"test\"", 4, arguments);
    CU_ASSERT_TRUE(bench_is_quick(bench));
    bench_note(bench, "openssl", "OpenSSL 3.0 \\ test");
    struct counter a = {'a', 0, log, log_len};
    struct counter b = {'b', 0, log, log_len};
    const struct bench_contestant list[] = {{"first", count_and_log, &a}, {"second", count_and_log, &b}};
    bench_case(bench, "case one", 1200, list, 2, results);
    bench_case(bench, "case two", 0, list, 1, NULL);
    bench_figure(bench, "resident", 1.5, "MB");
    bench_figure(bench, "threads", 2, "threads");
    bench_goal(bench, "a ratio", 1.25, "times", 1.5);
    CU_ASSERT_EQUAL(bench_close(bench), 0);
    return json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
}

static void report_is_complete(void)
{
    char path[] = "/tmp/sotto-bench-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    close(fd);

    char log[LOG_MAX];
    size_t log_len = 0;
    struct bench_result results[2];
    json_t *root = run_report(path, log, &log_len, results);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);

    /* calibrating calls first (aa.. bb..), then three rounds, each beginning with another contestant */
    size_t at = 0;
    while (at < log_len && log[at] == 'a') {
        at++;
    }
    while (at < log_len && log[at] == 'b') {
        at++;
    }
    /* the first round's "ab": its a follows the calibration's b */
    CU_ASSERT_TRUE_FATAL(at + 6 <= log_len);
    CU_ASSERT_EQUAL(strncmp(log + at, "abbaab", 6), 0);

    CU_ASSERT_STRING_EQUAL(results[1].name, "second");
    CU_ASSERT_EQUAL(results[1].rounds, 3);
    CU_ASSERT_TRUE(results[1].median_ns >= 1e6 / (double)results[1].iterations);

    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(root, "bench")), "a \"test\"");
    CU_ASSERT_TRUE(json_is_true(json_object_get(root, "quick")));
    json_t *cases = json_object_get(root, "cases");
    CU_ASSERT_EQUAL(json_array_size(cases), 2);
    json_t *second = json_array_get(json_object_get(json_array_get(cases, 0), "contestants"), 1);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(second, "name")), "second");
    CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_object_get(second, "median_ns")), results[1].median_ns, 0.01);
    json_t *figures = json_object_get(root, "figures");
    CU_ASSERT_EQUAL(json_array_size(figures), 3);
    CU_ASSERT_PTR_NULL(json_object_get(json_array_get(figures, 0), "goal"));
    json_t *ratio = json_array_get(figures, 2);
    CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_object_get(ratio, "value")), 1.25, 0);
    CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_object_get(ratio, "goal")), 1.5, 0);
    json_t *versions = json_object_get(root, "versions");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(versions, "openssl")), "OpenSSL 3.0 \\ test");
    CU_ASSERT_PTR_NOT_NULL(json_object_get(versions, "cpu"));
    CU_ASSERT_PTR_NOT_NULL(json_object_get(versions, "compiler"));
    json_decref(root);
}

/* bench_close's code after a ratio of 1.2 was held to the bound. */
static int held_to(double bound, char *flag)
{
    char program[] = "bench_test";
    char *arguments[] = {program, flag, NULL};
    const struct bench_result result = {.ratio = 1.2, .rounds = 3};
    struct bench *bench = bench_open("bounds", 2, arguments);
    CU_ASSERT_TRUE(bench_asserts(bench));
    CU_ASSERT_EQUAL(bench_is_control(bench), strcmp(flag, "--control") == 0);
    bench_hold(bench, "a ratio", &result, bound);
    bench_hold(bench, "another", &(struct bench_result){.ratio = 0.5}, bench_is_control(bench) ? 0.4 : 0.6);
    return bench_close(bench);
}

static void bounds_are_held(void)
{
    char assert_flag[] = "--assert";
    char control_flag[] = "--control";
    CU_ASSERT_EQUAL(held_to(1.2, assert_flag), 0);
    CU_ASSERT_EQUAL(held_to(1.19, assert_flag), 1);
    CU_ASSERT_EQUAL(held_to(1.19, control_flag), 0);
    CU_ASSERT_EQUAL(held_to(1.2, control_flag), 1);
}

/* bench_close's code after a figure of 1.2 had the goal. */
static int goal_under(double goal, char *flag)
{
    char program[] = "bench_test";
    char *arguments[] = {program, flag, NULL};
    struct bench *bench = bench_open("goals", flag ? 2 : 1, arguments);
    bench_goal(bench, "a figure", 1.2, "ms", goal);
    return bench_close(bench);
}

static void goals_are_held_only_when_asked(void)
{
    char assert_flag[] = "--assert";
    char control_flag[] = "--control";
    CU_ASSERT_EQUAL(goal_under(1.19, NULL), 0);
    CU_ASSERT_EQUAL(goal_under(1.2, assert_flag), 0);
    CU_ASSERT_EQUAL(goal_under(1.19, assert_flag), 1);
    CU_ASSERT_EQUAL(goal_under(1.19, control_flag), 0);
    CU_ASSERT_EQUAL(goal_under(1.2, control_flag), 1);
}

/* --- slices --- */

enum { SLICE = 8 };

struct sliced {
    uint64_t prepared; /* and not yet run */
    bool whole;        /* nothing but whole slices, each prepared just before, so far */
    uint64_t prepare_calls;
};

static void prepare_slowly(void *ctx, uint64_t iterations)
{
    struct sliced *sliced = ctx;
    sliced->whole = sliced->whole && sliced->prepared == 0 && iterations == SLICE;
    sliced->prepared = iterations;
    sliced->prepare_calls++;
    usleep(2000);
}

static void run_prepared(void *ctx, uint64_t iterations)
{
    struct sliced *sliced = ctx;
    sliced->whole = sliced->whole && iterations == sliced->prepared;
    sliced->prepared = 0;
}

static void run_whole(void *ctx, uint64_t iterations)
{
    struct sliced *sliced = ctx;
    sliced->whole = sliced->whole && iterations % SLICE == 0;
    usleep(1000);
}

static struct bench *open_with(char *flag, char *value)
{
    char program[] = "bench_test";
    char rounds[] = "--rounds";
    char three[] = "3";
    char length[] = "--round-us";
    char short_one[] = "1";
    char *arguments[] = {program, rounds, three, length, short_one, flag, value, NULL};
    return bench_open("slices", flag ? 7 : 5, arguments);
}

static void slices_are_prepared_untimed(void)
{
    struct bench *bench = open_with(NULL, NULL);
    struct sliced sliced = {.whole = true};
    struct sliced plain = {.whole = true};
    struct bench_result result;
    const struct bench_slices prepared = {SLICE, prepare_slowly};
    const struct bench_slices unprepared = {SLICE, NULL};
    bench_measure(bench, &prepared, &(struct bench_contestant){"prepared", run_prepared, &sliced}, 1, &result);
    CU_ASSERT_TRUE(sliced.whole);
    CU_ASSERT_EQUAL(sliced.prepared, 0);
    CU_ASSERT_TRUE(sliced.prepare_calls >= 3);
    CU_ASSERT_EQUAL(result.iterations % SLICE, 0);
    CU_ASSERT_TRUE(result.min_ns < 2e6 / SLICE); /* what preparing takes */
    bench_measure(bench, &unprepared, &(struct bench_contestant){"plain", run_whole, &plain}, 1, &result);
    CU_ASSERT_TRUE(plain.whole);
    CU_ASSERT_EQUAL(result.iterations, SLICE); /* one is longer than a round */
    CU_ASSERT_TRUE(result.min_ns >= 1e6 / SLICE);
    CU_ASSERT_EQUAL(bench_close(bench), 0);
}

static void arguments_say_how_many_rounds(void)
{
    struct sliced sliced = {.whole = true};
    struct bench_result result;
    const struct bench_slices slices = {SLICE, prepare_slowly};
    const struct bench_contestant contestant = {"prepared", run_prepared, &sliced};
    struct bench *bench = open_with(NULL, NULL);
    bench_set_rounds(bench, 5, 1);
    bench_measure(bench, &slices, &contestant, 1, &result);
    CU_ASSERT_EQUAL(result.rounds, 3);
    CU_ASSERT_EQUAL(bench_close(bench), 0);

    char program[] = "bench_test";
    char *arguments[] = {program, NULL};
    bench = bench_open("rounds", 1, arguments);
    bench_set_rounds(bench, 5, 1);
    bench_measure(bench, &slices, &contestant, 1, &result);
    CU_ASSERT_EQUAL(result.rounds, 5);
    CU_ASSERT_EQUAL(bench_close(bench), 0);
}

static void cases_are_chosen_by_title(void)
{
    char only[] = "--only";
    char text[] = "open, 160 B";
    struct bench *bench = open_with(only, text);
    CU_ASSERT_FALSE(bench_wants(bench, "seal, 160 B"));
    CU_ASSERT_TRUE(bench_wants(bench, "open, 160 B, 1 key"));
    CU_ASSERT_EQUAL(bench_close(bench), 0);
    bench = open_with(only, text);
    CU_ASSERT_FALSE(bench_wants(bench, "seal, 160 B"));
    CU_ASSERT_EQUAL(bench_close(bench), 1);
    bench = open_with(NULL, NULL);
    CU_ASSERT_TRUE(bench_wants(bench, "seal, 160 B"));
    CU_ASSERT_EQUAL(bench_close(bench), 0);
}

static const struct unit_test tests[] = {
    {"a report interleaves its contestants and its JSON is complete", report_is_complete},
    {"a ratio above its bound fails, and a control's below", bounds_are_held},
    {"a goal that is missed fails with --assert, one that is met with --control", goals_are_held_only_when_asked},
    {"slices are run whole, and preparing them is not timed", slices_are_prepared_untimed},
    {"the arguments' rounds stand before a benchmark's own", arguments_say_how_many_rounds},
    {"cases are chosen by a part of their title, and none is an error", cases_are_chosen_by_title},
};
UNIT_MAIN("bench.report", tests)
