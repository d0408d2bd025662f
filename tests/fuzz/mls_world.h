/* Clients, their groups and the messages between them, for sequences of operations over sotto/mls.h: what is known of
 * each, and what has to hold between them. Random bytes are the same in every run. */
#ifndef TESTS_MLS_WORLD_H
#define TESTS_MLS_WORLD_H

#include "core/bytes.h"
#include "party.h"
#include "suite_identity.h"

enum { CLIENTS = 5, SLOTS = 8, MESSAGES = 32, STAGED = 2, PACKAGES = 2, EPOCHS_KNOWN = 64, KEY_LEN = 16 };

/* What can be seen of a group. */
struct view {
    uint64_t epoch;
    uint32_t own_leaf;
    bool removed;
    bool reinitialized;
    uint8_t authenticator[MLS_HASH_MAX];
    uint8_t exported[KEY_LEN];
    uint64_t tree; /* checksums */
    uint64_t extensions;
    uint64_t id;
};

/* A commit that waits, and the history that it makes. */
struct waiting {
    struct mls_staged *staged;
    uint64_t history;
};

/* A client's membership of a group. */
struct slot {
    struct party *client;
    struct mls_group *group; /* NULL: free */
    struct waiting waiting[STAGED];
    uint64_t history; /* the commits that led to the epoch: who has the same ones agrees */
    bool keeps_past;
    uint64_t past;    /* the history of the epoch before, if its messages may be opened; else 0 */
    struct view view; /* as last seen */
};

struct message {
    uint8_t *data;
    size_t len;
    uint64_t history; /* of its sender when it was sent; of a Welcome, that of who joins by it */
    bool changed;     /* on its way */
    bool application;
};

struct world {
    struct mls_suite rows[2];
    struct mls_suites suites;
    uint16_t suite;
    struct party clients[CLIENTS];
    struct mls_key_package_keys *packages[CLIENTS][PACKAGES];
    struct slot slots[SLOTS];
    struct message messages[MESSAGES];
    size_t message_count; /* ever sent; the oldest make room */
    struct {
        uint64_t history;
        struct view view;
    } epochs[EPOCHS_KNOWN];
    size_t epoch_count;
    uint64_t strangers; /* histories that nobody else can have */
    uint64_t now_s;
    size_t fail; /* the allocation, from 1, of the next operation that is refused; 0: none */
};

void must(bool condition);

void world_init(struct world *w, bool identity);
/* Frees all, and aborts if anything is left that was allocated since world_init(). */
void world_free(struct world *w);

/* --- Allocations --- */

/* Runs a call that gives enum mls_error. If an allocation of it was refused, it has to fail, to say why, and to have
 * changed nothing; it is run again with memory. slot: whose group it works on, or NULL. */
#define WORLD_CALL(w, slot, rc, call)                                                                                  \
    do {                                                                                                               \
        world_arm(w);                                                                                                  \
        (rc) = (call);                                                                                                 \
        if (world_disarm(w)) {                                                                                         \
            const int refused = (rc);                                                                                  \
            must(refused != MLS_OK);                                                                                   \
            world_unchanged(slot);                                                                                     \
            (rc) = (call);                                                                                             \
            /* something else may be wrong as well */                                                                  \
            must(refused == MLS_MEMORY || refused == (rc));                                                            \
        }                                                                                                              \
    } while (0)
void world_arm(struct world *w);
/* Whether one was refused. */
bool world_disarm(struct world *w);

/* --- Histories and views --- */

uint64_t world_checksum(uint64_t start, const uint8_t *data, size_t len);
/* One that nobody else has. */
uint64_t world_stranger(struct world *w);
/* Aborts if the slot's group is not as last seen. */
void world_unchanged(const struct slot *slot);
/* Looks again: the group may have entered an epoch, of the slot's history. Aborts if another member with the same
 * history sees it otherwise. */
void world_entered(struct world *w, struct slot *slot);

/* --- Things --- */

/* Ends what the slot holds. */
void slot_free(struct slot *slot);
void slot_set(struct world *w, struct slot *slot, struct party *client, struct mls_group *group, uint64_t history);
/* Keeps a commit that waits, in the place of the oldest. */
void slot_keep(struct slot *slot, struct mls_staged *staged, uint64_t history);
/* Sends it: copied. */
struct message *world_send(struct world *w, struct mls_bytes data, uint64_t history);
/* Sends and frees it. */
struct message *world_send_output(struct world *w, struct mls_output *output, uint64_t history);
/* The n-th last message, or an empty one. */
struct message *world_message(struct world *w, uint8_t n);

#endif
