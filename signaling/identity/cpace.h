/* CPace (draft-irtf-cfrg-cpace, suite CPACE-RISTR255-SHA512), initiator and responder: a strong key from a short code.
 * Who does not know the code learns, from a run with either, whether one guess is right, and nothing else. */
#ifndef IDENTITY_CPACE_H
#define IDENTITY_CPACE_H

#include "core/provider.h"
#include "core/ristretto255.h"

enum {
    CPACE_SHARE_LEN = CORE_RISTRETTO255_LEN,
    CPACE_ISK_LEN = 64,
    CPACE_TAG_LEN = 64,
};

/* What both sides have to agree on. */
struct cpace_inputs {
    struct core_slice code;    /* PRS */
    struct core_slice channel; /* CI */
    struct core_slice sid;
};

/* One side's part: the share it sends, with its associated data. */
struct cpace_part {
    uint8_t share[CPACE_SHARE_LEN];
    struct core_slice ad;
};

/* Draws a scalar (secret: wipe it) and computes the share of it. */
SOTTO_MUST_CHECK bool cpace_start(const struct cpace_inputs *inputs, uint8_t scalar[CORE_RISTRETTO255_LEN],
                                  uint8_t share[CPACE_SHARE_LEN]);
/* The share of a scalar. */
SOTTO_MUST_CHECK bool cpace_share(const struct cpace_inputs *inputs, const uint8_t scalar[CORE_RISTRETTO255_LEN],
                                  uint8_t share[CPACE_SHARE_LEN]);
/* The intermediate session key. peer: the other's share. a: the initiator's part, b: the responder's. False if the
 * other's share is none. */
SOTTO_MUST_CHECK bool cpace_isk(struct core_slice sid, const uint8_t scalar[CORE_RISTRETTO255_LEN],
                                const uint8_t peer[CPACE_SHARE_LEN], const struct cpace_part *a,
                                const struct cpace_part *b, uint8_t isk[CPACE_ISK_LEN]);
/* The tag with which the sender of a part confirms the key. */
SOTTO_MUST_CHECK bool cpace_tag(struct core_slice sid, const uint8_t isk[CPACE_ISK_LEN], const struct cpace_part *part,
                                uint8_t tag[CPACE_TAG_LEN]);

#endif
