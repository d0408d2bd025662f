#include "daemon/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/secret.h"

struct text_slice text_of(const char *string)
{
    return (struct text_slice){string, strlen(string)};
}

bool text_same(struct text_slice a, struct text_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool text_equal(struct text_slice a, const char *b)
{
    return text_same(a, text_of(b));
}

bool text_equal_nocase(struct text_slice a, const char *b)
{
    return a.len == strlen(b) && (a.len == 0 || strncasecmp(a.data, b, a.len) == 0);
}

bool text_starts(struct text_slice s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

struct text_slice text_take(struct text_slice *s, char separator)
{
    struct text_slice head = *s;
    const char *at = s->len > 0 ? memchr(s->data, separator, s->len) : NULL;
    if (!at) {
        *s = (struct text_slice){NULL, 0};
        return head;
    }
    head.len = (size_t)(at - s->data);
    s->data = at + 1;
    s->len -= head.len + 1;
    return head;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct text_slice text_trim(struct text_slice s)
{
    while (s.len > 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

bool text_number(struct text_slice s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool text_copy(struct text_slice s, char *out, size_t cap)
{
    if (s.len >= cap || (s.len > 0 && memchr(s.data, 0, s.len)))
        return false;
    if (s.len > 0)
        memcpy(out, s.data, s.len);
    out[s.len] = 0;
    return true;
}

bool text_is_made_of(struct text_slice s, const char *others)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == 0 || !strchr(others, c)))
            return false;
    }
    return s.len > 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Hex pairs, with the separator (if it is not 0) between two of them. */
static bool read_hex(struct text_slice s, char separator, uint8_t *out, size_t len)
{
    uint8_t bytes[64];
    size_t step = separator ? 3 : 2;
    if (len == 0 || len > sizeof(bytes) || s.len != len * step - (separator ? 1 : 0))
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *pair = s.data + i * step;
        int high = hex_digit(pair[0]);
        int low = hex_digit(pair[1]);
        if (high < 0 || low < 0 || (separator && i + 1 < len && pair[2] != separator))
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(out, bytes, len);
    return true;
}

bool text_hex(struct text_slice s, uint8_t *out, size_t len)
{
    return read_hex(s, 0, out, len);
}

bool text_fingerprint(struct text_slice s, uint8_t *out, size_t len)
{
    return read_hex(s, ':', out, len);
}

bool text_random(char *out, size_t len, const char last[2])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (!core_random((uint8_t *)out, len))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned value = (unsigned char)out[i] & 63u;
        out[i] = value < 62 ? letters[value] : last[value - 62];
    }
    out[len] = 0;
    return true;
}

void text_writer_init(struct text_writer *w, char *data, size_t cap)
{
    *w = (struct text_writer){data, cap, 0, false};
    data[0] = 0;
}

void text_printf(struct text_writer *w, const char *format, ...)
{
    if (w->failed)
        return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(w->data + w->len, w->cap - w->len, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= w->cap - w->len) {
        w->data[w->len] = 0;
        w->failed = true;
        return;
    }
    w->len += (size_t)n;
}

void text_write(struct text_writer *w, const char *data, size_t len)
{
    if (w->failed || len >= w->cap - w->len) {
        w->failed = true;
        return;
    }
    memcpy(w->data + w->len, data, len);
    w->len += len;
    w->data[w->len] = 0;
}

void text_write_escaped(struct text_writer *w, struct text_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c == '"' || c == '\\')
            text_printf(w, "\\%c", c);
        else if (c == '\n')
            text_printf(w, "\\n");
        else if (c < 0x20 || c == 0x7f)
            text_printf(w, "\\u%04x", c);
        else
            text_printf(w, "%c", c);
    }
}
