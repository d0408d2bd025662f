/* The command line of `sotto call`. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/secret.h"

static const char USAGE[] =
    "sotto call LINK --server URL [options]\n"
    "sotto call ROOM --server URL --name NAME --key SECRET [options]\n"
    "\n"
    "Joins an end-to-end encrypted call. The servers pass on what they cannot read: they get neither keys,\n"
    "nor names, pictures or sound. LINK is sotto://HOST/ROOM#SECRET (sotto link makes one); HOST is that of\n"
    "the delivery service. The keys are made by the call's members alone (MLS), who are shown with their\n"
    "safety numbers; sotto id new makes you one of them.\n"
    "\n"
    "  --server URL      the forwarding unit, e.g. http://127.0.0.1:7800 (sotto-sfu --dev)\n"
    "  --ds URL          the delivery service, where it is not at the link's host: ws:// or wss://\n"
    "  --home FOLDER     where sotto id keeps you; default: SOTTO_HOME, or ~/.local/share/sotto\n"
    "  --passphrase-file FILE  the identity's passphrase, its first line; else SOTTO_PASSPHRASE, or asked for\n"
    "\n"
    "Without a link, and weaker: keyed by a shared secret.\n"
    "\n"
    "  --name NAME       how the others see you (sealed in the call; the server never sees it)\n"
    "  --key SECRET      the call's secret, the same for all who join; other users of this machine may\n"
    "                    read it in ps before it is overwritten: better one of these:\n"
    "  --key-file FILE     its first line, or the environment variable SOTTO_KEY\n"
    "\n"
    "Either way:\n"
    "\n"
    "  --video SOURCE    test (a moving scene), test:COLOUR (red, lime, #rrggbb ...), a FILE (which loops),\n"
    "                    a DEVICE (/dev/video0) or none; default test\n"
    "  --audio SOURCE    test (a tone), a FILE (which loops) or none; default test\n"
    "  --codec CODEC     vp8, vp9, h264 or av1: what you send; default vp8\n"
    "  --show WHERE      window or none; default none\n"
    "  --snapshot FILE   the grid as a PNG when the call ends\n"
    "  --record FILE     the grid and everybody's sound as Matroska\n"
    "  --seconds N       leave after N seconds; default: on SIGINT or SIGTERM\n"
    "  --stats FILE      counts and times as JSON when the call ends\n"
    "  --token TOKEN     the server's admission token; also from the environment variable SOTTO_TOKEN\n"
    "  --help            this text\n"
    "\n"
    "A link is a secret too: SOTTO_LINK keeps it out of ps.\n"
    "\n"
    "Lines that you type in a call and that begin with / go to the others as chat, but for these:\n"
    "\n"
    "  /vanish 30s TEXT  chat that leaves every screen and memory after so long (s, m, h or d)\n"
    "  /kick NAME        puts somebody out; the link that everybody gets then is the room's new one (admins)\n"
    "  /new-link         the same without putting anybody out (admins)\n"
    "  /lock, /unlock    whether who comes by the link waits to be let in (admins)\n"
    "  /admit ID         lets in who knocks at a locked room\n"
    "  /go-on            goes on sending although half of the others or more are lost, or a removal does not come\n"
    "\n"
    "A secret of 32 hex digits (sotto key makes one) is used as it is; anything else is taken for a\n"
    "passphrase and stretched. Calls keyed by a shared secret are weaker than ones keyed by MLS: everybody\n"
    "who knows the secret can read the whole call and speak in any name.\n";

static const char *const CODEC_NAMES[CALL_CODECS] = {"vp8", "vp9", "h264", "av1"};

static const struct colour {
    const char *name;
    uint32_t rgb;
} COLOURS[] = {
    {"red", 0xff0000},  {"green", 0x008000},   {"blue", 0x0000ff},  {"lime", 0x00ff00},  {"yellow", 0xffff00},
    {"cyan", 0x00ffff}, {"magenta", 0xff00ff}, {"white", 0xffffff}, {"black", 0x000000}, {"grey", 0x808080},
};

const char *call_codec_name(enum call_codec codec)
{
    return codec < CALL_CODECS ? CODEC_NAMES[codec] : "?";
}

enum call_codec call_codec_from_name(const char *name)
{
    for (int i = 0; i < CALL_CODECS; i++)
        if (strcmp(CODEC_NAMES[i], name) == 0)
            return (enum call_codec)i;
    return CALL_CODECS;
}

static bool parse_colour(const char *text, uint32_t *rgb)
{
    for (size_t i = 0; i < sizeof(COLOURS) / sizeof(COLOURS[0]); i++) {
        if (strcmp(COLOURS[i].name, text) == 0) {
            *rgb = COLOURS[i].rgb;
            return true;
        }
    }
    if (text[0] != '#' || strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    *rgb = (uint32_t)strtoul(text + 1, NULL, 16);
    return true;
}

/* What is not a device that can be read, nor a file, is told here rather than as a pipeline that does not start. */
static bool check_input(const char *option, const char *text, struct stat *st)
{
    const char *wrong = NULL;

    if (stat(text, st) != 0 || access(text, R_OK) != 0)
        wrong = strerror(errno);
    else if (S_ISDIR(st->st_mode))
        wrong = "it is a folder; name a file in it";
    else if (!S_ISREG(st->st_mode) && !S_ISCHR(st->st_mode))
        wrong = "it is neither a file nor a device";
    if (wrong != NULL)
        fprintf(stderr, "sotto: %s %s: %s\n", option, text, wrong);
    return wrong == NULL;
}

/* Told before the call, not after it. */
static bool check_output(const char *option, const char *path)
{
    char *folder;
    bool ok = true;

    if (path == NULL)
        return true;
    folder = g_path_get_dirname(path);
    if (access(path, F_OK) == 0 ? access(path, W_OK) != 0 : access(folder, W_OK) != 0) {
        fprintf(stderr, "sotto: %s %s: %s\n", option, path, strerror(errno));
        ok = false;
    } else if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        fprintf(stderr, "sotto: %s %s: it is a folder; name a file in it\n", option, path);
        ok = false;
    }
    g_free(folder);
    return ok;
}

static bool parse_video(struct call_args *args, const char *text)
{
    struct stat st;

    free(args->video_path);
    args->video_path = NULL;
    if (strcmp(text, "none") == 0) {
        args->video = CALL_SOURCE_NONE;
    } else if (strcmp(text, "test") == 0) {
        args->video = CALL_SOURCE_TEST;
    } else if (strncmp(text, "test:", 5) == 0) {
        if (!parse_colour(text + 5, &args->video_colour)) {
            fprintf(stderr, "sotto: --video %s: no such colour; try red, lime, blue or #rrggbb\n", text);
            return false;
        }
        args->video = CALL_SOURCE_COLOUR;
    } else {
        if (!check_input("--video", text, &st))
            return false;
        args->video = S_ISCHR(st.st_mode) ? CALL_SOURCE_DEVICE : CALL_SOURCE_FILE;
        args->video_path = strdup(text);
    }
    return true;
}

static bool parse_audio(struct call_args *args, const char *text)
{
    struct stat st;

    free(args->audio_path);
    args->audio_path = NULL;
    if (strcmp(text, "none") == 0) {
        args->audio = CALL_SOURCE_NONE;
    } else if (strcmp(text, "test") == 0) {
        args->audio = CALL_SOURCE_TEST;
    } else {
        if (!check_input("--audio", text, &st))
            return false;
        args->audio = CALL_SOURCE_FILE;
        args->audio_path = strdup(text);
    }
    return true;
}

static bool set_secret(struct call_args *args, const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > CALL_SECRET_MAX) {
        fprintf(stderr, "sotto: the secret must have 1 to %d bytes\n", CALL_SECRET_MAX);
        return false;
    }
    if (args->secret == NULL) {
        args->secret = core_secret_new(CALL_SECRET_MAX + 1);
        if (args->secret == NULL) {
            fprintf(stderr, "sotto: no memory for the secret\n");
            return false;
        }
    }
    core_wipe(args->secret, CALL_SECRET_MAX + 1);
    memcpy(args->secret, text, len);
    return true;
}

static bool read_secret_file(struct call_args *args, const char *path)
{
    char line[CALL_SECRET_MAX + 3];
    bool ok = false;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        fprintf(stderr, "sotto: --key-file %s: %s\n", path, strerror(errno));
        return false;
    }
    /* no buffer of the C library's may keep a copy */
    setvbuf(file, NULL, _IONBF, 0);
    if (fgets(line, sizeof(line), file) == NULL) {
        fprintf(stderr, "sotto: --key-file %s: it is empty\n", path);
    } else {
        line[strcspn(line, "\r\n")] = '\0';
        ok = set_secret(args, line);
    }
    core_wipe(line, sizeof(line));
    fclose(file);
    return ok;
}

static void replace(char **text, const char *value)
{
    free(*text);
    *text = strdup(value);
}

/* What was secret in argv or the environment is not left for ps or a core image. */
static void overwrite(char *text)
{
    core_wipe(text, strlen(text));
}

static bool set_server(struct call_args *args, const char *text)
{
    GUri *uri;
    size_t len;

    if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0) {
        fprintf(stderr, "sotto: --server %s: must start with http:// or https://\n", text);
        return false;
    }
    uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    if (uri == NULL || g_uri_get_host(uri) == NULL || g_uri_get_host(uri)[0] == '\0') {
        fprintf(stderr, "sotto: --server %s: not a URL with host and port; like http://127.0.0.1:7800\n", text);
        g_clear_pointer(&uri, g_uri_unref);
        return false;
    }
    g_uri_unref(uri);
    replace(&args->server, text);
    for (len = strlen(args->server); len > 0 && args->server[len - 1] == '/'; len--)
        args->server[len - 1] = '\0';
    return true;
}

/* The room's name stands between the last slash and the secret; whether the link is one is found out when it is used.
 */
static bool set_link(struct call_args *args, const char *text)
{
    const char *secret = strchr(text, '#');
    const char *room = secret;

    if (args->link != NULL)
        return true;
    while (room != NULL && room > text && room[-1] != '/')
        room--;
    if (secret == NULL || strlen(text) > CALL_ARGS_LINK_MAX || secret == room ||
        (size_t)(secret - room) > CALL_ROOM_MAX) {
        fprintf(stderr, "sotto: this is not a room's link; they look like sotto://host/room#secret\n");
        return false;
    }
    memcpy(args->room, room, (size_t)(secret - room));
    args->room[secret - room] = '\0';
    args->link = core_secret_new(CALL_ARGS_LINK_MAX + 1);
    if (args->link == NULL) {
        fprintf(stderr, "sotto: no memory for the link\n");
        return false;
    }
    memcpy(args->link, text, strlen(text) + 1);
    return true;
}

static bool set_room(struct call_args *args, const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > CALL_ROOM_MAX ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len || text[0] == '.') {
        fprintf(stderr, "sotto: a room's name has 1 to %d letters, digits, '-', '_' or '.'\n", CALL_ROOM_MAX);
        return false;
    }
    memcpy(args->room, text, len + 1);
    return true;
}

static bool set_name(struct call_args *args, const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > CALL_NAME_MAX) {
        fprintf(stderr, "sotto: --name must have 1 to %d bytes\n", CALL_NAME_MAX);
        return false;
    }
    memcpy(args->name, text, len + 1);
    return true;
}

static bool set_seconds(struct call_args *args, const char *text)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] == '-' || value == 0 || value > CALL_SECONDS_MAX) {
        fprintf(stderr, "sotto: --seconds %s: must be 1 to %d\n", text, CALL_SECONDS_MAX);
        return false;
    }
    args->seconds = (uint32_t)value;
    return true;
}

enum option_id {
    OPT_SERVER = 256,
    OPT_DS,
    OPT_HOME,
    OPT_PASSPHRASE_FILE,
    OPT_NAME,
    OPT_KEY,
    OPT_KEY_FILE,
    OPT_VIDEO,
    OPT_AUDIO,
    OPT_CODEC,
    OPT_SHOW,
    OPT_SNAPSHOT,
    OPT_RECORD,
    OPT_SECONDS,
    OPT_STATS,
    OPT_TOKEN,
    OPT_HELP,
};

static const struct option OPTIONS[] = {
    {"server", required_argument, NULL, OPT_SERVER},
    {"ds", required_argument, NULL, OPT_DS},
    {"home", required_argument, NULL, OPT_HOME},
    {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE_FILE},
    {"name", required_argument, NULL, OPT_NAME},
    {"key", required_argument, NULL, OPT_KEY},
    {"key-file", required_argument, NULL, OPT_KEY_FILE},
    {"video", required_argument, NULL, OPT_VIDEO},
    {"audio", required_argument, NULL, OPT_AUDIO},
    {"codec", required_argument, NULL, OPT_CODEC},
    {"show", required_argument, NULL, OPT_SHOW},
    {"snapshot", required_argument, NULL, OPT_SNAPSHOT},
    {"record", required_argument, NULL, OPT_RECORD},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"stats", required_argument, NULL, OPT_STATS},
    {"token", required_argument, NULL, OPT_TOKEN},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool take_option(struct call_args *args, int option, char *value)
{
    switch (option) {
    case OPT_SERVER:
        return set_server(args, value);
    case OPT_DS:
        replace(&args->ds, value);
        if (strncmp(value, "ws://", 5) != 0 && strncmp(value, "wss://", 6) != 0) {
            fprintf(stderr, "sotto: --ds %s: must start with ws:// or wss://\n", value);
            return false;
        }
        return true;
    case OPT_HOME:
        replace(&args->home, value);
        return true;
    case OPT_PASSPHRASE_FILE:
        replace(&args->passphrase_file, value);
        return true;
    case OPT_NAME:
        return set_name(args, value);
    case OPT_KEY: {
        bool ok = set_secret(args, value);
        overwrite(value);
        return ok;
    }
    case OPT_KEY_FILE:
        return read_secret_file(args, value);
    case OPT_VIDEO:
        return parse_video(args, value);
    case OPT_AUDIO:
        return parse_audio(args, value);
    case OPT_CODEC:
        args->codec = call_codec_from_name(value);
        if (args->codec == CALL_CODECS)
            fprintf(stderr, "sotto: --codec %s: must be vp8, vp9, h264 or av1\n", value);
        return args->codec != CALL_CODECS;
    case OPT_SHOW:
        args->window = strcmp(value, "window") == 0;
        if (!args->window && strcmp(value, "none") != 0) {
            fprintf(stderr, "sotto: --show %s: must be window or none\n", value);
            return false;
        }
        return true;
    case OPT_SNAPSHOT:
        replace(&args->snapshot_path, value);
        return true;
    case OPT_RECORD:
        replace(&args->record_path, value);
        return true;
    case OPT_SECONDS:
        return set_seconds(args, value);
    case OPT_STATS:
        replace(&args->stats_path, value);
        return true;
    case OPT_TOKEN:
        replace(&args->token, value);
        overwrite(value);
        return true;
    default:
        fprintf(stderr, "sotto: sotto call --help lists the options\n"); /* getopt has said why */
        return false;
    }
}

static bool take_environment(struct call_args *args)
{
    char *secret = getenv("SOTTO_KEY");
    char *token = getenv("SOTTO_TOKEN");
    char *link = getenv("SOTTO_LINK");
    bool ok = true;

    if (link != NULL) {
        ok = args->room[0] != '\0' || set_link(args, link);
        overwrite(link);
    }
    if (secret != NULL) {
        ok &= args->link != NULL || args->secret != NULL || set_secret(args, secret);
        overwrite(secret);
    }
    if (token != NULL && args->token == NULL)
        replace(&args->token, token);
    return ok;
}

static bool missing(const char *what)
{
    fprintf(stderr, "sotto: %s is missing; sotto call --help tells more\n", what);
    return true;
}

enum call_args_result call_args_parse(struct call_args *args, int argc, char **argv)
{
    int option;

    memset(args, 0, sizeof(*args));
    args->video = CALL_SOURCE_TEST;
    args->audio = CALL_SOURCE_TEST;
    optind = 2;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (option == OPT_HELP) {
            fputs(USAGE, stdout);
            return CALL_ARGS_DONE;
        }
        if (!take_option(args, option, optarg))
            return CALL_ARGS_BAD;
    }
    if (optind < argc && strstr(argv[optind], "://") != NULL) {
        bool ok = set_link(args, argv[optind]);
        overwrite(argv[optind]);
        if (!ok)
            return CALL_ARGS_BAD;
    } else if (optind < argc && !set_room(args, argv[optind])) {
        return CALL_ARGS_BAD;
    }
    if (optind + 1 < argc) {
        fprintf(stderr, "sotto: one room at a time: %s is too much\n", argv[optind + 1]);
        return CALL_ARGS_BAD;
    }
    if (!take_environment(args))
        return CALL_ARGS_BAD;
    if (args->link != NULL && (args->secret != NULL || args->name[0] != '\0')) {
        fprintf(stderr,
                "sotto: with a link the members make the keys, and your name is your identity's (sotto id show): "
                "leave out --key and --name\n");
        return CALL_ARGS_BAD;
    }
    if ((args->room[0] == '\0' && missing("LINK (or ROOM)")) || (args->server == NULL && missing("--server")) ||
        (args->link == NULL && args->name[0] == '\0' && missing("--name")) ||
        (args->link == NULL && args->secret == NULL && missing("the secret (--key, --key-file or SOTTO_KEY)")))
        return CALL_ARGS_BAD;
    if (!check_output("--snapshot", args->snapshot_path) || !check_output("--record", args->record_path) ||
        !check_output("--stats", args->stats_path))
        return CALL_ARGS_BAD;
    return CALL_ARGS_RUN;
}

void call_args_wipe(struct call_args *args)
{
    core_secret_free(args->secret);
    core_secret_free(args->link);
    if (args->token != NULL)
        overwrite(args->token);
    free(args->token);
    free(args->server);
    free(args->ds);
    free(args->home);
    free(args->passphrase_file);
    free(args->video_path);
    free(args->audio_path);
    free(args->snapshot_path);
    free(args->record_path);
    free(args->stats_path);
    memset(args, 0, sizeof(*args));
}
