#include "sframe_matrix.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sframe_ways.h"

enum { ROUNDS = 41, ROUND_US = 500 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The first that there is, is what the others are multiples of. */
static const struct way *const ways[] = {
    &way_calls_ipsecmb, &way_lanes_ipsecmb, &way_barest_ipsecmb, &way_frame_ipsecmb,
    &way_batch_ipsecmb, &way_calls_openssl, &way_fresh_openssl,  &way_frame_openssl,
    &way_batch_openssl, &way_memcpy,        &way_sodium_gcm,     &way_sodium_chacha,
};
enum { WAYS = COUNT(ways) };
_Static_assert((int)WAYS <= (int)BENCH_CONTESTANTS_MAX, "all in one case");

/* What the cases are the product of: of all suites, sealing and opening, and these. */
struct axes {
    size_t sizes[5];
    size_t keys[4]; /* in turn */
    size_t size_count;
    size_t key_count;
};

static const struct axes whole = {{50, 160, 1200, 20000, 100000}, {1, 10, 100, RING_KEYS_MAX}, 5, 4};
static const struct axes quick = {{50, 20000}, {1}, 2, 1};

struct cell {
    char title[BENCH_NAME_MAX];
    uint16_t suite;
    bool opens;
    size_t len;
    size_t keys;
};

enum { SUITES = SFRAME_AES_256_CTR_HMAC_SHA512_32, CELLS_MAX = SUITES * 2 * 5 * 4 };

/* Why a way is missing is the same in all cases. */
static void note_absences(struct bench *bench)
{
    struct ring ring;
    ring_open(&ring, SFRAME_AES_128_CTR_HMAC_SHA256_80, whole.sizes[0], 1);
    for (size_t i = 0; i < WAYS; i++) {
        struct way_run run;
        way_open(&run, ways[i], &ring);
        if (!run.state && run.absence)
            bench_note(bench, ways[i]->name, run.absence);
        way_close(&run);
    }
    ring_close(&ring);
}

static void run_cell(struct bench *bench, const struct cell *cell)
{
    struct ring ring;
    struct way_run runs[WAYS];
    struct bench_contestant list[WAYS];
    size_t count = 0;
    ring_open(&ring, cell->suite, cell->len, cell->keys);
    for (size_t i = 0; i < WAYS; i++) {
        if (ways[i]->bystander && cell->keys > 1)
            continue;
        way_open(&runs[count], ways[i], &ring);
        if (!runs[count].state)
            continue;
        list[count] = (struct bench_contestant){ways[i]->name, cell->opens ? way_run_open : way_run_seal, &runs[count]};
        count++;
    }
    const struct bench_slices slices = {ring.count, cell->opens ? way_run_seal : NULL};
    bench_case_sliced(bench, cell->title, cell->len, &slices, list, count, NULL);
    for (size_t i = 0; i < count; i++)
        way_close(&runs[i]);
    ring_close(&ring);
}

/* The cell's title is written and it is kept, if --only lets it. */
static size_t add_cell(struct bench *bench, struct cell *cell)
{
    snprintf(cell->title, sizeof cell->title, "%s, %s, %zu B, %zu key%s", cell->opens ? "open" : "seal",
             sframe_suite_find(cell->suite)->name, cell->len, cell->keys, cell->keys == 1 ? "" : "s");
    return bench_wants(bench, cell->title) ? 1 : 0;
}

static size_t list_cells(struct bench *bench, const struct axes *axes, struct cell *cells)
{
    size_t count = 0;
    for (uint16_t suite = 1; suite <= SUITES; suite++) {
        for (int opens = 0; opens < 2; opens++) {
            for (size_t size = 0; size < axes->size_count; size++) {
                for (size_t key = 0; key < axes->key_count; key++) {
                    cells[count] = (struct cell){
                        .suite = suite, .opens = opens, .len = axes->sizes[size], .keys = axes->keys[key]};
                    count += add_cell(bench, &cells[count]);
                }
            }
        }
    }
    return count;
}

/* Which case is next, and how long all that are left take if they take as long as those behind us. */
static void print_progress(size_t done, size_t count, time_t started)
{
    printf("\n[%zu of %zu", done + 1, count);
    if (done > 0)
        printf(", about %.0f s left", difftime(time(NULL), started) / (double)done * (double)(count - done));
    printf("]");
}

void sframe_matrix_run(struct bench *bench)
{
    static struct cell cells[CELLS_MAX + 1]; /* one is begun beyond the last that is kept */
    const time_t started = time(NULL);
    const size_t count = list_cells(bench, bench_is_quick(bench) ? &quick : &whole, cells);
    note_absences(bench);
    bench_set_rounds(bench, ROUNDS, ROUND_US);
    for (size_t i = 0; i < count; i++) {
        print_progress(i, count, started);
        run_cell(bench, &cells[i]);
    }
}
