/* Text: borrowed slices, a bounded writer with a sticky error, random names.
 * What SDP, HTTP answers and logs are read from and written with. Nothing here allocates. */
#ifndef DAEMON_TEXT_H
#define DAEMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

/* Borrowed characters, not terminated. data may be NULL when len is 0. */
struct text_slice {
    const char *data;
    size_t len;
};

/* A slice over a terminated string, which must outlive it. */
struct text_slice text_of(const char *string);
bool text_equal(struct text_slice a, const char *b);
/* ASCII letters compare without case. */
bool text_equal_nocase(struct text_slice a, const char *b);
bool text_same(struct text_slice a, struct text_slice b);
bool text_starts(struct text_slice s, const char *prefix);
/* Takes what stands before the first separator off the front of s, the separator too; all of s if there is none. */
struct text_slice text_take(struct text_slice *s, char separator);
/* Without leading and trailing blanks and tabs. */
struct text_slice text_trim(struct text_slice s);
/* A decimal number of digits only, at most max. False, out unchanged, otherwise. */
SOTTO_MUST_CHECK bool text_number(struct text_slice s, uint64_t max, uint64_t *out);
/* Copies s and a NUL into out[0..cap); false, out unchanged, if it does not fit. */
SOTTO_MUST_CHECK bool text_copy(struct text_slice s, char *out, size_t cap);
/* True if s is not empty and each byte is a letter, a digit or one of the characters in others. */
bool text_is_made_of(struct text_slice s, const char *others);
/* Bytes as pairs of hex digits: exactly len (at most 64) of them. False, out unchanged, otherwise. */
SOTTO_MUST_CHECK bool text_hex(struct text_slice s, uint8_t *out, size_t len);
/* The same with a colon between two pairs (a certificate's fingerprint, RFC 8122 section 5). */
SOTTO_MUST_CHECK bool text_fingerprint(struct text_slice s, uint8_t *out, size_t len);

/* len characters of A-Z a-z 0-9 and the two of `last` (64 in all, so 6 bits each), and a NUL. False if the system has
 * no random bytes. */
SOTTO_MUST_CHECK bool text_random(char *out, size_t len, const char last[2]);

/* Writes into data[0..cap), always terminated. What does not fit sets failed and nothing more is written. */
struct text_writer {
    char *data;
    size_t cap;
    size_t len;
    bool failed;
};

/* cap is at least 1. */
void text_writer_init(struct text_writer *w, char *data, size_t cap);
void text_printf(struct text_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The characters as they are. */
void text_write(struct text_writer *w, const char *data, size_t len);
/* The slice as the inside of a quoted string: quotes, backslashes and control characters escaped (JSON, Prometheus and
 * logfmt agree on these). */
void text_write_escaped(struct text_writer *w, struct text_slice s);

#endif
