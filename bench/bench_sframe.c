/* Sealing and opening frames: by every suite, size, number of keys and provider, beside the bare calls and others
 * (sframe_matrix.c), and what of that has a goal (sframe_goals.c).
 *
 * --assert holds sealing with the default suite by OpenSSL to SEAL_RATIO_AUDIO (160 B) and SEAL_RATIO_PACKET (1200 B)
 * times the cipher alone: one reused EVP context doing exactly the AEAD's work (nonce, AAD of the same length, text,
 * tag). */
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdio.h>

#include "bench.h"
#include "sframe_goals.h"
#include "sframe_matrix.h"
#include "sframe_ways.h"

#define SEAL_RATIO_PACKET 1.35
#define SEAL_RATIO_AUDIO 1.5

enum { AUDIO_LEN = 160, PACKET_LEN = 1200 };

/* Seals, and runs the cipher for three of each five times round the ring: 0.6 more, where a ratio may be 0.35 or 0.5
 * above 1. */
struct burdened {
    struct way_run *ours;
    struct way_run *bare;
    size_t round;
};

static void run_burdened(void *ctx, uint64_t frames)
{
    struct burdened *burdened = ctx;
    way_run_seal(burdened->ours, frames);
    way_run_seal(burdened->bare, (3 * (frames / burdened->round) + 4) / 5 * burdened->round);
}

/* The two alone, so that each round's ratio is one of neighbours in time. */
static void hold_seal(struct bench *bench, size_t len, double bound)
{
    struct ring ring;
    struct way_run bare;
    struct way_run ours;
    struct bench_result results[2];
    char what[BENCH_NAME_MAX];
    ring_open(&ring, SFRAME_SUITE_DEFAULT, len, 1);
    way_open(&bare, &way_calls_openssl, &ring);
    way_open(&ours, &way_frame_openssl, &ring);
    struct burdened burdened = {&ours, &bare, ring.count};
    const struct bench_slices slices = {.len = ring.count};
    const struct bench_contestant list[2] = {
        {bare.way->name, way_run_seal, &bare},
        bench_is_control(bench) ? (struct bench_contestant){"frame, burdened", run_burdened, &burdened}
                                : (struct bench_contestant){ours.way->name, way_run_seal, &ours},
    };
    snprintf(what, sizeof what, "seal at %zu B against the cipher alone", len);
    bench_case_sliced(bench, what, len, &slices, list, 2, results);
    bench_hold(bench, what, &results[1], bound);
    way_close(&bare);
    way_close(&ours);
    ring_close(&ring);
}

int main(int argc, char **argv)
{
    struct bench *bench = bench_open("sframe", argc, argv);
    bench_note(bench, "openssl", OpenSSL_version(OPENSSL_VERSION));
    bench_note(bench, "libsodium", sodium_version_string());
    bench_note(bench, "provider", sframe_provider_name());
    if (bench_asserts(bench)) {
        hold_seal(bench, AUDIO_LEN, SEAL_RATIO_AUDIO);
        hold_seal(bench, PACKET_LEN, SEAL_RATIO_PACKET);
    } else {
        sframe_matrix_run(bench);
        sframe_goals_run(bench);
    }
    return bench_close(bench);
}
