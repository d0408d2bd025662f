#include "dd_bits.h"

void dd_bit_reader_init(struct dd_bit_reader *r, const uint8_t *data, size_t len)
{
    *r = (struct dd_bit_reader){.data = data, .bit_len = len * 8};
}

uint32_t dd_read_bits(struct dd_bit_reader *r, unsigned n)
{
    if (r->failed || n > r->bit_len - r->pos) {
        r->failed = true;
        return 0;
    }
    uint32_t value = 0;
    while (n > 0) {
        unsigned in_byte = 8 - (unsigned)(r->pos % 8);
        unsigned take = n < in_byte ? n : in_byte;
        uint32_t bits = (uint32_t)r->data[r->pos / 8] >> (in_byte - take) & ((1U << take) - 1);
        value = value << take | bits;
        r->pos += take;
        n -= take;
    }
    return value;
}

bool dd_read_flag(struct dd_bit_reader *r)
{
    return dd_read_bits(r, 1) != 0;
}

/* The w of ns(n): the bits of n itself. */
static unsigned bit_width(unsigned n)
{
    unsigned w = 0;
    for (; n > 0; n >>= 1)
        w++;
    return w;
}

uint8_t dd_read_ns(struct dd_bit_reader *r, unsigned n)
{
    unsigned w = bit_width(n);
    unsigned m = (1U << w) - n;
    uint32_t v = dd_read_bits(r, w - 1);
    if (v < m)
        return (uint8_t)v;
    return (uint8_t)((v << 1) - m + dd_read_bits(r, 1));
}

void dd_bit_writer_init(struct dd_bit_writer *w, uint8_t *data, size_t cap)
{
    *w = (struct dd_bit_writer){.data = data, .bit_cap = cap * 8};
}

void dd_write_bits(struct dd_bit_writer *w, uint32_t value, unsigned n)
{
    if (w->failed || n > w->bit_cap - w->pos) {
        w->failed = true;
        return;
    }
    for (size_t byte = (w->pos + 7) / 8; byte < (w->pos + n + 7) / 8; byte++)
        w->data[byte] = 0;
    dd_patch_bits(w->data, w->pos, value, n);
    w->pos += n;
}

void dd_write_ns(struct dd_bit_writer *w, unsigned n, uint8_t value)
{
    unsigned width = bit_width(n);
    unsigned m = (1U << width) - n;
    if (value < m)
        dd_write_bits(w, value, width - 1);
    else
        dd_write_bits(w, value + m, width);
}

void dd_patch_bits(uint8_t *data, size_t pos, uint32_t value, unsigned n)
{
    while (n > 0) {
        unsigned in_byte = 8 - (unsigned)(pos % 8);
        unsigned take = n < in_byte ? n : in_byte;
        unsigned shift = in_byte - take;
        unsigned mask = ((1U << take) - 1) << shift;
        unsigned bits = (value >> (n - take) & ((1U << take) - 1)) << shift;
        data[pos / 8] = (uint8_t)((data[pos / 8] & ~mask) | bits);
        pos += take;
        n -= take;
    }
}
