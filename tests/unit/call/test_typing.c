/* Lines as they are typed. */
#include "typing.h"

#include <string.h>

#include "unit.h"

/* Types it, and expects one line at its end. */
static void types(const char *bytes, const char *line)
{
    struct typing typing = {0};
    const size_t len = strlen(bytes);
    for (size_t i = 0; i < len; i++)
        CU_ASSERT_EQUAL(typing_take(&typing, (uint8_t)bytes[i]), i + 1 == len);
    CU_ASSERT_STRING_EQUAL(typing.text, line);
    typing_wipe(&typing);
    const struct typing empty = {0};
    CU_ASSERT_EQUAL(memcmp(&typing, &empty, sizeof typing), 0);
}

static void lines(void)
{
    types("/hello\n", "/hello");
    types("/hello\r", "/hello");
    types("\n", "");
    types("a\tb\x01\x04\n", "a b");
}

static void edited(void)
{
    types("/hellp\x7fo\n", "/hello");
    types("\x7f\x08/a\n", "/a");
    types("gr\u00fc\x7f\u00fc\u4f60\x7f\n", "gr\u00fc");
    types("wrong\x15/right\n", "/right");
    types("a\x1b[D\x1b[1;5Cb\x1bOPc\x1bxd\n", "abcd");
}

static void bounded(void)
{
    struct typing typing = {0};
    for (size_t i = 0; i < 2 * TYPING_MAX; i++)
        CU_ASSERT_FALSE(typing_take(&typing, 'x'));
    CU_ASSERT_EQUAL(typing.len, TYPING_MAX);
    CU_ASSERT_EQUAL(strlen(typing.text), TYPING_MAX);
    CU_ASSERT(typing_take(&typing, '\n'));
}

static const struct unit_test tests[] = {
    {"bytes make lines", lines},
    {"characters and lines are taken back whole, other keys do nothing", edited},
    {"a line is bounded", bounded},
};

UNIT_MAIN("call.typing", tests)
