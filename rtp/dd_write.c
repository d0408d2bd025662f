/* Writing descriptors, in the order of A.8.2. */
#include "dd_bits.h"

static bool dtis_valid(const uint8_t *dtis, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        if (dtis[i] > DD_REQUIRED)
            return false;
    return true;
}

/* The next_layer_idc that leads from one template to the next; false if none does (table A.2). */
static bool next_layer(const struct dd_template *from, const struct dd_template *to, uint32_t *idc)
{
    if (to->spatial_id == from->spatial_id && to->temporal_id == from->temporal_id)
        *idc = DD_NEXT_LAYER_SAME;
    else if (to->spatial_id == from->spatial_id && to->temporal_id == from->temporal_id + 1)
        *idc = DD_NEXT_LAYER_TEMPORAL;
    else if (to->spatial_id == from->spatial_id + 1 && to->temporal_id == 0)
        *idc = DD_NEXT_LAYER_SPATIAL;
    else
        return false;
    return true;
}

static bool template_valid(const struct dd_structure *s, const struct dd_template *t)
{
    if (t->spatial_id >= DD_SPATIAL_MAX || t->temporal_id >= DD_TEMPORAL_MAX || t->fdiff_count > DD_FDIFFS_MAX ||
        !dtis_valid(t->dtis, s->target_count))
        return false;
    for (uint8_t i = 0; i < t->fdiff_count; i++)
        if (t->fdiffs[i] < 1 || t->fdiffs[i] > 16)
            return false;
    for (uint8_t chain = 0; chain < s->chain_count; chain++)
        if (t->chain_fdiffs[chain] > 15)
            return false;
    return true;
}

static bool counts_valid(const struct dd_structure *s)
{
    return s->template_id_offset < DD_TEMPLATE_IDS && s->template_count <= DD_TEMPLATES_MAX && s->target_count >= 1 &&
           s->target_count <= DD_TARGETS_MAX && s->chain_count <= s->target_count;
}

/* Everything an attached structure must be, so that writing it cannot lose a bit. */
static bool structure_valid(const struct dd_structure *s)
{
    for (uint8_t i = 0; i < s->template_count; i++) {
        uint32_t idc;
        if (!template_valid(s, &s->templates[i]))
            return false;
        if (i > 0 && !next_layer(&s->templates[i - 1], &s->templates[i], &idc))
            return false;
    }
    for (uint8_t i = 0; s->chain_count > 0 && i < s->target_count; i++)
        if (s->protected_by[i] >= s->chain_count)
            return false;
    return s->templates[0].spatial_id == 0 && s->templates[0].temporal_id == 0 &&
           s->spatial_count == s->templates[s->template_count - 1].spatial_id + 1;
}

static void write_dtis(struct dd_bit_writer *w, const uint8_t *dtis, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        dd_write_bits(w, dtis[i], 2);
}

/* template_layers(); the order was checked */
static void write_layers(struct dd_bit_writer *w, const struct dd_structure *s)
{
    for (uint8_t i = 1; i < s->template_count; i++) {
        uint32_t idc = DD_NEXT_LAYER_SAME;
        (void)next_layer(&s->templates[i - 1], &s->templates[i], &idc);
        dd_write_bits(w, idc, 2);
    }
    dd_write_bits(w, DD_NEXT_LAYER_END, 2);
}

/* template_dependency_structure() */
static void write_structure(struct dd_bit_writer *w, const struct dd_structure *s)
{
    dd_write_bits(w, s->template_id_offset, 6);
    dd_write_bits(w, s->target_count - 1U, 5);
    write_layers(w, s);
    for (uint8_t i = 0; i < s->template_count; i++)
        write_dtis(w, s->templates[i].dtis, s->target_count);
    for (uint8_t i = 0; i < s->template_count; i++) {
        const struct dd_template *t = &s->templates[i];
        for (uint8_t j = 0; j < t->fdiff_count; j++)
            dd_write_bits(w, 1U << 4 | (t->fdiffs[j] - 1U), 5);
        dd_write_bits(w, 0, 1);
    }
    dd_write_ns(w, s->target_count + 1U, s->chain_count);
    for (uint8_t i = 0; s->chain_count > 0 && i < s->target_count; i++)
        dd_write_ns(w, s->chain_count, s->protected_by[i]);
    for (uint8_t i = 0; i < s->template_count; i++)
        for (uint8_t chain = 0; chain < s->chain_count; chain++)
            dd_write_bits(w, s->templates[i].chain_fdiffs[chain], 4);
    dd_write_bits(w, s->has_resolutions, 1);
    for (uint8_t i = 0; s->has_resolutions && i < s->spatial_count; i++) {
        dd_write_bits(w, s->width_minus_1[i], 16);
        dd_write_bits(w, s->height_minus_1[i], 16);
    }
}

/* frame_fdiffs(), each value in the fewest 4-bit units */
static void write_frame_fdiffs(struct dd_bit_writer *w, const struct dd_descriptor *d)
{
    for (uint8_t i = 0; i < d->fdiff_count; i++) {
        uint32_t value = d->fdiffs[i] - 1U;
        unsigned size = value < 16 ? 1 : value < 256 ? 2 : 3;
        dd_write_bits(w, size, 2);
        dd_write_bits(w, value, 4 * size);
    }
    dd_write_bits(w, 0, 2);
}

static enum rtp_error check(const struct dd_descriptor *d, const struct dd_structure *s)
{
    if (!s || s->template_count == 0)
        return RTP_ERR_NO_STRUCTURE;
    if (!counts_valid(s) || d->template_id >= DD_TEMPLATE_IDS || (d->has_structure && !structure_valid(s)) ||
        (d->has_active_targets && (d->active_targets & ~dd_all_targets(s)) != 0) ||
        (d->custom_dtis && !dtis_valid(d->dtis, s->target_count)))
        return RTP_ERR_ARGUMENT;
    if (d->custom_fdiffs) {
        if (d->fdiff_count > DD_FDIFFS_MAX)
            return RTP_ERR_ARGUMENT;
        for (uint8_t i = 0; i < d->fdiff_count; i++)
            if (d->fdiffs[i] < 1 || d->fdiffs[i] > 4096)
                return RTP_ERR_ARGUMENT;
    }
    uint8_t index = (uint8_t)((d->template_id + DD_TEMPLATE_IDS - s->template_id_offset) % DD_TEMPLATE_IDS);
    return index < s->template_count ? RTP_OK : RTP_ERR_TEMPLATE;
}

enum rtp_error dd_write(const struct dd_descriptor *d, const struct dd_structure *structure, uint8_t *out, size_t cap,
                        size_t *len)
{
    enum rtp_error error = check(d, structure);
    if (error != RTP_OK)
        return error;
    struct dd_bit_writer w;
    dd_bit_writer_init(&w, out, cap < DD_LEN_MAX ? cap : DD_LEN_MAX);
    dd_write_bits(&w, d->start_of_frame, 1);
    dd_write_bits(&w, d->end_of_frame, 1);
    dd_write_bits(&w, d->template_id, 6);
    dd_write_bits(&w, d->frame_number, 16);
    if (d->has_structure || d->has_active_targets || d->custom_dtis || d->custom_fdiffs || d->custom_chains) {
        dd_write_bits(&w, d->has_structure, 1);
        dd_write_bits(&w, d->has_active_targets, 1);
        dd_write_bits(&w, d->custom_dtis, 1);
        dd_write_bits(&w, d->custom_fdiffs, 1);
        dd_write_bits(&w, d->custom_chains, 1);
        if (d->has_structure)
            write_structure(&w, structure);
        if (d->has_active_targets)
            dd_write_bits(&w, d->active_targets, structure->target_count);
        if (d->custom_dtis)
            write_dtis(&w, d->dtis, structure->target_count);
        if (d->custom_fdiffs)
            write_frame_fdiffs(&w, d);
        for (uint8_t chain = 0; d->custom_chains && chain < structure->chain_count; chain++)
            dd_write_bits(&w, d->chain_fdiffs[chain], 8);
    }
    if (w.failed)
        return RTP_ERR_SPACE;
    *len = (w.pos + 7) / 8;
    return RTP_OK;
}
