/* What programs that run files of published vectors share: their arguments, folders, and the last line. */
#ifndef TESTS_VECTOR_RUNNER_H
#define TESTS_VECTOR_RUNNER_H

#include <stddef.h>

struct tally {
    size_t passed;
    size_t failed; /* cases, and files that could not be taken as vectors */
};

/* Runs each path of argv: a file, or the .json files of a folder, in alphabetical order. Prints "N passed, N failed"
 * last. Returns the exit code: 0 only if something passed and nothing failed, 2 without a path. */
int vector_runner(int argc, char **argv, void (*run_file)(const char *path, struct tally *tally));

#endif
