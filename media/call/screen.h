/* The terminal: lines that stay, and below them what changes: messages that vanish, the live line, what is being typed.
 * What is below is always redrawn whole and never scrolls off, so that what vanishes is nowhere any more. Where
 * standard output is no terminal there are lines that stay, and nothing else. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "chat.h"

struct screen;

struct screen *screen_new(void);
/* From now on the user types into standard input. If that is a terminal too, and this program's to use, what is typed
 * is no longer echoed by the system, but shown as screen_below() is told. */
void screen_type(struct screen *screen);
/* Takes away what is below, and gives the terminal back as it was. NULL is allowed. */
void screen_free(struct screen *screen);
bool screen_is_terminal(const struct screen *screen);
/* One line that stays. */
void screen_say(struct screen *screen, const char *line);
/* What is below, from now on; live and typed are borrowed until the call returns. */
void screen_below(struct screen *screen, const struct chat *chat, const char *live, const char *typed, uint64_t now_ms);

#endif
