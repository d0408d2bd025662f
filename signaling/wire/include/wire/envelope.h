/* What a client and the delivery service say to each other (docs/protocol.md): one envelope in each binary WebSocket
 * message, subprotocol WIRE_SUBPROTOCOL.
 *
 * Parsing allocates nothing: byte strings are borrowed from the input, and lists stay encoded, checked when their
 * envelope was parsed, to be walked with the wire_*_next() functions (which cannot fail then). Every envelope has one
 * encoding only. Parsing and writing hold the same limits, so that nothing is sent which the other side refuses.
 * What commits, welcomes, group infos, key packages and relayed payloads are is the clients' affair: sealed, opaque. */
#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/provider.h"
#include "sotto/export.h"

#define WIRE_SUBPROTOCOL "sotto-ds.2"

/* Every limit of the protocol, in bytes where nothing else is said. */
enum {
    WIRE_ID_MAX = 63, /* of a room's name or a pseudonym: letters, digits, "-", "_", "."; not "." or ".." */
    WIRE_TOKEN_MAX = 4096,
    WIRE_APPEND_ID_LEN = 16,
    WIRE_LOG_ID_LEN = 16,
    WIRE_COMMIT_MAX = 256 * 1024,
    WIRE_WELCOME_MAX = 2 * 1024 * 1024, /* these two hold the tree: some 600 bytes a member */
    WIRE_GROUP_INFO_MAX = 2 * 1024 * 1024,
    WIRE_PIECE_MAX = 256 * 1024, /* of a part, at once */
    WIRE_KEY_PACKAGE_MAX = 16 * 1024,
    WIRE_RELAY_MAX = 16 * 1024,
    WIRE_TEXT_MAX = 255,                    /* printable ASCII */
    WIRE_LIST_MAX = 512 * 1024,             /* a list's content: entries of a page, key packages that were taken */
    WIRE_PAGE_ENTRIES_MAX = 256,            /* entries of a page */
    WIRE_TAKE_MAX = 256,                    /* key packages taken at once */
    WIRE_SEQS_MAX = 64,                     /* numbers in a list */
    WIRE_PRESENT_MAX = 4096,                /* participants of a room */
    WIRE_HELLO_MAX = 4608,                  /* an envelope of type hello, and so any before a client is admitted */
    WIRE_REQUEST_MAX = WIRE_RELAY_MAX + 64, /* any that a client sends but append */
    WIRE_ENVELOPE_MAX = WIRE_COMMIT_MAX + WIRE_WELCOME_MAX + WIRE_GROUP_INFO_MAX + 64 /* any envelope */
};

/* X(name, value, text). A client sends the first eleven, each with a request number of its choice that is not 0. The
 * next are answers, with the request's number, one to each; an error with number 0 ends the connection. The last are
 * pushed, with number 0. */
#define WIRE_TYPE_MAP(X)                                                                                               \
    X(HELLO, 0x01, "hello")                                                                                            \
    X(APPEND, 0x02, "append")                                                                                          \
    X(READ, 0x03, "read")                                                                                              \
    X(FETCH, 0x04, "fetch")                                                                                            \
    X(LIST, 0x05, "list")                                                                                              \
    X(PUT_KEY_PACKAGE, 0x06, "put_key_package")                                                                        \
    X(TAKE_KEY_PACKAGES, 0x07, "take_key_packages")                                                                    \
    X(RELAY, 0x08, "relay")                                                                                            \
    X(RENEW, 0x09, "renew")                                                                                            \
    X(KICK, 0x0a, "kick")                                                                                              \
    X(CLOSE_ROOM, 0x0b, "close_room")                                                                                  \
    X(ADMITTED, 0x81, "admitted")                                                                                      \
    X(APPENDED, 0x82, "appended")                                                                                      \
    X(ENTRIES, 0x83, "entries")                                                                                        \
    X(PART, 0x84, "part")                                                                                              \
    X(SEQS, 0x85, "seqs")                                                                                              \
    X(KEY_PACKAGES, 0x87, "key_packages")                                                                              \
    X(DONE, 0x88, "done")                                                                                              \
    X(ERROR, 0x8f, "error")                                                                                            \
    X(ENTRY, 0x91, "entry")                                                                                            \
    X(RELAYED, 0x92, "relayed")                                                                                        \
    X(KEY_PACKAGES_WAITING, 0x93, "key_packages_waiting")                                                              \
    X(JOINED, 0x94, "joined")                                                                                          \
    X(LEFT, 0x95, "left")

enum wire_type {
#define WIRE_TYPE_ENUM(name, value, text) WIRE_##name = (value),
    WIRE_TYPE_MAP(WIRE_TYPE_ENUM)
#undef WIRE_TYPE_ENUM
};

/* X(name, value, text): why the delivery service refuses or ends something. A client takes one that it does not know
 * for an INTERNAL one. With number 0 the error ends the connection; the close code is WIRE_CLOSE_BASE plus it. */
#define WIRE_REFUSAL_MAP(X)                                                                                            \
    X(MALFORMED, 1, "the message is malformed or of an unknown type")                                                  \
    X(NOT_ADMITTED, 2, "hello comes first, and once")                                                                  \
    X(TOKEN, 3, "the token is missing or not valid")                                                                   \
    X(FORBIDDEN, 4, "the token does not allow this")                                                                   \
    X(RATE_LIMITED, 5, "too much in too short a time")                                                                 \
    X(NOT_FOUND, 6, "there is no such thing, or not any more")                                                         \
    X(FULL, 7, "no more of this is held")                                                                              \
    X(STORAGE, 8, "it could not be written to disk")                                                                   \
    X(INTERNAL, 9, "the server failed")                                                                                \
    X(DRAINING, 10, "the server is about to stop")                                                                     \
    X(EXPIRED, 11, "the token has expired")                                                                            \
    X(REPLACED, 12, "the same participant has connected anew")                                                         \
    X(SLOW, 13, "the connection is too slow for what it is sent")                                                      \
    X(KICKED, 14, "an admin has removed this participant")                                                             \
    X(ROOM_CLOSED, 15, "an admin has closed the room")

enum wire_refusal {
#define WIRE_REFUSAL_ENUM(name, value, text) WIRE_REFUSED_##name = (value),
    WIRE_REFUSAL_MAP(WIRE_REFUSAL_ENUM)
#undef WIRE_REFUSAL_ENUM
};

enum { WIRE_CLOSE_BASE = 4000 };

/* What an append holds besides the commit, as flags of an entry and as the part that is fetched. */
enum wire_part { WIRE_PART_COMMIT = 0, WIRE_PART_WELCOME = 1, WIRE_PART_GROUP_INFO = 2 };

/* WAITING: its holder asks to be added now; one a holder, kept while its connection lasts. ONE_USE: in stock, given out
 * once. LAST_RESORT: one a holder, given out when no other is left, and kept. */
enum wire_use { WIRE_USE_WAITING = 1, WIRE_USE_ONE_USE = 2, WIRE_USE_LAST_RESORT = 3 };

/* --- What a client sends --- */

struct wire_hello {
    struct core_slice token; /* may be empty: the server may serve without (--dev) */
    struct core_slice room;
    /* the first entry to be pushed; 0: only what is appended from now on */
    uint64_t from;
};

struct wire_append {
    /* at random, the same in every attempt to append the same: it is stored once */
    uint8_t append_id[WIRE_APPEND_ID_LEN];
    struct core_slice commit;
    bool has_welcome;
    bool has_group_info;
    struct core_slice welcome;
    struct core_slice group_info;
};

struct wire_read {
    uint64_t from; /* the first entry wanted; 0: the oldest */
    uint16_t max;  /* entries at most, 1 to WIRE_PAGE_ENTRIES_MAX */
};

struct wire_fetch {
    uint64_t seq;
    uint8_t part;    /* enum wire_part */
    uint32_t offset; /* the first byte wanted */
};

struct wire_list {
    uint8_t part; /* enum wire_part: which entries have it */
};

struct wire_put_key_package {
    uint8_t use; /* enum wire_use */
    struct core_slice key_package;
};

struct wire_take_key_packages {
    struct core_slice holder; /* empty: of all who wait */
    uint16_t max;             /* 1 to WIRE_TAKE_MAX */
};

struct wire_relay {
    struct core_slice payload;
};

struct wire_renew {
    struct core_slice token;
};

struct wire_kick {
    struct core_slice pseudonym;
};

/* --- What the delivery service sends --- */

struct wire_limits {
    uint16_t append_burst;
    uint16_t relay_burst;
    uint32_t append_interval_ms; /* one more after each */
    uint32_t relay_interval_ms;
    uint32_t participants; /* in one room */
};

struct wire_admitted {
    uint8_t log_id[WIRE_LOG_ID_LEN]; /* at random when the room began: with another one it is another log */
    uint64_t oldest;                 /* the first entry that is kept; head + 1 without any */
    uint64_t head;                   /* the last entry; 0 without any */
    uint32_t token_left_s;           /* renew within; 0xffffffff: it does not expire */
    uint16_t waiting;                /* key packages that wait */
    struct wire_limits limits;
    struct core_slice pseudonym;   /* the receiver's own, as its token names it */
    struct core_slice group_infos; /* wire_seq_next: entries with a GroupInfo that is kept, oldest first */
    struct core_slice present;     /* wire_id_next: participants that are connected, the receiver among them */
};

struct wire_appended {
    uint64_t seq;
};

struct wire_entry {
    uint64_t seq;
    bool has_welcome; /* kept, so that it can be fetched */
    bool has_group_info;
    struct core_slice commit;
};

struct wire_entries {
    uint64_t head;
    struct core_slice list; /* wire_entry_next: without gaps, in order; empty if there is nothing from there on */
};

struct wire_part_data {
    uint64_t seq;
    uint8_t part;           /* enum wire_part */
    uint32_t total;         /* bytes of the whole part */
    uint32_t offset;        /* of data in it */
    struct core_slice data; /* 1 to WIRE_PIECE_MAX bytes: the rest is fetched from behind them on */
};

struct wire_seqs {
    uint8_t part;           /* enum wire_part */
    struct core_slice list; /* wire_seq_next: oldest first */
};

struct wire_key_package {
    struct core_slice holder;
    uint8_t use; /* enum wire_use */
    struct core_slice key_package;
};

struct wire_key_packages {
    uint16_t waiting;       /* that wait still */
    struct core_slice list; /* wire_key_package_next */
};

struct wire_error {
    uint16_t code;           /* enum wire_refusal */
    uint32_t retry_after_ms; /* 0: it says nothing */
    struct core_slice text;
};

struct wire_waiting {
    uint16_t waiting;
};

struct wire_presence {
    struct core_slice pseudonym;
};

/* --- Envelopes --- */

struct wire_envelope {
    uint8_t type; /* enum wire_type */
    uint32_t request;
    union {
        struct wire_hello hello;
        struct wire_append append;
        struct wire_read read;
        struct wire_fetch fetch;
        struct wire_list list;
        struct wire_put_key_package put_key_package;
        struct wire_take_key_packages take_key_packages;
        struct wire_relay relay; /* RELAY, RELAYED */
        struct wire_renew renew;
        struct wire_kick kick;
        struct wire_admitted admitted;
        struct wire_appended appended;
        struct wire_entries entries;
        struct wire_part_data part;
        struct wire_seqs seqs;
        struct wire_key_packages key_packages;
        struct wire_error error;
        struct wire_entry entry;
        struct wire_waiting waiting;   /* KEY_PACKAGES_WAITING */
        struct wire_presence presence; /* JOINED, LEFT */
    };
};

/* One whole envelope. False, out unchanged, if it is malformed, over a limit or of an unknown type. */
SOTTO_MUST_CHECK bool wire_envelope_parse(const uint8_t *data, size_t len, struct wire_envelope *out);
/* Fails the writer for what parsing would refuse, and for lists that are not of wire_*_write(). */
void wire_envelope_write(struct bytes_writer *w, const struct wire_envelope *envelope);
/* True for what clients send. */
bool wire_is_request(uint8_t type);
/* Its name as in docs/protocol.md; "unknown". */
const char *wire_type_text(uint8_t type);
/* What an enum wire_refusal means; "unknown error". */
const char *wire_refusal_text(unsigned code);

/* 1 to WIRE_ID_MAX characters that an id may have. */
bool wire_id_is_valid(struct core_slice id);

/* Walks over a list: `struct bytes_reader r = wire_walk(list); while (wire_entry_next(&r, &entry))`. */
struct bytes_reader wire_walk(struct core_slice list);
bool wire_seq_next(struct bytes_reader *r, uint64_t *seq);
bool wire_id_next(struct bytes_reader *r, struct core_slice *id);
bool wire_entry_next(struct bytes_reader *r, struct wire_entry *entry);
bool wire_key_package_next(struct bytes_reader *r, struct wire_key_package *package);

/* A list's content is what these write one after the other. */
void wire_seq_write(struct bytes_writer *w, uint64_t seq);
void wire_id_write(struct bytes_writer *w, struct core_slice id);
void wire_entry_write(struct bytes_writer *w, const struct wire_entry *entry);
void wire_key_package_write(struct bytes_writer *w, const struct wire_key_package *package);

#endif
