#include "vector_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MARK '#' /* before the digits; a string of the file that begins with it is refused */

enum { DIGITS_MAX = 20 };

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool parse_u64(const char *digits, size_t len, uint64_t *value)
{
    uint64_t sum = 0;
    if (len == 0 || len > DIGITS_MAX || (len > 1 && digits[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(digits[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

/* Copies text to out (4 * len bytes are enough) with each number as "#digits". Returns the length, or 0 if a number is
 * not one of ours. */
static size_t mark_numbers(const char *text, size_t len, char *out)
{
    size_t at = 0;
    bool in_string = false;
    for (size_t i = 0; i < len;) {
        char c = text[i];
        if (in_string && c == '\\' && i + 1 < len)
            out[at++] = text[i++];
        else if (c == '"')
            in_string = !in_string;
        if (in_string && c == '"' && i + 1 < len && text[i + 1] == NUMBER_MARK)
            return 0;
        if (in_string || c == '"' || !((c >= '0' && c <= '9') || c == '-')) {
            out[at++] = text[i++];
            continue;
        }
        size_t end = i;
        uint64_t value = 0;
        while (end < len && is_number_char(text[end]))
            end++;
        if (!parse_u64(text + i, end - i, &value))
            return 0;
        out[at++] = '"';
        out[at++] = NUMBER_MARK;
        memcpy(out + at, text + i, end - i);
        at += end - i;
        out[at++] = '"';
        i = end;
    }
    return at;
}

json_t *vector_file_parse(const char *name, const char *text, size_t len)
{
    json_error_t error;
    json_t *root = NULL;
    char *marked = malloc(4 * len + 1);
    if (!marked)
        return NULL;
    size_t marked_len = mark_numbers(text, len, marked);
    if (marked_len == 0) {
        fprintf(stderr, "%s: empty, a number that is no unsigned 64-bit integer, or a string that begins with %c\n",
                name, NUMBER_MARK);
        goto out;
    }
    root = json_loadb(marked, marked_len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fprintf(stderr, "%s: line %d: %s\n", name, error.line, error.text);
    if (root && !json_is_object(root)) {
        fprintf(stderr, "%s: not a JSON object\n", name);
        json_decref(root);
        root = NULL;
    }
out:
    free(marked);
    return root;
}

json_t *vector_file_load(const char *path)
{
    json_t *root = NULL;
    char *text = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return NULL;
    }
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0) {
        perror(path);
        goto out;
    }
    text = malloc((size_t)size + 1);
    if (text && fread(text, 1, (size_t)size, file) == (size_t)size)
        root = vector_file_parse(path, text, (size_t)size);
    else
        fprintf(stderr, "%s: cannot be read\n", path);
out:
    free(text);
    fclose(file);
    return root;
}

bool vector_u64(const json_t *object, const char *name, uint64_t *value)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_string(member) || json_string_length(member) < 2 || json_string_value(member)[0] != NUMBER_MARK)
        return false;
    return parse_u64(json_string_value(member) + 1, json_string_length(member) - 1, value);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool vector_bytes(const json_t *object, const char *name, struct vector_bytes *bytes)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_string(member) || json_string_length(member) % 2 != 0)
        return false;
    const char *hex = json_string_value(member);
    size_t len = json_string_length(member) / 2;
    uint8_t *data = malloc(len + 1);
    if (!data)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = nibble(hex[2 * i]);
        int low = nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            free(data);
            return false;
        }
        data[i] = (uint8_t)(high << 4 | low);
    }
    *bytes = (struct vector_bytes){data, len};
    return true;
}

void vector_bytes_free(struct vector_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct vector_bytes){0};
}

bool vector_bytes_equal(const struct vector_bytes *bytes, const uint8_t *data, size_t len)
{
    return bytes->len == len && (len == 0 || memcmp(bytes->data, data, len) == 0);
}

bool vector_fields_read(const json_t *object, const char *const *names, size_t count, struct vector_fields *fields)
{
    *fields = (struct vector_fields){0};
    for (; fields->count < count; fields->count++)
        if (!vector_bytes(object, names[fields->count], &fields->at[fields->count])) {
            fprintf(stderr, "    %s: absent or not hex\n", names[fields->count]);
            return false;
        }
    return true;
}

void vector_fields_free(struct vector_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        vector_bytes_free(&fields->at[i]);
}

bool vector_same(const char *what, const struct vector_bytes *want, const uint8_t *got, size_t len)
{
    if (vector_bytes_equal(want, got, len))
        return true;
    fprintf(stderr, "    %s differs\n", what);
    return false;
}
