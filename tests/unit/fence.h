/* Memory between two pages that nobody may touch: who reads or writes a byte outside what it was given ends the
 * program, also where it is assembly, which no sanitizer sees. */
#ifndef TESTS_FENCE_H
#define TESTS_FENCE_H

#include <stddef.h>
#include <stdint.h>

enum fence_side {
    FENCE_BEFORE, /* begins right behind the page before it */
    FENCE_AFTER,  /* ends right before the page after it */
    FENCE_SIDES
};

struct fence;

/* Room for cap bytes; it stays until the program ends. The name is said if somebody touches a page beside it. */
const struct fence *fence_new(const char *name, size_t cap);
/* Its room for len bytes (at most cap), at that side. What was put there before is overwritten. */
uint8_t *fence_room(const struct fence *fence, enum fence_side side, size_t len);
/* What is being tried from now on, to be said with the name. */
void fence_try(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
