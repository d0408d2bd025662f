/* One session's ICE-lite agent (RFC 8445 section 2.5): it answers authenticated Binding requests, knows the selected
 * address, and keeps the time of the last consent (RFC 7675).
 *
 * Beyond what a lite agent must do it sends Binding requests of its own, challenges: to an address that a peer
 * nominates in mid-session, before media is sent there (otherwise any participant could turn its media on a third
 * party), and to a peer that has sent no check for long (libnice keeps its path alive by unauthenticated indications).
 */
#ifndef SFU_ICE_H
#define SFU_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/address.h"
#include "sfu/session.h"
#include "sfu/stun.h"
#include "sotto/export.h"

enum { SFU_ICE_CHALLENGE_US = 500000 }; /* between challenges: a check must not draw twice its bytes each time */

struct sfu_ice_credentials {
    char local_ufrag[SFU_UFRAG_MAX];
    char local_pwd[SFU_PWD_MAX];
    char remote_ufrag[SFU_UFRAG_MAX];
    char remote_pwd[SFU_PWD_MAX];
};

struct sfu_ice {
    struct sfu_ice_credentials credentials;
    struct sfu_address selected; /* family 0 until a check has succeeded */
    uint64_t consent_us; /* the last authenticated request from the selected address; at first, the session's start */
    uint64_t tie_breaker;
    struct sfu_address challenged; /* family 0: none */
    uint64_t challenged_us;
    uint8_t challenge[SFU_STUN_TRANSACTION];
};

enum sfu_ice_outcome {
    SFU_ICE_DROPPED,   /* not authentic, or nothing for us: no reply, nothing changed */
    SFU_ICE_REFUSED,   /* authentic, answered with an error; nothing changed */
    SFU_ICE_CHECKED,   /* authentic: the source is an address of this peer; consent renewed if it is the selected one */
    SFU_ICE_NOMINATED, /* as SFU_ICE_CHECKED, and the peer wishes to move here: to be challenged */
};

struct sfu_ice_reply {
    uint8_t data[SFU_STUN_REPLY_MAX];
    size_t len; /* never longer than the request; 0 for no reply */
};

/* The part of USERNAME before the colon, which names the session (RFC 8445 section 7.2.2). False if there is none. */
SOTTO_MUST_CHECK bool sfu_ice_local_ufrag(const struct sfu_stun *stun, const uint8_t **ufrag, size_t *ufrag_len);

/* False without random bytes. credentials is copied. */
SOTTO_MUST_CHECK bool sfu_ice_init(struct sfu_ice *ice, const struct sfu_ice_credentials *credentials, uint64_t now_us);
void sfu_ice_wipe(struct sfu_ice *ice);
/* New credentials for both sides (RFC 8445 section 9); the selected address stays until the peer nominates another. */
void sfu_ice_restart(struct sfu_ice *ice, const struct sfu_ice_credentials *credentials);

/* Handles a parsed request. Until settled the address that is nominated last is selected at once; after that it must
 * pass a challenge first. reply is always written. */
enum sfu_ice_outcome sfu_ice_request(struct sfu_ice *ice, const struct sfu_stun *stun, const struct sfu_address *from,
                                     bool settled, uint64_t now_us, struct sfu_ice_reply *reply);
/* Writes a challenge to an address that was nominated, or to the selected one to ask for consent. Returns its length; 0
 * if the last one was sent less than SFU_ICE_CHALLENGE_US ago, or if none can be made. */
size_t sfu_ice_challenge(struct sfu_ice *ice, const struct sfu_address *to, uint64_t now_us, uint8_t *out, size_t cap);
/* Handles a parsed response: true if it answers the challenge; the challenged address is now selected, and consent
 * renewed. */
SOTTO_MUST_CHECK bool sfu_ice_response(struct sfu_ice *ice, const struct sfu_stun *stun, const struct sfu_address *from,
                                       uint64_t now_us);

#endif
