/* What the programs of unit_constant_time() share: what is secret is undefined to memcheck, and what is for others to
 * see defined again; and the controls, which have to be caught. Each includes it once. */
#ifndef TESTS_CONSTANT_TIME_H
#define TESTS_CONSTANT_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

static const char *control = ""; /* of the command line; empty: none */

static inline void need(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "constant_time: %s\n", what);
    exit(EXIT_FAILURE);
}

static inline void hide(void *data, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(data, len);
}

static inline void show(const void *data, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(data, len);
}

static inline bool is_control(const char *name)
{
    return strcmp(control, name) == 0;
}

/* As memcmp() may do, for control-compare. */
static inline bool branching_compare(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* Takes the control from the command line; ends the program (exit code 2) if it does not run under valgrind. */
static inline void constant_time_begin(int argc, char **argv)
{
    enum { EXIT_NO_VALGRIND = 2 };
    if (argc > 1)
        control = argv[1];
    if (RUNNING_ON_VALGRIND)
        return;
    fprintf(stderr, "constant_time: not running under valgrind\n");
    exit(EXIT_NO_VALGRIND);
}

#endif
