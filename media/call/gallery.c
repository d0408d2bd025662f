#include "gallery.h"

#include <stdio.h>

#include "player.h"

enum { PLAYERS_MAX = 2 * CALL_PARTICIPANTS_MAX };

struct place {
    uint64_t sender;
    enum call_kind kind;
    struct call_player *player;
};

struct call_gallery {
    struct call_gallery_config config;
    GMutex lock;
    struct place places[PLAYERS_MAX];
    size_t count;
    bool missing[CALL_CODECS]; /* decoders that this machine has not */
};

struct call_gallery *call_gallery_new(const struct call_gallery_config *config)
{
    struct call_gallery *gallery = g_new0(struct call_gallery, 1);

    gallery->config = *config;
    g_mutex_init(&gallery->lock);
    return gallery;
}

void call_gallery_free(struct call_gallery *gallery)
{
    for (size_t i = 0; i < gallery->count; i++)
        call_player_free(gallery->places[i].player);
    g_mutex_clear(&gallery->lock);
    g_free(gallery);
}

static void on_decoded(void *user, uint64_t sender, enum call_kind kind, GstSample *sample)
{
    struct call_gallery *gallery = user;

    call_roster_decoded(gallery->config.roster, sender, kind, kind == CALL_VIDEO ? sample : NULL);
    if (kind == CALL_AUDIO)
        gallery->config.sound(gallery->config.user, sender, sample);
}

static void on_want_key(void *user, uint64_t sender)
{
    struct call_gallery *gallery = user;

    gallery->config.want_key(gallery->config.user, sender);
}

/* Takes a place out of the table; its player is the caller's to free, without the lock: it waits for threads that may
 * be waiting for the lock. */
static struct call_player *take(struct call_gallery *gallery, size_t index)
{
    struct call_player *player = gallery->places[index].player;

    gallery->places[index] = gallery->places[--gallery->count];
    return player;
}

static struct place *find(struct call_gallery *gallery, uint64_t sender, enum call_kind kind)
{
    for (size_t i = 0; i < gallery->count; i++)
        if (gallery->places[i].sender == sender && gallery->places[i].kind == kind)
            return &gallery->places[i];
    return NULL;
}

static struct place *add(struct call_gallery *gallery, const struct call_opened_frame *frame)
{
    struct call_player_config config = {
        .sender = frame->sender,
        .kind = frame->kind,
        .codec = frame->codec,
        .decoded = on_decoded,
        .want_key = on_want_key,
        .user = gallery,
    };
    struct place *place = &gallery->places[gallery->count];

    if (gallery->count == PLAYERS_MAX || (frame->kind == CALL_VIDEO && gallery->missing[frame->codec]))
        return NULL;
    place->player = call_player_new(&config);
    if (place->player == NULL) {
        gallery->missing[frame->codec] = true;
        fprintf(stderr, "sotto: GStreamer has no decoder for %s\n",
                frame->kind == CALL_VIDEO ? call_codec_name(frame->codec) : "opus");
        return NULL;
    }
    place->sender = frame->sender;
    place->kind = frame->kind;
    gallery->count++;
    return place;
}

/* A decoder that gave up or is for another codec makes way; false if a new one cannot start with this frame. */
static bool play(struct call_gallery *gallery, const struct call_opened_frame *frame)
{
    struct call_player *unfit = NULL;
    struct place *place;
    bool played = false;

    g_mutex_lock(&gallery->lock);
    place = find(gallery, frame->sender, frame->kind);
    if (place != NULL && (call_player_failed(place->player) ||
                          (frame->kind == CALL_VIDEO && call_player_codec(place->player) != frame->codec))) {
        unfit = take(gallery, (size_t)(place - gallery->places));
        place = NULL;
    }
    if (place == NULL && (frame->key || frame->kind == CALL_AUDIO))
        place = add(gallery, frame);
    if (place != NULL) {
        call_player_push(place->player, frame->buffer);
        played = true;
    }
    g_mutex_unlock(&gallery->lock);
    if (unfit != NULL)
        call_player_free(unfit);
    return played;
}

void call_gallery_frame(struct call_gallery *gallery, const struct call_opened_frame *frame)
{
    enum call_play what = call_roster_opened(gallery->config.roster, frame->sender, frame->kind, frame->slot,
                                             frame->index, frame->key, frame->codec);

    if ((what == CALL_PLAY || what == CALL_PLAY_WANT_KEY) && !play(gallery, frame))
        what = CALL_WAIT_FOR_KEY;
    if (frame->kind == CALL_VIDEO && (what == CALL_PLAY_WANT_KEY || what == CALL_WAIT_FOR_KEY))
        gallery->config.want_key(gallery->config.user, frame->sender);
}

void call_gallery_tidy(struct call_gallery *gallery)
{
    struct call_player *idle[PLAYERS_MAX];
    int64_t now_us = g_get_monotonic_time();
    size_t count = 0;

    g_mutex_lock(&gallery->lock);
    for (size_t i = gallery->count; i-- > 0;)
        if (now_us - call_player_last_us(gallery->places[i].player) > CALL_GONE_MS * INT64_C(1000))
            idle[count++] = take(gallery, i);
    g_mutex_unlock(&gallery->lock);
    for (size_t i = 0; i < count; i++)
        call_player_free(idle[i]);
}
