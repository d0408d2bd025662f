/* Messages that vanish, on a virtual clock, and what a terminal may be shown. */
#include "chat.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static bool add(struct chat *chat, const char *text, uint64_t until_ms)
{
    return chat_add(chat, "Ada", text, strlen(text), until_ms);
}

static void each_goes_in_its_time(void)
{
    struct chat *chat = chat_new();
    CU_ASSERT_FALSE(chat_expire(chat, 1000000));
    CU_ASSERT(add(chat, "first", 3000) && add(chat, "second", 1000) && add(chat, "third", 2000));
    CU_ASSERT_FALSE(chat_expire(chat, 999));
    CU_ASSERT_EQUAL(chat_count(chat), 3);
    CU_ASSERT(chat_expire(chat, 1000));
    CU_ASSERT_EQUAL(chat_count(chat), 2);
    CU_ASSERT_STRING_EQUAL(chat_at(chat, 0).text, "first");
    CU_ASSERT_STRING_EQUAL(chat_at(chat, 1).text, "third");
    CU_ASSERT_STRING_EQUAL(chat_at(chat, 1).who, "Ada");
    /* a machine that slept: all that was due goes at once */
    CU_ASSERT(chat_expire(chat, 1u << 30));
    CU_ASSERT_EQUAL(chat_count(chat), 0);
    CU_ASSERT(add(chat, "left behind", 5000)); /* what a call that ends has left is freed with it: leak checks see */
    chat_free(chat);
    chat_free(NULL);
}

static void a_flood_is_bounded(void)
{
    struct chat *chat = chat_new();
    char text[16];
    for (unsigned i = 0; i < 3 * CHAT_KEPT_MAX; i++) {
        snprintf(text, sizeof text, "%u", i);
        CU_ASSERT(add(chat, text, 1000 + (i == 1 ? 0 : 10) + i));
    }
    CU_ASSERT_EQUAL(chat_count(chat), CHAT_KEPT_MAX);
    CU_ASSERT_STRING_EQUAL(chat_at(chat, CHAT_KEPT_MAX - 1).text, text); /* the newest is there */
    chat_clear(chat);
    CU_ASSERT_EQUAL(chat_count(chat), 0);
    chat_free(chat);
}

static void what_deceives_is_blanked(void)
{
    static const char *const pairs[][2] = {
        {"plain, gr\u00fc\u00dfe \u4f60\u597d \U0001f389", "plain, gr\u00fc\u00dfe \u4f60\u597d \U0001f389"},
        {"a\x1b[2Jb\tc\nd\x7f", "a [2Jb c d "},
        {"a\xc2\x9b"
         "2Jb",
         "a  2Jb"},                       /* CSI in one character */
        {"a\u202eb\u2028c", "a   b   c"}, /* right to left from here; another line */
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", pairs[i][0]);
        CU_ASSERT(chat_clean(text, strlen(text)));
        CU_ASSERT_STRING_EQUAL(text, pairs[i][1]);
    }
    char broken[] = "a\xc3";
    CU_ASSERT_FALSE(chat_clean(broken, 2));
    char overlong[] = "\xc0\x9b";
    CU_ASSERT_FALSE(chat_clean(overlong, 2));
}

static void times_as_they_are_typed(void)
{
    static const struct {
        const char *argument;
        uint32_t seconds;
        const char *text;
    } good[] = {
        {" 30s hello", 30, "hello"},
        {"  1m  two words", 60, "two words"},
        {" 2h x", 7200, "x"},
        {" 7d x", 604800, "x"},
    };
    static const char *const bad[] = {
        "",          " ",     " hello",     " 30 hello", " 0s hello",    " 30s",       " 30s ",
        " 30shello", " 8d x", " 604801s x", " -1s x",    " 99999999s x", " 30x hello", "s x",
    };
    uint32_t seconds = 0;
    const char *text = NULL;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CU_ASSERT(chat_parse_vanish(good[i].argument, &seconds, &text));
        CU_ASSERT_EQUAL(seconds, good[i].seconds);
        CU_ASSERT_STRING_EQUAL(text, good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(chat_parse_vanish(bad[i], &seconds, &text));
}

static const struct unit_test tests[] = {
    {"each message goes when its time is up, and no earlier", each_goes_in_its_time},
    {"a flood takes the place of what would go next", a_flood_is_bounded},
    {"what could deceive a terminal is blanked", what_deceives_is_blanked},
    {"times are read as they are typed", times_as_they_are_typed},
};

UNIT_MAIN("call.chat", tests)
