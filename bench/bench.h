/* The measuring bench of every benchmark here: contestants run in interleaved rounds, so that what disturbs the machine
 * disturbs all of them alike, and figures are medians with their spread, never a best or a mean.
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct bench *bench = bench_open("sframe", argc, argv);
 *         bench_note(bench, "openssl", OpenSSL_version(OPENSSL_VERSION));
 *         const struct bench_contestant list[] = {{"raw EVP", run_evp, &evp}, {"sframe seal", run_seal, &seal}};
 *         struct bench_result results[2];
 *         bench_case(bench, "AES-128-GCM 1200 B", 1200, list, 2, results);
 *         return bench_close(bench);
 *     }
 *
 * The first contestant of a case is its baseline: `ratio` is the median over rounds of (own time / baseline's time of
 * the same round). Arguments understood by bench_open: --json FILE, --rounds N, --round-ms N, --round-us N, --quick,
 * --only TEXT, --assert, --control, --help.
 * Not thread-safe; one struct bench per thread. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    BENCH_CONTESTANTS_MAX = 16, /* in one case */
    BENCH_ROUNDS_MAX = 1001,
    BENCH_NAME_MAX = 64, /* of a case, contestant or note, with the terminator */
};

/* Does the measured thing `iterations` times. Called with 1, then with growing numbers while calibrating. */
typedef void (*bench_run_fn)(void *ctx, uint64_t iterations);

struct bench_contestant {
    const char *name;
    bench_run_fn run;
    void *ctx; /* the caller's; handed to run */
};

/* What is run a slice at a time: only so many iterations at once, and multiples of them in a round. */
struct bench_slices {
    uint64_t len;         /* iterations; at least 1 */
    bench_run_fn prepare; /* called before each slice with its contestant's ctx and len; not timed. NULL: nothing is */
};

/* Times are nanoseconds per iteration. Quartiles by linear interpolation. */
struct bench_result {
    char name[BENCH_NAME_MAX];
    uint64_t iterations; /* in each round */
    size_t rounds;
    double median_ns;
    double q1_ns;
    double q3_ns; /* q3 - q1 is the spread (IQR) */
    double min_ns;
    double mad_ns;       /* median absolute deviation from the median */
    double ratio;        /* median of the rounds' ratios to the first contestant; 1 for the first itself */
    double ratio_spread; /* IQR of those ratios */
};

struct bench;

/* Starts a report called `name` and reads the arguments; prints usage and exits for --help (0) and for arguments it
 * does not know (2). Records compiler, CPU model, kernel and number of CPUs. Never returns NULL: ends the program with
 * a message (exit code 1) if memory is short or the JSON file cannot be opened, before anything is measured. */
struct bench *bench_open(const char *name, int argc, char **argv);

/* Records a fact about the environment, such as a library's version string; both strings are copied (and cut to
 * BENCH_NAME_MAX - 1 and 127 bytes). */
void bench_note(struct bench *bench, const char *key, const char *value);

/* Runs one case and prints its table. `bytes` is what one iteration processes (for the MB/s column), 0 if that means
 * nothing. `results` has room for `count` entries, in the order of `list`, or is NULL. `count` is 1 to
 * BENCH_CONTESTANTS_MAX. */
void bench_case(struct bench *bench, const char *title, uint64_t bytes, const struct bench_contestant *list,
                size_t count, struct bench_result *results);

/* The same by slices, which all contestants have in common. */
void bench_case_sliced(struct bench *bench, const char *title, uint64_t bytes, const struct bench_slices *slices,
                       const struct bench_contestant *list, size_t count, struct bench_result *results);

/* Measures, and reports nothing. */
void bench_measure(struct bench *bench, const struct bench_slices *slices, const struct bench_contestant *list,
                   size_t count, struct bench_result *results);

/* Rounds from now on, of which the arguments have said nothing; with --quick it changes nothing. */
void bench_set_rounds(struct bench *bench, size_t rounds, unsigned round_us);

/* Whether --only (part of a title) lets a case of this title run: true without it. A benchmark that has cases to choose
 * from asks before each; one that never asks ends with a message at its first case, and bench_close returns 1 if no
 * title fitted. */
int bench_wants(struct bench *bench, const char *title);

/* A figure that is not a time per iteration (bytes resident, packets per second): printed and put in the JSON. */
void bench_figure(struct bench *bench, const char *title, double value, const char *unit);

/* A figure that should be no more than `goal`: printed with whether it is, and again at the end if it is not; the goal
 * is in the JSON, too. Missing one fails nothing, unless with --assert; with --control meeting one fails. With --quick
 * nothing is judged. */
void bench_goal(struct bench *bench, const char *title, double value, const char *unit, double goal);

/* True with --quick: a benchmark may then do less; its figures mean nothing and the report says so. */
int bench_is_quick(const struct bench *bench);

/* With --assert a benchmark measures only what it has bounds for, and holds them. --control puts a burden beside each
 * such contestant, just heavy enough to break its bound: what shows that the bound would notice. */
int bench_asserts(const struct bench *bench); /* with either */
int bench_is_control(const struct bench *bench);
/* Holds a ratio (a median of rounds, so that a loaded machine does no harm) to its bound: printed; if it is above, or
 * with --control if it is not, bench_close returns 1. */
void bench_hold(struct bench *bench, const char *what, const struct bench_result *result, double bound);

/* Finishes the JSON, frees, and returns main's exit code: 0, or 1 if the JSON could not be written whole or a bound did
 * not hold. */
int bench_close(struct bench *bench);

/* ---- statistics and JSON, apart so that they are tested on numbers that are known ---- */

/* The p-quantile (0..1) of `count` >= 1 sorted values, by linear interpolation between neighbours. */
double bench_quantile(const double *sorted, size_t count, double p);

/* Fills the figures of `result` (not its name and iterations) from `rounds` >= 1 times and the baseline's times of the
 * same rounds. Neither array is changed. rounds <= BENCH_ROUNDS_MAX. */
void bench_summarise(const double *times_ns, const double *baseline_ns, size_t rounds, struct bench_result *result);

struct bench_quartiles {
    double q1, median, q3;
};

/* How much more one thing takes than another by the p-quantile of each: `values` and `baseline` are `rounds` times
 * `len` values, round after round; quartiles, over the rounds, of the one's quantile less the other's. Both numbers are
 * 1 to BENCH_ROUNDS_MAX. Neither array is changed. */
void bench_compare(const double *values, const double *baseline, size_t rounds, size_t len, double p,
                   struct bench_quartiles *out);

/* Ascending, in place. */
void bench_sort(double *values, size_t count);

/* Writes `text` as a JSON string with its quotes; control characters, quotes and backslashes escaped. */
void bench_json_string(FILE *out, const char *text);

#endif
