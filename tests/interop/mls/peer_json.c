/* Fields of requests and answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static void *must(void *memory)
{
    if (!memory) {
        fputs("mls_peer: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *peer_alloc(struct peer_request *request, size_t len)
{
    if (request->memory_count == PEER_MEMORY_MAX) {
        fputs("mls_peer: a request of too many fields\n", stderr);
        exit(1);
    }
    void *memory = must(calloc(1, len ? len : 1));
    request->memory[request->memory_count++] = memory;
    return memory;
}

void peer_forget(struct peer_request *request)
{
    while (request->memory_count > 0)
        free(request->memory[--request->memory_count]);
}

void peer_wrong(struct peer_request *request, const char *name)
{
    if (!request->wrong)
        request->wrong = name;
}

static int nibble(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

struct mls_bytes peer_hex_value(struct peer_request *request, const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    const size_t len = text ? json_string_length(value) : 1;
    uint8_t *bytes = peer_alloc(request, len / 2);
    bool ok = len % 2 == 0;
    for (size_t i = 0; ok && i < len / 2; i++) {
        const int high = nibble(text[2 * i]);
        const int low = nibble(text[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        if (ok)
            bytes[i] = (uint8_t)(high * 16 + low);
    }
    if (!ok) {
        peer_wrong(request, name);
        return (struct mls_bytes){0};
    }
    return (struct mls_bytes){bytes, len / 2};
}

struct mls_bytes peer_hex(struct peer_request *request, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return value ? peer_hex_value(request, name, value) : (struct mls_bytes){0};
}

const char *peer_text(struct peer_request *request, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text)
        peer_wrong(request, name);
    return text ? text : "";
}

uint64_t peer_number(struct peer_request *request, const json_t *object, const char *name, uint64_t absent,
                     uint64_t max)
{
    const json_t *value = json_object_get(object, name);
    if (!value)
        return absent;
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > max) {
        peer_wrong(request, name);
        return 0;
    }
    return (uint64_t)number;
}

bool peer_flag(struct peer_request *request, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_boolean(value))
        peer_wrong(request, name);
    return json_is_true(value);
}

const json_t *peer_array(struct peer_request *request, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_array(value))
        peer_wrong(request, name);
    return json_is_array(value) ? value : NULL;
}

const struct mls_extension_item *peer_extensions(struct peer_request *request, const json_t *object, size_t *count)
{
    const json_t *list = peer_array(request, object, "extensions");
    struct mls_extension_item *items = peer_alloc(request, json_array_size(list) * sizeof *items);
    *count = json_array_size(list);
    for (size_t i = 0; i < *count; i++) {
        const json_t *item = json_array_get(list, i);
        items[i].type = (uint16_t)peer_number(request, item, "type", 0, UINT16_MAX);
        items[i].data = peer_hex(request, item, "data");
    }
    return items;
}

void peer_put_hex(json_t *object, const char *name, struct mls_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = must(malloc(2 * bytes.len + 1));
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    text[2 * bytes.len] = '\0';
    json_object_set_new(object, name, must(json_string(text)));
    free(text);
}

void peer_put_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, must(json_integer((json_int_t)number)));
}

void peer_put_output(json_t *object, const char *name, struct mls_output *output)
{
    peer_put_hex(object, name, (struct mls_bytes){output->data, output->len});
    mls_output_free(output);
}

struct mls_bytes peer_copy(struct mls_bytes bytes)
{
    uint8_t *data = must(calloc(1, bytes.len ? bytes.len : 1));
    for (size_t i = 0; i < bytes.len; i++)
        data[i] = bytes.data[i];
    return (struct mls_bytes){data, bytes.len};
}
