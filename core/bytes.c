#include "core/bytes.h"

#include <string.h>

void bytes_read(struct bytes_reader *r, uint8_t *out, size_t n)
{
    const uint8_t *at = bytes_parse(r, n);
    if (!n)
        return;
    if (at)
        memcpy(out, at, n);
    else
        memset(out, 0, n);
}

struct bytes_reader bytes_parse_block(struct bytes_reader *r, size_t n)
{
    struct bytes_reader block = {.data = bytes_parse(r, n), .len = n};
    if (!block.data)
        block = (struct bytes_reader){.failed = true};
    return block;
}

uint8_t *bytes_reserve(struct bytes_writer *w, size_t n)
{
    if (w->failed || (n > w->cap - w->len && !(w->grow && w->grow(w, n) && n <= w->cap - w->len))) {
        w->failed = true;
        return NULL;
    }
    if (n == 0)
        return w->data;
    uint8_t *at = w->data + w->len;
    memset(at, 0, n);
    w->len += n;
    return at;
}

void bytes_write(struct bytes_writer *w, const uint8_t *data, size_t n)
{
    uint8_t *at = bytes_reserve(w, n);
    if (at && n)
        memcpy(at, data, n);
}
