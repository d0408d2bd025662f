/* This library's own ways: frames sealed by the ring's senders in turn, opened by one receiver who knows them all. */
#include <stdlib.h>
#include <string.h>

#include "core/provider.h"
#include "sframe_ways.h"

#include "batch.h"
#include "receiver.h"
#include "sender.h"

struct frames {
    const struct ring *ring;
    struct sframe_batch *batch; /* NULL: one by one */
    struct sframe_receiver *receiver;
    struct sframe_sender **senders;
    size_t sender; /* the next */
    struct sframe_inner inner;
    uint8_t *head_lens; /* of the frames sealed */
    struct sframe_seal_item *sealing;
    struct sframe_open_item *opening;
};

/* --- one by one --- */

static void seal_frames(void *state, uint64_t frames)
{
    struct frames *s = state;
    const struct ring *ring = s->ring;
    struct sframe_sealed sealed;
    for (uint64_t done = 0; done < frames; done += ring->count) {
        for (size_t i = 0; i < ring->count; i++) {
            uint8_t *payload = ring_payload(ring, i);
            if (sframe_seal(s->senders[s->sender], &s->inner, NULL, 0, payload - RING_ROOM, RING_ROOM, payload,
                            ring->len, payload + ring->len, SFRAME_TAG_MAX, &sealed) != SFRAME_OK)
                ring_fail("sframe_seal");
            s->head_lens[i] = (uint8_t)sealed.head_len;
            s->sender = ring_next_key(ring, s->sender);
        }
    }
}

static void open_frames(void *state, uint64_t frames)
{
    struct frames *s = state;
    const struct ring *ring = s->ring;
    struct sframe_opened opened;
    for (uint64_t done = 0; done < frames; done += ring->count) {
        for (size_t i = 0; i < ring->count; i++) {
            const size_t head_len = s->head_lens[i];
            if (sframe_open(s->receiver, NULL, NULL, 0, ring_payload(ring, i) - head_len,
                            head_len + ring->len + ring->suite->nt, 0, &opened) != SFRAME_OK)
                ring_fail("sframe_open");
        }
    }
}

/* --- sixteen at a time --- */

static void seal_batches(void *state, uint64_t frames)
{
    struct frames *s = state;
    const struct ring *ring = s->ring;
    for (uint64_t done = 0; done < frames; done += RING_BATCH) {
        struct sframe_seal_item *items = &s->sealing[done % ring->count];
        for (size_t i = 0; i < RING_BATCH; i++) {
            items[i].sender = s->senders[s->sender];
            s->sender = ring_next_key(ring, s->sender);
        }
        if (sframe_seal_batch(s->batch, items, RING_BATCH) != SFRAME_OK)
            ring_fail("sframe_seal_batch");
        for (size_t i = 0; i < RING_BATCH; i++)
            s->head_lens[done % ring->count + i] = (uint8_t)items[i].sealed.head_len;
    }
}

static void open_batches(void *state, uint64_t frames)
{
    struct frames *s = state;
    const struct ring *ring = s->ring;
    for (uint64_t done = 0; done < frames; done += RING_BATCH) {
        const size_t first = done % ring->count;
        struct sframe_open_item *items = &s->opening[first];
        for (size_t i = 0; i < RING_BATCH; i++) {
            const size_t head_len = s->head_lens[first + i];
            items[i].frame = ring_payload(ring, first + i) - head_len;
            items[i].frame_len = head_len + ring->len + ring->suite->nt;
        }
        if (sframe_open_batch(s->batch, s->receiver, items, RING_BATCH, 0) != SFRAME_OK)
            ring_fail("sframe_open_batch");
    }
}

/* --- set-up --- */

static void *memory_for(size_t members, size_t size)
{
    void *memory = calloc(members, size);
    if (!memory)
        ring_fail("memory");
    return memory;
}

static void add_senders(struct frames *s, const struct core_provider *provider)
{
    const struct sframe_sender_config config = {.suite = s->ring->suite->id, .keys = 1, .key_history = 1};
    const size_t size = sframe_sender_size(&config);
    for (size_t i = 0; i < s->ring->keys; i++)
        if (sframe_sender_init_with(provider, memory_for(1, size), size, &config, &s->senders[i]) != SFRAME_OK ||
            sframe_sender_add_key(s->senders[i], ring_kid(i), ring_base_key, sizeof ring_base_key) != SFRAME_OK)
            ring_fail("making a sender");
}

static void add_receiver(struct frames *s, const struct core_provider *provider)
{
    const struct sframe_receiver_config config = {.suite = s->ring->suite->id, .keys = (uint32_t)s->ring->keys};
    const size_t size = sframe_receiver_size(&config);
    uint8_t leaves[RING_LEAVES / 8];
    memset(leaves, 0xff, sizeof leaves);
    if (sframe_receiver_init_with(provider, memory_for(1, size), size, &config, &s->receiver) != SFRAME_OK ||
        sframe_receiver_add_epoch(s->receiver, RING_EPOCH, RING_LEAVES, leaves, ring_base_key, sizeof ring_base_key) !=
            SFRAME_OK)
        ring_fail("making a receiver");
}

static void add_items(struct frames *s)
{
    const struct ring *ring = s->ring;
    s->sealing = memory_for(ring->count, sizeof *s->sealing);
    s->opening = memory_for(ring->count, sizeof *s->opening);
    for (size_t i = 0; i < ring->count; i++) {
        uint8_t *payload = ring_payload(ring, i);
        s->sealing[i] = (struct sframe_seal_item){.inner = &s->inner,
                                                  .head = payload - RING_ROOM,
                                                  .head_cap = RING_ROOM,
                                                  .payload = payload,
                                                  .payload_len = ring->len,
                                                  .tail = payload + ring->len,
                                                  .tail_cap = SFRAME_TAG_MAX};
    }
}

static struct frames *new_frames(const struct ring *ring, const struct core_provider *provider)
{
    struct frames *s = memory_for(1, sizeof *s);
    s->ring = ring;
    s->inner = (struct sframe_inner){.codec = SFRAME_CODEC_VP8};
    s->senders = memory_for(ring->keys, sizeof(struct sframe_sender *));
    s->head_lens = memory_for(ring->count, sizeof *s->head_lens);
    add_senders(s, provider);
    add_receiver(s, provider);
    return s;
}

static struct frames *new_batches(const struct ring *ring, const struct core_provider *provider)
{
    struct frames *s = new_frames(ring, provider);
    const size_t size = sframe_batch_size(); /* by the best provider: the other's are smaller */
    add_items(s);
    if (sframe_batch_init_with(provider, memory_for(1, size), size, &s->batch) != SFRAME_OK)
        ring_fail("sframe_batch_init");
    return s;
}

static void *set_up_frame_ipsecmb(const struct ring *ring, const char **absence)
{
    const struct core_provider *provider = core_provider_ipsecmb(absence);
    return provider ? new_frames(ring, provider) : NULL;
}

static void *set_up_batch_ipsecmb(const struct ring *ring, const char **absence)
{
    const struct core_provider *provider = core_provider_ipsecmb(absence);
    return provider ? new_batches(ring, provider) : NULL;
}

static void *set_up_frame_openssl(const struct ring *ring, const char **absence)
{
    (void)absence;
    return new_frames(ring, &core_provider_libcrypto);
}

static void *set_up_batch_openssl(const struct ring *ring, const char **absence)
{
    (void)absence;
    return new_batches(ring, &core_provider_libcrypto);
}

static void tear_down(void *state)
{
    struct frames *s = state;
    for (size_t i = 0; i < s->ring->keys; i++) {
        sframe_sender_wipe(s->senders[i]);
        free(s->senders[i]);
    }
    sframe_receiver_wipe(s->receiver);
    sframe_batch_wipe(s->batch);
    free(s->receiver);
    free(s->batch);
    free(s->senders);
    free(s->head_lens);
    free(s->sealing);
    free(s->opening);
    free(s);
}

const struct way way_frame_ipsecmb = {"frame, ipsec-mb", false,       set_up_frame_ipsecmb,
                                      seal_frames,       open_frames, tear_down};
const struct way way_batch_ipsecmb = {"16 frames, ipsec-mb", false,        set_up_batch_ipsecmb,
                                      seal_batches,          open_batches, tear_down};
const struct way way_frame_openssl = {"frame, OpenSSL", false,       set_up_frame_openssl,
                                      seal_frames,      open_frames, tear_down};
const struct way way_batch_openssl = {"16 frames, OpenSSL", false,        set_up_batch_openssl,
                                      seal_batches,         open_batches, tear_down};
