/* What a typed line does: over a machine that notes what it is asked. */
#include "commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

/* The last that the machine was asked, in words, and what it answers. */
static char asked[256];
static int answer;
static char said[256], vanishing[256];

int __wrap_call_kick(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN]);
int __wrap_call_admit(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN]);
int __wrap_call_rotate(struct call *call);
int __wrap_call_go_on(struct call *call);
int __wrap_call_set_locked(struct call *call, bool locked);
int __wrap_call_say(struct call *call, const char *text, size_t len, uint32_t vanish_s);
const struct person *__wrap_people_find(const struct people *people, const char *word);

int __wrap_call_kick(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN])
{
    (void)call;
    snprintf(asked, sizeof asked, "kick %u", user_id[0]);
    return answer;
}

int __wrap_call_admit(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN])
{
    (void)call;
    snprintf(asked, sizeof asked, "admit %u", user_id[0]);
    return answer;
}

int __wrap_call_rotate(struct call *call)
{
    (void)call;
    snprintf(asked, sizeof asked, "rotate");
    return answer;
}

int __wrap_call_go_on(struct call *call)
{
    (void)call;
    snprintf(asked, sizeof asked, "go on");
    return answer;
}

int __wrap_call_set_locked(struct call *call, bool locked)
{
    (void)call;
    snprintf(asked, sizeof asked, "%s", locked ? "lock" : "unlock");
    return answer;
}

int __wrap_call_say(struct call *call, const char *text, size_t len, uint32_t vanish_s)
{
    (void)call;
    snprintf(asked, sizeof asked, "say %.*s for %u", (int)len, text, vanish_s);
    return answer;
}

/* Ben, of user id 7…, is the one other member. */
const struct person *__wrap_people_find(const struct people *people, const char *word)
{
    static const struct person ben = {.member = {.user_id = {7}}};
    (void)people;
    return strcmp(word, "Ben") == 0 ? &ben : NULL;
}

static void on_say(void *user, const char *text)
{
    (void)user;
    snprintf(said, sizeof said, "%s", text);
}

static void on_vanishing(void *user, const char *who, const char *text, size_t len, uint64_t vanish_ms)
{
    (void)user;
    snprintf(vanishing, sizeof vanishing, "%s: %.*s for %u ms", who, (int)len, text, (unsigned)vanish_ms);
}

static struct knocks knocks;

static void type(const char *line)
{
    const struct commands commands = {.knocks = &knocks, .say = on_say, .vanishing = on_vanishing};
    asked[0] = said[0] = vanishing[0] = '\0';
    commands_run(&commands, line);
}

static void each_command_asks_for_what_it_names(void)
{
    static const struct {
        const char *line, *asks;
    } cases[] = {
        {"/kick Ben", "kick 7"},
        {"/new-link", "rotate"},
        {"/go-on", "go on"},
        {"/lock", "lock"},
        {"/unlock", "unlock"},
        {"/vanish 30s hello", "say hello for 30"},
        {"/hello", "say hello for 0"},
        {"/kicks and admits", "say kicks and admits for 0"}, /* begins like a command, and is none */
    };
    answer = CALL_OK;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        type(cases[i].line);
        CU_ASSERT_STRING_EQUAL(asked, cases[i].asks);
        CU_ASSERT_STRING_EQUAL(said, "");
    }
}

static void what_has_no_slash_is_nobodys(void)
{
    type("hello");
    CU_ASSERT_STRING_EQUAL(asked, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "a line beginning with / is for the others"));
}

static void what_is_not_done_is_said(void)
{
    answer = CALL_FORBIDDEN;
    type("/lock");
    CU_ASSERT_EQUAL(strncmp(said, "/lock: ", 7), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, call_strerror(CALL_FORBIDDEN)));
    answer = CALL_OK;
    type("/kick Nobody");
    CU_ASSERT_STRING_EQUAL(asked, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(said, call_strerror(CALL_USER)));
    /* and of words neither what was to be said nor a mark that it was */
    answer = CALL_STATE;
    type("/secret");
    CU_ASSERT_PTR_NULL(strstr(said, "secret"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, call_strerror(CALL_STATE)));
}

static void who_is_admitted_knocks_no_more(void)
{
    const uint8_t user_id[CALL_USER_ID_LEN] = {9};
    char word[KNOCKS_WORD + 1];
    char line[64];
    memset(&knocks, 0, sizeof knocks);
    knocks_add(&knocks, user_id);
    knocks_word(user_id, word);
    snprintf(line, sizeof line, "/admit %s", word);
    answer = CALL_STATE;
    type(line);
    CU_ASSERT_PTR_NOT_NULL(knocks_find(&knocks, word));
    answer = CALL_OK;
    type(line);
    CU_ASSERT_STRING_EQUAL(asked, "admit 9");
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, word));
    type(line);
    CU_ASSERT_STRING_EQUAL(asked, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(said, call_strerror(CALL_USER)));
}

static void what_vanishes_is_shown_once_it_was_sent(void)
{
    answer = CALL_OK;
    type("/vanish 2m a\tb");
    CU_ASSERT_STRING_EQUAL(vanishing, "you: a b for 120000 ms");
    answer = CALL_STATE;
    type("/vanish 2m hello");
    CU_ASSERT_STRING_EQUAL(vanishing, "");
    answer = CALL_OK;
    type("/vanish hello");
    CU_ASSERT_STRING_EQUAL(asked, "");
    CU_ASSERT_EQUAL(strncmp(said, "nothing was sent", 16), 0);
    type("/vanish 2m \xff");
    CU_ASSERT_STRING_EQUAL(asked, "");
    CU_ASSERT_STRING_EQUAL(vanishing, "");
}

static const struct unit_test TESTS[] = {
    {"each command asks for what it names, and other words are for the others", each_command_asks_for_what_it_names},
    {"a line without a slash goes nowhere, and how to write one is said", what_has_no_slash_is_nobodys},
    {"what is not done is said, without the words that were to be", what_is_not_done_is_said},
    {"who was admitted knocks no more, who could not be does", who_is_admitted_knocks_no_more},
    {"what vanishes is shown once it was sent, and cleaned", what_vanishes_is_shown_once_it_was_sent},
};

UNIT_MAIN("call.commands", TESTS)
