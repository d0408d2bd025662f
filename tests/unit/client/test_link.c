/* link.c */
#include <string.h>

#include "sotto/call.h"
#include "unit.h"

static void parse_then_format(void)
{
    static const char *const links[] = {
        "sotto://call.example.org/tea#AQIDBAUGBwgJCgsMDQ4PEA",
        "https://call.example.org:8443/tea#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://[2001:db8::1]:7443/Tea_1.x-y#_________________-_w3w.4294967295",
    };
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct call_link link;
        char out[CALL_LINK_MAX];
        CU_ASSERT_EQUAL_FATAL(call_link_parse(links[i], &link), CALL_OK);
        CU_ASSERT_EQUAL_FATAL(call_link_format(&link, out, sizeof out), CALL_OK);
        CU_ASSERT_STRING_EQUAL(out, links[i]);
        CU_ASSERT_EQUAL(call_link_format(&link, out, strlen(links[i])), CALL_SPACE);
        CU_ASSERT_EQUAL(out[0], '\0');
    }
}

static void fields(void)
{
    struct call_link link;
    CU_ASSERT_EQUAL_FATAL(call_link_parse("https://h:1/tea#AQIDBAUGBwgJCgsMDQ4PEA.3", &link), CALL_OK);
    CU_ASSERT_TRUE(link.web);
    CU_ASSERT_STRING_EQUAL(link.host, "h:1");
    CU_ASSERT_STRING_EQUAL(link.room, "tea");
    CU_ASSERT_EQUAL(link.number, 3);
    for (uint8_t i = 0; i < CALL_SECRET_LEN; i++)
        CU_ASSERT_EQUAL(link.secret[i], i + 1);
}

static void malformed(void)
{
    static const char *const links[] = {
        "",
        "sotto:/h/tea#AQIDBAUGBwgJCgsMDQ4PEA",
        "http://h/tea#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto:///tea#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://h/#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://h/..#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://h/a/b#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://h/a b#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://u@h/tea#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://h/tea?x#AQIDBAUGBwgJCgsMDQ4PEA",
        "sotto://h/tea",
        "sotto://h/tea#",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PE",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PEAA",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PEB", /* left-over bits that are not zeros */
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PE=",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4P+A",
        "sotto://h/tea#AQIDBAUGBwgJCgsM\275Q4PEA", /* not ASCII */
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PEA.",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PEA.0",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PEA.01",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PEA.4294967296",
        "sotto://h/tea#AQIDBAUGBwgJCgsMDQ4PEA.1 ",
        "sotto://h/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa#AQIDBAUGBwgJCgsMDQ4PEA",
    };
    struct call_link link;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        CU_ASSERT_EQUAL(call_link_parse(links[i], &link), CALL_MALFORMED);
        if (call_link_parse(links[i], &link) == CALL_OK)
            printf("taken: %s\n", links[i]);
    }
}

static void fresh_links(void)
{
    struct call_link a;
    struct call_link b;
    CU_ASSERT_EQUAL_FATAL(call_link_new("h", "tea", &a), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(call_link_new("h", "tea", &b), CALL_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a.secret, b.secret, sizeof a.secret), 0);
    CU_ASSERT_EQUAL(call_link_new("h", "a b", &a), CALL_INVALID);
    CU_ASSERT_EQUAL(call_link_new("h/i", "tea", &a), CALL_INVALID);
}

static const struct unit_test tests[] = {
    {"a link that is parsed and written again is the same", parse_then_format},
    {"a link's parts are what they say", fields},
    {"what is not a link, or not the one way to write it, is refused", malformed},
    {"fresh links have secrets of their own", fresh_links},
};
UNIT_MAIN("client.link", tests)
