#include "id/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/secret.h"
#include "sotto/identity.h"

enum { LINE_MAX_LEN = IDENTITY_PASSPHRASE_MAX + 1, CONTROL_C = 3 };

/* One line, byte by byte: no buffer keeps a copy. False at its end without a line, or if it is too long. */
static bool read_line(int fd, char *line, size_t cap)
{
    size_t len = 0;
    for (;;) {
        char c = 0;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || (got == 0 && len == 0) || c == CONTROL_C)
            return false;
        if (got == 0 || c == '\n')
            break;
        if (len + 1 >= cap)
            return false;
        line[len++] = c;
    }
    if (len > 0 && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    return true;
}

bool id_ask(const char *prompt, bool echo, char *line, size_t cap)
{
    struct termios before;
    struct termios quiet;
    if (echo && !isatty(STDIN_FILENO))
        return read_line(STDIN_FILENO, line, cap);
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = true;
    if (tcgetattr(fd, &before) != 0) {
        close(fd);
        return false;
    }
    if (!echo) {
        quiet = before;
        /* no signals either: one would leave the terminal silent */
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        ok = tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
    }
    /* only now: what is typed before is dropped */
    ok = ok && dprintf(fd, "%s", prompt) >= 0 && read_line(fd, line, cap);
    if (!echo) {
        tcsetattr(fd, TCSADRAIN, &before);
        dprintf(fd, "\n");
    }
    close(fd);
    return ok;
}

static bool from_file(const char *path, char *line)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "sotto: %s: %s\n", path, strerror(errno));
        return false;
    }
    bool ok = read_line(fd, line, LINE_MAX_LEN);
    if (!ok)
        fprintf(stderr, "sotto: %s: its first line must be a passphrase of 1 to %d bytes\n", path,
                IDENTITY_PASSPHRASE_MAX);
    close(fd);
    return ok;
}

static bool from_environment(char *value, char *line)
{
    size_t len = strlen(value);
    bool ok = len < LINE_MAX_LEN;
    if (ok)
        memcpy(line, value, len + 1);
    else
        fprintf(stderr, "sotto: the passphrase is longer than %d bytes\n", IDENTITY_PASSPHRASE_MAX);
    core_wipe(value, len);
    return ok;
}

static bool from_terminal(const char *option, const char *prompt, bool is_new, char *line)
{
    if (!id_ask(prompt, false, line, LINE_MAX_LEN)) {
        fprintf(stderr, "sotto: no passphrase was typed; without a terminal use %s\n", option);
        return false;
    }
    if (!is_new)
        return true;
    char *again = core_secret_new(LINE_MAX_LEN);
    bool ok = again && id_ask("The same again: ", false, again, LINE_MAX_LEN) && strcmp(line, again) == 0;
    if (!ok)
        fprintf(stderr, "sotto: the two were not the same\n");
    core_secret_free(again);
    return ok;
}

bool id_passphrase_get(const struct id_passphrase_source *source, const char *prompt, bool is_new,
                       struct id_passphrase *out)
{
    char *value = source->environment ? getenv(source->environment) : NULL;
    *out = (struct id_passphrase){0};
    if (source->none)
        return true;
    char *line = core_secret_new(LINE_MAX_LEN);
    if (!line) {
        fprintf(stderr, "sotto: no memory for the passphrase\n");
        return false;
    }
    bool ok = source->file ? from_file(source->file, line)
              : value      ? from_environment(value, line)
                           : from_terminal(source->option, prompt, is_new, line);
    if (ok && line[0] == '\0') {
        fprintf(stderr, "sotto: the passphrase is empty; %s names a file with one\n", source->option);
        ok = false;
    }
    if (ok)
        *out = (struct id_passphrase){line, strlen(line)};
    else
        core_secret_free(line);
    return ok;
}

void id_passphrase_wipe(struct id_passphrase *passphrase)
{
    core_secret_free(passphrase->text);
    *passphrase = (struct id_passphrase){0};
}
