#include "wire/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

enum { FIRST = 512 };

static bool grow(struct bytes_writer *w, size_t n)
{
    if (n > w->max - w->len)
        return false;
    size_t cap = w->cap ? w->cap : FIRST;
    while (cap - w->len < n)
        cap = cap > w->max / 2 ? w->max : 2 * cap;
    if (cap > w->max)
        cap = w->max;
    /* not realloc, which would leave a copy behind that nobody wipes */
    uint8_t *data = malloc(cap);
    if (!data)
        return false;
    if (w->len)
        memcpy(data, w->data, w->len);
    core_wipe(w->data, w->len);
    free(w->data);
    w->data = data;
    w->cap = cap;
    return true;
}

void wire_buffer_init(struct bytes_writer *w, size_t max)
{
    *w = (struct bytes_writer){.grow = grow, .max = max};
}

void wire_buffer_free(struct bytes_writer *w)
{
    core_wipe(w->data, w->len);
    free(w->data);
    wire_buffer_init(w, w->max);
}

struct core_slice wire_buffer_slice(const struct bytes_writer *w)
{
    return (struct core_slice){w->data ? w->data : (const uint8_t *)"", w->len};
}
