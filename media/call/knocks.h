/* Who asks to be let in to a locked room, and was not yet. */
#ifndef KNOCKS_H
#define KNOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/call.h"

enum {
    KNOCKS_KEPT = 16, /* of more the oldest is forgotten; it may ask again */
    KNOCKS_WORD = 16, /* digits of a user id that name it, at least, and are shown: too many to find another id to */
};

/* Zeroed at first. */
struct knocks {
    uint8_t user_ids[KNOCKS_KEPT][CALL_USER_ID_LEN];
    size_t count;
};

/* Somebody asks. True if it did not before: that is worth a word. */
bool knocks_add(struct knocks *knocks, const uint8_t user_id[CALL_USER_ID_LEN]);
/* The one whose id begins with these hex digits. NULL: nobody's does, more than one does, or they are too few. */
const uint8_t *knocks_find(const struct knocks *knocks, const char *word);
/* It was let in. */
void knocks_remove(struct knocks *knocks, const uint8_t user_id[CALL_USER_ID_LEN]);
/* The first KNOCKS_WORD digits of an id, and NUL. */
void knocks_word(const uint8_t user_id[CALL_USER_ID_LEN], char out[KNOCKS_WORD + 1]);

#endif
