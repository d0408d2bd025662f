#include "core/provider.h"

static void seal_each(const struct core_aead *aead, struct core_aead_job *jobs, size_t count)
{
    for (struct core_aead_job *job = jobs; job < jobs + count; job++)
        job->result = aead->seal(job->state, job->nonce, job->aad, job->aad_count, job->text, job->text_count, job->tag,
                                 job->tag_len)
                          ? CORE_OPEN_OK
                          : CORE_OPEN_FAILED;
}

static void open_each(const struct core_aead *aead, struct core_aead_job *jobs, size_t count)
{
    for (struct core_aead_job *job = jobs; job < jobs + count; job++)
        job->result =
            aead->open(job->state, job->nonce, job->aad, job->aad_count, job->text[0], job->expected, job->tag_len);
}

static size_t batch_of(size_t left)
{
    return left < CORE_BATCH_MAX ? left : CORE_BATCH_MAX;
}

void core_aead_seal_batch(const struct core_aead *aead, void *workspace, struct core_aead_job *jobs, size_t count)
{
    if (!aead->seal_batch || !workspace) {
        seal_each(aead, jobs, count);
        return;
    }
    for (size_t done = 0; done < count; done += CORE_BATCH_MAX)
        aead->seal_batch(workspace, jobs + done, batch_of(count - done));
}

void core_aead_open_batch(const struct core_aead *aead, void *workspace, struct core_aead_job *jobs, size_t count)
{
    if (!aead->open_batch || !workspace) {
        open_each(aead, jobs, count);
        return;
    }
    for (size_t done = 0; done < count; done += CORE_BATCH_MAX)
        aead->open_batch(workspace, jobs + done, batch_of(count - done));
}
