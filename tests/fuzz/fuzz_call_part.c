/* What a call reads beside MLS: links, extensions, authenticated data, boxes, kept states. What is parsed is written
 * again, and must be the same bytes. The first byte of the input chooses. */
#include <stdlib.h>
#include <string.h>

#include "kept.h"
#include "message.h"
#include "params.h"
#include "seal.h"
#include "wire/buffer.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_be(const struct bytes_writer *w, const uint8_t *data, size_t len)
{
    must(bytes_writer_ok(w) && w->len == len && (len == 0 || memcmp(w->data, data, len) == 0));
}

static void fuzz_link(const uint8_t *data, size_t len)
{
    char text[CALL_LINK_MAX + 64];
    char out[CALL_LINK_MAX];
    struct call_link link;
    if (len >= sizeof text)
        return;
    memcpy(text, data, len);
    text[len] = '\0';
    if (call_link_parse(text, &link) != CALL_OK)
        return;
    must(call_link_format(&link, out, sizeof out) == CALL_OK && strcmp(out, text) == 0);
}

static void fuzz_params(const uint8_t *data, size_t len)
{
    struct call_params params;
    struct bytes_writer w;
    if (!call_params_parse((struct core_slice){data, len}, &params))
        return;
    wire_buffer_init(&w, 1 << 16);
    call_params_write(&w, &params);
    must_be(&w, data, len);
    wire_buffer_free(&w);
}

static void fuzz_commit_data(const uint8_t *data, size_t len)
{
    struct call_commit_data parsed;
    struct bytes_writer w;
    if (!call_commit_data_parse((struct core_slice){data, len}, &parsed))
        return;
    wire_buffer_init(&w, 1 << 16);
    call_commit_data_write(&w, &parsed);
    must_be(&w, data, len);
    wire_buffer_free(&w);
}

static void fuzz_context(const uint8_t *data, size_t len)
{
    struct call_context context;
    struct core_slice list;
    if (!call_context_parse((struct mls_bytes){data, len}, &context))
        return;
    struct bytes_reader r = call_revoked_walk(context.revoked);
    while (call_revoked_next(&r, &list))
        must(list.len <= len);
    must(bytes_reader_done(&r));
}

/* Nobody forges a box: this looks for reads out of bounds alone. */
static void fuzz_box(const uint8_t *data, size_t len)
{
    static const uint8_t secret[CALL_SECRET_LEN];
    struct call_room room;
    struct mls_output out = {0};
    uint8_t type = 0;
    uint32_t number = 0;
    must(call_room_init(&room, "tea", 0, secret) == CALL_OK);
    const bool looks = call_box_look((struct mls_bytes){data, len}, &type, &number);
    const int rc = call_box_open(&room, CALL_BOX_COMMIT, (struct mls_bytes){data, len}, &out);
    must(looks || rc == CALL_MALFORMED);
    mls_output_free(&out);
}

static void fuzz_message(const uint8_t *data, size_t len)
{
    struct call_message message;
    struct bytes_writer w;
    if (!call_message_parse((struct core_slice){data, len}, &message))
        return;
    wire_buffer_init(&w, 1 << 16);
    call_message_write(&w, &message);
    must_be(&w, data, len);
    wire_buffer_free(&w);
}

/* What is behind the seal of a kept state. The group in it: fuzz_mls_state.c. */
static void fuzz_kept(const uint8_t *data, size_t len)
{
    struct call_kept kept;
    struct bytes_writer w;
    if (!call_kept_parse((struct core_slice){data, len}, &kept))
        return;
    wire_buffer_init(&w, CALL_STATE_MAX);
    call_kept_write(&w, &kept);
    must_be(&w, data, len);
    wire_buffer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(const uint8_t *, size_t) = {fuzz_link, fuzz_params,  fuzz_commit_data, fuzz_context,
                                                               fuzz_box,  fuzz_message, fuzz_kept};
    if (size == 0)
        return 0;
    targets[data[0] % (sizeof targets / sizeof targets[0])](data + 1, size - 1);
    return 0;
}
