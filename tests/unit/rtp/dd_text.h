/* Descriptors written down bit by bit, as a person works them out from A.8.2. */
#ifndef TESTS_DD_TEXT_H
#define TESTS_DD_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "rtp/dd.h"

/* Packs the zeros and ones of text (everything else is decoration) into out, padded to a byte; returns the bytes. */
size_t dd_text_bytes(const char *text, uint8_t *out, size_t cap);

/* A random valid structure and a random descriptor against it; both fully determined by *seed. */
void dd_text_random_structure(uint64_t *seed, struct dd_structure *out);
void dd_text_random_descriptor(uint64_t *seed, const struct dd_structure *structure, struct dd_descriptor *out);

/* Asserts that all fields are equal. */
void dd_text_assert_equal(const struct dd_descriptor *got, const struct dd_descriptor *want);

/* A.10.2.1 attached to frame 0x1234, template ids from 5 on: worked by hand, 16 bytes. */
extern const char dd_text_l1t3[];
/* A.10.2.2 attached to frame 1, template ids from 0 on, the frame's template 1: worked by hand. */
extern const char dd_text_l3t3[];

#endif
