/* One case of a vector file each: true if everything in it is as computed. What differs is said on stderr. */
#ifndef TESTS_SFRAME_CASES_H
#define TESTS_SFRAME_CASES_H

#include <jansson.h>
#include <stdbool.h>

#include "suite.h"

/* The working group's. */
bool sframe_case_header(const json_t *object);
bool sframe_case_ctr(const json_t *object);
bool sframe_case_frame(const json_t *object);

/* Ours (frame_format.py makes them). */
bool sotto_case_frame(const json_t *object);
bool sotto_case_ratchet(const json_t *object);
bool sotto_case_kid_from_leaf(const json_t *object);
bool sotto_case_kid_from_start(const json_t *object);

/* Reads cipher_suite. */
bool sframe_case_suite(const json_t *object, struct sframe_crypto *crypto);

#endif
