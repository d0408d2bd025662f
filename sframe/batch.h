/* What several frames are sealed or opened in at once: the memory that a provider's batches work in. */
#ifndef SFRAME_BATCH_H
#define SFRAME_BATCH_H

#include "suite.h"

/* What single frames and batches share is inline in both: a short frame's time would else be calls by a tenth. */
#define SFRAME_PER_FRAME __attribute__((always_inline)) static inline

struct sframe_batch {
    size_t size; /* of this memory, to wipe */
    const struct core_provider *provider;
    void *workspace; /* NULL: this provider has no batches */
};

/* sframe_batch_init over a given provider. */
SOTTO_MUST_CHECK int sframe_batch_init_with(const struct core_provider *provider, void *memory, size_t len,
                                            struct sframe_batch **batch);

/* The workspace for a sender's or receiver's AEAD; NULL if it is another provider's. */
static inline void *sframe_batch_workspace(const struct sframe_batch *batch, const struct sframe_crypto *crypto)
{
    return batch->provider == crypto->provider ? batch->workspace : NULL;
}

#endif
