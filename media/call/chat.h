/* Messages that vanish: each stands here, and nowhere else on this machine, until its time is up or the call ends. No
 * clock and no I/O: time is a parameter. */
#ifndef CHAT_H
#define CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHAT_KEPT_MAX = 64,           /* messages; a further one takes the place of the one that would go next */
    CHAT_VANISH_MAX_S = 7 * 86400 /* the longest that a user may ask for */
};

struct chat;

/* NULL: no memory. */
struct chat *chat_new(void);
/* Wipes what is left. NULL is allowed. */
void chat_free(struct chat *chat);
/* text[0..len), UTF-8, is copied into wiped memory; until_ms is of the caller's monotonic clock. False: no memory. */
bool chat_add(struct chat *chat, const char *who, const char *text, size_t len, uint64_t until_ms);
/* Wipes those whose time is up. True if there were any. */
bool chat_expire(struct chat *chat, uint64_t now_ms);
/* Wipes all. */
void chat_clear(struct chat *chat);
size_t chat_count(const struct chat *chat);

struct chat_message {
    const char *who; /* borrowed, as text, until the next call that is not const */
    const char *text;
    uint64_t until_ms;
};

/* In the order that they came. i is below chat_count(). */
struct chat_message chat_at(const struct chat *chat, size_t i);

/* Writes blanks over what could deceive a terminal: controls, and marks that turn the direction of what follows. The
 * length stays. Not UTF-8: false. */
bool chat_clean(char *text, size_t len);
/* TIME of ` TIME TEXT`, as 30s, 5m, 2h or 1d; *text is what stands behind it. False: it is none, is over
 * CHAT_VANISH_MAX_S, or nothing stands behind it. */
bool chat_parse_vanish(const char *argument, uint32_t *vanish_s, const char **text);

#endif
