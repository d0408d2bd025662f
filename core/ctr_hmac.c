#include "ctr_hmac.h"

#include <string.h>

#include "core/secret.h"

/* Joins the message: at its start while there is room, then as parts of their own. */
static void join(struct core_ctr_hmac_message *message, const uint8_t *data, size_t len)
{
    struct core_slice *start = &message->parts[0];
    message->len += len;
    if (message->count == 1) {
        const size_t room = sizeof message->start - start->len;
        const size_t n = len < room ? len : room;
        if (n > 0)
            memcpy(message->start + start->len, data, n);
        start->len += n;
        data += n;
        len -= n;
    }
    if (len > 0)
        message->parts[message->count++] = (struct core_slice){data, len};
}

bool core_ctr_hmac_begin(struct core_ctr_hmac_message *message, const uint8_t *nonce, const struct core_slice *aad,
                         size_t aad_count, const struct core_span *text, size_t text_count, size_t tag_len)
{
    if (aad_count + text_count + 1 > CORE_CTR_HMAC_PARTS)
        return false;
    core_ctr_hmac_put_prefix(message->start, core_slices_len(aad, aad_count), core_spans_len(text, text_count), tag_len,
                             nonce);
    message->parts[0] = (struct core_slice){message->start, CORE_CTR_HMAC_PREFIX};
    message->count = 1;
    message->len = CORE_CTR_HMAC_PREFIX;
    for (size_t i = 0; i < aad_count; i++)
        join(message, aad[i].data, aad[i].len);
    return true;
}

void core_ctr_hmac_add(struct core_ctr_hmac_message *message, const struct core_span *text, size_t text_count)
{
    for (size_t i = 0; i < text_count; i++)
        join(message, text[i].data, text[i].len);
}

bool core_ctr_hmac_make(const struct core_ctr_hmac *state, struct core_ctr_hmac_message *message, uint8_t *mac)
{
    const struct core_hash *hash = state->hash;
    return hash->hmac_short && message->len <= CORE_HMAC_SHORT_MAX
               ? hash->hmac_short(&state->key, message->start, message->len, mac)
               : hash->hmac(&state->key, message->parts, message->count, mac);
}

bool core_ctr_hmac_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                        const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)
{
    const struct core_ctr_hmac *s = state;
    struct core_ctr_hmac_message message;
    uint8_t mac[CORE_HASH_MAX];
    if (!core_ctr_hmac_can_tag(s->hash, tag_len) ||
        !core_ctr_hmac_begin(&message, nonce, aad, aad_count, text, text_count, tag_len) ||
        !s->crypt(s, nonce, text, text_count))
        return false;
    core_ctr_hmac_add(&message, text, text_count);
    if (!core_ctr_hmac_make(s, &message, mac))
        return false;
    memcpy(tag, mac, tag_len);
    core_wipe_inline(mac, sizeof mac);
    return true;
}

bool core_ctr_hmac_of(const struct core_aead_job *job, uint8_t *mac)
{
    struct core_ctr_hmac_message message;
    if (!core_ctr_hmac_begin(&message, job->nonce, job->aad, job->aad_count, job->text, job->text_count, job->tag_len))
        return false;
    core_ctr_hmac_add(&message, job->text, job->text_count);
    return core_ctr_hmac_make(job->state, &message, mac);
}

enum core_opened core_ctr_hmac_open(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                                    struct core_span text, const uint8_t *tag, size_t tag_len)
{
    const struct core_ctr_hmac *s = state;
    struct core_ctr_hmac_message message;
    uint8_t mac[CORE_HASH_MAX];
    if (!core_ctr_hmac_can_tag(s->hash, tag_len) ||
        !core_ctr_hmac_begin(&message, nonce, aad, aad_count, &text, 1, tag_len))
        return CORE_OPEN_FAILED;
    core_ctr_hmac_add(&message, &text, 1);
    if (!core_ctr_hmac_make(s, &message, mac))
        return CORE_OPEN_FAILED;
    bool genuine = core_equal(mac, tag, tag_len);
    core_wipe_inline(mac, sizeof mac); /* the right tag of a forged frame is a secret */
    if (!genuine)
        return CORE_OPEN_FORGED;
    if (s->crypt(s, nonce, &text, 1))
        return CORE_OPEN_OK;
    core_wipe(text.data, text.len);
    return CORE_OPEN_FAILED;
}
