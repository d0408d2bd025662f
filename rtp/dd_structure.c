/* Template dependency structures: what can be asked of one, and ready-made ones. */
#include <string.h>

#include "rtp/dd.h"

uint32_t dd_all_targets(const struct dd_structure *structure)
{
    return (uint32_t)((UINT64_C(1) << structure->target_count) - 1);
}

bool dd_target_layer(const struct dd_structure *structure, uint8_t target, uint8_t *spatial_id, uint8_t *temporal_id)
{
    if (target >= structure->target_count)
        return false;
    uint8_t spatial = 0;
    uint8_t temporal = 0;
    for (uint8_t i = 0; i < structure->template_count; i++) {
        const struct dd_template *t = &structure->templates[i];
        if (t->dtis[target] == DD_NOT_PRESENT)
            continue;
        if (t->spatial_id > spatial)
            spatial = t->spatial_id;
        if (t->temporal_id > temporal)
            temporal = t->temporal_id;
    }
    *spatial_id = spatial;
    *temporal_id = temporal;
    return true;
}

static bool template_equal(const struct dd_structure *s, const struct dd_template *a, const struct dd_template *b)
{
    return a->spatial_id == b->spatial_id && a->temporal_id == b->temporal_id && a->fdiff_count == b->fdiff_count &&
           memcmp(a->dtis, b->dtis, s->target_count) == 0 && memcmp(a->fdiffs, b->fdiffs, a->fdiff_count) == 0 &&
           memcmp(a->chain_fdiffs, b->chain_fdiffs, s->chain_count) == 0;
}

bool dd_structure_equal(const struct dd_structure *a, const struct dd_structure *b)
{
    if (a->template_id_offset != b->template_id_offset || a->template_count != b->template_count ||
        a->target_count != b->target_count || a->chain_count != b->chain_count ||
        a->has_resolutions != b->has_resolutions || a->spatial_count != b->spatial_count)
        return false;
    if (a->chain_count > 0 && memcmp(a->protected_by, b->protected_by, a->target_count) != 0)
        return false;
    for (uint8_t i = 0; a->has_resolutions && i < a->spatial_count; i++)
        if (a->width_minus_1[i] != b->width_minus_1[i] || a->height_minus_1[i] != b->height_minus_1[i])
            return false;
    for (uint8_t i = 0; i < a->template_count; i++)
        if (!template_equal(a, &a->templates[i], &b->templates[i]))
            return false;
    return true;
}

enum rtp_error dd_use_template(struct dd_descriptor *d, const struct dd_structure *structure, uint8_t index)
{
    if (index >= structure->template_count)
        return RTP_ERR_TEMPLATE;
    const struct dd_template *t = &structure->templates[index];
    d->template_id = (uint8_t)((structure->template_id_offset + index) % 64);
    d->custom_dtis = d->custom_fdiffs = d->custom_chains = false;
    d->spatial_id = t->spatial_id;
    d->temporal_id = t->temporal_id;
    d->fdiff_count = t->fdiff_count;
    for (uint8_t i = 0; i < DD_FDIFFS_MAX; i++)
        d->fdiffs[i] = t->fdiffs[i];
    memcpy(d->dtis, t->dtis, sizeof d->dtis);
    memcpy(d->chain_fdiffs, t->chain_fdiffs, sizeof d->chain_fdiffs);
    return RTP_OK;
}

/* Ready-made structures as A.10.2 writes them down: DTIs as the symbols of table A.1, 0 ends the fdiffs. */
enum { TABLE_CHAINS = 3, TABLE_FDIFFS = 2, TABLE_TARGETS = 9 };

struct template_row {
    uint8_t spatial_id;
    uint8_t temporal_id;
    const char *dtis;
    uint8_t fdiffs[TABLE_FDIFFS];
    uint8_t chain_fdiffs[TABLE_CHAINS];
};

struct mode_row {
    const struct template_row *templates;
    uint8_t template_count;
    uint8_t target_count;
    uint8_t chain_count;
    uint8_t protected_by[TABLE_TARGETS];
};

static const struct template_row l1t1[] = {
    {0, 0, "S", {0}, {0}},
    {0, 0, "S", {1}, {1}},
};

static const struct template_row l1t2[] = {
    {0, 0, "SS", {0}, {0}},
    {0, 0, "SS", {2}, {2}},
    {0, 1, "D-", {1}, {1}},
};

/* A.10.2.1 */
static const struct template_row l1t3[] = {
    {0, 0, "SSS", {0}, {0}}, {0, 0, "SSS", {4}, {4}}, {0, 1, "SD-", {2}, {2}},
    {0, 2, "D--", {1}, {1}}, {0, 2, "D--", {1}, {3}},
};

static const struct template_row l2t1[] = {
    {0, 0, "SS", {0}, {0, 0}},
    {0, 0, "RS", {2}, {2, 1}},
    {1, 0, "S-", {1}, {1, 1}},
    {1, 0, "R-", {2, 1}, {1, 1}},
};

static const struct template_row s2t1[] = {
    {0, 0, "-S", {0}, {0, 0}},
    {0, 0, "-S", {2}, {2, 1}},
    {1, 0, "S-", {0}, {1, 0}},
    {1, 0, "S-", {2}, {1, 2}},
};

/* A.10.2.2 */
static const struct template_row l3t3[] = {
    {0, 0, "SSSSSSSSS", {0}, {0, 0, 0}},      {0, 0, "RRRRRRSSS", {12}, {12, 11, 10}},
    {0, 1, "RR-RR-SD-", {6}, {6, 5, 4}},      {0, 2, "R--R--D--", {3}, {3, 2, 1}},
    {0, 2, "R--R--D--", {3}, {9, 8, 7}},      {1, 0, "SSSSSS---", {1}, {1, 1, 1}},
    {1, 0, "RRRSSS---", {12, 1}, {1, 1, 1}},  {1, 1, "RR-SD----", {6, 1}, {7, 6, 5}},
    {1, 2, "R--D-----", {3, 1}, {4, 3, 2}},   {1, 2, "R--D-----", {3, 1}, {10, 9, 8}},
    {2, 0, "SSS------", {1}, {2, 1, 1}},      {2, 0, "SSS------", {12, 1}, {2, 1, 1}},
    {2, 1, "SD-------", {6, 1}, {8, 7, 6}},   {2, 2, "D--------", {3, 1}, {5, 4, 3}},
    {2, 2, "D--------", {3, 1}, {11, 10, 9}},
};

#define ROWS(table) (table), (uint8_t)(sizeof(table) / sizeof((table)[0]))
static const struct mode_row modes[] = {
    [DD_L1T1] = {ROWS(l1t1), 1, 1, {0}},       [DD_L1T2] = {ROWS(l1t2), 2, 1, {0, 0}},
    [DD_L1T3] = {ROWS(l1t3), 3, 1, {0, 0, 0}}, [DD_L2T1] = {ROWS(l2t1), 2, 2, {1, 0}},
    [DD_S2T1] = {ROWS(s2t1), 2, 2, {1, 0}},    [DD_L3T3] = {ROWS(l3t3), 9, 3, {2, 2, 2, 1, 1, 1, 0, 0, 0}},
};
#undef ROWS

static enum dd_dti dti_of(char symbol)
{
    switch (symbol) {
    case 'D':
        return DD_DISCARDABLE;
    case 'S':
        return DD_SWITCH;
    case 'R':
        return DD_REQUIRED;
    default:
        return DD_NOT_PRESENT;
    }
}

static void fill_template(struct dd_template *out, const struct template_row *row, const struct mode_row *mode)
{
    out->spatial_id = row->spatial_id;
    out->temporal_id = row->temporal_id;
    for (uint8_t i = 0; i < mode->target_count; i++)
        out->dtis[i] = (uint8_t)dti_of(row->dtis[i]);
    while (out->fdiff_count < TABLE_FDIFFS && row->fdiffs[out->fdiff_count] != 0) {
        out->fdiffs[out->fdiff_count] = row->fdiffs[out->fdiff_count];
        out->fdiff_count++;
    }
    memcpy(out->chain_fdiffs, row->chain_fdiffs, mode->chain_count);
}

enum rtp_error dd_structure_build(struct dd_structure *out, enum dd_mode mode, uint8_t template_id_offset)
{
    if ((size_t)mode >= sizeof modes / sizeof modes[0] || template_id_offset >= 64)
        return RTP_ERR_ARGUMENT;
    const struct mode_row *row = &modes[mode];
    memset(out, 0, sizeof *out);
    out->template_id_offset = template_id_offset;
    out->template_count = row->template_count;
    out->target_count = row->target_count;
    out->chain_count = row->chain_count;
    memcpy(out->protected_by, row->protected_by, row->target_count);
    for (uint8_t i = 0; i < row->template_count; i++)
        fill_template(&out->templates[i], &row->templates[i], row);
    out->spatial_count = (uint8_t)(out->templates[out->template_count - 1].spatial_id + 1);
    return RTP_OK;
}

enum rtp_error dd_set_resolution(struct dd_structure *structure, uint8_t spatial_id, uint32_t width, uint32_t height)
{
    if (spatial_id >= structure->spatial_count || width < 1 || width > 65536 || height < 1 || height > 65536)
        return RTP_ERR_ARGUMENT;
    structure->has_resolutions = true;
    structure->width_minus_1[spatial_id] = (uint16_t)(width - 1);
    structure->height_minus_1[spatial_id] = (uint16_t)(height - 1);
    return RTP_OK;
}
