/* Who is in the call, as the frames themselves say: participants by the sender id of authenticated KIDs, and slots
 * whose frames could not be opened. Thread-safe; bounded. */
#ifndef CALL_ROSTER_H
#define CALL_ROSTER_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "capture.h"

enum {
    CALL_PARTICIPANTS_MAX = 64,
    CALL_SLOTS_MAX = 32,
    CALL_QUIET_MS = 3000,   /* without a frame for so long: lost contact */
    CALL_STRANGE_MS = 2000, /* frames that do not open for so long: of another secret */
    CALL_GONE_MS = 10000,   /* and for so long: no tile any more */
    CALL_RANGES_MAX = 65536,
    CALL_PAUSE_MS = 250, /* between two that were decoded: worth a note */
    CALL_PAUSES_MAX = 1024,
};

/* Why a frame was not given out. */
enum call_refusal {
    CALL_REFUSED_KEY,        /* it does not open with our secret */
    CALL_REFUSED_REPLAY,     /* it was opened before */
    CALL_REFUSED_LATE,       /* captured too long ago, or running back in time */
    CALL_REFUSED_INCOMPLETE, /* some of its packets were lost */
    CALL_REFUSED_OTHER,
    CALL_REFUSALS,
};

/* One stream of a participant. Times: CLOCK_MONOTONIC in us, 0 for never. */
struct call_stream {
    uint64_t received;
    uint64_t opened;
    uint64_t refused[CALL_REFUSALS];
    uint64_t decoded;
    uint64_t first_key_index; /* of audio, of the first frame */
    bool key_seen;
    int64_t first_opened_us;
    int64_t first_key_us;
    int64_t first_decoded_us;
    int64_t last_decoded_us;
    int64_t last_opened_us;
    uint64_t next_index; /* of the highest opened, plus one */
    bool broken;         /* a frame was lost, and no key frame has come since */
    GArray *ranges;      /* struct call_range: what was opened, in order; bounded. NULL before the first */
    GArray *pauses;      /* struct call_pause, in order; bounded. NULL before the first */
};

/* Frames first to last were opened. */
struct call_range {
    uint64_t first, last;
};

/* Nothing was decoded for CALL_PAUSE_MS or more: the times of the last before and the first after. */
struct call_pause {
    int64_t from_us, to_us;
};

/* Where members make the keys the group says who is in the call; else everybody is who sends. */
enum call_presence {
    CALL_PRESENCE_HERE,
    CALL_PRESENCE_LOST, /* the group has not heard of it for a while, whatever its frames do */
    CALL_PRESENCE_LEFT, /* said goodbye */
    CALL_PRESENCE_GONE, /* no member any more: kept for what is known of its frames */
};

struct call_participant {
    uint64_t sender;
    enum call_presence presence;
    char name[CALL_NAME_MAX + 1]; /* empty until it has been heard */
    enum call_codec codec;
    struct call_stream streams[CALL_KINDS];
    GstSample *picture; /* NULL before the first */
};

/* Frames of a slot that nobody known has sent. */
struct call_unknown {
    bool used;
    enum call_kind kind;
    uint64_t refused[CALL_REFUSALS];
    int64_t last_opened_us;   /* of any frame in this slot */
    int64_t first_refused_us; /* since one was opened, or none came for CALL_QUIET_MS */
    int64_t last_refused_us;
    bool plain; /* one of them was not encrypted at all */
    bool announced;
};

struct call_roster;

struct call_roster *call_roster_new(void);
void call_roster_free(struct call_roster *roster);

/* A frame of this sender's came in; nothing is known of it yet. Counted only for senders that are known. */
void call_roster_received(struct call_roster *roster, uint64_t sender, enum call_kind kind);

enum call_play {
    CALL_PLAY,          /* hand it to the decoder */
    CALL_PLAY_WANT_KEY, /* the same, and ask for a key frame: a frame since the last one was lost */
    CALL_WAIT_FOR_KEY,  /* it needs a key frame: drop it and ask for one */
    CALL_NO_ROOM,       /* more participants than fit */
};
/* A frame of this sender's authenticated. */
enum call_play call_roster_opened(struct call_roster *roster, uint64_t sender, enum call_kind kind, unsigned slot,
                                  uint64_t index, bool key, enum call_codec codec);
/* An authenticated frame said its sender's name; it need not be clean. */
void call_roster_named(struct call_roster *roster, uint64_t sender, const char *name);
struct call_present {
    uint64_t sender;
    enum call_presence presence;
};
/* The members of the group, this client among them or not. */
void call_roster_members(struct call_roster *roster, const struct call_present *members, size_t count);
/* A frame was refused. If sender is known it is counted there, else for the slot. What people should be told now, once
 * (call_unknown_reason); else NULL. */
const char *call_roster_refused(struct call_roster *roster, uint64_t sender, enum call_kind kind, unsigned slot,
                                enum call_refusal reason);
/* What a slot brings is not encrypted. Returns as call_roster_refused. */
const char *call_roster_plain(struct call_roster *roster, enum call_kind kind, unsigned slot);
/* A frame was decoded; picture (of video) is kept. */
void call_roster_decoded(struct call_roster *roster, uint64_t sender, enum call_kind kind, GstSample *picture);

/* Copies of what is known, pictures with a reference; returns how many. Sorted by name. Ranges and pauses are copied if
 * asked for, else NULL. */
size_t call_roster_participants(struct call_roster *roster, struct call_participant *out, size_t cap, bool history);
void call_participants_clear(struct call_participant *participants, size_t count);
/* slots: CALL_SLOTS_MAX of them. */
void call_roster_slots(struct call_roster *roster, struct call_unknown *slots);
/* Why a slot's frames are not played, for people; NULL if there is nothing to say (any more). */
const char *call_unknown_reason(const struct call_unknown *slot, int64_t now_us);

/* Copies text to out (cap bytes, NUL-terminated), leaving out what could deceive a terminal or a reader: controls,
 * direction overrides, invalid UTF-8. */
void call_text_clean(const char *text, char *out, size_t cap);

#endif
