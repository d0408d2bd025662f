#include "token.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/token.h"
#include "unit.h"

#define FPR "5A:CB:07:91:4F:33:E2:8D:60:1B:F7:C4:9A:28:D3:76:0E:B1:45:FC:82:69:1D:A7:3E:54:CD:90:12:7B:E8:36"

static char folder[] = "/tmp/sotto-test-token-XXXXXX";
static char key[64];
static char public_key[64];
static char out[8192];
static char err[8192];

static void take(int file, int stream, int saved, char *text, size_t cap)
{
    dup2(saved, stream);
    close(saved);
    ssize_t n = pread(file, text, cap - 1, 0);
    text[n > 0 ? n : 0] = 0;
    close(file);
}

/* sotto token WORDS...: the exit code; what it wrote is in out and err. */
static int run(const char *const *words)
{
    char *argv[24] = {"sotto", "token"};
    int argc = 2;
    for (; *words != NULL; words++)
        argv[argc++] = (char *)(uintptr_t)*words;
    fflush(stdout);
    int saved_out = dup(STDOUT_FILENO);
    int saved_err = dup(STDERR_FILENO);
    int file_out = memfd_create("out", 0);
    int file_err = memfd_create("err", 0);
    dup2(file_out, STDOUT_FILENO);
    dup2(file_err, STDERR_FILENO);
    int code = call_token(argc, argv);
    fflush(stdout);
    take(file_out, STDOUT_FILENO, saved_out, out, sizeof(out));
    take(file_err, STDERR_FILENO, saved_err, err, sizeof(err));
    return code;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

/* The printed token, as a server with the public key at path would take it, seconds from now. */
static int check(const char *path, const char *audience, uint64_t seconds, struct token *token)
{
    struct token_keys keys;
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_load(&keys, path), TOKEN_OK);
    out[strcspn(out, "\n")] = 0;
    int error = token_check(&keys, audience, out, strlen(out), (uint64_t)time(NULL) + seconds, token);
    token_keys_wipe(&keys);
    return error;
}

static void a_key_pair_is_made_once(void)
{
    struct stat st;
    CU_ASSERT_EQUAL(RUN("new-key", key), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "sotto-sfu --token-key "));
    CU_ASSERT_EQUAL(stat(key, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    CU_ASSERT_EQUAL(RUN("new-key", key), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "never written over"));
    CU_ASSERT_EQUAL(RUN("new-key", "/nonexistent/key"), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "/nonexistent/key: No such file"));
}

static void each_right_is_minted_and_verified(void)
{
    static const struct {
        const char *flags[5];
        unsigned rights;
    } rows[] = {
        {{"--publish"}, TOKEN_PUBLISH},
        {{"--subscribe"}, TOKEN_SUBSCRIBE},
        {{"--signal"}, TOKEN_SIGNAL},
        {{"--admin"}, TOKEN_ADMIN},
        {{"--publish", "--subscribe", "--signal", "--admin"}, TOKEN_RIGHTS_ALL},
        {{NULL}, TOKEN_PUBLISH | TOKEN_SUBSCRIBE | TOKEN_SIGNAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct token token = {.rights = 99};
        const char *words[16] = {"--key", key, "--room", "tea", "--name", "p-1"};
        memcpy(&words[6], rows[i].flags, sizeof(rows[i].flags));
        CU_ASSERT_EQUAL(run(words), 0);
        CU_ASSERT_STRING_EQUAL(err, "");
        CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 0, &token), TOKEN_OK);
        CU_ASSERT_EQUAL(token.rights, rows[i].rights);
        CU_ASSERT_STRING_EQUAL(token.room, "tea");
        CU_ASSERT_STRING_EQUAL(token.subject, "p-1");
        CU_ASSERT_FALSE(token.bound);
    }
}

static void it_is_good_as_long_as_it_says(void)
{
    struct token token;
    CU_ASSERT_EQUAL(RUN("--key", key, "--room", "tea"), 0);
    CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 590, &token), TOKEN_OK);
    CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 600, &token), TOKEN_EXPIRED);
    CU_ASSERT_EQUAL(RUN("--key", key, "--room", "tea", "--minutes", "60"), 0);
    CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 3590, &token), TOKEN_OK);
    CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 3600, &token), TOKEN_EXPIRED);
}

static void it_is_of_its_key_its_audience_and_its_certificate(void)
{
    char other[80];
    char other_public[96];
    struct token token;
    snprintf(other, sizeof(other), "%s.other", key);
    snprintf(other_public, sizeof(other_public), "%s.pub", other);
    CU_ASSERT_EQUAL(RUN("new-key", other), 0);
    CU_ASSERT_EQUAL(RUN("--key", key, "--room", "tea", "--audience", "sotto-ds", "--fingerprint", FPR), 0);
    CU_ASSERT_EQUAL(check(other_public, "sotto-ds", 0, &token), TOKEN_SIGNATURE);
    CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 0, &token), TOKEN_AUDIENCE);
    CU_ASSERT_EQUAL(check(public_key, "sotto-ds", 0, &token), TOKEN_OK);
    CU_ASSERT(token.bound && token.fingerprint[0] == 0x5a && token.fingerprint[31] == 0x36);
    unlink(other);
    unlink(other_public);
}

/* Two tokens without a name must not make two people one. */
static void without_a_name_it_is_random(void)
{
    struct token one;
    struct token two;
    CU_ASSERT_EQUAL(RUN("--key", key, "--room", "tea"), 0);
    CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 0, &one), TOKEN_OK);
    CU_ASSERT_EQUAL(RUN("--key", key, "--room", "tea"), 0);
    CU_ASSERT_EQUAL(check(public_key, "sotto-sfu", 0, &two), TOKEN_OK);
    CU_ASSERT_STRING_NOT_EQUAL(one.subject, two.subject);
}

static void mistakes_say_what_to_do(void)
{
    const struct {
        const char *words[8];
        int code;
        const char *says;
    } rows[] = {
        {{NULL}, 2, "--key is missing; sotto token --help tells more"},
        {{"--key", key}, 2, "--room is missing"},
        {{"--key", key, "--room", "a/b"}, 2, "--room a/b: must be 1 to 63 letters"},
        {{"--key", key, "--room", "r", "--name", ""}, 2, "--name : must be"},
        {{"--key", key, "--room", "r", "--minutes", "0"}, 2, "--minutes 0: must be 1 to 60"},
        {{"--key", key, "--room", "r", "--minutes", "61"}, 2, "must be 1 to 60"},
        {{"--key", key, "--room", "r", "--fingerprint", "AA:BB"}, 2, "32 hex pairs"},
        {{"--key", key, "--room", "r", "--audience", "\""}, 2, "--audience"},
        {{"--key", key, "--room", "r", "--dance"}, 2, "sotto token --help lists the options"},
        {{"--key", key, "--room", "r", "more"}, 2, "more: there is no such command"},
        {{"new-key"}, 2, "sotto token new-key FILE"},
        {{"new-key", "--help"}, 2, "sotto token new-key FILE"},
        {{"--key", "/nonexistent/key", "--room", "r"},
         1,
         "No such file or directory; sotto token new-key FILE makes one"},
        {{"--key", public_key, "--room", "r"}, 1, "not a PEM private key on the curve P-256; sotto token new-key"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int code = run(rows[i].words);
        if (code != rows[i].code || strstr(err, rows[i].says) == NULL)
            fprintf(stderr, "row %zu: %d %s\n", i, code, err);
        CU_ASSERT_EQUAL(code, rows[i].code);
        CU_ASSERT_PTR_NOT_NULL(strstr(err, rows[i].says));
        CU_ASSERT_STRING_EQUAL(out, "");
    }
}

static void a_key_that_others_may_read_is_warned_of(void)
{
    CU_ASSERT_EQUAL(chmod(key, 0644), 0);
    CU_ASSERT_EQUAL(RUN("--key", key, "--room", "tea"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "chmod 600"));
    CU_ASSERT(strlen(out) > 100);
}

static void help_names_every_option(void)
{
    static const char *const names[] = {"new-key",    "--key ",         "--room ",    "--name ",
                                        "--publish ", "--subscribe ",   "--signal ",  "--admin ",
                                        "--minutes ", "--fingerprint ", "--audience "};
    CU_ASSERT_EQUAL(RUN("--help"), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(out, names[i]));
    CU_ASSERT_STRING_EQUAL(err, "");
}

static const struct unit_test tests[] = {
    {"a key pair is made once", a_key_pair_is_made_once},
    {"each right is minted and verified", each_right_is_minted_and_verified},
    {"it is good as long as it says", it_is_good_as_long_as_it_says},
    {"it is of its key, its audience and its certificate", it_is_of_its_key_its_audience_and_its_certificate},
    {"without a name it is random", without_a_name_it_is_random},
    {"mistakes say what to do", mistakes_say_what_to_do},
    {"a key that others may read is warned of", a_key_that_others_may_read_is_warned_of},
    {"help names every option", help_names_every_option},
};

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(key, sizeof(key), "%s/issuer", folder);
    snprintf(public_key, sizeof(public_key), "%s/issuer.pub", folder);
    int code = unit_main("call.token", tests, sizeof(tests) / sizeof(tests[0]));
    unlink(key);
    unlink(public_key);
    rmdir(folder);
    return code;
}
