/* The command line of `sotto token`. */
#include "token.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/secret.h"
#include "daemon/token_mint.h"

enum { MINUTES = 10, PATH_BYTES = 4096, RANDOM_NAME_LEN = 12 };

static const char USAGE[] =
    "sotto token new-key FILE\n"
    "sotto token --key FILE --room ROOM [options]\n"
    "\n"
    "Makes admission tokens (ES256) for trying servers out. new-key writes an issuer's private key to FILE\n"
    "and its public half to FILE.pub, which servers take: sotto-sfu --token-key FILE.pub. With --key a\n"
    "token is printed, which whoever has it can use until it expires: sotto call --token TOKEN.\n"
    "\n"
    "  --key FILE        the issuer's private key\n"
    "  --room ROOM       the room it is for\n"
    "  --name PSEUDONYM  who the servers take its holder for; a random one without it. Not the name that\n"
    "                    others see: that one no server learns\n"
    "  --publish         it allows to send media\n"
    "  --subscribe       it allows to receive media\n"
    "  --signal          it allows to exchange key messages by the delivery service\n"
    "  --admin           it allows to put others out and to close the room\n"
    "                    without any of these four: all but --admin\n"
    "  --minutes N       how long it is good, 1 to 60; default 10\n"
    "  --fingerprint F   binds it to the client's DTLS certificate: its SHA-256 as SDP writes it\n"
    "  --audience NAME   for one server alone, e.g. sotto-sfu\n"
    "  --help            this text\n";

struct request {
    const char *key_path;
    const char *audience;
    struct token claims;
    uint32_t minutes;
};

static int bad(const char *option, const char *value, const char *what)
{
    fprintf(stderr, "sotto: %s %s: %s\n", option, value, what);
    return 2;
}

static int new_key(int argc, char **argv)
{
    char public_path[PATH_BYTES];
    const char *failed = "";
    struct token_signer signer;
    int error;

    if (argc != 4 || argv[3][0] == '-') {
        fprintf(stderr, "sotto: expected one file: sotto token new-key FILE\n");
        return 2;
    }
    if ((size_t)snprintf(public_path, sizeof(public_path), "%s.pub", argv[3]) >= sizeof(public_path))
        return bad("new-key", argv[3], "the name is too long");
    error = token_signer_new(&signer);
    if (!error)
        error = token_signer_save(&signer, argv[3], public_path, &failed);
    if (error == TOKEN_KEY_SAVE) {
        int saved = errno;
        fprintf(stderr, "sotto: %s: %s%s\n", failed, strerror(saved),
                saved == EEXIST ? "; a key is never written over, choose another name or move the file away" : "");
    } else if (error) {
        fprintf(stderr, "sotto: %s\n", token_error_text(error));
    } else {
        printf("%s      the private key: whoever has it lets people in; keep it\n"
               "%s  its public half, for servers: sotto-sfu --token-key %s\n",
               argv[3], public_path, public_path);
    }
    token_signer_wipe(&signer);
    return error ? 1 : 0;
}

enum option_id {
    OPT_KEY = 256,
    OPT_ROOM,
    OPT_NAME,
    OPT_PUBLISH,
    OPT_SUBSCRIBE,
    OPT_SIGNAL,
    OPT_ADMIN,
    OPT_MINUTES,
    OPT_FINGERPRINT,
    OPT_AUDIENCE,
    OPT_HELP,
};

static const struct option OPTIONS[] = {
    {"key", required_argument, NULL, OPT_KEY},
    {"room", required_argument, NULL, OPT_ROOM},
    {"name", required_argument, NULL, OPT_NAME},
    {"publish", no_argument, NULL, OPT_PUBLISH},
    {"subscribe", no_argument, NULL, OPT_SUBSCRIBE},
    {"signal", no_argument, NULL, OPT_SIGNAL},
    {"admin", no_argument, NULL, OPT_ADMIN},
    {"minutes", required_argument, NULL, OPT_MINUTES},
    {"fingerprint", required_argument, NULL, OPT_FINGERPRINT},
    {"audience", required_argument, NULL, OPT_AUDIENCE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int set_id(const char *option, const char *value, char out[TOKEN_ID_MAX])
{
    if (!token_id_is_valid(value, strlen(value)) || !text_copy(text_of(value), out, TOKEN_ID_MAX))
        return bad(option, value, "must be 1 to 63 letters, digits, '-', '_' or '.'");
    return 0;
}

static int set_minutes(struct request *request, const char *value)
{
    uint64_t minutes;

    if (!text_number(text_of(value), TOKEN_LIFE_MAX_S / 60, &minutes) || minutes == 0)
        return bad("--minutes", value, "must be 1 to 60");
    request->minutes = (uint32_t)minutes;
    return 0;
}

static int set_fingerprint(struct request *request, const char *value)
{
    request->claims.bound =
        text_fingerprint(text_of(value), request->claims.fingerprint, sizeof(request->claims.fingerprint));
    return request->claims.bound ? 0 : bad("--fingerprint", value, "must be 32 hex pairs with colons between them");
}

/* 0, or the exit code. */
static int take_option(struct request *request, int option, const char *value)
{
    char audience[TOKEN_ID_MAX];

    switch (option) {
    case OPT_KEY:
        request->key_path = value;
        return 0;
    case OPT_ROOM:
        return set_id("--room", value, request->claims.room);
    case OPT_NAME:
        return set_id("--name", value, request->claims.subject);
    case OPT_PUBLISH:
        request->claims.rights |= TOKEN_PUBLISH;
        return 0;
    case OPT_SUBSCRIBE:
        request->claims.rights |= TOKEN_SUBSCRIBE;
        return 0;
    case OPT_SIGNAL:
        request->claims.rights |= TOKEN_SIGNAL;
        return 0;
    case OPT_ADMIN:
        request->claims.rights |= TOKEN_ADMIN;
        return 0;
    case OPT_MINUTES:
        return set_minutes(request, value);
    case OPT_FINGERPRINT:
        return set_fingerprint(request, value);
    case OPT_AUDIENCE:
        request->audience = value;
        return set_id("--audience", value, audience);
    default:
        fprintf(stderr, "sotto: sotto token --help lists the options\n"); /* getopt has said why */
        return 2;
    }
}

static int missing(const char *what)
{
    fprintf(stderr, "sotto: %s is missing; sotto token --help tells more\n", what);
    return 2;
}

static int load_key(const char *path, struct token_signer *signer)
{
    struct stat st;
    int error = token_signer_load(signer, path);

    if (error == TOKEN_KEY_FILE) {
        int saved = errno;
        fprintf(stderr, "sotto: --key %s: %s%s\n", path, strerror(saved),
                saved == ENOENT ? "; sotto token new-key FILE makes one" : "");
    } else if (error) {
        fprintf(stderr, "sotto: --key %s: %s; sotto token new-key FILE makes one\n", path, token_error_text(error));
    } else if (stat(path, &st) == 0 && (st.st_mode & 077) != 0) {
        fprintf(stderr, "sotto: --key %s: others on this machine may read it; chmod 600 %s\n", path, path);
    }
    return error;
}

static int print_token(struct request *request)
{
    char token[TOKEN_MAX + 1];
    struct token_signer signer;
    uint64_t now_s = (uint64_t)time(NULL);
    int error = load_key(request->key_path, &signer);

    if (error)
        return 1;
    request->claims.expires_s = now_s + request->minutes * 60;
    error = token_mint(&signer, &request->claims, request->audience, now_s, token);
    token_signer_wipe(&signer);
    if (error) {
        fprintf(stderr, "sotto: %s\n", token_error_text(error));
        return 1;
    }
    bool written = puts(token) >= 0 && fflush(stdout) == 0;
    core_wipe(token, sizeof(token));
    if (!written)
        fprintf(stderr, "sotto: the token cannot be written: %s\n", strerror(errno));
    return written ? 0 : 1;
}

int call_token(int argc, char **argv)
{
    struct request request = {.minutes = MINUTES};
    int option;

    if (argc > 2 && strcmp(argv[2], "new-key") == 0)
        return new_key(argc, argv);
    optind = 2;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        int code = 0;
        if (option == OPT_HELP) {
            fputs(USAGE, stdout);
            return 0;
        }
        code = take_option(&request, option, optarg);
        if (code)
            return code;
    }
    if (optind < argc)
        return bad("token", argv[optind], "there is no such command; sotto token --help tells more");
    if (request.key_path == NULL)
        return missing("--key");
    if (request.claims.room[0] == '\0')
        return missing("--room");
    if (request.claims.rights == 0)
        request.claims.rights = TOKEN_PUBLISH | TOKEN_SUBSCRIBE | TOKEN_SIGNAL;
    if (request.claims.subject[0] == '\0' && !text_random(request.claims.subject, RANDOM_NAME_LEN, "-_")) {
        fprintf(stderr, "sotto: the system has no random bytes\n");
        return 1;
    }
    return print_token(&request);
}
