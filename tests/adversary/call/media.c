#include "media.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { UNUSED_COUNTER = 300, PAYLOAD_LEN = 40 };

/* --- Contexts of sframe/ --- */

static void *need(void *memory)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    return memory;
}

static void member_init(struct media_member *member)
{
    const struct sframe_sender_config sending = {.keys = 4};
    const struct sframe_receiver_config receiving = {.keys = 64};
    const size_t sender_size = sframe_sender_size(&sending);
    const size_t receiver_size = sframe_receiver_size(&receiving);
    member->sender_memory = need(malloc(sender_size));
    member->receiver_memory = need(malloc(receiver_size));
    CU_ASSERT_EQUAL_FATAL(sframe_sender_init(member->sender_memory, sender_size, &sending, &member->sender), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_init(member->receiver_memory, receiver_size, &receiving, &member->receiver),
                          SFRAME_OK);
}

static void member_wipe(struct media_member *member)
{
    sframe_sender_wipe(member->sender);
    sframe_receiver_wipe(member->receiver);
    free(member->sender_memory);
    free(member->receiver_memory);
}

static uint64_t kid_of(const struct media_key *key, uint32_t leaf)
{
    unsigned context = 0;
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_context(SFRAME_CAMERA, 0, &context), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(context, leaf, key->leaf_slots, key->epoch, &kid), SFRAME_OK);
    return kid;
}

static const struct media_key *find_key(const struct media_member *member, uint64_t epoch)
{
    for (size_t i = 0; i < member->key_count; i++)
        if (member->keys[i].epoch == epoch)
            return &member->keys[i];
    return NULL;
}

/* --- What a client is told --- */

static void add_epoch(struct media_member *member, const struct call_event *event)
{
    CU_ASSERT_FATAL(member->key_count < MEDIA_EPOCHS);
    struct media_key *key = &member->keys[member->key_count++];
    *key = (struct media_key){.epoch = event->epoch, .leaf_slots = event->leaf_slots, .len = event->len};
    memcpy(key->bytes, event->data, event->len);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(member->receiver, event->epoch, event->leaf_slots, event->leaves,
                                              event->data, event->len),
                    SFRAME_OK);
}

static void send_with(struct media_member *member, const struct call_event *event)
{
    const struct media_key *key = need((void *)find_key(member, event->epoch));
    const uint64_t kid = kid_of(key, event->leaf);
    /* one that was paused goes on with the key it had */
    const int added = sframe_sender_add_key(member->sender, kid, key->bytes, key->len);
    CU_ASSERT(added == SFRAME_OK || added == SFRAME_KEY_EXISTS);
    CU_ASSERT_EQUAL(sframe_sender_use_key(member->sender, kid), SFRAME_OK);
}

static void remove_epoch(struct media_member *member, const struct call_event *event)
{
    const struct media_key *key = find_key(member, event->epoch);
    if (key)
        for (uint32_t leaf = 0; leaf < key->leaf_slots; leaf++)
            (void)!sframe_sender_remove_key(member->sender, kid_of(key, leaf));
    CU_ASSERT_EQUAL(sframe_receiver_remove_epoch(member->receiver, event->epoch), SFRAME_OK);
}

static void watch(void *context, struct sim *sim, unsigned client, const struct call_event *event)
{
    struct media *media = context;
    struct media_member *member = &media->members[client];
    (void)sim;
    switch (event->type) {
    case CALL_EVENT_EPOCH_ADDED:
        add_epoch(member, event);
        return;
    case CALL_EVENT_SEND_WITH:
        send_with(member, event);
        return;
    case CALL_EVENT_EPOCH_REMOVED:
        if (!member->keeps)
            remove_epoch(member, event);
        return;
    case CALL_EVENT_LEAF_REMOVED:
        if (!member->keeps)
            (void)!sframe_receiver_remove_leaf(member->receiver, event->epoch, event->leaf);
        return;
    case CALL_EVENT_CLOCK:
        CU_ASSERT_EQUAL(sframe_receiver_set_clock(member->receiver, event->epoch, event->leaf, event->clock_ahead_ms),
                        SFRAME_OK);
        return;
    default:
        return;
    }
}

struct media *media_new(struct sim *sim)
{
    struct media *media = need(calloc(1, sizeof *media));
    media->sim = sim;
    media->members = need(calloc(sim->config.clients, sizeof *media->members));
    for (unsigned i = 0; i < sim->config.clients; i++)
        member_init(&media->members[i]);
    sim->watch = watch;
    sim->watch_context = media;
    return media;
}

void media_free(struct media *media)
{
    media->sim->watch = NULL;
    for (unsigned i = 0; i < media->sim->config.clients; i++)
        member_wipe(&media->members[i]);
    free(media->members);
    free(media);
}

/* --- Frames --- */

uint64_t media_clock(const struct media *media, unsigned i)
{
    return sim_time(media->sim, i).ms;
}

static int seal(struct sframe_sender *sender, uint64_t capture_ms, struct media_frame *frame)
{
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8, .capture_ms = (uint32_t)capture_ms};
    uint8_t head[SFRAME_HEAD_MAX];
    uint8_t payload[PAYLOAD_LEN] = {0};
    uint8_t tail[SFRAME_TAG_MAX];
    struct sframe_sealed sealed;
    const int rc =
        sframe_seal(sender, &inner, NULL, 0, head, sizeof head, payload, sizeof payload, tail, sizeof tail, &sealed);
    if (rc != SFRAME_OK)
        return rc;
    frame->len = sealed.head_len + sizeof payload + sealed.tail_len;
    memcpy(frame->bytes, head + sizeof head - sealed.head_len, sealed.head_len);
    memcpy(frame->bytes + sealed.head_len, payload, sizeof payload);
    memcpy(frame->bytes + sealed.head_len + sizeof payload, tail, sealed.tail_len);
    return SFRAME_OK;
}

bool media_seal(struct media *media, unsigned i, struct media_frame *frame)
{
    if (!media->sim->clients[i].sending)
        return false;
    CU_ASSERT_EQUAL_FATAL(seal(media->members[i].sender, media_clock(media, i), frame), SFRAME_OK);
    return true;
}

int media_open(struct media *media, unsigned i, const struct media_frame *frame, uint32_t *leaf)
{
    const struct sframe_expect expect = {.kinds = 1 << SFRAME_CAMERA, .codec = SFRAME_CODEC_VP8};
    struct media_frame copy = *frame;
    struct sframe_opened opened;
    const int rc =
        sframe_open(media->members[i].receiver, &expect, NULL, 0, copy.bytes, copy.len, media_clock(media, i), &opened);
    if (rc == SFRAME_OK && leaf)
        *leaf = (uint32_t)opened.sender;
    return rc;
}

void media_forge(struct media *media, unsigned i, uint64_t epoch, uint32_t leaf, uint64_t captured_ms,
                 struct media_frame *frame)
{
    const struct media_key *key = need((void *)find_key(&media->members[i], epoch));
    const struct sframe_sender_config config = {.keys = 1};
    const size_t size = sframe_sender_size(&config);
    void *memory = need(malloc(size));
    struct sframe_sender *forger = NULL;
    CU_ASSERT_EQUAL_FATAL(sframe_sender_init(memory, size, &config, &forger), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(forger, kid_of(key, leaf), key->bytes, key->len), SFRAME_OK);
    for (unsigned n = 0; n <= UNUSED_COUNTER + media->forged; n++)
        CU_ASSERT_EQUAL(seal(forger, captured_ms, frame), SFRAME_OK);
    media->forged++;
    sframe_sender_wipe(forger);
    free(memory);
}

int media_try(const struct media *media, const struct media_key *key, uint64_t epoch, const struct media_frame *frame)
{
    const struct sframe_receiver_config config = {.keys = 4};
    const size_t size = sframe_receiver_size(&config);
    void *memory = need(malloc(size));
    struct media_frame copy = *frame;
    struct sframe_receiver *receiver = NULL;
    struct sframe_opened opened;
    uint8_t leaves[8];
    memset(leaves, 0xff, sizeof leaves);
    CU_ASSERT_FATAL(key->leaf_slots <= 8 * sizeof leaves);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_init(memory, size, &config, &receiver), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, epoch, key->leaf_slots, leaves, key->bytes, key->len),
                    SFRAME_OK);
    const int rc = sframe_open(receiver, NULL, NULL, 0, copy.bytes, copy.len, media->sim->now_ms, &opened);
    sframe_receiver_wipe(receiver);
    free(memory);
    return rc;
}
