/* Reading descriptors. The order of fields is A.8.2's; every count that sizes a loop is bounded before the loop. */
#include <string.h>

#include "dd_bits.h"

/* template_layers() */
static enum rtp_error read_layers(struct dd_bit_reader *r, struct dd_structure *s)
{
    uint8_t spatial = 0;
    uint8_t temporal = 0;
    for (;;) {
        if (s->template_count == DD_TEMPLATES_MAX || spatial == DD_SPATIAL_MAX || temporal == DD_TEMPORAL_MAX)
            return RTP_ERR_LIMIT;
        struct dd_template *t = &s->templates[s->template_count++];
        t->spatial_id = spatial;
        t->temporal_id = temporal;
        s->spatial_count = (uint8_t)(spatial + 1);
        uint32_t next = dd_read_bits(r, 2);
        if (r->failed)
            return RTP_ERR_TRUNCATED;
        if (next == DD_NEXT_LAYER_END)
            return RTP_OK;
        if (next == DD_NEXT_LAYER_TEMPORAL) {
            temporal++;
        } else if (next == DD_NEXT_LAYER_SPATIAL) {
            temporal = 0;
            spatial++;
        }
    }
}

static void read_dtis(struct dd_bit_reader *r, uint8_t count, uint8_t *dtis)
{
    for (uint8_t i = 0; i < count; i++)
        dtis[i] = (uint8_t)dd_read_bits(r, 2);
}

/* template_fdiffs() of one template */
static enum rtp_error read_template_fdiffs(struct dd_bit_reader *r, struct dd_template *t)
{
    while (dd_read_flag(r)) {
        if (t->fdiff_count == DD_FDIFFS_MAX)
            return RTP_ERR_LIMIT;
        t->fdiffs[t->fdiff_count++] = (uint8_t)(dd_read_bits(r, 4) + 1);
    }
    return RTP_OK;
}

/* template_chains() */
static void read_template_chains(struct dd_bit_reader *r, struct dd_structure *s)
{
    s->chain_count = dd_read_ns(r, s->target_count + 1U);
    if (s->chain_count == 0)
        return;
    for (uint8_t i = 0; i < s->target_count; i++)
        s->protected_by[i] = dd_read_ns(r, s->chain_count);
    for (uint8_t i = 0; i < s->template_count; i++)
        for (uint8_t chain = 0; chain < s->chain_count; chain++)
            s->templates[i].chain_fdiffs[chain] = (uint8_t)dd_read_bits(r, 4);
}

/* template_dependency_structure() */
static enum rtp_error read_structure(struct dd_bit_reader *r, struct dd_structure *s)
{
    memset(s, 0, sizeof *s);
    s->template_id_offset = (uint8_t)dd_read_bits(r, 6);
    s->target_count = (uint8_t)(dd_read_bits(r, 5) + 1);
    enum rtp_error error = read_layers(r, s);
    if (error != RTP_OK)
        return error;
    for (uint8_t i = 0; i < s->template_count; i++)
        read_dtis(r, s->target_count, s->templates[i].dtis);
    for (uint8_t i = 0; i < s->template_count; i++) {
        error = read_template_fdiffs(r, &s->templates[i]);
        if (error != RTP_OK)
            return error;
    }
    read_template_chains(r, s);
    s->has_resolutions = dd_read_flag(r);
    for (uint8_t i = 0; s->has_resolutions && i < s->spatial_count; i++) {
        s->width_minus_1[i] = (uint16_t)dd_read_bits(r, 16);
        s->height_minus_1[i] = (uint16_t)dd_read_bits(r, 16);
    }
    return r->failed ? RTP_ERR_TRUNCATED : RTP_OK;
}

/* frame_fdiffs() */
static enum rtp_error read_frame_fdiffs(struct dd_bit_reader *r, struct dd_descriptor *d)
{
    d->fdiff_count = 0;
    for (;;) {
        unsigned size = (unsigned)dd_read_bits(r, 2);
        if (size == 0)
            return RTP_OK;
        if (d->fdiff_count == DD_FDIFFS_MAX)
            return RTP_ERR_LIMIT;
        d->fdiffs[d->fdiff_count++] = (uint16_t)(dd_read_bits(r, 4 * size) + 1);
    }
}

/* frame_dependency_definition() */
static enum rtp_error read_frame(struct dd_bit_reader *r, const struct dd_structure *s, struct dd_descriptor *d)
{
    struct dd_descriptor resolved = *d;
    enum rtp_error error = dd_use_template(
        &resolved, s, (uint8_t)((d->template_id + DD_TEMPLATE_IDS - s->template_id_offset) % DD_TEMPLATE_IDS));
    if (error != RTP_OK)
        return error;
    resolved.custom_dtis = d->custom_dtis;
    resolved.custom_fdiffs = d->custom_fdiffs;
    resolved.custom_chains = d->custom_chains;
    *d = resolved;
    if (d->custom_dtis)
        read_dtis(r, s->target_count, d->dtis);
    if (d->custom_fdiffs) {
        memset(d->fdiffs, 0, sizeof d->fdiffs);
        error = read_frame_fdiffs(r, d);
        if (error != RTP_OK)
            return error;
    }
    for (uint8_t chain = 0; d->custom_chains && chain < s->chain_count; chain++)
        d->chain_fdiffs[chain] = (uint8_t)dd_read_bits(r, 8);
    return r->failed ? RTP_ERR_TRUNCATED : RTP_OK;
}

/* mandatory_descriptor_fields() and the five flags that follow in a longer descriptor */
static bool read_head(struct dd_bit_reader *r, struct dd_descriptor *d)
{
    *d = (struct dd_descriptor){0};
    d->start_of_frame = dd_read_flag(r);
    d->end_of_frame = dd_read_flag(r);
    d->template_id = (uint8_t)dd_read_bits(r, 6);
    d->frame_number = (uint16_t)dd_read_bits(r, 16);
    if (r->bit_len > DD_MANDATORY_LEN * 8) {
        d->has_structure = dd_read_flag(r);
        d->has_active_targets = dd_read_flag(r);
        d->custom_dtis = dd_read_flag(r);
        d->custom_fdiffs = dd_read_flag(r);
        d->custom_chains = dd_read_flag(r);
    }
    return !r->failed;
}

enum rtp_error dd_scan(const uint8_t *data, size_t len, const struct dd_structure *known, struct dd_structure *fresh,
                       struct dd_descriptor *out, struct dd_layout *layout)
{
    if (len > DD_LEN_MAX)
        return RTP_ERR_LIMIT;
    struct dd_bit_reader r;
    struct dd_descriptor d;
    dd_bit_reader_init(&r, data, len);
    if (!read_head(&r, &d))
        return RTP_ERR_TRUNCATED;
    const struct dd_structure *s = known;
    if (d.has_structure) {
        enum rtp_error error = read_structure(&r, fresh);
        if (error != RTP_OK)
            return error;
        s = fresh;
        d.active_targets = dd_all_targets(s);
    }
    if (!s || s->template_count == 0)
        return RTP_ERR_NO_STRUCTURE;
    size_t active_targets_bit = r.pos;
    if (d.has_active_targets)
        d.active_targets = dd_read_bits(&r, s->target_count);
    enum rtp_error error = read_frame(&r, s, &d);
    if (error != RTP_OK)
        return error;
    *out = d;
    *layout =
        (struct dd_layout){.target_count = s->target_count, .active_targets_bit = active_targets_bit, .end_bit = r.pos};
    return RTP_OK;
}

enum rtp_error dd_read(const uint8_t *data, size_t len, const struct dd_structure *known, struct dd_structure *attached,
                       struct dd_descriptor *out)
{
    struct dd_structure fresh;
    struct dd_layout layout;
    enum rtp_error error = dd_scan(data, len, known, &fresh, out, &layout);
    if (error == RTP_OK && out->has_structure && attached)
        *attached = fresh;
    return error;
}

enum rtp_error dd_peek(const uint8_t *data, size_t len, struct dd_descriptor *out)
{
    if (len > DD_LEN_MAX)
        return RTP_ERR_LIMIT;
    struct dd_bit_reader r;
    struct dd_descriptor d;
    dd_bit_reader_init(&r, data, len);
    if (!read_head(&r, &d))
        return RTP_ERR_TRUNCATED;
    *out = d;
    return RTP_OK;
}
