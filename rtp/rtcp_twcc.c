/* Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). */
#include "rtcp_write.h"

enum symbol { SYMBOL_LOST = 0, SYMBOL_SMALL = 1, SYMBOL_LARGE = 2, SYMBOL_RESERVED = 3 };

enum {
    VECTOR_BIT = 0x8000,
    TWO_BIT_BIT = 0x4000,
    RUN_MAX = 0x1fff,
    RUN_SYMBOL_SHIFT = 13,
    ONE_BIT_SYMBOLS = 14,
    TWO_BIT_SYMBOLS = 7,
    REFERENCE_US = 64000,
    TICK_US = 250,
    FIXED_LEN = 20 /* RTCP header, two SSRCs, base, count, reference time, feedback count */
};

static bool is_run(const struct rtcp_twcc_iter *iter)
{
    return !(iter->chunk & VECTOR_BIT);
}

/* Takes the next chunk; false if there is none. */
static bool load_chunk(struct rtcp_twcc_iter *iter)
{
    iter->chunk = bytes_read_u16(&iter->chunks);
    iter->chunk_pos = 0;
    if (is_run(iter))
        iter->chunk_len = iter->chunk & RUN_MAX;
    else
        iter->chunk_len = iter->chunk & TWO_BIT_BIT ? TWO_BIT_SYMBOLS : ONE_BIT_SYMBOLS;
    return bytes_reader_ok(&iter->chunks);
}

static enum symbol symbol_at(const struct rtcp_twcc_iter *iter, unsigned at)
{
    if (is_run(iter))
        return (enum symbol)(iter->chunk >> RUN_SYMBOL_SHIFT & 3);
    if (iter->chunk & TWO_BIT_BIT)
        return (enum symbol)(iter->chunk >> (2 * (TWO_BIT_SYMBOLS - 1 - at)) & 3);
    return (enum symbol)(iter->chunk >> (ONE_BIT_SYMBOLS - 1 - at) & 1);
}

/* The next packet's symbol; false if the chunks end too early. */
static bool next_symbol(struct rtcp_twcc_iter *iter, enum symbol *out)
{
    while (iter->chunk_pos == iter->chunk_len)
        if (!load_chunk(iter))
            return false;
    *out = symbol_at(iter, iter->chunk_pos++);
    return true;
}

static size_t delta_len(enum symbol symbol)
{
    return symbol == SYMBOL_SMALL ? 1 : symbol == SYMBOL_LARGE ? 2 : 0;
}

/* The bytes of the deltas that the first `left` symbols of the present chunk announce; false for a reserved symbol. */
static bool chunk_deltas(const struct rtcp_twcc_iter *iter, uint32_t left, size_t *len)
{
    uint32_t count = iter->chunk_len < left ? iter->chunk_len : left;
    /* a run says thousands in two bytes: it is not walked */
    uint32_t symbols = is_run(iter) ? (count > 0 ? 1 : 0) : count;
    for (uint32_t i = 0; i < symbols; i++) {
        enum symbol symbol = symbol_at(iter, i);
        if (symbol == SYMBOL_RESERVED)
            return false;
        *len += delta_len(symbol) * (is_run(iter) ? count : 1);
    }
    return true;
}

enum rtp_error rtcp_twcc_parse(const struct rtcp_packet *packet, struct rtcp_twcc *out)
{
    struct rtcp_feedback feedback;
    if (packet->type != RTCP_RTPFB || packet->count != RTCP_FMT_TWCC)
        return RTP_ERR_TYPE;
    enum rtp_error error = rtcp_feedback_parse(packet, &feedback);
    if (error != RTP_OK)
        return error;
    struct bytes_reader r;
    struct rtcp_twcc t = {.sender_ssrc = feedback.sender_ssrc, .media_ssrc = feedback.media_ssrc};
    bytes_reader_init(&r, feedback.fci, feedback.fci_len);
    t.base_seq = bytes_read_u16(&r);
    t.status_count = bytes_read_u16(&r);
    uint32_t reference = bytes_read_u24(&r);
    t.reference_64ms = reference > 0x7fffff ? (int32_t)reference - 0x1000000 : (int32_t)reference;
    t.feedback_count = bytes_read_u8(&r);
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    if (t.status_count == 0)
        return RTP_ERR_FORMAT;

    struct rtcp_twcc_iter walk = {.chunks = r};
    size_t deltas_len = 0;
    for (uint32_t left = t.status_count; left > 0; left -= walk.chunk_len < left ? walk.chunk_len : left) {
        if (!load_chunk(&walk))
            return RTP_ERR_TRUNCATED;
        if (!chunk_deltas(&walk, left, &deltas_len))
            return RTP_ERR_FORMAT;
    }
    t.chunks_len = walk.chunks.pos - r.pos;
    t.deltas_len = deltas_len;
    t.chunks = bytes_parse(&r, t.chunks_len);
    t.deltas = bytes_parse(&r, t.deltas_len);
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    *out = t;
    return RTP_OK;
}

void rtcp_twcc_iter_init(struct rtcp_twcc_iter *iter, const struct rtcp_twcc *twcc)
{
    *iter = (struct rtcp_twcc_iter){
        .left = twcc->status_count, .seq = twcc->base_seq, .arrival_us = (int64_t)twcc->reference_64ms * REFERENCE_US};
    bytes_reader_init(&iter->chunks, twcc->chunks, twcc->chunks_len);
    bytes_reader_init(&iter->deltas, twcc->deltas, twcc->deltas_len);
}

bool rtcp_twcc_next(struct rtcp_twcc_iter *iter, struct rtcp_twcc_status *out)
{
    enum symbol symbol;
    if (iter->left == 0 || !next_symbol(iter, &symbol))
        return false;
    int64_t ticks = 0;
    if (symbol == SYMBOL_SMALL)
        ticks = bytes_read_u8(&iter->deltas);
    else if (symbol == SYMBOL_LARGE)
        ticks = (int16_t)bytes_read_u16(&iter->deltas);
    if (!bytes_reader_ok(&iter->deltas))
        return false;
    bool received = symbol != SYMBOL_LOST;
    iter->left--;
    iter->arrival_us += ticks * TICK_US;
    *out = (struct rtcp_twcc_status){
        .seq = iter->seq++, .received = received, .arrival_us = received ? iter->arrival_us : 0};
    return true;
}

/* Turns arrival times into symbols and deltas, one after the other. */
struct delta_coder {
    int64_t reference_us;
    int64_t tick; /* of the last packet that arrived */
};

/* False if the delta does not fit 16 bits. */
static bool code_delta(struct delta_coder *c, int64_t arrival_us, enum symbol *symbol, int16_t *delta)
{
    *delta = 0;
    *symbol = SYMBOL_LOST;
    if (arrival_us == RTCP_TWCC_LOST)
        return true;
    /* rounded against the reference, so that errors do not add up */
    int64_t since = arrival_us - c->reference_us + TICK_US / 2;
    int64_t tick = since >= 0 ? since / TICK_US : -((-since + TICK_US - 1) / TICK_US);
    int64_t step = tick - c->tick;
    if (step < INT16_MIN || step > INT16_MAX)
        return false;
    c->tick = tick;
    *delta = (int16_t)step;
    *symbol = step >= 0 && step <= UINT8_MAX ? SYMBOL_SMALL : SYMBOL_LARGE;
    return true;
}

/* Gathers symbols until no single chunk can say them: at any moment what is pending fits one last chunk. */
struct chunk_coder {
    uint8_t pending[ONE_BIT_SYMBOLS]; /* the first ones; all the same in a longer run */
    unsigned count;
    size_t chunks;          /* said so far */
    struct bytes_writer *w; /* NULL: only count */
};

static bool all_same(const struct chunk_coder *c)
{
    for (unsigned i = 1; i < c->count && i < ONE_BIT_SYMBOLS; i++)
        if (c->pending[i] != c->pending[0])
            return false;
    return true;
}

static bool any_large(const struct chunk_coder *c)
{
    for (unsigned i = 0; i < c->count && i < ONE_BIT_SYMBOLS; i++)
        if (c->pending[i] == SYMBOL_LARGE)
            return true;
    return false;
}

static bool can_add(const struct chunk_coder *c, enum symbol symbol)
{
    if (c->count < TWO_BIT_SYMBOLS)
        return true;
    if (c->count < ONE_BIT_SYMBOLS && symbol != SYMBOL_LARGE && !any_large(c))
        return true;
    return c->count < RUN_MAX && all_same(c) && c->pending[0] == symbol;
}

/* Says pending symbols in one chunk: all of them, or the first seven where a vector must be full (last is false). */
static void say_chunk(struct chunk_coder *c, bool last)
{
    unsigned said = c->count;
    unsigned chunk;
    if (all_same(c)) {
        chunk = (unsigned)c->pending[0] << RUN_SYMBOL_SHIFT | said;
    } else if (!any_large(c) && (last || said == ONE_BIT_SYMBOLS)) {
        chunk = VECTOR_BIT;
        for (unsigned i = 0; i < said; i++)
            chunk |= (unsigned)c->pending[i] << (ONE_BIT_SYMBOLS - 1 - i);
    } else {
        said = said < TWO_BIT_SYMBOLS ? said : TWO_BIT_SYMBOLS;
        chunk = VECTOR_BIT | TWO_BIT_BIT;
        for (unsigned i = 0; i < said; i++)
            chunk |= (unsigned)c->pending[i] << (2 * (TWO_BIT_SYMBOLS - 1 - i));
    }
    for (unsigned i = said; i < c->count; i++)
        c->pending[i - said] = c->pending[i];
    c->count -= said;
    c->chunks++;
    if (c->w)
        bytes_write_u16(c->w, (uint16_t)chunk);
}

static void add_symbol(struct chunk_coder *c, enum symbol symbol)
{
    if (!can_add(c, symbol))
        say_chunk(c, false);
    if (c->count < ONE_BIT_SYMBOLS)
        c->pending[c->count] = (uint8_t)symbol;
    c->count++;
}

/* How many of the arrivals fit into room bytes and the format. */
static size_t count_fitting(struct delta_coder deltas, const int64_t *arrivals_us, size_t count, size_t room)
{
    struct chunk_coder chunks = {.w = NULL};
    size_t deltas_len = 0;
    for (size_t i = 0; i < count; i++) {
        enum symbol symbol;
        int16_t delta;
        if (i == UINT16_MAX || !code_delta(&deltas, arrivals_us[i], &symbol, &delta))
            return i;
        add_symbol(&chunks, symbol);
        deltas_len += delta_len(symbol);
        size_t len = FIXED_LEN + (chunks.chunks + 1) * 2 + deltas_len;
        if ((len + 3) / 4 * 4 > room)
            return i;
    }
    return count;
}

static void write_statuses(struct bytes_writer *w, struct delta_coder start, const int64_t *arrivals_us, size_t count)
{
    struct chunk_coder chunks = {.w = w};
    struct delta_coder deltas = start;
    enum symbol symbol;
    int16_t delta;
    for (size_t i = 0; i < count; i++) {
        (void)code_delta(&deltas, arrivals_us[i], &symbol, &delta);
        add_symbol(&chunks, symbol);
    }
    say_chunk(&chunks, true);
    deltas = start;
    for (size_t i = 0; i < count; i++) {
        (void)code_delta(&deltas, arrivals_us[i], &symbol, &delta);
        bytes_write_uint(w, (uint16_t)delta, delta_len(symbol));
    }
}

enum rtp_error rtcp_twcc_write(struct bytes_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc,
                               uint8_t feedback_count, uint16_t base_seq, const int64_t *arrivals_us, size_t count,
                               size_t *reported)
{
    int64_t reference = 0;
    bool found = false;
    if (count == 0)
        return RTP_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        if (arrivals_us[i] == RTCP_TWCC_LOST)
            continue;
        if (arrivals_us[i] < 0)
            return RTP_ERR_ARGUMENT;
        if (!found)
            reference = arrivals_us[i] / REFERENCE_US;
        found = true;
    }
    const struct delta_coder start = {.reference_us = reference * REFERENCE_US};
    size_t fitting = count_fitting(start, arrivals_us, count, w->failed ? 0 : w->cap - w->len);
    if (fitting == 0)
        return RTP_ERR_SPACE;
    size_t begin = rtcp_begin(w, RTCP_RTPFB, RTCP_FMT_TWCC);
    bytes_write_u32(w, sender_ssrc);
    bytes_write_u32(w, media_ssrc);
    bytes_write_u16(w, base_seq);
    bytes_write_u16(w, (uint16_t)fitting);
    bytes_write_u24(w, (uint32_t)((uint64_t)reference & 0xffffff));
    bytes_write_u8(w, feedback_count);
    write_statuses(w, start, arrivals_us, fitting);
    /* zero padding, outside of RTCP's own, so that other packets may follow */
    bytes_reserve(w, (4 - (w->len - begin) % 4) % 4);
    enum rtp_error error = rtcp_end(w, begin);
    if (error == RTP_OK)
        *reported = fitting;
    return error;
}
