/* Which texts may be shown as names. The rule is part of a certificate's validity, so it depends on no version of
 * Unicode: what is not assigned yet is allowed. */
#include "core/bytes.h"
#include "sotto/identity.h"

/* The next code point; the reader fails unless it is well-formed UTF-8 (Unicode, table 3-7). */
static uint32_t read_code_point(struct bytes_reader *r)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    uint32_t first = bytes_read_u8(r);
    size_t more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : SIZE_MAX;
    if (more == SIZE_MAX) {
        bytes_reader_fail(r);
        return 0;
    }
    uint32_t value = more ? first & (0x3fu >> more) : first;
    for (size_t i = 0; i < more; i++) {
        uint32_t next = bytes_read_u8(r);
        if (next >> 6 != 2)
            bytes_reader_fail(r);
        value = value << 6 | (next & 0x3f);
    }
    if (value < smallest[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        bytes_reader_fail(r);
    return value;
}

/* Ranges that are refused: they show nothing, or change how what stands beside them shows. */
static const struct range {
    uint32_t first;
    uint32_t last;
} HIDDEN[] = {
    {0x00, 0x1f},       /* controls */
    {0x7f, 0x9f},       /* delete, more controls */
    {0xad, 0xad},       /* soft hyphen */
    {0x034f, 0x034f},   /* combining grapheme joiner */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels */
    {0x180e, 0x180e},   /* Mongolian vowel separator */
    {0x200b, 0x200b},   /* zero width space; the joiners after it are needed in words */
    {0x200e, 0x200f},   /* directional marks */
    {0x2028, 0x202e},   /* line and paragraph separators, directional embeddings and overrides */
    {0x2060, 0x206f},   /* word joiner, invisible operators, directional isolates */
    {0x2800, 0x2800},   /* blank Braille pattern */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xfdd0, 0xfdef},   /* not characters */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* halfwidth Hangul filler */
    {0xfff0, 0xfffc},   /* annotation and object characters */
    {0x1d173, 0x1d17a}, /* musical controls */
    {0xe0000, 0xe0fff}, /* tags, variation selectors of no use in names */
};

static bool is_hidden(uint32_t c)
{
    for (size_t i = 0; i < sizeof HIDDEN / sizeof HIDDEN[0]; i++)
        if (c >= HIDDEN[i].first && c <= HIDDEN[i].last)
            return true;
    return (c & 0xfffe) == 0xfffe; /* the two of each plane that are not characters */
}

static bool is_space(uint32_t c)
{
    return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

bool identity_name_ok(const char *text, size_t len, size_t max)
{
    struct bytes_reader r;
    bool space = true; /* before the first character, one is an end */
    if (len == 0 || len > max)
        return false;
    bytes_reader_init(&r, (const uint8_t *)text, len);
    while (bytes_reader_left(&r) > 0) {
        uint32_t c = read_code_point(&r);
        bool next_space = is_space(c);
        if (!bytes_reader_ok(&r) || is_hidden(c) || (space && next_space))
            return false;
        space = next_space;
    }
    return bytes_reader_done(&r) && !space;
}
