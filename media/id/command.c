/* The command line of `sotto id`. */
#include "id/command.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

static const char USAGE[] =
    "sotto id COMMAND [options]\n"
    "\n"
    "Who you are in calls: a root key that is you, a key of its own on each of your devices, and a certificate\n"
    "of 14 days for each device, signed by the root. No private key leaves the device that made it, but in\n"
    "an export. No server knows or vouches for any of it.\n"
    "\n"
    "  new --name NAME            makes your identity on this device\n"
    "  show                       who you are, this device, and your other devices where the root is;\n"
    "                             --certificate FILE writes this device's certificate, which is public\n"
    "  renew                      a fresh certificate for this device, where the root is\n"
    "  add-device                 on the device that has the root: shows a code of eight digits and waits for\n"
    "                             the new device at --listen ADDRESS:PORT (default 127.0.0.1 and any port)\n"
    "  add-device --connect HOST:PORT\n"
    "                             on the new device: asks for the code (or --code), then gets its certificate;\n"
    "                             again, when that one ends. A wrong code ends it on both: begin again, with the new "
    "code.\n"
    "                             What carries it learns nothing and has one guess\n"
    "  revoke DEVICE              takes back a device's certificate; DEVICE is its label, or digits of its key\n"
    "  verify USER                your safety number with somebody you know, as digits and as a QR code; compare\n"
    "                             it face to face, then --yes, or --code what the other's screen shows\n"
    "  pins                       whom you know; --add FILE the user of a certificate, --rename USER --name NAME,\n"
    "                             --replace USER with --add: this is their new root, --forget USER\n"
    "  export FILE                your root, encrypted under a passphrase of its own, for the day this device is\n"
    "                             lost; keep it elsewhere\n"
    "  import FILE                your root from an export, on a new device\n"
    "\n"
    "  --name NAME                how others see you; with pins: how you call them\n"
    "  --device LABEL             how this device is called; default: the machine's name\n"
    "  --home FOLDER              where all is kept; default: SOTTO_HOME, or ~/.local/share/sotto\n"
    "  --passphrase-file FILE     its first line encrypts the keys kept here; also the environment variable\n"
    "                             SOTTO_PASSPHRASE; without both it is asked for\n"
    "  --no-passphrase            keys are not encrypted: whoever reads your files is you\n"
    "  --export-passphrase-file FILE  the same for an export; also SOTTO_EXPORT_PASSPHRASE\n"
    "  --help                     this text\n";

static const struct command {
    const char *name;
    int (*run)(struct id_request *request);
    const char *word; /* what has to stand behind it; NULL: nothing may */
} COMMANDS[] = {
    {"new", id_new, NULL},           {"show", id_show, NULL},
    {"renew", id_renew, NULL},       {"add-device", id_add_device, NULL},
    {"revoke", id_revoke, "DEVICE"}, {"verify", id_verify, "USER"},
    {"pins", id_pins, NULL},         {"export", id_export, "FILE"},
    {"import", id_import, "FILE"},
};

enum option_id {
    OPT_FIRST = 256,
    OPT_HOME = OPT_FIRST,
    OPT_NAME,
    OPT_DEVICE,
    OPT_CERTIFICATE,
    OPT_LISTEN,
    OPT_CONNECT,
    OPT_CODE,
    OPT_ADD,
    OPT_RENAME,
    OPT_REPLACE,
    OPT_FORGET,
    OPT_YES,
    OPT_PASSPHRASE_FILE,
    OPT_NO_PASSPHRASE,
    OPT_EXPORT_PASSPHRASE_FILE,
    OPT_HELP,
};

static const struct option OPTIONS[] = {
    {"home", required_argument, NULL, OPT_HOME},
    {"name", required_argument, NULL, OPT_NAME},
    {"device", required_argument, NULL, OPT_DEVICE},
    {"certificate", required_argument, NULL, OPT_CERTIFICATE},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"connect", required_argument, NULL, OPT_CONNECT},
    {"code", required_argument, NULL, OPT_CODE},
    {"add", required_argument, NULL, OPT_ADD},
    {"rename", required_argument, NULL, OPT_RENAME},
    {"replace", required_argument, NULL, OPT_REPLACE},
    {"forget", required_argument, NULL, OPT_FORGET},
    {"yes", no_argument, NULL, OPT_YES},
    {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE_FILE},
    {"no-passphrase", no_argument, NULL, OPT_NO_PASSPHRASE},
    {"export-passphrase-file", required_argument, NULL, OPT_EXPORT_PASSPHRASE_FILE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static void take_option(struct id_request *request, int option, const char *value)
{
    const char **const texts[] = {
        [OPT_HOME - OPT_FIRST] = &request->home,     [OPT_NAME - OPT_FIRST] = &request->name,
        [OPT_DEVICE - OPT_FIRST] = &request->device, [OPT_CERTIFICATE - OPT_FIRST] = &request->certificate,
        [OPT_LISTEN - OPT_FIRST] = &request->listen, [OPT_CONNECT - OPT_FIRST] = &request->connect,
        [OPT_CODE - OPT_FIRST] = &request->code,     [OPT_ADD - OPT_FIRST] = &request->add,
        [OPT_RENAME - OPT_FIRST] = &request->rename, [OPT_REPLACE - OPT_FIRST] = &request->replace,
        [OPT_FORGET - OPT_FIRST] = &request->forget,
    };
    if (option == OPT_YES)
        request->yes = true;
    else if (option == OPT_PASSPHRASE_FILE)
        request->passphrase.file = value;
    else if (option == OPT_NO_PASSPHRASE)
        request->passphrase.none = true;
    else if (option == OPT_EXPORT_PASSPHRASE_FILE)
        request->export_passphrase.file = value;
    else
        *texts[option - OPT_FIRST] = value;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

static int help(void)
{
    fputs(USAGE, stdout);
    return 0;
}

int id_command(int argc, char **argv)
{
    struct id_request request = {
        .passphrase = {.environment = "SOTTO_PASSPHRASE"},
        .export_passphrase = {.environment = "SOTTO_EXPORT_PASSPHRASE"},
        .now_s = (uint64_t)time(NULL),
    };
    int option = 0;
    const struct command *command = argc > 2 ? find_command(argv[2]) : NULL;
    if (argc > 2 && strcmp(argv[2], "--help") == 0)
        return help();
    if (!command) {
        fprintf(stderr, "sotto: sotto id --help lists what sotto id can do\n");
        return 2;
    }
    optind = 3;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (option == OPT_HELP)
            return help();
        if (option == '?') {
            fprintf(stderr, "sotto: sotto id --help lists the options\n"); /* getopt has said why */
            return 2;
        }
        take_option(&request, option, optarg);
    }
    if (optind < argc)
        request.word = argv[optind++];
    if (optind < argc || (request.word != NULL) != (command->word != NULL)) {
        fprintf(stderr, "sotto: expected: sotto id %s%s%s [options]\n", command->name, command->word ? " " : "",
                command->word ? command->word : "");
        return 2;
    }
    if (!id_store_open(&request.store, request.home))
        return 1;
    int exit_code = command->run(&request);
    id_store_close(&request.store);
    return exit_code;
}

/* --- What commands share --- */

bool id_device_label(const struct id_request *request, char *out)
{
    char host[IDENTITY_DEVICE_MAX + 1] = {0};
    const char *label = request->device;
    if (!label) {
        /* a longer one is cut */
        if (gethostname(host, sizeof host - 1) != 0 || !identity_name_ok(host, strlen(host), IDENTITY_DEVICE_MAX))
            snprintf(host, sizeof host, "device");
        label = host;
    }
    if (!identity_name_ok(label, strlen(label), IDENTITY_DEVICE_MAX)) {
        fprintf(stderr, "sotto: --device: %s, of at most %d bytes\n", identity_strerror(IDENTITY_NAME),
                IDENTITY_DEVICE_MAX);
        return false;
    }
    snprintf(out, IDENTITY_DEVICE_MAX + 1, "%s", label);
    return true;
}

void id_warn_if_plain(const struct id_passphrase *passphrase)
{
    if (!passphrase->text)
        fprintf(stderr, "sotto: warning: the keys are not encrypted; only the permissions of their files protect "
                        "them\n");
}

void id_print_hex(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        printf("%s%02x", i > 0 && i % 2 == 0 ? " " : "", data[i]);
}

const char *id_date(uint64_t time_s, char *out)
{
    time_t time = (time_t)time_s;
    struct tm parts;
    if (!gmtime_r(&time, &parts) || strftime(out, ID_DATE_LEN, "%Y-%m-%d %H:%M UTC", &parts) == 0)
        snprintf(out, ID_DATE_LEN, "?");
    return out;
}

/* The digits of hex, without spaces: 4 bits each. Their number, or SIZE_MAX if there are others or too many. */
static size_t read_nibbles(const char *hex, uint8_t nibbles[2 * IDENTITY_KEY_LEN])
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;
    for (; *hex; hex++) {
        const char *digit = strchr(digits, tolower((unsigned char)*hex));
        if (*hex == ' ')
            continue;
        if (!digit || count >= (size_t)2 * IDENTITY_KEY_LEN)
            return SIZE_MAX;
        nibbles[count++] = (uint8_t)(digit - digits);
    }
    return count;
}

bool id_hex_matches(const char *hex, const uint8_t *key)
{
    enum { AT_LEAST = 8 };
    uint8_t nibbles[2 * IDENTITY_KEY_LEN];
    size_t count = read_nibbles(hex, nibbles);
    if (count == SIZE_MAX || count < AT_LEAST)
        return false;
    for (size_t i = 0; i < count; i++)
        if (nibbles[i] != (key[i / 2] >> (i % 2 ? 0 : 4) & 0xf))
            return false;
    return true;
}

bool id_hex_read(const char *hex, uint8_t key[IDENTITY_KEY_LEN])
{
    uint8_t nibbles[2 * IDENTITY_KEY_LEN];
    if (read_nibbles(hex, nibbles) != sizeof nibbles)
        return false;
    for (size_t i = 0; i < IDENTITY_KEY_LEN; i++)
        key[i] = (uint8_t)(nibbles[2 * i] << 4 | nibbles[2 * i + 1]);
    return true;
}
