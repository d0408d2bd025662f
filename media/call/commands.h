/* What a user types into a call keyed by its members: words for the others, and commands that begin with a slash. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stddef.h>
#include <stdint.h>

#include "knocks.h"
#include "people.h"
#include "sotto/call.h"

/* All borrowed: what commands are about. */
struct commands {
    struct call *call;
    const struct people *people;               /* whom /kick names */
    struct knocks *knocks;                     /* whom /admit names; it is taken out once it is let in */
    void (*say)(void *user, const char *text); /* one line for people: how to write it, or why it was not done */
    /* Of what this user said, text[0..len) of clean UTF-8, which is to be shown for so long, and kept nowhere. */
    void (*vanishing)(void *user, const char *who, const char *text, size_t len, uint64_t vanish_ms);
    void *user;
};

/* Does what a line says: tells the machine, which the caller then asks for its events. The caller wipes the line. */
void commands_run(const struct commands *commands, const char *line);

#endif
