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

/* For mls_process: a message, after the one that has to come before it, if any. */
void seed_messages(const char *name, int expected, struct mls_bytes before, struct mls_bytes message);

void seeds_of_joining(void);
/* Of a PublicMessage with a commit and a path but no proposal, and one with a proposal. */
void seeds_of_refused(struct mls_bytes commit, struct mls_bytes proposal);
/* Of an external commit. */
void seeds_of_refused_joiners(struct mls_bytes commit);

#endif
