/* What every unit test needs: one CUnit suite per program, hex, and where the published vectors are. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <CUnit/CUnit.h>
#include <stddef.h>
#include <stdint.h>

struct unit_test {
    const char *name; /* the behaviour it proves, as a sentence */
    void (*run)(void);
};

/* Runs the tests as one suite; returns main's exit code: 0 all passed, 1 a failure or no test, 77 all was skipped
 * by unit_skip(). In the environment, UNIT_TEST=NAME runs the test of that name alone (2: there is none), UNIT_LIST=1
 * prints the names instead. */
int unit_main(const char *suite, const struct unit_test *tests, size_t count);
#define UNIT_MAIN(suite, tests)                                                                                        \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        return unit_main(suite, tests, sizeof(tests) / sizeof((tests)[0]));                                            \
    }

/* Says loudly what is not tested; the suite ends as skipped (77) unless something fails. */
void unit_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* $SOTTO_VECTORS, or ../shared/vectors seen from the source folder; NULL and a loud skip if it is absent. */
const char *unit_vectors_dir(void);
/* $SOTTO_MEDIA, or ../shared/media seen from the source folder; NULL and a loud skip if it is absent. */
const char *unit_media_dir(void);

/* Decodes hex into out (cap bytes); returns the number of bytes. Malformed or too long hex ends the program. */
size_t unit_hex(const char *hex, uint8_t *out, size_t cap);

/* A small seeded generator (xorshift64*) so that property tests repeat. */
uint64_t unit_random(uint64_t *state);

/* Asserts equality of two byte strings and prints both on a difference. */
void unit_assert_bytes(const char *what, const uint8_t *got, size_t got_len, const uint8_t *want, size_t want_len);

#endif
