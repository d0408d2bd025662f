/* Medians and spreads of rounds. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static int compare_double(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

void bench_sort(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_double);
}

double bench_quantile(const double *sorted, size_t count, double p)
{
    double position = p * (double)(count - 1);
    size_t below = (size_t)position;
    if (below + 1 >= count) {
        return sorted[count - 1];
    }
    double fraction = position - (double)below;
    return sorted[below] + fraction * (sorted[below + 1] - sorted[below]);
}

void bench_summarise(const double *times_ns, const double *baseline_ns, size_t rounds, struct bench_result *result)
{
    double scratch[BENCH_ROUNDS_MAX];

    memcpy(scratch, times_ns, rounds * sizeof(*scratch));
    bench_sort(scratch, rounds);
    result->rounds = rounds;
    result->min_ns = scratch[0];
    result->q1_ns = bench_quantile(scratch, rounds, 0.25);
    result->median_ns = bench_quantile(scratch, rounds, 0.5);
    result->q3_ns = bench_quantile(scratch, rounds, 0.75);

    for (size_t i = 0; i < rounds; i++) {
        double away = times_ns[i] - result->median_ns;
        scratch[i] = away < 0 ? -away : away;
    }
    bench_sort(scratch, rounds);
    result->mad_ns = bench_quantile(scratch, rounds, 0.5);

    /* ratios are taken within a round: both met the same machine */
    for (size_t i = 0; i < rounds; i++) {
        scratch[i] = baseline_ns[i] > 0 ? times_ns[i] / baseline_ns[i] : 0;
    }
    bench_sort(scratch, rounds);
    result->ratio = bench_quantile(scratch, rounds, 0.5);
    result->ratio_spread = bench_quantile(scratch, rounds, 0.75) - bench_quantile(scratch, rounds, 0.25);
}

/* Of values in any order. */
static double quantile_of(const double *values, size_t count, double p)
{
    double scratch[BENCH_ROUNDS_MAX];
    memcpy(scratch, values, count * sizeof(*scratch));
    bench_sort(scratch, count);
    return bench_quantile(scratch, count, p);
}

void bench_compare(const double *values, const double *baseline, size_t rounds, size_t len, double p,
                   struct bench_quartiles *out)
{
    double more[BENCH_ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        more[i] = quantile_of(values + i * len, len, p) - quantile_of(baseline + i * len, len, p);
    }
    bench_sort(more, rounds);
    out->q1 = bench_quantile(more, rounds, 0.25);
    out->median = bench_quantile(more, rounds, 0.5);
    out->q3 = bench_quantile(more, rounds, 0.75);
}

void bench_json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\') {
            fputc('\\', out);
            fputc(c, out);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}
