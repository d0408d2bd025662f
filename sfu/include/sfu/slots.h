/* A subscriber's wishes, as PATCH <session>/slots carries them:
 *
 *     {"slots": [{"mid": "3", "publisher": "p-1", "maxHeight": 360, "paused": false}, ...]}
 *
 * mid is required; the others default to whoever is next, any size, not paused. Names that are not known are ignored,
 * so that later versions may add some; a known name with a value of the wrong type is an error. */
#ifndef SFU_SLOTS_H
#define SFU_SLOTS_H

#include "sfu/session.h"
#include "sotto/export.h"

enum sfu_slots_error {
    SFU_SLOTS_OK = 0,
    SFU_SLOTS_NOT_JSON = -1,
    SFU_SLOTS_SHAPE = -2,    /* not the shape above, or a value out of its range */
    SFU_SLOTS_TOO_MANY = -3, /* more than SFU_MEDIA_MAX wishes */
};

/* Reads text[0..len) into wishes, which has room for SFU_MEDIA_MAX. count and wishes are written on success only. */
SOTTO_MUST_CHECK int sfu_slots_read(const char *text, size_t len, struct sfu_slot_wish *wishes, size_t *count);

#endif
