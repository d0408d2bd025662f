/* What the files that parse messages share. */
#ifndef MLS_PARTS_H
#define MLS_PARTS_H

#include "core/bytes.h"
#include "core/provider.h"

/* What the reader has passed since it stood at start; empty after a failure. */
static inline struct core_slice mls_since(const struct bytes_reader *r, size_t start)
{
    return r->failed ? (struct core_slice){0} : (struct core_slice){r->data + start, r->pos - start};
}

static inline void mls_require(struct bytes_reader *r, bool condition)
{
    if (!condition)
        bytes_reader_fail(r);
}

/* A vector whose content is made of elements of a fixed size. */
struct core_slice mls_parse_units(struct bytes_reader *r, size_t unit);

/* Defines NAME_next() over NAME_parse(): false at the end, or where the element is malformed (the reader tells). */
#define MLS_DEFINE_NEXT(name)                                                                                          \
    bool name##_next(struct bytes_reader *r, struct name *element)                                                     \
    {                                                                                                                  \
        if (bytes_reader_left(r) == 0)                                                                                 \
            return false;                                                                                              \
        name##_parse(r, element);                                                                                      \
        return bytes_reader_ok(r);                                                                                     \
    }

/* Defines parse_NAME_list(): a vector of elements, each checked; its content, and their number. */
#define MLS_DEFINE_LIST(name)                                                                                          \
    static struct core_slice parse_##name##_list(struct bytes_reader *r, size_t *count)                                \
    {                                                                                                                  \
        struct core_slice list = wire_parse_vector(r);                                                                 \
        struct bytes_reader elements = mls_walk(list);                                                                 \
        struct name element;                                                                                           \
        size_t n = 0;                                                                                                  \
        while (name##_next(&elements, &element))                                                                       \
            n++;                                                                                                       \
        mls_require(r, bytes_reader_done(&elements));                                                                  \
        *count = n;                                                                                                    \
        return list;                                                                                                   \
    }

#endif
