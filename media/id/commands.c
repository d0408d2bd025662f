#include "commands.h"

#include <stdio.h>
#include <string.h>

#define BIT(option) (1u << (ID_OPTION_##option - ID_OPTION_FIRST))

enum {
    ALWAYS = BIT(HOME) | BIT(HELP),
    PASSPHRASE = BIT(PASSPHRASE_FILE),
    NEW_PASSPHRASE = BIT(PASSPHRASE_FILE) | BIT(NO_PASSPHRASE),
};

const struct option id_options[] = {
    {"home", required_argument, NULL, ID_OPTION_HOME},
    {"name", required_argument, NULL, ID_OPTION_NAME},
    {"device", required_argument, NULL, ID_OPTION_DEVICE},
    {"certificate", required_argument, NULL, ID_OPTION_CERTIFICATE},
    {"listen", required_argument, NULL, ID_OPTION_LISTEN},
    {"relay", required_argument, NULL, ID_OPTION_RELAY},
    {"connect", required_argument, NULL, ID_OPTION_CONNECT},
    {"token", required_argument, NULL, ID_OPTION_TOKEN},
    {"code", required_argument, NULL, ID_OPTION_CODE},
    {"add", required_argument, NULL, ID_OPTION_ADD},
    {"rename", required_argument, NULL, ID_OPTION_RENAME},
    {"replace", required_argument, NULL, ID_OPTION_REPLACE},
    {"forget", required_argument, NULL, ID_OPTION_FORGET},
    {"yes", no_argument, NULL, ID_OPTION_YES},
    {"passphrase-file", required_argument, NULL, ID_OPTION_PASSPHRASE_FILE},
    {"no-passphrase", no_argument, NULL, ID_OPTION_NO_PASSPHRASE},
    {"export-passphrase-file", required_argument, NULL, ID_OPTION_EXPORT_PASSPHRASE_FILE},
    {"help", no_argument, NULL, ID_OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static const struct id_command COMMANDS[] = {
    {"new", id_new, NULL, BIT(NAME) | BIT(DEVICE) | NEW_PASSPHRASE, "makes your identity on this device",
     "Makes you: a root key, a key of this device, and a certificate of 14 days for it. Nobody is asked, no server is\n"
     "told. A folder that has an identity is left as it is.\n"
     "\n"
     "  --name NAME                how others see you; needed\n"
     "  --device LABEL             how this device is called; default: the machine's name\n"},
    {"show", id_show, NULL, BIT(CERTIFICATE), "who you are, on which device, and your other devices",
     "Prints your user id, this device, until when its certificate is good, and which devices were revoked; where\n"
     "the root is, all devices that it has certified. Needs no passphrase.\n"
     "\n"
     "  --certificate FILE         also writes this device's certificate, which is public: others can pin you by it\n"},
    {"renew", id_renew, NULL, PASSPHRASE, "a fresh certificate for this device, where the root is",
     "Gives this device a certificate for another 14 days. On a device without the root, add-device does.\n"},
    {"add-device", id_add_device, NULL,
     BIT(DEVICE) | BIT(LISTEN) | BIT(RELAY) | BIT(CONNECT) | BIT(TOKEN) | BIT(CODE) | NEW_PASSPHRASE,
     "links another device of yours by a short code, or renews it",
     "On the device that has the root, one of\n"
     "\n"
     "  sotto id add-device [--listen ADDRESS:PORT]       waits for the new device on this network; default: this\n"
     "                                                    machine alone, any port\n"
     "  sotto id add-device --relay HOST[:PORT][/ROOM]    meets it on a delivery service, wherever both are\n"
     "\n"
     "shows what to type on the new device, and a code of eight digits. There\n"
     "\n"
     "  sotto id add-device --connect WHERE               asks for the code, and gets this device its certificate;\n"
     "                                                    the same again renews it, and keeps its key\n"
     "\n"
     "A wrong code ends it on both: begin again, with the new code. Whatever carries it learns nothing and has one\n"
     "guess at the code. The root's device waits for ten minutes. No private key crosses.\n"
     "\n"
     "  --code CODE                the code, instead of asking for it\n"
     "  --device LABEL             how the new device is called; default: the machine's name\n"
     "  --token TOKEN              the delivery service's admission token, where it asks for one, and for the room\n"
     "                             that it names; also from the environment variable SOTTO_TOKEN\n"},
    {"revoke", id_revoke, "DEVICE", PASSPHRASE, "takes back a device's certificate",
     "Signs a list that says this device is not yours any more, where the root is. DEVICE is its label, or eight or\n"
     "more digits of its key; sotto id show lists them. Calls that you are in afterwards spread the list.\n"},
    {"verify", id_verify, "USER", BIT(YES) | BIT(CODE), "your safety number with somebody you know",
     "Prints 60 digits, and as a QR code, that are the same on the other's screen if each of you sees the other's "
     "root.\n"
     "Compare them face to face, or by a voice that you know. USER is a name, or eight or more digits of a user id.\n"
     "\n"
     "  --yes                      they are the same: USER is verified from now on\n"
     "  --code NUMBER              what the other's screen shows, typed or scanned: compares, and verifies\n"},
    {"pins", id_pins, NULL, BIT(ADD) | BIT(NAME) | BIT(RENAME) | BIT(REPLACE) | BIT(FORGET), "whom you know",
     "Lists whom you know, by their roots. With one of these, changes the list:\n"
     "\n"
     "  --add FILE [--name NAME]   the user of a certificate, under a name of yours\n"
     "  --add FILE --replace USER  this is USER's new root\n"
     "  --rename USER --name NAME  how you call them\n"
     "  --forget USER              not known any more\n"},
    {"export", id_export, "FILE", PASSPHRASE | BIT(EXPORT_PASSPHRASE_FILE),
     "your root, encrypted, for the day this "
     "device is lost",
     "Writes your root to FILE, always encrypted, under a passphrase of its own. Keep both, apart from each other and\n"
     "from this device. A file that is there already is left as it is.\n"},
    {"import", id_import, "FILE", BIT(DEVICE) | NEW_PASSPHRASE | BIT(EXPORT_PASSPHRASE_FILE),
     "your root from an export, on a new device",
     "Brings you back: the root from FILE, a fresh key for this device, and its certificate. Then revoke the lost\n"
     "device by its key.\n"
     "\n"
     "  --device LABEL             how this device is called; default: the machine's name\n"},
};

const struct id_command *id_command_find(const char *name)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

bool id_command_takes(const struct id_command *command, int option)
{
    return (command->takes | ALWAYS) & 1u << (option - ID_OPTION_FIRST);
}

void id_help(void)
{
    fputs("sotto id COMMAND [options]\n"
          "\n"
          "Who you are in calls: a root key that is you, a key of its own on each of your devices, and a certificate\n"
          "of 14 days for each device, signed by the root. No private key leaves the device that made it, but in\n"
          "an export. No server knows or vouches for any of it.\n"
          "\n",
          stdout);
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        printf("  %s %-*s %s\n", COMMANDS[i].name, (int)(18 - strlen(COMMANDS[i].name)),
               COMMANDS[i].word ? COMMANDS[i].word : "", COMMANDS[i].summary);
    fputs("\n"
          "sotto id COMMAND --help says all of a command. All is kept in one folder: --home FOLDER, else SOTTO_HOME,\n"
          "else ~/.local/share/sotto.\n",
          stdout);
}

void id_command_help(const struct id_command *command)
{
    printf("sotto id %s%s%s [options]\n\n%s\n"
           "  --home FOLDER              where all is kept; default: SOTTO_HOME, or ~/.local/share/sotto\n",
           command->name, command->word ? " " : "", command->word ? command->word : "", command->help);
    if (command->takes & PASSPHRASE)
        fputs("  --passphrase-file FILE     its first line encrypts the keys kept here; also the environment variable\n"
              "                             SOTTO_PASSPHRASE; without both it is asked for\n",
              stdout);
    if (command->takes & BIT(NO_PASSPHRASE))
        fputs("  --no-passphrase            keys are not encrypted: whoever reads your files is you\n", stdout);
    if (command->takes & BIT(EXPORT_PASSPHRASE_FILE))
        fputs("  --export-passphrase-file FILE  the same for the export; also SOTTO_EXPORT_PASSPHRASE\n", stdout);
    fputs("  --help                     this text\n", stdout);
}
