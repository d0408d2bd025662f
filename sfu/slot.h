/* A subscriber's slot: one outgoing stream (and its retransmissions) that the router fills with one publisher's track
 * after another. It begins at a key frame, rewrites what it forwards, keeps it for resending, and follows the key
 * frame until the receiver has it. */
#ifndef SFU_SLOT_H
#define SFU_SLOT_H

#include "cache.h"
#include "follow.h"
#include "rewrite.h"
#include "source.h"

enum { SFU_SPATIAL_ALL = 255 };

struct sfu_slot {
    struct sfu_peer *subscriber;
    const struct sfu_media *media;
    uint8_t index;
    struct sfu_slot_wish wish;

    struct sfu_track *track;       /* NULL: free */
    struct sfu_slot *next;         /* of the same track */
    const struct sfu_codec *codec; /* the subscriber's, that matches the track's */
    struct sfu_layer *target;      /* to be forwarded */
    struct sfu_layer *current;     /* being forwarded; NULL: none yet */
    uint32_t epoch;                /* the current layer's when it was switched in */
    bool joined_late;              /* the track had begun before: without a descriptor, a whole frame is waited for */
    uint32_t late_ts;
    uint8_t spatial_limit; /* the highest spatial layer forwarded */
    bool wants_key;        /* another layer of the same stream is to be let in */
    uint32_t key_requests;
    uint64_t key_request_us;

    struct sfu_rewrite rewrite;
    struct sfu_cache *cache; /* NULL: the receiver takes no retransmissions */
    uint16_t rtx_seq;
    uint32_t packets; /* for sender reports (RFC 3550 section 6.4.1) */
    uint32_t octets;
    struct sfu_follow follow;
    struct sfu_frames frames;
    struct sfu_pair *pair;
};

/* Makes the slots of a subscriber from its params. False without memory. */
bool sfu_slots_open(struct sfu_peer *peer);
void sfu_slots_close(struct sfu_peer *peer);
/* The slot with this SSRC (of media, not of retransmissions); NULL if there is none. */
struct sfu_slot *sfu_slot_find(const struct sfu_peer *peer, uint32_t ssrc);

/* The slot's codec that carries what the track's current one does; NULL if there is none. */
const struct sfu_codec *sfu_slot_match(const struct sfu_slot *slot, const struct sfu_track *track);
/* Fills a free slot. live: the track's stream runs already. False without memory. */
bool sfu_slot_attach(struct sfu_slot *slot, struct sfu_track *track, bool live, uint64_t now_us);
/* Frees the slot; its numbering goes on with the next track. */
void sfu_slot_detach(struct sfu_slot *slot);
/* Wants another layer, or the same one anew after a pause. live: its stream runs already. */
void sfu_slot_retarget(struct sfu_slot *slot, struct sfu_layer *layer, bool live, uint64_t now_us);
/* Forwards nothing until a key frame (a pause, a stream that began anew). */
void sfu_slot_halt(struct sfu_slot *slot);

void sfu_slot_forward(struct sfu_slot *slot, const struct sfu_incoming *in);
/* Resends packet seq as a retransmission (RFC 4588); false if it cannot be or was just now. */
bool sfu_slot_resend(struct sfu_slot *slot, uint16_t seq, uint64_t now_us);
/* The receiver says by a report that it has seen nothing after seq. */
void sfu_slot_highest_seen(struct sfu_slot *slot, uint16_t seq, uint64_t now_us);
/* Key frame requests and followed key frames that are due. Returns when it wants to be called again. */
uint64_t sfu_slot_tick(struct sfu_slot *slot, uint64_t now_us);

#endif
