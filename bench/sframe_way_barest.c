/* The least that a frame of RFC 9605 can be made and read with, over one call of ipsec-mb's AES-GCM: a header, a nonce
 * from salt and counter, on opening the tag compared. Whose a frame is, is guessed and always right. Nothing is
 * promised: no window against replays, no times, no inner header, no other suite or provider, nothing checked that a
 * caller hands in, nothing counted or wiped. What ours take beyond it is what these cost. */
/* the library's old names for its own; one of them is OpenSSL's, too */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

#include "core/provider.h"
#include "header.h"
#include "sframe_ways.h"

enum { ALIGN = 64, TAG_LEN = 16 };

struct stream {
    _Alignas(ALIGN) struct gcm_key_data key;
    ring_nonce salt;
    sframe_head_words head; /* of the KID */
    size_t kid_len;
    uint64_t kid;
    uint64_t ctr;
};

struct barest {
    const struct ring *ring;
    IMB_MGR *manager;
    aes_gcm_enc_dec_t seal;
    aes_gcm_enc_dec_t open;
    struct stream *sealing; /* two of each, as a sender's and a receiver's are */
    struct stream *opening;
    size_t next;          /* to seal */
    uint8_t *header_lens; /* of the ring's frames */
};

static inline ring_nonce nonce_of(const struct stream *stream, uint64_t ctr)
{
    return stream->salt ^ (ring_nonce) { 0, ctr };
}

/* The length of the header, which is written before the text. */
__attribute__((noinline)) static size_t seal_frame(const struct barest *s, struct stream *stream, uint8_t *text,
                                                   size_t len)
{
    struct gcm_context_data context;
    const uint64_t ctr = stream->ctr++;
    const size_t ctr_len = sframe_field_len(ctr);
    const size_t header_len = 1 + stream->kid_len + ctr_len;
    const ring_nonce nonce = nonce_of(stream, ctr);
    const sframe_head_words head = sframe_head_make(stream->head, stream->kid_len, ctr, ctr_len);
    sframe_header_put(head, ctr, header_len, text - header_len);
    s->seal(&stream->key, &context, text, text, len, (const uint8_t *)&nonce, (const uint8_t *)&head, header_len,
            text + len, TAG_LEN);
    return header_len;
}

__attribute__((noinline)) static bool open_frame(const struct barest *s, const struct stream *stream, uint8_t *frame,
                                                 size_t len)
{
    struct gcm_context_data context;
    struct sframe_header header;
    uint64_t tag[2];
    uint64_t expected[2];
    if (sframe_header_parse(frame, len, &header) != SFRAME_OK || len < header.len + TAG_LEN ||
        header.kid != stream->kid)
        return false;
    uint8_t *text = frame + header.len;
    const size_t text_len = len - header.len - TAG_LEN;
    const ring_nonce nonce = nonce_of(stream, header.ctr);
    s->open(&stream->key, &context, text, text, text_len, (const uint8_t *)&nonce, frame, header.len,
            (uint8_t *)expected, TAG_LEN);
    memcpy(tag, text + text_len, sizeof tag);
    return ((tag[0] ^ expected[0]) | (tag[1] ^ expected[1])) == 0;
}

static void seal_frames(void *state, uint64_t frames)
{
    struct barest *s = state;
    const struct ring *ring = s->ring;
    for (uint64_t done = 0; done < frames; done += ring->count) {
        for (size_t i = 0; i < ring->count; i++) {
            s->header_lens[i] =
                (uint8_t)seal_frame(s, &s->sealing[s->next], ring_text(ring, i), RING_INNER_LEN + ring->len);
            s->next = ring_next_key(ring, s->next);
        }
    }
}

static void open_frames(void *state, uint64_t frames)
{
    const struct barest *s = state;
    const struct ring *ring = s->ring;
    size_t next = (s->next + ring->keys - ring->count % ring->keys) % ring->keys; /* of the ring's first frame */
    for (size_t i = 0; i < frames; i++) {
        if (!open_frame(s, &s->opening[next], ring_text(ring, i) - s->header_lens[i],
                        s->header_lens[i] + RING_INNER_LEN + ring->len + TAG_LEN))
            ring_fail("opening by the barest way");
        next = ring_next_key(ring, next);
    }
}

static void stream_open(const struct barest *s, bool small, size_t number, struct stream *stream)
{
    const uint64_t kid = ring_kid(number);
    const size_t kid_len = sframe_field_len(kid);
    uint8_t key[RING_BASE_KEY_LEN];
    memcpy(key, ring_base_key, sizeof key);
    memcpy(key, &kid, sizeof kid);
    *stream = (struct stream){
        .salt = (ring_nonce){kid, 0}, .head = sframe_head_of_kid(kid, kid_len), .kid_len = kid_len, .kid = kid};
    if (small)
        IMB_AES128_GCM_PRE(s->manager, key, &stream->key);
    else
        IMB_AES256_GCM_PRE(s->manager, key, &stream->key);
}

static void *set_up(const struct ring *ring, const char **absence)
{
    if (ring->suite->nka > 0 || !core_provider_ipsecmb(absence))
        return NULL;
    const bool small = ring->suite->nk == IMB_GCM_128_KEY_LEN;
    struct barest *s = calloc(1, sizeof *s);
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (!s || !manager)
        ring_fail("memory");
    init_mb_mgr_auto(manager, NULL);
    *s = (struct barest){.ring = ring,
                         .manager = manager,
                         .seal = small ? manager->gcm128_enc : manager->gcm256_enc,
                         .open = small ? manager->gcm128_dec : manager->gcm256_dec,
                         .sealing = aligned_alloc(ALIGN, ring->keys * sizeof(struct stream)),
                         .opening = aligned_alloc(ALIGN, ring->keys * sizeof(struct stream)),
                         .header_lens = calloc(ring->count, 1)};
    if (!s->sealing || !s->opening || !s->header_lens)
        ring_fail("memory");
    for (size_t i = 0; i < ring->keys; i++) {
        stream_open(s, small, i, &s->sealing[i]);
        s->opening[i] = s->sealing[i];
    }
    return s;
}

static void tear_down(void *state)
{
    struct barest *s = state;
    free_mb_mgr(s->manager);
    free(s->sealing);
    free(s->opening);
    free(s->header_lens);
    free(s);
}

const struct way way_barest_ipsecmb = {"barest frame, ipsec-mb", false, set_up, seal_frames, open_frames, tear_down};
