/* What an SDP offer and its token agree on: everything a worker needs to run one WHIP or WHEP session.
 * Made by the HTTP thread (offer.c), handed to a worker by value, never changed after that. */
#ifndef SFU_SESSION_H
#define SFU_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SFU_ID_MAX = 64,     /* bytes of a session id, room or pseudonym, with the terminating NUL */
    SFU_MEDIA_MAX = 32,  /* m-lines of a session */
    SFU_CODECS_MAX = 24, /* codecs kept per m-line */
    SFU_RIDS_MAX = 4,    /* simulcast layers of a source */
    SFU_MID_MAX = 17,    /* bytes, with the terminating NUL */
    SFU_UFRAG_MAX = 257, /* bytes, with the terminating NUL (RFC 8839 section 5.4) */
    SFU_PWD_MAX = 257,
    SFU_FINGERPRINT_LEN = 32, /* SHA-256 of the peer's certificate */
    SFU_CNAME_MAX = 64,
};

enum sfu_role {
    SFU_PUBLISHER,  /* WHIP: sends media to us */
    SFU_SUBSCRIBER, /* WHEP: its m-lines are the slots we fill */
};

enum sfu_kind { SFU_AUDIO, SFU_VIDEO };

enum sfu_codec_id { SFU_OPUS = 1, SFU_VP8, SFU_VP9, SFU_H264, SFU_AV1 };

enum sfu_packetization {
    SFU_PACKETIZATION_CODEC,  /* the codec's own payload format */
    SFU_PACKETIZATION_RAW,    /* a=packetization:<pt> raw */
    SFU_PACKETIZATION_SFRAME, /* a=sframe */
};

/* A codec of an m-line, with payload types as this peer numbers them. Publisher and subscriber match on codec,
 * packetization and fmtp's profile, never on numbers. */
struct sfu_codec {
    enum sfu_codec_id id;
    enum sfu_packetization packetization;
    uint8_t pt;
    uint8_t rtx_pt; /* 0 if there is none */
    uint32_t clock_rate;
    uint32_t profile; /* H264: profile-level-id's profile bytes and packetization-mode; VP9: profile-id; else 0 */
    bool nack;
    bool pli;
    bool transport_cc;
};

enum sfu_extension {
    SFU_EXT_MID,
    SFU_EXT_RID,
    SFU_EXT_REPAIRED_RID,
    SFU_EXT_DEPENDENCY_DESCRIPTOR,
    SFU_EXT_TRANSPORT_CC,
    SFU_EXT_AUDIO_LEVEL,
    SFU_EXT_ABS_SEND_TIME,
    SFU_EXT_COUNT,
};

struct sfu_media {
    char mid[SFU_MID_MAX];
    enum sfu_kind kind;
    bool active; /* false: rejected (port 0); keeps its place in the answer */
    struct sfu_codec codecs[SFU_CODECS_MAX];
    size_t codec_count;
    uint8_t extension_ids[SFU_EXT_COUNT]; /* 1 to 14 (255 with two-byte forms), 0 if not negotiated */
    /* publisher: SSRCs the offer declares (0 if it does not: they are learnt by MID and RID) and its simulcast rids
     * subscriber: the SSRCs that our answer names for the slot */
    uint32_t ssrc;
    uint32_t rtx_ssrc;
    char rids[SFU_RIDS_MAX][SFU_MID_MAX];
    size_t rid_count;
};

struct sfu_session_params {
    char id[SFU_ID_MAX];        /* unguessable; names the resource in the URL */
    char room[SFU_ID_MAX];      /* from the token */
    char pseudonym[SFU_ID_MAX]; /* from the token; shared by a participant's WHIP and WHEP sessions */
    enum sfu_role role;
    char local_ufrag[SFU_UFRAG_MAX]; /* starts with what names the session to the worker */
    char local_pwd[SFU_PWD_MAX];
    char remote_ufrag[SFU_UFRAG_MAX];
    char remote_pwd[SFU_PWD_MAX];
    uint8_t remote_fingerprint[SFU_FINGERPRINT_LEN];
    bool extmap_allow_mixed; /* the peer takes two-byte header extensions */
    char cname[SFU_CNAME_MAX];
    struct sfu_media media[SFU_MEDIA_MAX];
    size_t media_count;
    uint64_t token_expires_s; /* seconds since 1970; the session ends then unless renewed */
};

/* A subscriber's wish for one slot (PATCH <session>/slots). */
struct sfu_slot_wish {
    char mid[SFU_MID_MAX];
    char publisher[SFU_ID_MAX]; /* pinned pseudonym; empty: whoever is next */
    uint32_t max_height;        /* pixels; 0: any */
    bool paused;
};

#endif
