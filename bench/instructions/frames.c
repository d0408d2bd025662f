/* Frames for counting instructions: bench_instructions_frames seal|open SIZE COUNT [burden]. Each is sealed (and
 * opened) under a provider that encrypts nothing, so that what is left is our own code. `burden` adds to each frame
 * about a fifteenth of what sealing takes, for showing that it is noticed. Counted by callgrind; see run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider_identity.h"
#include "sframe_frames.h"

enum { BURDEN = 7, ARGS_MIN = 4 };

int main(int argc, char **argv)
{
    static struct frames frames;
    if (argc < ARGS_MIN) {
        fprintf(stderr, "usage: %s seal|open SIZE COUNT [burden]\n", argv[0]);
        return 2;
    }
    const size_t size = strtoul(argv[2], NULL, 10);
    const size_t count = strtoul(argv[3], NULL, 10);
    const bool opens = strcmp(argv[1], "open") == 0;
    if (size < 1 || size > FRAMES_SIZE_MAX)
        frames_fail("a frame of that size");
    frames_open(&frames, &provider_identity, SFRAME_SUITE_DEFAULT, size, false);
    for (size_t i = 0; i < count; i++) {
        if (opens)
            frames_run_seal_and_open(&frames, 1);
        else
            frames_run_seal(&frames, 1);
        for (volatile int spent = 0; argc > ARGS_MIN && spent < BURDEN;)
            spent = spent + 1;
    }
    frames_close(&frames);
    return EXIT_SUCCESS;
}
