/* The command line of `sotto id`. */
#include "id/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

static void take_option(struct id_request *request, int option, const char *value)
{
    const char **const texts[] = {
        [ID_OPTION_HOME - ID_OPTION_FIRST] = &request->home,
        [ID_OPTION_NAME - ID_OPTION_FIRST] = &request->name,
        [ID_OPTION_DEVICE - ID_OPTION_FIRST] = &request->device,
        [ID_OPTION_CERTIFICATE - ID_OPTION_FIRST] = &request->certificate,
        [ID_OPTION_LISTEN - ID_OPTION_FIRST] = &request->listen,
        [ID_OPTION_RELAY - ID_OPTION_FIRST] = &request->relay,
        [ID_OPTION_CONNECT - ID_OPTION_FIRST] = &request->connect,
        [ID_OPTION_TOKEN - ID_OPTION_FIRST] = &request->token,
        [ID_OPTION_CODE - ID_OPTION_FIRST] = &request->code,
        [ID_OPTION_ADD - ID_OPTION_FIRST] = &request->add,
        [ID_OPTION_RENAME - ID_OPTION_FIRST] = &request->rename,
        [ID_OPTION_REPLACE - ID_OPTION_FIRST] = &request->replace,
        [ID_OPTION_FORGET - ID_OPTION_FIRST] = &request->forget,
    };
    if (option == ID_OPTION_YES)
        request->yes = true;
    else if (option == ID_OPTION_PASSPHRASE_FILE)
        request->passphrase.file = value;
    else if (option == ID_OPTION_NO_PASSPHRASE)
        request->passphrase.none = true;
    else if (option == ID_OPTION_EXPORT_PASSPHRASE_FILE)
        request->export_passphrase.file = value;
    else
        *texts[option - ID_OPTION_FIRST] = value;
}

/* False, with *exit_code, where there is nothing left to do. */
static bool read_line(int argc, char **argv, const struct id_command *command, struct id_request *request,
                      int *exit_code)
{
    int option = 0;
    int at = 0;
    *exit_code = 2;
    optind = 3;
    while ((option = getopt_long(argc, argv, "", id_options, &at)) != -1) {
        if (option == ID_OPTION_HELP) {
            id_command_help(command);
            *exit_code = 0;
            return false;
        }
        if (option == '?' || !id_command_takes(command, option)) {
            if (option != '?') /* of others getopt has said why */
                fprintf(stderr, "sotto: sotto id %s takes no --%s\n", command->name, id_options[at].name);
            fprintf(stderr, "sotto: sotto id %s --help lists the options\n", command->name);
            return false;
        }
        take_option(request, option, optarg);
    }
    if (optind < argc)
        request->word = argv[optind++];
    if (optind == argc && (request->word != NULL) == (command->word != NULL))
        return true;
    fprintf(stderr, "sotto: expected: sotto id %s%s%s [options]\n", command->name, command->word ? " " : "",
            command->word ? command->word : "");
    return false;
}

int id_command(int argc, char **argv)
{
    struct id_request request = {
        .token = getenv("SOTTO_TOKEN"),
        .passphrase = {.environment = "SOTTO_PASSPHRASE", .option = "--passphrase-file"},
        .export_passphrase = {.environment = "SOTTO_EXPORT_PASSPHRASE", .option = "--export-passphrase-file"},
        .now_s = (uint64_t)time(NULL),
    };
    int exit_code = 0;
    const struct id_command *command = argc > 2 ? id_command_find(argv[2]) : NULL;
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        id_help();
        return 0;
    }
    if (!command) {
        if (argc > 2)
            fprintf(stderr, "sotto: id %s: there is no such command\n", argv[2]);
        fprintf(stderr, "sotto: sotto id --help lists what sotto id can do\n");
        return 2;
    }
    if (!read_line(argc, argv, command, &request, &exit_code))
        return exit_code;
    if (!id_store_find(&request.store, request.home))
        return 1;
    exit_code = command->run(&request);
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
