/* The sessions as the HTTP side knows them: whose they are and how far their ICE and token have come.
 * Used by the HTTP thread alone. */
#ifndef SFU_REGISTRY_H
#define SFU_REGISTRY_H

#include "sfu/session.h"
#include "sotto/export.h"

enum { SFU_ETAG_MAX = 32 };

struct sfu_registered {
    bool used;
    char id[SFU_ID_MAX]; /* zeros behind its end, so that it can be compared in constant time */
    char room[SFU_ID_MAX];
    char pseudonym[SFU_ID_MAX];
    enum sfu_role role;
    struct sfu_media tagged; /* the section that carries the transport */
    char etag[SFU_ETAG_MAX]; /* of the current ICE session, without quotes */
    uint64_t token_expires_s;
    uint8_t fingerprint[SFU_FINGERPRINT_LEN]; /* of the client's certificate */
};

struct sfu_registry {
    struct sfu_registered *entries;
    size_t cap;
    size_t count;
    size_t next_to_visit;
};

/* Room for cap sessions, all of it at once. False without memory. */
SOTTO_MUST_CHECK bool sfu_registry_init(struct sfu_registry *registry, size_t cap);
void sfu_registry_wipe(struct sfu_registry *registry);

/* A new entry, zeroed; NULL if all are in use. Valid until it is removed. */
struct sfu_registered *sfu_registry_add(struct sfu_registry *registry);
void sfu_registry_remove(struct sfu_registry *registry, struct sfu_registered *entry);
/* By id, in a time that does not depend on how much of it is right: an id is hard to guess and must stay so. */
struct sfu_registered *sfu_registry_find(const struct sfu_registry *registry, const char *id);
/* The participant's session of this role, or NULL. */
struct sfu_registered *sfu_registry_find_participant(const struct sfu_registry *registry, const char *room,
                                                     const char *pseudonym, enum sfu_role role);
/* The entries one after the other, over and over; NULL if there are none. */
struct sfu_registered *sfu_registry_visit(struct sfu_registry *registry);

#endif
