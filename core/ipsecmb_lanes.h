/* Many HMACs at once: ipsec-mb hashes as many messages as a vector register has lanes. */
#ifndef CORE_IPSECMB_LANES_H
#define CORE_IPSECMB_LANES_H

#include "ctr_hmac.h"

/* An HMAC key as the library takes it: the hash states after the inner and the outer pad. Secret: wipe it. */
struct core_lanes_key {
    _Alignas(16) uint8_t inner[CORE_HASH_MAX];
    _Alignas(16) uint8_t outer[CORE_HASH_MAX];
};

struct core_lanes_mac {
    const struct core_lanes_key *key;
    struct core_ctr_hmac_message *message;
    uint8_t out[CORE_HASH_MAX]; /* the whole MAC. Secret: wipe it */
    bool done;                  /* false: to be made alone */
};

/* workspace_size and workspace_init of struct core_provider. */
size_t core_lanes_size(void);
SOTTO_MUST_CHECK bool core_lanes_init(void *workspace);

/* Makes those of up to CORE_BATCH_MAX MACs, all of one hash (of hash_len bytes), that are made sooner together than one
 * by one. */
void core_lanes_run(void *workspace, size_t hash_len, struct core_lanes_mac *macs, size_t count);

#endif
