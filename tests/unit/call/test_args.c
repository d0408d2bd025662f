#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

enum { ARGV_MAX = 24 };

/* A command line of strings that may be overwritten, as main's are. */
struct line {
    char text[ARGV_MAX][400];
    char *argv[ARGV_MAX + 1];
    int argc;
};

static void line_add(struct line *line, const char *text)
{
    snprintf(line->text[line->argc], sizeof(line->text[0]), "%s", text);
    line->argv[line->argc] = line->text[line->argc];
    line->argv[++line->argc] = NULL;
}

static void line_init(struct line *line, const char *const *words)
{
    line->argc = 0;
    line_add(line, "sotto");
    line_add(line, "call");
    for (; *words != NULL; words++)
        line_add(line, *words);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NEEDED "room", "--server", "http://127.0.0.1:1/", "--name", "Ada", "--key", "abc"

static enum call_args_result parse(struct call_args *args, struct line *line, const char *const *words)
{
    line_init(line, words);
    return call_args_parse(args, line->argc, line->argv);
}

static void what_is_needed_is_enough(void)
{
    struct call_args args;
    struct line line;

    CU_ASSERT_EQUAL_FATAL(parse(&args, &line, WORDS(NEEDED)), CALL_ARGS_RUN);
    CU_ASSERT_STRING_EQUAL(args.room, "room");
    CU_ASSERT_STRING_EQUAL(args.server, "http://127.0.0.1:1");
    CU_ASSERT_STRING_EQUAL(args.name, "Ada");
    CU_ASSERT_STRING_EQUAL(args.secret, "abc");
    CU_ASSERT_EQUAL(args.codec, CALL_VP8);
    CU_ASSERT_EQUAL(args.video, CALL_SOURCE_TEST);
    CU_ASSERT_EQUAL(args.audio, CALL_SOURCE_TEST);
    CU_ASSERT_FALSE(args.window);
    CU_ASSERT_PTR_NULL(args.token);
    CU_ASSERT_EQUAL(args.seconds, 0);
    call_args_wipe(&args);
}

static void each_needed_thing_is_missed(void)
{
    struct call_args args;
    struct line line;

    unsetenv("SOTTO_KEY");
    CU_ASSERT_EQUAL(parse(&args, &line, WORDS("--server", "http://a", "--name", "Ada", "--key", "k")), CALL_ARGS_BAD);
    call_args_wipe(&args);
    CU_ASSERT_EQUAL(parse(&args, &line, WORDS("room", "--name", "Ada", "--key", "k")), CALL_ARGS_BAD);
    call_args_wipe(&args);
    CU_ASSERT_EQUAL(parse(&args, &line, WORDS("room", "--server", "http://a", "--key", "k")), CALL_ARGS_BAD);
    call_args_wipe(&args);
    CU_ASSERT_EQUAL(parse(&args, &line, WORDS("room", "--server", "http://a", "--name", "Ada")), CALL_ARGS_BAD);
    call_args_wipe(&args);
}

static void malformed_values_are_refused(void)
{
    static const char *const BAD[][2] = {
        {"--codec", "vp7"},
        {"--seconds", "0"},
        {"--seconds", "-1"},
        {"--seconds", "3x"},
        {"--seconds", ""},
        {"--show", "screen"},
        {"--video", "test:mud"},
        {"--video", "test:#12345"},
        {"--video", "/nope"},
        {"--audio", "/nope"},
        {"--server", "ftp://a"},
        {"--name", ""},
        {"--key-file", "/no"},
        {"--key", ""},
        {"--mute", "x"},
        {"--video", "/"},
        {"--audio", "/"},
        {"--server", "http://"},
        {"--server", "http://a:99999"},
        {"--snapshot", "/no/x.png"},
        {"--record", "/no/x.mkv"},
        {"--stats", "/no/x.json"},
        {"--record", "/"},
    };
    struct call_args args;
    struct line line;

    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        CU_ASSERT_EQUAL(parse(&args, &line, WORDS(NEEDED, BAD[i][0], BAD[i][1])), CALL_ARGS_BAD);
        call_args_wipe(&args);
    }
    CU_ASSERT_EQUAL(parse(&args, &line, WORDS(NEEDED, "second-room")), CALL_ARGS_BAD);
    call_args_wipe(&args);
}

static void a_room_cannot_leave_its_place_in_the_url(void)
{
    static const char *const BAD[] = {"../x", "a/b", "a?b", "a b", ".", "", "%2e"};
    struct call_args args;
    struct line line;

    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        CU_ASSERT_EQUAL(parse(&args, &line, WORDS(BAD[i], "--server", "http://a", "--name", "Ada", "--key", "k")),
                        CALL_ARGS_BAD);
        call_args_wipe(&args);
    }
}

static void colours_are_known_by_name_and_number(void)
{
    struct call_args args;
    struct line line;

    CU_ASSERT_EQUAL_FATAL(parse(&args, &line, WORDS(NEEDED, "--video", "test:red")), CALL_ARGS_RUN);
    CU_ASSERT_EQUAL(args.video, CALL_SOURCE_COLOUR);
    CU_ASSERT_EQUAL(args.video_colour, 0xff0000);
    call_args_wipe(&args);
    CU_ASSERT_EQUAL_FATAL(parse(&args, &line, WORDS(NEEDED, "--video", "test:#0a0B0c")), CALL_ARGS_RUN);
    CU_ASSERT_EQUAL(args.video_colour, 0x0a0b0c);
    call_args_wipe(&args);
}

static void a_secret_does_not_stay_in_argv(void)
{
    struct call_args args;
    struct line line;
    bool found = false;

    CU_ASSERT_EQUAL_FATAL(
        parse(&args, &line,
              WORDS("room", "--server", "http://a", "--name", "Ada", "--key", "zq-secret", "--token", "zq-token")),
        CALL_ARGS_RUN);
    CU_ASSERT_STRING_EQUAL(args.secret, "zq-secret");
    CU_ASSERT_STRING_EQUAL(args.token, "zq-token");
    for (size_t i = 0; i + 2 <= sizeof(line.text); i++)
        found = found || memcmp((const char *)line.text + i, "zq", 2) == 0;
    CU_ASSERT_FALSE(found);
    call_args_wipe(&args);
    CU_ASSERT_PTR_NULL(args.secret);
}

static void a_secret_comes_from_the_environment_and_does_not_stay_there(void)
{
    struct call_args args;
    struct line line;
    const char *left;

    setenv("SOTTO_KEY", "from-environment", 1);
    CU_ASSERT_EQUAL_FATAL(parse(&args, &line, WORDS("room", "--server", "http://a", "--name", "Ada")), CALL_ARGS_RUN);
    CU_ASSERT_STRING_EQUAL(args.secret, "from-environment");
    call_args_wipe(&args);
    left = getenv("SOTTO_KEY");
    CU_ASSERT_TRUE(left == NULL || left[0] == '\0');
    /* what is said aloud goes before what is in the air */
    setenv("SOTTO_KEY", "from-environment", 1);
    CU_ASSERT_EQUAL_FATAL(parse(&args, &line, WORDS(NEEDED)), CALL_ARGS_RUN);
    CU_ASSERT_STRING_EQUAL(args.secret, "abc");
    call_args_wipe(&args);
    unsetenv("SOTTO_KEY");
}

static void a_secret_comes_from_the_first_line_of_a_file(void)
{
    struct call_args args;
    struct line line;
    char path[] = "/tmp/sotto-args-XXXXXX";
    int file = mkstemp(path);

    CU_ASSERT_FATAL(file >= 0);
    CU_ASSERT_EQUAL(write(file, "first line\r\nsecond\n", 19), 19);
    close(file);
    CU_ASSERT_EQUAL_FATAL(
        parse(&args, &line, WORDS("room", "--server", "http://a", "--name", "Ada", "--key-file", path)), CALL_ARGS_RUN);
    CU_ASSERT_STRING_EQUAL(args.secret, "first line");
    call_args_wipe(&args);
    unlink(path);
}

static const struct unit_test TESTS[] = {
    {"what is needed is enough", what_is_needed_is_enough},
    {"each needed thing is missed", each_needed_thing_is_missed},
    {"malformed values are refused", malformed_values_are_refused},
    {"a room cannot leave its place in the URL", a_room_cannot_leave_its_place_in_the_url},
    {"colours are known by name and number", colours_are_known_by_name_and_number},
    {"a secret does not stay in argv", a_secret_does_not_stay_in_argv},
    {"a secret comes from the environment and does not stay there",
     a_secret_comes_from_the_environment_and_does_not_stay_there},
    {"a secret comes from the first line of a file", a_secret_comes_from_the_first_line_of_a_file},
};

UNIT_MAIN("call.args", TESTS)
