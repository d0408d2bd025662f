/* Rewriting descriptors: numbers shift, everything else keeps its bits. */
#include <string.h>

#include "dd_bits.h"

/* Copies the bits from the reader's position up to end. */
static void copy_bits(struct dd_bit_writer *w, struct dd_bit_reader *r, size_t end)
{
    while (r->pos < end) {
        unsigned n = end - r->pos < 32 ? (unsigned)(end - r->pos) : 32;
        dd_write_bits(w, dd_read_bits(r, n), n);
    }
}

/* The descriptor with room for a bitmask where it had none. False if it does not fit. */
static bool insert_active_targets(const uint8_t *data, size_t len, const struct dd_layout *layout, uint8_t *out,
                                  size_t cap, size_t *out_len)
{
    struct dd_bit_reader r;
    struct dd_bit_writer w;
    dd_bit_reader_init(&r, data, len);
    dd_bit_writer_init(&w, out, cap < DD_LEN_MAX ? cap : DD_LEN_MAX);
    copy_bits(&w, &r, layout->active_targets_bit);
    if (layout->active_targets_bit == DD_MANDATORY_LEN * 8)
        dd_write_bits(&w, 0, DD_FLAGS_LEN); /* it had no extended fields at all */
    dd_write_bits(&w, 0, layout->target_count);
    copy_bits(&w, &r, layout->end_bit);
    if (w.failed)
        return false;
    dd_patch_bits(out, DD_ACTIVE_TARGETS_FLAG_BIT, 1, 1);
    *out_len = (w.pos + 7) / 8;
    return true;
}

enum rtp_error dd_rewrite(const uint8_t *data, size_t len, const struct dd_structure *known,
                          const struct dd_change *change, uint8_t *out, size_t cap, size_t *out_len)
{
    struct dd_structure fresh;
    struct dd_descriptor d;
    struct dd_layout layout;
    enum rtp_error error = dd_scan(data, len, known, &fresh, &d, &layout);
    if (error != RTP_OK)
        return error;
    const struct dd_structure *s = d.has_structure ? &fresh : known;
    if (change->template_offset >= DD_TEMPLATE_IDS ||
        (change->replace_active_targets && (change->active_targets & ~dd_all_targets(s)) != 0))
        return RTP_ERR_ARGUMENT;

    if (change->replace_active_targets && !d.has_active_targets) {
        if (!insert_active_targets(data, len, &layout, out, cap, &len))
            return RTP_ERR_SPACE;
        if (layout.active_targets_bit == DD_MANDATORY_LEN * 8)
            layout.active_targets_bit += DD_FLAGS_LEN;
    } else {
        if (len > cap)
            return RTP_ERR_SPACE;
        memcpy(out, data, len);
    }
    dd_patch_bits(out, DD_TEMPLATE_ID_BIT, (uint32_t)(d.template_id + change->template_offset) % DD_TEMPLATE_IDS, 6);
    dd_patch_bits(out, DD_FRAME_NUMBER_BIT, (uint16_t)(d.frame_number + change->frame_offset), 16);
    if (d.has_structure)
        dd_patch_bits(out, DD_STRUCTURE_BIT,
                      (uint32_t)(s->template_id_offset + change->template_offset) % DD_TEMPLATE_IDS, 6);
    if (change->replace_active_targets)
        dd_patch_bits(out, layout.active_targets_bit, change->active_targets, layout.target_count);
    *out_len = len;
    return RTP_OK;
}
