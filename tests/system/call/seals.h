/* What a client seals, written down before it can leave: for tests that look for a key and counter used twice. */
#ifndef TESTS_CALL_SEALS_H
#define TESTS_CALL_SEALS_H

#include <stdbool.h>

/* From now on each sealed frame is appended to the file: 16 bytes of SHA-256 of the base key, KID and counter of 8
 * bytes each (big-endian), 16 bytes of SHA-256 of the whole frame. In one write, so that a process killed in the next
 * moment has written it, or never had the frame. False if the file cannot be opened. */
bool seals_write_to(const char *path);
/* From now on a shared secret's senders start with the same KIDs in every process: a client that repeats its nonces. */
void seals_start_alike(void);

#endif
