/* Passphrases: from a file, from the environment, or typed on the terminal. */
#ifndef ID_PASSPHRASE_H
#define ID_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

struct id_passphrase {
    char *text; /* guarded memory, NUL-terminated; NULL: none is wanted */
    size_t len;
};

struct id_passphrase_source {
    const char *file;        /* its first line; NULL: none */
    const char *environment; /* a variable's name, which is overwritten once read */
    const char *option;      /* by which `file` would be named */
    bool none;               /* no passphrase is wanted */
};

/* Asks with `prompt`, twice if it is a new one. Tells on standard error why there is none. */
bool id_passphrase_get(const struct id_passphrase_source *source, const char *prompt, bool is_new,
                       struct id_passphrase *out);
void id_passphrase_wipe(struct id_passphrase *passphrase);

/* A line typed on the terminal, without its end; where it may be seen (echo) and standard input is no terminal, the
 * next line of that. Whether there is one of at most cap - 1 bytes. */
bool id_ask(const char *prompt, bool echo, char *line, size_t cap);

#endif
