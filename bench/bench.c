/* Running contestants in interleaved rounds, and reporting. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS = 21,
    ROUND_MS = 20,
    NOTES_MAX = 32,
    VALUE_MAX = 128,
};

struct note {
    char key[BENCH_NAME_MAX];
    char value[VALUE_MAX];
};

struct bench {
    const char *name;
    FILE *json; /* NULL without --json */
    size_t rounds;
    double round_ns;
    int quick;
    int asserts;
    int control;
    int rounds_given;   /* by the arguments */
    const char *only;   /* part of the titles that are run, or NULL */
    int only_asked;     /* bench_wants was called */
    size_t only_fitted; /* titles */
    int bound_failed;
    size_t cases;
    size_t figures;
    size_t goals;
    size_t goals_missed;
    FILE *missed; /* a line of each */
    char *missed_text;
    size_t missed_len;
    struct note notes[NOTES_MAX];
    size_t note_count;
    FILE *figures_json; /* kept apart until the cases are closed */
    char *figures_text;
    size_t figures_len;
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_at_once(const struct bench_contestant *contestant, uint64_t iterations)
{
    double start = now_ns();
    contestant->run(contestant->ctx, iterations);
    return now_ns() - start;
}

/* iterations: a multiple of a slice. */
static double time_run(const struct bench_contestant *contestant, const struct bench_slices *slices,
                       uint64_t iterations)
{
    double taken = 0;
    if (slices->prepare == NULL) {
        return time_at_once(contestant, iterations);
    }
    for (uint64_t done = 0; done < iterations; done += slices->len) {
        slices->prepare(contestant->ctx, slices->len);
        taken += time_at_once(contestant, slices->len);
    }
    return taken;
}

/* Whole slices that take about round_ns. Doubling from one warms the caches and the CPU's clock as well. */
static uint64_t calibrate_once(const struct bench_contestant *contestant, const struct bench_slices *slices,
                               double round_ns)
{
    uint64_t iterations = slices->len;
    double taken = time_run(contestant, slices, iterations);
    while (taken < round_ns / 2 && iterations < (UINT64_C(1) << 40)) {
        iterations *= 2;
        taken = time_run(contestant, slices, iterations);
    }
    if (taken <= 0) {
        return iterations;
    }
    const double wanted = (double)iterations * round_ns / taken / (double)slices->len;
    return wanted < 1 ? slices->len : (uint64_t)wanted * slices->len;
}

/* The most of a few attempts: whoever was interrupted took himself for slow. */
static uint64_t calibrate(const struct bench_contestant *contestant, const struct bench_slices *slices, double round_ns)
{
    enum { ATTEMPTS = 3 };
    uint64_t iterations = 1;
    for (int i = 0; i < ATTEMPTS; i++) {
        const uint64_t found = calibrate_once(contestant, slices, round_ns);
        iterations = found > iterations ? found : iterations;
    }
    return iterations;
}

static void copy_text(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);
    if (len >= cap) {
        len = cap - 1;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

void bench_note(struct bench *bench, const char *key, const char *value)
{
    if (bench->note_count == NOTES_MAX) {
        return;
    }
    struct note *note = &bench->notes[bench->note_count++];
    copy_text(note->key, sizeof(note->key), key);
    copy_text(note->value, sizeof(note->value), value);
    printf("%-12s %s\n", note->key, note->value);
}

static void note_machine(struct bench *bench)
{
#if defined(__clang__)
    bench_note(bench, "compiler", __VERSION__);
#else
    bench_note(bench, "compiler", "GCC " __VERSION__);
#endif

    char line[256];
    const char *cpu = "unknown";
    FILE *info = fopen("/proc/cpuinfo", "re");
    if (info != NULL) {
        while (fgets(line, sizeof(line), info) != NULL) {
            char *value = strstr(line, ": ");
            if (strncmp(line, "model name", 10) == 0 && value != NULL) {
                value[strcspn(value, "\n")] = '\0';
                cpu = value + 2;
                break;
            }
        }
        fclose(info);
    }
    bench_note(bench, "cpu", cpu);

    char text[VALUE_MAX];
    snprintf(text, sizeof(text), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    bench_note(bench, "cpus", text);

    struct utsname kernel;
    if (uname(&kernel) == 0) {
        snprintf(text, sizeof(text), "%.40s %.60s", kernel.sysname, kernel.release);
        bench_note(bench, "kernel", text);
    }
}

static void usage(FILE *out, const char *program)
{
    fprintf(out,
            "usage: %s [--json FILE] [--rounds N] [--round-ms N | --round-us N] [--quick] [--only TEXT]\n"
            "       [--assert | --control]\n"
            "  --json FILE   also write the report as JSON\n"
            "  --rounds N    interleaved rounds of each case (default %d, at most %d)\n"
            "  --round-ms N  length of one contestant's round (default %d); --round-us in microseconds\n"
            "  --only TEXT   only the cases with this in their titles, where a benchmark has many\n"
            "  --quick       three rounds of 1 ms: shows that it runs, measures nothing\n"
            "  --assert      measures what has a bound, and exits with 1 if one is broken\n"
            "  --control     the same under a burden, and exits with 1 if that breaks not every bound\n",
            program, ROUNDS, BENCH_ROUNDS_MAX, ROUND_MS);
}

static long number_argument(const char *program, const char *text, long max)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > max) {
        fprintf(stderr, "%s: '%s' is not a number from 1 to %ld\n", program, text, max);
        exit(2);
    }
    return value;
}

static _Noreturn void die(const char *program, const char *what)
{
    fprintf(stderr, "%s: ", program);
    perror(what);
    exit(1);
}

static void read_arguments(struct bench *bench, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout, argv[0]);
            exit(0);
        } else if (strcmp(argv[i], "--quick") == 0) {
            bench->quick = 1;
            bench->rounds = 3;
            bench->round_ns = 1e6;
        } else if (strcmp(argv[i], "--assert") == 0) {
            bench->asserts = 1;
        } else if (strcmp(argv[i], "--control") == 0) {
            bench->asserts = 1;
            bench->control = 1;
        } else if (strcmp(argv[i], "--json") == 0 && value != NULL) {
            bench->json = fopen(value, "we");
            if (bench->json == NULL) {
                die(argv[0], value);
            }
            i++;
        } else if (strcmp(argv[i], "--only") == 0 && value != NULL) {
            bench->only = value;
            i++;
        } else if (strcmp(argv[i], "--rounds") == 0 && value != NULL) {
            bench->rounds = (size_t)number_argument(argv[0], value, BENCH_ROUNDS_MAX);
            bench->rounds_given = 1;
            i++;
        } else if (strcmp(argv[i], "--round-ms") == 0 && value != NULL) {
            bench->round_ns = 1e6 * (double)number_argument(argv[0], value, 60000);
            bench->rounds_given = 1;
            i++;
        } else if (strcmp(argv[i], "--round-us") == 0 && value != NULL) {
            bench->round_ns = 1e3 * (double)number_argument(argv[0], value, 60000000);
            bench->rounds_given = 1;
            i++;
        } else {
            usage(stderr, argv[0]);
            exit(2);
        }
    }
}

struct bench *bench_open(const char *name, int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    if (bench == NULL) {
        die(argv[0], "bench_open");
    }
    bench->name = name;
    bench->rounds = ROUNDS;
    bench->round_ns = ROUND_MS * 1e6;
    read_arguments(bench, argc, argv);
    bench->missed = open_memstream(&bench->missed_text, &bench->missed_len);
    if (bench->missed == NULL) {
        die(argv[0], "bench_open");
    }
    if (bench->json != NULL) {
        bench->figures_json = open_memstream(&bench->figures_text, &bench->figures_len);
        if (bench->figures_json == NULL) {
            die(argv[0], "bench_open");
        }
        fputs("{\"bench\": ", bench->json);
        bench_json_string(bench->json, name);
        fprintf(bench->json, ", \"quick\": %s, \"cases\": [", bench->quick ? "true" : "false");
    }
    note_machine(bench);
    if (bench->quick) {
        puts("quick run: the figures below mean nothing");
    }
    return bench;
}

int bench_is_quick(const struct bench *bench)
{
    return bench->quick;
}

int bench_asserts(const struct bench *bench)
{
    return bench->asserts;
}

int bench_is_control(const struct bench *bench)
{
    return bench->control;
}

void bench_set_rounds(struct bench *bench, size_t rounds, unsigned round_us)
{
    if (!bench->quick && !bench->rounds_given) {
        bench->rounds = rounds;
        bench->round_ns = 1e3 * round_us;
    }
}

int bench_wants(struct bench *bench, const char *title)
{
    const int wanted = bench->only == NULL || strstr(title, bench->only) != NULL;
    bench->only_asked = 1;
    bench->only_fitted += wanted;
    return wanted;
}

void bench_hold(struct bench *bench, const char *what, const struct bench_result *result, double bound)
{
    const int right = bench->control ? result->ratio > bound : result->ratio <= bound;
    printf("%s: %.3f times (IQR %.3f, %zu rounds), %s %.2f: %s\n", what, result->ratio, result->ratio_spread,
           result->rounds, bench->control ? "burdened above" : "at most", bound, right ? "ok" : "FAILED");
    bench->bound_failed |= !right;
}

static void print_case(const char *title, uint64_t bytes, const struct bench_result *results, size_t count)
{
    int width = 12;
    for (size_t i = 0; i < count; i++) {
        int len = (int)strlen(results[i].name);
        width = len > width ? len : width;
    }
    printf("\n%s (%zu rounds)\n", title, results[0].rounds);
    printf("  %-*s %12s %10s %12s %8s %8s %10s\n", width, "", "median ns", "IQR", "min ns", "ratio", "IQR",
           bytes > 0 ? "MB/s" : "per s");
    for (size_t i = 0; i < count; i++) {
        const struct bench_result *one = &results[i];
        double per_ns = bytes > 0 ? (double)bytes * 1e3 : 1e9;
        printf("  %-*s %12.1f %10.1f %12.1f %8.3f %8.3f %10.0f\n", width, one->name, one->median_ns,
               one->q3_ns - one->q1_ns, one->min_ns, one->ratio, one->ratio_spread,
               one->median_ns > 0 ? per_ns / one->median_ns : 0);
    }
    fflush(stdout);
}

static void json_case(struct bench *bench, const char *title, uint64_t bytes, const struct bench_result *results,
                      size_t count)
{
    FILE *out = bench->json;
    fprintf(out, "%s\n  {\"title\": ", bench->cases > 0 ? "," : "");
    bench_json_string(out, title);
    fprintf(out, ", \"bytes\": %llu, \"contestants\": [", (unsigned long long)bytes);
    for (size_t i = 0; i < count; i++) {
        const struct bench_result *one = &results[i];
        fprintf(out, "%s\n    {\"name\": ", i > 0 ? "," : "");
        bench_json_string(out, one->name);
        fprintf(out,
                ", \"iterations\": %llu, \"rounds\": %zu, \"median_ns\": %.3f, \"q1_ns\": %.3f, \"q3_ns\": %.3f, "
                "\"min_ns\": %.3f, \"mad_ns\": %.3f, \"ratio\": %.5f, \"ratio_iqr\": %.5f}",
                (unsigned long long)one->iterations, one->rounds, one->median_ns, one->q1_ns, one->q3_ns, one->min_ns,
                one->mad_ns, one->ratio, one->ratio_spread);
    }
    fputs("]}", out);
}

void bench_measure(struct bench *bench, const struct bench_slices *slices, const struct bench_contestant *list,
                   size_t count, struct bench_result *results)
{
    double *times = calloc(count * bench->rounds, sizeof(*times));
    if (times == NULL || count < 1 || count > BENCH_CONTESTANTS_MAX) {
        fprintf(stderr, "%s: '%s' and its rivals are too many, or there is no memory\n", bench->name, list[0].name);
        exit(1);
    }
    if (bench->only != NULL && !bench->only_asked) {
        fprintf(stderr, "%s: this benchmark has no cases to choose from with --only\n", bench->name);
        exit(2);
    }
    memset(results, 0, count * sizeof(*results));
    for (size_t i = 0; i < count; i++) {
        copy_text(results[i].name, sizeof(results[i].name), list[i].name);
        results[i].iterations = calibrate(&list[i], slices, bench->round_ns);
    }
    /* each round begins with another contestant, so that no place in the order is always the warm one */
    for (size_t round = 0; round < bench->rounds; round++) {
        for (size_t turn = 0; turn < count; turn++) {
            const size_t i = (round + turn) % count;
            const uint64_t iterations = results[i].iterations;
            times[i * bench->rounds + round] = time_run(&list[i], slices, iterations) / (double)iterations;
        }
    }
    for (size_t i = 0; i < count; i++) {
        bench_summarise(times + i * bench->rounds, times, bench->rounds, &results[i]);
    }
    free(times);
}

void bench_case_sliced(struct bench *bench, const char *title, uint64_t bytes, const struct bench_slices *slices,
                       const struct bench_contestant *list, size_t count, struct bench_result *results)
{
    struct bench_result own[BENCH_CONTESTANTS_MAX];
    bench_measure(bench, slices, list, count, own);
    print_case(title, bytes, own, count);
    if (bench->json != NULL) {
        json_case(bench, title, bytes, own, count);
    }
    bench->cases++;
    if (results != NULL) {
        memcpy(results, own, count * sizeof(*own));
    }
}

void bench_case(struct bench *bench, const char *title, uint64_t bytes, const struct bench_contestant *list,
                size_t count, struct bench_result *results)
{
    static const struct bench_slices one_by_one = {.len = 1};
    bench_case_sliced(bench, title, bytes, &one_by_one, list, count, results);
}

/* goal: NULL if it has none. */
static void json_figure(struct bench *bench, const char *title, double value, const char *unit, const double *goal)
{
    if (bench->json != NULL) {
        fprintf(bench->figures_json, "%s\n  {\"title\": ", bench->figures > 0 ? "," : "");
        bench_json_string(bench->figures_json, title);
        fprintf(bench->figures_json, ", \"value\": %.9g, \"unit\": ", value);
        bench_json_string(bench->figures_json, unit);
        if (goal != NULL) {
            fprintf(bench->figures_json, ", \"goal\": %.9g", *goal);
        }
        fputc('}', bench->figures_json);
    }
    bench->figures++;
}

void bench_figure(struct bench *bench, const char *title, double value, const char *unit)
{
    printf("\n%s: %.6g %s\n", title, value, unit);
    json_figure(bench, title, value, unit, NULL);
}

void bench_goal(struct bench *bench, const char *title, double value, const char *unit, double goal)
{
    const int met = value <= goal;
    const char *verdict = bench->quick ? "not judged by a quick run" : met ? "met" : "MISSED";
    printf("\n%s: %.6g %s; goal: at most %.6g, %s\n", title, value, unit, goal, verdict);
    json_figure(bench, title, value, unit, &goal);
    bench->goals++;
    if (!met && !bench->quick) {
        bench->goals_missed++;
        fprintf(bench->missed, "  %s: %.6g, not %.6g\n", title, value, goal);
    }
    if (bench->asserts && !bench->quick) {
        bench->bound_failed |= met == bench->control;
    }
}

int bench_close(struct bench *bench)
{
    int failed = 0;
    const int bound_failed = bench->bound_failed;
    const int nothing_fitted = bench->only != NULL && bench->only_fitted == 0;
    if (bench->json != NULL) {
        failed |= fclose(bench->figures_json) != 0;
        fprintf(bench->json, "],\n\"figures\": [%s],\n\"versions\": {", bench->figures_text);
        for (size_t i = 0; i < bench->note_count; i++) {
            fputs(i > 0 ? ", " : "", bench->json);
            bench_json_string(bench->json, bench->notes[i].key);
            fputs(": ", bench->json);
            bench_json_string(bench->json, bench->notes[i].value);
        }
        fputs("}}\n", bench->json);
        failed |= ferror(bench->json) != 0;
        failed |= fclose(bench->json) != 0;
        free(bench->figures_text);
    }
    failed |= fclose(bench->missed) != 0;
    if (bench->goals > 0 && !bench->quick) {
        printf("\n%zu goals, %zu missed\n%s", bench->goals, bench->goals_missed, bench->missed_text);
    }
    free(bench->missed_text);
    if (failed) {
        fprintf(stderr, "%s: the report could not be written\n", bench->name);
    }
    if (nothing_fitted) {
        fprintf(stderr, "%s: no case's title has '%s' in it\n", bench->name, bench->only);
    }
    free(bench);
    return failed || bound_failed || nothing_fitted ? 1 : 0;
}
