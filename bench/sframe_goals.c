#include "sframe_goals.h"

#include <stdio.h>

#include "allocations.h"
#include "sframe_key_goal.h"
#include "sframe_ways.h"

enum { ROUNDS = 301, ROUND_US = 200, SIZES = 3, TITLE_MAX = 256 };

void sframe_goal(struct bench *bench, const char *title, const struct bench_slices *slices,
                 const struct bench_contestant *list, double goal)
{
    struct bench_result results[2];
    bench_measure(bench, slices, list, 2, results);
    bench_goal(bench, title, results[1].ratio, "times", goal);
    printf("    %.1f ns over %.1f ns, IQR of the ratio %.3f\n", results[1].median_ns, results[0].median_ns,
           results[1].ratio_spread);
}

/* --- over bare calls --- */

struct goal {
    const struct way *bare;
    const struct way *ours;
    uint16_t first_suite;
    uint16_t last_suite;
    size_t keys; /* in turn: with many they are in no cache */
    struct {
        size_t len; /* 0: no more sizes */
        double ratio;
    } at[SIZES];
};

/* Each for sealing and for opening. */
static const struct goal goals[] = {
    {&way_calls_ipsecmb, &way_frame_ipsecmb, 4, 4, 1, {{160, 1.8}, {1200, 1.25}, {20000, 1.05}}},
    {&way_calls_ipsecmb, &way_frame_ipsecmb, 4, 4, RING_KEYS_MAX, {{160, 1.3}, {1200, 1.3}}},
    {&way_calls_openssl, &way_frame_openssl, 4, 4, 1, {{1200, 1.1}}},
    {&way_calls_ipsecmb, &way_frame_ipsecmb, 1, 3, 1, {{160, 1.15}, {1200, 1.15}, {20000, 1.15}}},
    {&way_lanes_ipsecmb, &way_batch_ipsecmb, 1, 3, 1, {{160, 1.25}, {1200, 1.25}, {20000, 1.25}}},
};

static void measure_goal(struct bench *bench, const struct goal *goal, const struct ring *ring, bool opens,
                         double ratio)
{
    char title[TITLE_MAX];
    struct way_run runs[2];
    snprintf(title, sizeof title, "goal, %zu B: %s, %s, %s over %s%s", ring->len, opens ? "open" : "seal",
             ring->suite->name, goal->ours->name, goal->bare->name, ring->keys > 1 ? ", 1000 keys" : "");
    if (!bench_wants(bench, title))
        return;
    way_open(&runs[0], goal->bare, ring);
    way_open(&runs[1], goal->ours, ring);
    if (runs[0].state && runs[1].state) {
        const bench_run_fn run = opens ? way_run_open : way_run_seal;
        const struct bench_slices slices = {ring->count, opens ? way_run_seal : NULL};
        const struct bench_contestant list[] = {{goal->bare->name, run, &runs[0]}, {goal->ours->name, run, &runs[1]}};
        sframe_goal(bench, title, &slices, list, ratio);
    } else {
        printf("\n%s: not measured: %s\n", title, runs[0].absence ? runs[0].absence : runs[1].absence);
    }
    way_close(&runs[0]);
    way_close(&runs[1]);
}

static void measure_goals(struct bench *bench, const struct goal *goal)
{
    for (uint16_t suite = goal->first_suite; suite <= goal->last_suite; suite++) {
        for (size_t i = 0; i < SIZES && goal->at[i].len > 0; i++) {
            struct ring ring;
            ring_open(&ring, suite, goal->at[i].len, goal->keys);
            measure_goal(bench, goal, &ring, false, goal->at[i].ratio);
            measure_goal(bench, goal, &ring, true, goal->at[i].ratio);
            ring_close(&ring);
        }
    }
}

/* --- allocations --- */

/* Of a million frames, each sealed and opened. */
static void count_allocations(struct bench *bench, const struct way *way, uint16_t suite)
{
    enum { LEN = 160, MANY = 1000000, FEW = 1000 };
    const uint64_t wanted = bench_is_quick(bench) ? FEW : MANY;
    char title[TITLE_MAX];
    struct ring ring;
    struct way_run run;
    ring_open(&ring, suite, LEN, 1);
    snprintf(title, sizeof title, "goal, a million frames: %s, %s", ring.suite->name, way->name);
    if (bench_wants(bench, title)) {
        way_open(&run, way, &ring);
        if (run.state && allocations_counted()) {
            const uint64_t before = allocations_count();
            for (uint64_t frames = 0; frames < wanted; frames += ring.count) {
                way_run_seal(&run, ring.count);
                way_run_open(&run, ring.count);
            }
            bench_goal(bench, title, (double)(allocations_count() - before), "allocations", 0);
        } else {
            printf("\n%s: not measured: %s\n", title, run.state ? "a sanitizer has malloc" : run.absence);
        }
        way_close(&run);
    }
    ring_close(&ring);
}

void sframe_goals_run(struct bench *bench)
{
    static const struct way *const ours[] = {&way_frame_ipsecmb, &way_batch_ipsecmb, &way_frame_openssl,
                                             &way_batch_openssl};
    bench_set_rounds(bench, ROUNDS, ROUND_US);
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++)
        measure_goals(bench, &goals[i]);
    if (bench_wants(bench, SFRAME_KEY_GOAL))
        sframe_key_goal_run(bench);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        count_allocations(bench, ours[i], SFRAME_AES_128_GCM_SHA256_128);
        count_allocations(bench, ours[i], SFRAME_AES_128_CTR_HMAC_SHA256_80);
    }
}
