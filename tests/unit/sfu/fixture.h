/* Offers as browsers and webrtcbin write them, read from tests/unit/sfu/offers. */
#ifndef TESTS_SFU_FIXTURE_H
#define TESTS_SFU_FIXTURE_H

#include <stddef.h>

extern const char *const fixture_names[];
extern const size_t fixture_count;

/* The whole file, terminated, on the heap; ends the program if it is absent. */
char *fixture_read(const char *name, size_t *len);
/* A copy of text with the first occurrence of `from` replaced, on the heap; ends the program if there is none. */
char *fixture_replace(const char *text, const char *from, const char *to);

#endif
