/* What a user types, byte by byte, until a line is whole. Where the terminal does not do it, this echoes nothing and
 * edits: backspace and Ctrl-U. No I/O. */
#ifndef TYPING_H
#define TYPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TYPING_MAX = 4160 /* bytes of a line, the longest message and what stands before it; more are not taken */ };

struct typing {
    size_t len;
    unsigned escape;           /* of a key that is no character: how far its bytes have come */
    char text[TYPING_MAX + 1]; /* as far as it is typed, with a NUL */
};

/* Takes a byte; true if the line in text is whole: typing_wipe() it once it is dealt with. */
bool typing_take(struct typing *typing, uint8_t byte);
void typing_wipe(struct typing *typing);

#endif
