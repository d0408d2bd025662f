/* Which texts are names. */
#include <string.h>

#include "sotto/identity.h"
#include "unit.h"

static void names_of_the_world(void)
{
    static const char *const names[] = {
        "A",
        "Anna",
        "Anna Maria",
        "Ren\xc3\xa9",                                          /* é */
        "\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0",                     /* Cyrillic */
        "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99",                 /* Chinese */
        "\xd9\x85\xd8\xb1\xdb\x8c\xd9\x85",                     /* Persian */
        "\xd9\x86\xd8\xa7\xd9\x85\xe2\x80\x8c\xd9\x87\xd8\xa7", /* with a zero-width non-joiner */
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac",         /* an emoji of two, joined */
        "\xf4\x8f\xbf\xbd",                                     /* the last code point of private use */
        "\x7e",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CU_ASSERT(identity_name_ok(names[i], strlen(names[i]), IDENTITY_NAME_MAX));
    CU_ASSERT(identity_name_ok("four", 4, 4));
    CU_ASSERT_FALSE(identity_name_ok("four", 4, 3));
    CU_ASSERT_FALSE(identity_name_ok("", 0, 4));
    CU_ASSERT_FALSE(identity_name_ok(NULL, 0, 4));
}

static void not_utf8(void)
{
    static const char *const texts[] = {
        "\x80",             /* a continuation alone */
        "\xc3",             /* cut short */
        "\xc3z",            /* no continuation */
        "\xe2\x82",         /* cut short */
        "\xf0\x9f\x91",     /* cut short */
        "\xc1\xa1",         /* 'a' in two bytes */
        "\xe0\x81\xa1",     /* 'a' in three */
        "\xf0\x80\x81\xa1", /* 'a' in four */
        "\xc0\x80",         /* NUL in two */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* beyond the last code point */
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "ok\xfe",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CU_ASSERT_FALSE(identity_name_ok(texts[i], strlen(texts[i]), IDENTITY_NAME_MAX));
}

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[more] | c);
    return more + 1;
}

static void hidden_characters(void)
{
    static const uint32_t hidden[] = {0,      1,      9,      10,     13,     0x1b,   0x1f,    0x7f,    0x85,
                                      0x9f,   0xad,   0x034f, 0x061c, 0x115f, 0x180e, 0x200b,  0x200e,  0x200f,
                                      0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069,  0x206f,  0x2800,
                                      0x3164, 0xfdd0, 0xfeff, 0xffa0, 0xfffc, 0xfffe, 0x1ffff, 0xe0041, 0x10ffff};
    static const uint32_t shown[] = {0x21, 0xa1, 0x200c, 0x200d, 0x2010, 0x202f + 1, 0x2070, 0x27ff, 0xfffd, 0x1f600};
    char text[8] = "a";
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        size_t len = 1 + put_utf8(hidden[i], text + 1);
        text[len++] = 'b';
        CU_ASSERT_FALSE(identity_name_ok(text, len, IDENTITY_NAME_MAX));
    }
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        size_t len = 1 + put_utf8(shown[i], text + 1);
        text[len++] = 'b';
        CU_ASSERT(identity_name_ok(text, len, IDENTITY_NAME_MAX));
    }
}

static void spaces(void)
{
    static const char *const bad[] = {" ", " a", "a ", "a  b", "\xc2\xa0z", "a\xe2\x80\x83", "a \xc2\xa0z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(identity_name_ok(bad[i], strlen(bad[i]), IDENTITY_NAME_MAX));
    CU_ASSERT(identity_name_ok("a b c", 5, IDENTITY_NAME_MAX));
}

static const struct unit_test tests[] = {
    {"names in any script are names, up to the bound", names_of_the_world},
    {"what is not UTF-8 in its shortest form is no name", not_utf8},
    {"characters that hide, or turn others round, are refused", hidden_characters},
    {"spaces stand alone between other characters", spaces},
};

UNIT_MAIN("identity.name", tests)
