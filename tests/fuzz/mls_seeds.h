/* What makes the corpora of the targets over mls_scene.h: for each input the error that it has to end in. */
#ifndef TESTS_MLS_SEEDS_H
#define TESTS_MLS_SEEDS_H

#include "mls_scene.h"

/* Writes the input to corpus/TARGET/NAME, or compares it with the file; either way the target has to say `expected`. */
void seed(const char *target, const char *name, int expected, const struct bytes_writer *input);
/* Ends the program unless it holds. */
void need(bool condition, const char *what);

/* A signature, or a tag, that is genuine to the suite without tags. */
struct core_slice zeros(size_t len);

void seeds_of_joining(void);

#endif
