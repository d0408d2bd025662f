/* What members say to each other beside commits: application messages of fixed sizes, in boxes, by the relay. */
#ifndef CALL_MESSAGE_H
#define CALL_MESSAGE_H

#include "parts.h"

enum call_message_type {
    CALL_MESSAGE_HEARTBEAT = 1,
    CALL_MESSAGE_LEFT = 2,
    CALL_MESSAGE_KICK = 3,
    CALL_MESSAGE_CHAT = 4,
};

enum { CALL_MESSAGE_STEP = 256 /* messages are padded to multiples of this */ };

/* A time of another's, given back to it. */
struct call_echo {
    uint32_t leaf;
    uint32_t time_ms;  /* the low bits of what its last heartbeat said */
    uint32_t delay_ms; /* since that was heard */
};

struct call_heartbeat {
    uint64_t counter;
    uint64_t time_ms;      /* the sender's monotonic clock, which also stamps its frames */
    uint64_t joined_epoch; /* the first epoch of its stay */
    size_t echo_count;
    struct call_echo echoes[CALL_ECHOES];
};

struct call_chat {
    uint64_t time_ms;  /* as a heartbeat's, when it was said */
    uint32_t vanish_s; /* from then on; 0: never */
    struct core_slice text;
};

struct call_message {
    uint8_t type; /* enum call_message_type */
    union {
        struct call_heartbeat heartbeat;
        uint8_t left_signature[CALL_SIGNATURE_LEN];
        uint8_t kicked[CALL_USER_ID_LEN];
        struct call_chat chat; /* borrowed */
    };
};

/* False, out unchanged, for what is malformed or of an unknown type. */
bool call_message_parse(struct core_slice data, struct call_message *out);
void call_message_write(struct bytes_writer *w, const struct call_message *message);

#endif
