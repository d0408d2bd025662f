/* Statistics of the bench, on numbers whose answers are known by hand. */
#include "bench.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void near(double got, double want)
{
    CU_ASSERT_DOUBLE_EQUAL(got, want, 1e-9);
}

static void quantiles_interpolate(void)
{
    const double five[] = {1, 2, 3, 4, 10};
    near(bench_quantile(five, 5, 0), 1);
    near(bench_quantile(five, 5, 0.25), 2);
    near(bench_quantile(five, 5, 0.5), 3);
    near(bench_quantile(five, 5, 0.75), 4);
    near(bench_quantile(five, 5, 1), 10);

    const double four[] = {1, 2, 4, 8};
    near(bench_quantile(four, 4, 0.5), 3);
    near(bench_quantile(four, 4, 0.25), 1.75);

    const double one[] = {7};
    near(bench_quantile(one, 1, 0.25), 7);
}

static void one_disturbed_round_moves_nothing(void)
{
    /* unsorted, and one round was hit by something a thousand times as long */
    const double times[] = {30, 10, 50000, 20, 40};
    struct bench_result result;
    memset(&result, 0, sizeof(result));
    bench_summarise(times, times, 5, &result);
    CU_ASSERT_EQUAL(result.rounds, 5);
    near(result.median_ns, 30);
    near(result.q1_ns, 20);
    near(result.q3_ns, 40);
    near(result.min_ns, 10);
    near(result.mad_ns, 10); /* of 0 20 49970 10 10 */
    near(result.ratio, 1);
    near(result.ratio_spread, 0);
    near(times[2], 50000);
}

static void ratios_are_taken_within_a_round(void)
{
    /* the machine slows down from round to round; the contestant always takes twice as long as the baseline. The ratio
     * of medians says 2 as well, so one round differs: there the pairing shows. */
    const double base[] = {1, 100, 10, 1000, 5};
    const double times[] = {2, 200, 20, 2000, 50};
    struct bench_result result;
    memset(&result, 0, sizeof(result));
    bench_summarise(times, base, 5, &result);
    near(result.ratio, 2);
    near(result.ratio_spread, 0);
    near(result.median_ns, 50); /* 50 / 10 would have been 5 */
}

static void a_baseline_of_zero_divides_nothing(void)
{
    const double base[] = {0};
    const double times[] = {3};
    struct bench_result result;
    memset(&result, 0, sizeof(result));
    bench_summarise(times, base, 1, &result);
    near(result.ratio, 0);
}

/* Rounds of five: a machine that slows down from round to round, with a thing that takes 1 longer than the baseline. In
 * the first round it is also interrupted once, which its maximum alone shows. */
static void quantiles_are_compared_within_a_round(void)
{
    const double base[] = {5, 4, 3, 2, 1, /**/ 13, 12, 11, 15, 14, /**/ 101, 102, 103, 104, 105};
    const double values[] = {2, 3, 4, 5, 306, /**/ 12, 13, 14, 15, 16, /**/ 102, 103, 104, 105, 106};
    struct bench_quartiles half;
    struct bench_quartiles most;
    bench_compare(values, base, 3, 5, 0.5, &half);
    near(half.q1, 1);
    near(half.median, 1);
    near(half.q3, 1);
    bench_compare(values, base, 3, 5, 1, &most);
    near(most.q1, 1);
    near(most.median, 1);
    near(most.q3, 151); /* of 1, 1 and 301 */
    near(values[4], 306);
    near(base[0], 5); /* neither is sorted in place */
}

/* What is slow for one frame in fifty shows in the 99th percentile of a round, and not in its median. */
static void a_rare_delay_shows_in_the_last_hundredth(void)
{
    enum { ROUNDS = 4, LEN = 300 };
    static double base[ROUNDS * LEN];
    static double values[ROUNDS * LEN];
    struct bench_quartiles half;
    struct bench_quartiles last;
    for (size_t i = 0; i < ROUNDS * LEN; i++) {
        base[i] = 6;
        values[i] = i % 50 == 0 ? 8 : 6;
    }
    bench_compare(values, base, ROUNDS, LEN, 0.5, &half);
    bench_compare(values, base, ROUNDS, LEN, 0.99, &last);
    near(half.q3, 0);
    near(last.q1, 2);
    bench_compare(base, values, ROUNDS, LEN, 0.99, &last);
    near(last.median, -2);
}

static void json_strings_are_escaped(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    bench_json_string(out, "a\"b\\c\n\x7f\xc3\xbc");
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, "\"a\\\"b\\\\c\\u000a\\u007f\xc3\xbc\"");
    free(text);
}

static const struct unit_test tests[] = {
    {"quantiles interpolate between neighbours", quantiles_interpolate},
    {"one disturbed round moves neither median nor spread", one_disturbed_round_moves_nothing},
    {"ratios are taken within a round", ratios_are_taken_within_a_round},
    {"a baseline of zero divides nothing", a_baseline_of_zero_divides_nothing},
    {"quantiles are compared within a round", quantiles_are_compared_within_a_round},
    {"a rare delay shows in the last hundredth", a_rare_delay_shows_in_the_last_hundredth},
    {"JSON strings are escaped", json_strings_are_escaped},
};
UNIT_MAIN("bench.stats", tests)
