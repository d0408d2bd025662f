#include "commands.h"

#include <glib.h>
#include <string.h>

#include "chat.h"
#include "core/secret.h"

enum { ANSWER_LEN = 256 };

static int kick(const struct commands *commands, const char *name)
{
    const struct person *person = people_find(commands->people, name);

    return person != NULL ? call_kick(commands->call, person->member.user_id) : CALL_USER;
}

static int admit(const struct commands *commands, const char *word)
{
    const uint8_t *user_id = knocks_find(commands->knocks, word);
    int error = user_id != NULL ? call_admit(commands->call, user_id) : CALL_USER;

    if (error == CALL_OK)
        knocks_remove(commands->knocks, user_id);
    return error;
}

static int rotate(const struct commands *commands, const char *unused)
{
    (void)unused;
    return call_rotate(commands->call);
}

static int go_on(const struct commands *commands, const char *unused)
{
    (void)unused;
    return call_go_on(commands->call);
}

static int lock(const struct commands *commands, const char *unused)
{
    (void)unused;
    return call_set_locked(commands->call, true);
}

static int unlock(const struct commands *commands, const char *unused)
{
    (void)unused;
    return call_set_locked(commands->call, false);
}

static int chat(const struct commands *commands, const char *text)
{
    return call_say(commands->call, text, strlen(text), 0);
}

static int vanish(const struct commands *commands, const char *argument)
{
    uint32_t vanish_s = 0;
    const char *text = NULL;
    char *clean;
    int error;

    if (!chat_parse_vanish(argument, &vanish_s, &text)) {
        commands->say(commands->user, "nothing was sent: /vanish TIME TEXT, as in: /vanish 30s hello. TIME is of s, m, "
                                      "h or d, 7d at most");
        return CALL_OK;
    }
    clean = g_strdup(text);
    error = chat_clean(clean, strlen(clean)) ? call_say(commands->call, text, strlen(text), vanish_s) : CALL_INVALID;
    if (error == CALL_OK)
        commands->vanishing(commands->user, "you", clean, strlen(clean), (uint64_t)vanish_s * 1000);
    core_wipe(clean, strlen(clean));
    g_free(clean);
    return error;
}

/* The first whose name a line begins with: what is no command is for the others. */
static const struct command {
    const char *name;
    int (*run)(const struct commands *commands, const char *argument);
} COMMANDS[] = {
    {"/kick ", kick}, {"/admit ", admit},  {"/new-link", rotate}, {"/go-on", go_on},
    {"/lock", lock},  {"/unlock", unlock}, {"/vanish", vanish},   {"/", chat},
};

void commands_run(const struct commands *commands, const char *line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        size_t len = strlen(COMMANDS[i].name);
        char answer[ANSWER_LEN];
        int error;

        if (strncmp(line, COMMANDS[i].name, len) != 0)
            continue;
        error = COMMANDS[i].run(commands, line + len);
        if (error != CALL_OK) {
            /* not what was to be said */
            g_snprintf(answer, sizeof(answer), "%s: %s", COMMANDS[i].name, call_strerror(error));
            commands->say(commands->user, answer);
        }
        return;
    }
    commands->say(commands->user, "a line beginning with / is for the others, as in: /hello. Commands: /vanish TIME "
                                  "TEXT, /kick NAME, /admit ID, /new-link, /lock, /unlock, /go-on");
}
