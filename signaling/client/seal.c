#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "seal.h"
#include "wire/vector.h"

enum {
    HEAD_LEN = 1 + 1 + 4,
    LENGTH_LEN = 4,
    BOX_MIN = 256,
    CONTENT_MAX = MLS_MESSAGE_MAX,
    AAD_MAX = 16 + CALL_ROOM_MAX + HEAD_LEN,
};

size_t call_box_len(size_t content_len)
{
    const size_t len = content_len + CALL_BOX_OVERHEAD;
    size_t bucket = BOX_MIN;
    while (bucket < len && bucket < CALL_BOX_STEP)
        bucket *= 2;
    return bucket >= len ? bucket : (len + CALL_BOX_STEP - 1) / CALL_BOX_STEP * CALL_BOX_STEP;
}

static bool read_head(struct bytes_reader *r, uint8_t *type, uint32_t *number)
{
    const uint8_t version = bytes_read_u8(r);
    *type = bytes_read_u8(r);
    *number = bytes_read_u32(r);
    return bytes_reader_ok(r) && version == CALL_BOX_VERSION;
}

bool call_box_look(struct mls_bytes box, uint8_t *type, uint32_t *number)
{
    struct bytes_reader r;
    uint8_t found_type = 0;
    uint32_t found_number = 0;
    bytes_reader_init(&r, box.data, box.len);
    if (box.len < CALL_BOX_OVERHEAD || !read_head(&r, &found_type, &found_number))
        return false;
    *type = found_type;
    *number = found_number;
    return true;
}

static void write_head(struct bytes_writer *w, uint8_t type, uint32_t number)
{
    bytes_write_u8(w, CALL_BOX_VERSION);
    bytes_write_u8(w, type);
    bytes_write_u32(w, number);
}

/* AAD: "sotto box", the room's name as a vector, version, type, number. */
static struct core_slice write_aad(const struct call_room *room, uint8_t type, uint8_t out[AAD_MAX])
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, AAD_MAX);
    bytes_write(&w, (const uint8_t *)"sotto box", 9);
    wire_write_vector(&w, call_room_name(room));
    write_head(&w, type, room->number);
    return (struct core_slice){out, w.len};
}

int call_box_seal(const struct call_room *room, enum call_box_type type, struct mls_bytes content,
                  struct mls_output *box)
{
    uint8_t aad_buffer[AAD_MAX];
    if (content.len > CONTENT_MAX)
        return CALL_INVALID;
    const size_t len = call_box_len(content.len);
    uint8_t *out = calloc(1, len);
    if (!out)
        return CALL_MEMORY;
    struct bytes_writer w;
    bytes_writer_init(&w, out, len);
    write_head(&w, (uint8_t)type, room->number);
    uint8_t *nonce = bytes_reserve(&w, CORE_XCHACHA_NONCE_LEN);
    const size_t text_at = w.len;
    bytes_write_u32(&w, (uint32_t)content.len);
    bytes_write(&w, content.data, content.len);
    const struct core_slice aad = write_aad(room, (uint8_t)type, aad_buffer);
    const size_t text_len = len - text_at - CORE_XCHACHA_TAG_LEN;
    if (!bytes_writer_ok(&w) || !core_random(nonce, CORE_XCHACHA_NONCE_LEN) ||
        !core_xchacha_seal(room->seal_key, nonce, aad.data, aad.len, out + text_at, text_len, out + text_at)) {
        core_wipe(out, len);
        free(out);
        return CALL_CRYPTO;
    }
    *box = (struct mls_output){out, len};
    return CALL_OK;
}

/* The content moves to the front of the text; what stands behind it was checked to be zeros. */
static int strip(uint8_t *text, size_t text_len, size_t *content_len)
{
    struct bytes_reader r;
    uint8_t padding = 0;
    bytes_reader_init(&r, text, text_len);
    const size_t len = bytes_read_u32(&r);
    const uint8_t *content = bytes_parse(&r, len);
    if (!content)
        return CALL_MALFORMED;
    while (bytes_reader_left(&r) > 0)
        padding |= bytes_read_u8(&r);
    if (padding)
        return CALL_MALFORMED;
    memmove(text, content, len);
    core_wipe(text + len, text_len - len);
    *content_len = len;
    return CALL_OK;
}

int call_box_open(const struct call_room *room, enum call_box_type type, struct mls_bytes box,
                  struct mls_output *content)
{
    uint8_t aad_buffer[AAD_MAX];
    struct bytes_reader r;
    uint8_t found_type = 0;
    uint32_t number = 0;
    if (!call_box_look(box, &found_type, &number))
        return CALL_MALFORMED;
    if (found_type != type)
        return CALL_TYPE;
    if (number != room->number)
        return CALL_NUMBER;
    bytes_reader_init(&r, box.data, box.len);
    bytes_parse(&r, HEAD_LEN);
    const uint8_t *nonce = bytes_parse(&r, CORE_XCHACHA_NONCE_LEN);
    const size_t sealed_len = bytes_reader_left(&r);
    const uint8_t *sealed = bytes_parse(&r, sealed_len);
    const struct core_slice aad = write_aad(room, (uint8_t)type, aad_buffer);
    uint8_t *text = malloc(sealed_len);
    if (!text)
        return CALL_MEMORY;
    const size_t text_len = sealed_len - CORE_XCHACHA_TAG_LEN;
    size_t content_len = 0;
    int rc =
        core_xchacha_open(room->seal_key, nonce, aad.data, aad.len, sealed, sealed_len, text) ? CALL_OK : CALL_AUTH;
    if (rc == CALL_OK)
        rc = strip(text, text_len, &content_len);
    if (rc == CALL_OK) {
        *content = (struct mls_output){text, content_len};
    } else {
        core_wipe(text, sealed_len);
        free(text);
    }
    return rc;
}
