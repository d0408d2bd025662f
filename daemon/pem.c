#include "daemon/pem.h"

#include <stdio.h>
#include <string.h>

#include "core/secret.h"

enum { LABEL_MAX = 32, LINE_BYTES = 48 };

/* All bits if low <= x <= high, else none; the three are small. */
static unsigned between(unsigned x, unsigned low, unsigned high)
{
    return (((x - low) | (high - x)) >> 31) - 1u;
}

/* The character of a digit below 64; last are the two behind 0-9. */
static char character_of(unsigned digit, const char last[2])
{
    return (char)((between(digit, 0, 25) & (digit + 'A')) | (between(digit, 26, 51) & (digit - 26 + 'a')) |
                  (between(digit, 52, 61) & (digit - 52 + '0')) | (between(digit, 62, 62) & (unsigned char)last[0]) |
                  (between(digit, 63, 63) & (unsigned char)last[1]));
}

/* The digit of a character of base64; false if it is none. */
static bool digit_of(char character, uint32_t *digit)
{
    unsigned c = (unsigned char)character;
    unsigned known = between(c, 'A', 'Z') | between(c, 'a', 'z') | between(c, '0', '9') | between(c, '+', '+') |
                     between(c, '/', '/');
    *digit = (between(c, 'A', 'Z') & (c - 'A')) | (between(c, 'a', 'z') & (c - 'a' + 26)) |
             (between(c, '0', '9') & (c - '0' + 52)) | (between(c, '+', '+') & 62u) | (between(c, '/', '/') & 63u);
    return known != 0;
}

/* Decodes base64 with line breaks; false if it is not exactly cap bytes. */
static bool decode(struct text_slice body, uint8_t *out, size_t cap)
{
    size_t len = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    bool padded = false;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.data[i];
        uint32_t digit;
        if (c == '\n' || c == '\r' || c == ' ')
            continue;
        padded |= c == '=';
        if (c == '=')
            continue;
        if (padded || !digit_of(c, &digit))
            return false;
        bits = (bits << 6 | digit) & 0xffffffu;
        held += 6;
        if (held >= 8) {
            held -= 8;
            if (len == cap)
                return false;
            out[len++] = (uint8_t)(bits >> held);
        }
    }
    return len == cap && held < 6;
}

bool pem_read(const char *text, const char *label, uint8_t *out, size_t len)
{
    char begin[LABEL_MAX + 32];
    char end[LABEL_MAX + 32];
    snprintf(begin, sizeof(begin), "-----BEGIN %.*s-----", LABEL_MAX, label);
    snprintf(end, sizeof(end), "-----END %.*s-----", LABEL_MAX, label);
    const char *from = strstr(text, begin);
    const char *to = from ? strstr(from, end) : NULL;
    bool ok = false;
    if (to) {
        from += strlen(begin);
        ok = decode((struct text_slice){from, (size_t)(to - from)}, out, len);
    }
    if (!ok)
        core_wipe(out, len);
    return ok;
}

/* Without padding, unless pad is '='. */
static void encode(struct text_writer *w, const uint8_t *data, size_t len, const char last[2], char pad)
{
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16;
        bits |= n > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        bits |= n > 2 ? (uint32_t)data[i + 2] : 0;
        char group[4];
        for (unsigned k = 0; k < 4; k++)
            group[k] = k <= n ? character_of(bits >> (18 - 6 * k) & 63u, last) : pad;
        text_write(w, group, pad ? 4 : n + 1);
    }
}

void pem_write(struct text_writer *w, const char *label, const uint8_t *data, size_t len)
{
    text_printf(w, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < len; i += LINE_BYTES) {
        encode(w, data + i, len - i < LINE_BYTES ? len - i : LINE_BYTES, "+/", '=');
        text_printf(w, "\n");
    }
    text_printf(w, "-----END %s-----\n", label);
}

void base64url_write(struct text_writer *w, const uint8_t *data, size_t len)
{
    encode(w, data, len, "-_", 0);
}
