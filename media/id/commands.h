/* The commands of `sotto id`: what each is called, takes and says of itself. */
#ifndef ID_COMMANDS_H
#define ID_COMMANDS_H

#include <getopt.h>

#include "request.h"

enum id_option {
    ID_OPTION_FIRST = 256, /* getopt's: none is a character */
    ID_OPTION_HOME = ID_OPTION_FIRST,
    ID_OPTION_NAME,
    ID_OPTION_DEVICE,
    ID_OPTION_CERTIFICATE,
    ID_OPTION_LISTEN,
    ID_OPTION_RELAY,
    ID_OPTION_CONNECT,
    ID_OPTION_TOKEN,
    ID_OPTION_CODE,
    ID_OPTION_ADD,
    ID_OPTION_RENAME,
    ID_OPTION_REPLACE,
    ID_OPTION_FORGET,
    ID_OPTION_YES,
    ID_OPTION_PASSPHRASE_FILE,
    ID_OPTION_NO_PASSPHRASE,
    ID_OPTION_EXPORT_PASSPHRASE_FILE,
    ID_OPTION_HELP,
};

/* getopt_long's list of all of them */
extern const struct option id_options[];

struct id_command {
    const char *name;
    int (*run)(struct id_request *request);
    const char *word;    /* what has to stand behind it; NULL: nothing may */
    unsigned takes;      /* a bit for each option, counted from ID_OPTION_FIRST */
    const char *summary; /* a line of the overview */
    const char *help;    /* what it does, and its options but for those that more share */
};

/* NULL: there is none of that name. */
const struct id_command *id_command_find(const char *name);
bool id_command_takes(const struct id_command *command, int option);
/* The overview, and one command's help, on standard output. */
void id_help(void);
void id_command_help(const struct id_command *command);

#endif
