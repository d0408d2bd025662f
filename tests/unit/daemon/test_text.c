#include "daemon/text.h"
#include "unit.h"

#include <string.h>

static void takes_what_stands_before_a_separator(void)
{
    struct text_slice s = text_of("a,,b");
    CU_ASSERT(text_equal(text_take(&s, ','), "a"));
    CU_ASSERT(text_equal(text_take(&s, ','), ""));
    CU_ASSERT(text_equal(text_take(&s, ','), "b"));
    CU_ASSERT_EQUAL(s.len, 0);
    CU_ASSERT(text_equal(text_take(&s, ','), ""));
}

static void numbers_hold_their_bound(void)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0", 0, true, 0},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"5", 4, false, 0},
        {"", 10, false, 0},
        {"-1", 10, false, 0},
        {" 1", 10, false, 0},
        {"1x", 10, false, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = 42;
        CU_ASSERT_EQUAL(text_number(text_of(rows[i].text), rows[i].max, &value), rows[i].ok);
        CU_ASSERT_EQUAL(value, rows[i].ok ? rows[i].value : 42);
    }
}

static void copies_only_what_fits(void)
{
    char out[4] = "zzz";
    CU_ASSERT(text_copy(text_of("abc"), out, sizeof(out)));
    CU_ASSERT_STRING_EQUAL(out, "abc");
    CU_ASSERT_FALSE(text_copy(text_of("abcd"), out, sizeof(out)));
    CU_ASSERT_FALSE(text_copy((struct text_slice){"a\0b", 3}, out, sizeof(out)));
    CU_ASSERT_STRING_EQUAL(out, "abc");
}

static void characters_outside_the_set_are_seen(void)
{
    CU_ASSERT(text_is_made_of(text_of("aZ0-_"), "-_"));
    CU_ASSERT_FALSE(text_is_made_of(text_of(""), "-_"));
    CU_ASSERT_FALSE(text_is_made_of(text_of("a/b"), "-_"));
    CU_ASSERT_FALSE(text_is_made_of((struct text_slice){"a\0", 2}, "-_"));
}

static void fingerprints_are_exact(void)
{
    uint8_t out[3] = {9, 9, 9};
    CU_ASSERT(text_fingerprint(text_of("aB:00:fF"), out, 3));
    CU_ASSERT(out[0] == 0xab && out[1] == 0 && out[2] == 0xff);
    CU_ASSERT_FALSE(text_fingerprint(text_of("AB:00:F"), out, 3));
    CU_ASSERT_FALSE(text_fingerprint(text_of("AB:00:FF:"), out, 3));
    CU_ASSERT_FALSE(text_fingerprint(text_of("AB-00:FF"), out, 3));
    CU_ASSERT_FALSE(text_fingerprint(text_of("AB:0G:FF"), out, 3));
    CU_ASSERT(text_hex(text_of("010203"), out, 3));
    CU_ASSERT_FALSE(text_hex(text_of("0102"), out, 3));
    CU_ASSERT_EQUAL(out[2], 3);
}

static void random_names_use_the_alphabet_and_differ(void)
{
    char a[25];
    char b[25];
    CU_ASSERT(text_random(a, 24, "+/"));
    CU_ASSERT(text_random(b, 24, "+/"));
    CU_ASSERT_EQUAL(strlen(a), 24);
    CU_ASSERT(text_is_made_of(text_of(a), "+/"));
    CU_ASSERT_STRING_NOT_EQUAL(a, b);
}

static void writer_stops_at_its_end_for_good(void)
{
    char out[8];
    struct text_writer w;
    text_writer_init(&w, out, sizeof(out));
    text_printf(&w, "%s", "abcd");
    text_printf(&w, "%s", "efgh");
    CU_ASSERT(w.failed);
    text_printf(&w, "x");
    CU_ASSERT_STRING_EQUAL(out, "abcd");
}

static void escapes_what_would_end_a_string(void)
{
    char out[64];
    struct text_writer w;
    text_writer_init(&w, out, sizeof(out));
    text_write_escaped(&w, text_of("a\"b\\c\nd\x01"));
    CU_ASSERT_STRING_EQUAL(out, "a\\\"b\\\\c\\nd\\u0001");
}

static const struct unit_test tests[] = {
    {"takes what stands before a separator", takes_what_stands_before_a_separator},
    {"numbers hold their bound", numbers_hold_their_bound},
    {"copies only what fits", copies_only_what_fits},
    {"characters outside the set are seen", characters_outside_the_set_are_seen},
    {"fingerprints are exact", fingerprints_are_exact},
    {"random names use the alphabet and differ", random_names_use_the_alphabet_and_differ},
    {"a writer stops at its end for good", writer_stops_at_its_end_for_good},
    {"escapes what would end a string", escapes_what_would_end_a_string},
};
UNIT_MAIN("daemon.text", tests)
