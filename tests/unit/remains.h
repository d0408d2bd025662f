/* Finds secrets that remain in memory: in blocks that were freed (which are kept as they were), in those that live, and
 * on the stack that an operation ran on. This program's malloc family stands in front of libc's, for every library in
 * the process. Not for sanitizer builds, which bring their own: there remains_present() is false. */
#ifndef TESTS_REMAINS_H
#define TESTS_REMAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REMAINS_LEN = 16 }; /* bytes of a secret by which it is found */

bool remains_present(void);
/* Notes a secret of REMAINS_LEN bytes or more; it is told by its name. */
void remains_note(const char *name, const uint8_t *secret);
/* What others may see is no secret: forgets those that are in it. */
void remains_publish(const uint8_t *data, size_t len);
/* Runs the operation on a stack of its own, which held nothing before. */
void remains_run(void (*operation)(void *ctx), void *ctx);

enum remains_place { REMAINS_FREED = 1, REMAINS_STACK = 2, REMAINS_LIVE = 4 };
/* The number of noted secrets that are found in the places; names the first ones on stderr. */
size_t remains_found(unsigned places);
/* Whether this one is, noted or not. The bytes given are not what is found. */
bool remains_has(const uint8_t *secret, unsigned places);
/* Frees what was kept, and forgets all notes. */
void remains_end(void);

#endif
