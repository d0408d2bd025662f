/* A publisher's side: its tracks (m-lines), their layers (SSRCs), and how a packet finds its layer.
 *
 * A layer keeps what one incoming RTP stream needs: duplicates, reception statistics, what is missing, the Dependency
 * Descriptor structure in force, the last sender report, and when a key frame was last asked for. */
#ifndef SFU_SOURCE_H
#define SFU_SOURCE_H

#include "nack.h"
#include "peer.h"
#include "rtp/dd.h"
#include "rtp/packet.h"
#include "rtp/stats.h"
#include "window.h"

enum {
    SFU_PLI_INTERVAL_US = 200000, /* at most one key frame request upstream per source */
    SFU_SILENT_US = 2000000,      /* a source without packets for so long gives way */
    SFU_CHANGE_US = 200000,       /* at most one change of SSRC or codec: each one makes work for the whole room */
    SFU_RATE_INTERVAL_US = 1000000,
};

struct sfu_layer {
    struct sfu_track *track;
    const char *rid; /* empty without simulcast */
    bool bound;      /* ssrc is known */
    bool rtx_bound;
    bool started; /* a packet of the present stream came */
    bool seen;    /* a packet of any stream came */
    uint32_t ssrc;
    uint32_t rtx_ssrc;
    uint64_t bound_us; /* when ssrc was learnt */
    uint32_t epoch;    /* counts the streams this layer has had: slots start anew when it changes */
    struct rtp_seq_unwrapper seq;
    struct sfu_window received;
    struct rtp_stats stats;
    struct sfu_nack nack;
    uint32_t last_ts;
    uint64_t last_us;

    bool has_dd;
    struct dd_structure structure; /* template_count 0: none known */
    int64_t structure_seq;         /* the packet that brought it */

    bool has_sr;
    uint32_t sr_ts;
    int64_t sr_ntp_us; /* the publisher's NTP clock at sr_ts */

    bool pli_sent;
    bool pli_pending;
    uint64_t pli_us;

    uint64_t rate_since_us;
    uint64_t rate_bytes;
    uint64_t rate_bps;
};

struct sfu_track {
    struct sfu_peer *publisher;
    const struct sfu_media *media;
    const struct sfu_codec *codec; /* of the last packet; NULL: nothing came yet */
    struct sfu_layer layers[SFU_RIDS_MAX];
    size_t layer_count;
    uint64_t codec_us;      /* when it became that */
    bool announced;         /* the room knows of it: its first packet is past */
    struct sfu_slot *slots; /* that this track fills */
};

/* A packet on its way: parsed, its retransmission undone, its layer found. Pointers borrow. */
struct sfu_incoming {
    struct rtp_packet rtp; /* seq, pt, ssrc and payload are the original's */
    struct sfu_track *track;
    struct sfu_layer *layer;
    const struct sfu_codec *codec;
    bool retransmitted;
    int64_t seq;                   /* extended */
    bool fresh;                    /* the newest of its layer */
    bool wakes;                    /* the first of its stream, or after a silence */
    struct rtp_extension dd_bytes; /* data NULL: none */
    struct rtp_extension audio_level;
    bool dd_readable;
    struct dd_descriptor dd; /* if readable */
    bool key_start;          /* the first packet of a key frame, by the descriptor */
    uint64_t now_us;
};

/* Makes the tracks of a publisher from its params. False without memory. */
bool sfu_source_open(struct sfu_peer *peer);
void sfu_source_close(struct sfu_peer *peer);

/* Takes in a packet from a publisher: finds the layer, updates its state, fills in *in. False if the packet goes no
 * further (malformed, of another's SSRC, a duplicate, padding); that is counted. */
bool sfu_source_receive(struct sfu_peer *peer, const uint8_t *data, size_t len, uint64_t now_us,
                        struct sfu_incoming *in);

/* The layer with this SSRC; *is_rtx tells which of its two. NULL if the peer has none. */
struct sfu_layer *sfu_source_find(const struct sfu_peer *peer, uint32_t ssrc, bool *is_rtx);
/* Asks for a key frame, now or as soon as the last request is SFU_PLI_INTERVAL_US old. */
void sfu_source_request_key(struct sfu_layer *layer, uint64_t now_us);
/* Sends what is due: key frame requests, NACKs. Returns when it wants to be called again. */
uint64_t sfu_source_tick(struct sfu_peer *peer, uint64_t now_us);
/* The layer's stream is over: its state is forgotten, and slots wait for a key frame of the next one. */
void sfu_source_restart(struct sfu_layer *layer);
/* The source said goodbye: the SSRC may be used by a new stream. */
void sfu_source_bye(struct sfu_peer *peer, uint32_t ssrc);

#endif
