/* What the inputs of fuzz_sframe_open and fuzz_sframe_batch say: a byte for suite, profile and keying; then steps, each
 * an operation byte (modulo 8) and what it needs: 0 time, 1 to 4 keys, 5 to 7 a frame. */
#ifndef TESTS_FUZZ_SFRAME_INPUT_H
#define TESTS_FUZZ_SFRAME_INPUT_H

#include "core/bytes.h"
#include "provider_identity.h"
#include "receiver.h"

enum { SFRAME_INPUT_KEYS = 6, SFRAME_INPUT_START_MS = 1000 };

/* A receiver of the identity provider with its first keys; in memory to be freed. */
struct sframe_receiver *sframe_input_receiver(unsigned set_up);

/* Operations 1 to 4. */
void sframe_input_change(struct sframe_receiver *receiver, unsigned operation, struct bytes_reader *r);

struct sframe_input_frame {
    struct sframe_expect expect;
    bool expects;            /* else nothing is expected */
    const uint8_t *metadata; /* or NULL */
    size_t metadata_len;
    uint8_t *bytes; /* to be freed */
    size_t len;
};

/* Operations 5 to 7. False if the input ends within the frame: there is none. */
bool sframe_input_frame(unsigned operation, struct bytes_reader *r, struct sframe_input_frame *frame);

#endif
