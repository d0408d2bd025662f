/* Reads files of published test vectors.
 *
 * Their numbers are unsigned up to 64 bits, which jansson's integers (signed) cannot hold: each is turned into a string
 * with a mark before the file is parsed, so a number is never a double and never mistaken for a string. */
#ifndef TESTS_VECTOR_FILE_H
#define TESTS_VECTOR_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The file's root object, to be released with json_decref; NULL, and a message to stderr, if it cannot be read or is
 * not a JSON object. Numbers with a sign, point or exponent, and those of 2^64 and more, are refused. */
json_t *vector_file_load(const char *path);
/* The same from memory; name is for messages. */
json_t *vector_file_parse(const char *name, const char *text, size_t len);

/* A member that is a number; false if it is absent or something else. */
bool vector_u64(const json_t *object, const char *name, uint64_t *value);

/* Bytes of a member that is a hex string. */
struct vector_bytes {
    uint8_t *data; /* malloc'd; never NULL after success */
    size_t len;
};

bool vector_bytes(const json_t *object, const char *name, struct vector_bytes *bytes);
void vector_bytes_free(struct vector_bytes *bytes);
/* Whether they are data[0..len). */
bool vector_bytes_equal(const struct vector_bytes *bytes, const uint8_t *data, size_t len);

enum { VECTOR_FIELDS_MAX = 12 };

/* A case's byte strings, in the order of the names they were asked by. */
struct vector_fields {
    struct vector_bytes at[VECTOR_FIELDS_MAX];
    size_t count;
};

/* False, and a message, if one is absent or malformed. To be freed in either case. */
bool vector_fields_read(const json_t *object, const char *const *names, size_t count, struct vector_fields *fields);
void vector_fields_free(struct vector_fields *fields);

/* Whether they are equal; says `what` differs if not. */
bool vector_same(const char *what, const struct vector_bytes *want, const uint8_t *got, size_t len);

#endif
