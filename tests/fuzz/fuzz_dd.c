/* Dependency Descriptors, one after the other against one structure: length byte, descriptor, and so on. What is read
 * is written and rewritten and must read the same; an error must leave the structure alone. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "rtp/dd.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void same(const struct dd_descriptor *a, const struct dd_descriptor *b)
{
    must(a->start_of_frame == b->start_of_frame && a->end_of_frame == b->end_of_frame &&
         a->has_structure == b->has_structure && a->has_active_targets == b->has_active_targets &&
         a->custom_dtis == b->custom_dtis && a->custom_fdiffs == b->custom_fdiffs &&
         a->custom_chains == b->custom_chains && a->template_id == b->template_id &&
         a->frame_number == b->frame_number && a->active_targets == b->active_targets &&
         a->spatial_id == b->spatial_id && a->temporal_id == b->temporal_id && a->fdiff_count == b->fdiff_count);
    must(memcmp(a->dtis, b->dtis, sizeof a->dtis) == 0);
    must(memcmp(a->fdiffs, b->fdiffs, sizeof a->fdiffs) == 0);
    must(memcmp(a->chain_fdiffs, b->chain_fdiffs, sizeof a->chain_fdiffs) == 0);
}

/* Writing what was read, and reading that. */
static void check_write(const struct dd_descriptor *d, const struct dd_structure *s, size_t read_len)
{
    uint8_t bytes[DD_LEN_MAX];
    size_t len;
    struct dd_descriptor again;
    struct dd_structure attached = {0};
    must(dd_write(d, s, bytes, sizeof bytes, &len) == RTP_OK && len <= read_len);
    must(dd_read(bytes, len, d->has_structure ? NULL : s, &attached, &again) == RTP_OK);
    same(&again, d);
    must(!d->has_structure || dd_structure_equal(&attached, s));
}

static void check_rewrite(const uint8_t *data, size_t len, const struct dd_descriptor *d, const struct dd_structure *s)
{
    uint8_t bytes[DD_LEN_MAX];
    size_t out_len;
    struct dd_change change = {0};
    must(dd_rewrite(data, len, s, &change, bytes, sizeof bytes, &out_len) == RTP_OK);
    must(out_len == len && memcmp(bytes, data, len) == 0);

    change = (struct dd_change){.frame_offset = 0xfedc, .template_offset = 41, .replace_active_targets = true};
    change.active_targets = dd_all_targets(s) & 0x5a5a5a5a;
    if (dd_rewrite(data, len, s, &change, bytes, sizeof bytes, &out_len) != RTP_OK) {
        must(len + 5 > DD_LEN_MAX);
        return;
    }
    struct dd_structure shifted = *s;
    struct dd_structure attached = {0};
    struct dd_descriptor again;
    struct dd_descriptor want = *d;
    shifted.template_id_offset = (uint8_t)((s->template_id_offset + 41) % 64);
    want.frame_number = (uint16_t)(d->frame_number + 0xfedc);
    want.template_id = (uint8_t)((d->template_id + 41) % 64);
    want.has_active_targets = true;
    want.active_targets = change.active_targets;
    must(dd_read(bytes, out_len, d->has_structure ? NULL : &shifted, &attached, &again) == RTP_OK);
    same(&again, &want);
    must(!d->has_structure || dd_structure_equal(&attached, &shifted));
}

static void one(const uint8_t *data, size_t len, struct dd_structure *s)
{
    struct dd_structure before = *s;
    struct dd_descriptor d;
    struct dd_descriptor head;
    struct dd_descriptor alone;
    uint8_t spatial;
    uint8_t temporal;
    /* more than an extension element can hold is refused before a byte is read */
    must(dd_peek(data, DD_LEN_MAX + 1, &head) == RTP_ERR_LIMIT &&
         dd_read(data, DD_LEN_MAX + 1, s, s, &d) == RTP_ERR_LIMIT);
    const enum rtp_error peeked = dd_peek(data, len, &head);
    if (dd_read(data, len, s, s, &d) != RTP_OK) {
        uint8_t bytes[DD_LEN_MAX];
        size_t out_len;
        must(memcmp(&before, s, sizeof before) == 0);
        must(dd_rewrite(data, len, s, &(struct dd_change){0}, bytes, sizeof bytes, &out_len) != RTP_OK);
        return;
    }
    must(peeked == RTP_OK && head.frame_number == d.frame_number && head.has_structure == d.has_structure);
    must((dd_read(data, len, NULL, NULL, &alone) == RTP_OK) == d.has_structure);
    must(d.has_structure || memcmp(&before, s, sizeof before) == 0);
    must(dd_target_layer(s, (uint8_t)(s->target_count - 1), &spatial, &temporal) && spatial < s->spatial_count);
    check_write(&d, s, len);
    check_rewrite(data, len, &d, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_reader r;
    struct dd_structure s;
    memset(&s, 0, sizeof s);
    bytes_reader_init(&r, data, size);
    while (bytes_reader_left(&r) > 0) {
        size_t len = bytes_read_u8(&r);
        if (len > bytes_reader_left(&r))
            len = bytes_reader_left(&r);
        const uint8_t *descriptor = bytes_parse(&r, len);
        /* exactly its size, so that AddressSanitizer sees a read past its end */
        uint8_t *exact = malloc(len > 0 ? len : 1);
        if (!exact)
            return 0;
        memcpy(exact, descriptor, len);
        one(exact, len, &s);
        free(exact);
    }
    return 0;
}
