/* A hub on a clock of the test's own, and clients that are plain function calls. Tokens are texts:
 * "ROOM SUBJECT RIGHTS EXPIRES", rights of the letters s (signal) and a (admin). */
#ifndef TESTS_HUB_FIXTURE_H
#define TESTS_HUB_FIXTURE_H

#include "ds/hub.h"
#include "unit.h"

enum { CLIENTS_MAX = 64, START_S = 1000000, MESSAGE_MAX = WIRE_ENVELOPE_MAX };

struct client {
    struct ds_peer *peer;
    bool woken;
    uint32_t request;
    struct ds_packet *packet; /* what was last taken */
    struct wire_envelope got; /* and what it says */
};

extern struct ds_hub *hub;
extern struct ds_store *store;
extern struct ds_limits limits; /* for the next start */
extern struct ds_time now;
extern struct client clients[CLIENTS_MAX];

void start(void); /* a store in memory, and the defaults where limits was not changed */
void restart(void);
void open_hub(bool dev); /* over the store as it is */
void stop(void);
void pass_ms(uint64_t ms); /* with the ticks of whole seconds */

/* Connects client i; it says nothing yet. */
void connect_to(size_t i);
void disconnect(size_t i);
void send_envelope(size_t i, const struct wire_envelope *envelope);
uint32_t hello(size_t i, const char *token, const char *room, uint64_t from);
/* Connected and admitted to "tea" as "p-I", with all rights, from the first entry on; takes `admitted`. */
void join(size_t i);
uint32_t append(size_t i, uint8_t id, const char *commit);
uint32_t append_parts(size_t i, uint8_t id, const char *commit, const char *welcome, const char *info);
void flush(void);

/* The next packet for client i is of this type, and got says what it is. False otherwise. */
bool takes(size_t i, enum wire_type type);
bool takes_error(size_t i, uint32_t request, enum wire_refusal code);
bool takes_appended(size_t i, uint32_t request, uint64_t seq);
bool takes_entry(size_t i, uint64_t seq, const char *commit);
bool takes_presence(size_t i, enum wire_type type, const char *pseudonym);
bool takes_nothing(size_t i);
/* The connection is to be closed for this, and its last word says so. */
bool is_ended(size_t i, enum wire_refusal code);
void drop_all(size_t i); /* whatever waits for it */

struct core_slice text(const char *s);
bool same(struct core_slice a, const char *b);

#endif
