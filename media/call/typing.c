#include "typing.h"

#include "core/secret.h"
#include "sotto/call.h"

_Static_assert(TYPING_MAX >= CALL_TEXT_MAX + 32, "the longest message can be typed");

enum { BACKSPACE = 0x08, CTRL_U = 0x15, ESCAPE = 0x1b, DELETE = 0x7f };
enum { NO_ESCAPE, AFTER_ESCAPE, IN_SEQUENCE };

/* ESC x, or ESC [ parameters x: arrows and the like. True if the byte is of one. */
static bool skip_escape(struct typing *typing, uint8_t byte)
{
    const unsigned before = typing->escape;

    if (byte == ESCAPE)
        typing->escape = AFTER_ESCAPE;
    else if (before == AFTER_ESCAPE)
        typing->escape = byte == '[' || byte == 'O' ? IN_SEQUENCE : NO_ESCAPE;
    else if (before == IN_SEQUENCE && byte >= 0x40 && byte <= 0x7e)
        typing->escape = NO_ESCAPE;
    return before != NO_ESCAPE || byte == ESCAPE;
}

static void take_back(struct typing *typing)
{
    uint8_t byte = 0x80;

    while (typing->len > 0 && (byte & 0xc0) == 0x80) { /* a character of several bytes as a whole */
        byte = (uint8_t)typing->text[--typing->len];
        typing->text[typing->len] = '\0';
    }
}

bool typing_take(struct typing *typing, uint8_t byte)
{
    if (byte == '\n' || byte == '\r')
        return true;
    if (skip_escape(typing, byte))
        return false;
    if (byte == BACKSPACE || byte == DELETE)
        take_back(typing);
    else if (byte == CTRL_U)
        typing_wipe(typing);
    else if ((byte >= ' ' || byte == '\t') && typing->len < TYPING_MAX) {
        typing->text[typing->len++] = byte == '\t' ? ' ' : (char)byte;
        typing->text[typing->len] = '\0';
    }
    return false;
}

void typing_wipe(struct typing *typing)
{
    core_wipe(typing, sizeof(*typing));
}
