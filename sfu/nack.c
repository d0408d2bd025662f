#include "nack.h"

bool sfu_nack_gap(struct sfu_nack *n, int64_t from, int64_t to, uint64_t now_us)
{
    if (to - from > (int64_t)(SFU_NACK_MAX - n->count)) {
        n->count = 0;
        return false;
    }
    for (int64_t seq = from; seq < to; seq++)
        n->missing[n->count++] = (struct sfu_missing){.seq = seq, .since_us = now_us, .due_us = now_us};
    return true;
}

/* Keeps the order, in which a NACK packs best. */
static void forget(struct sfu_nack *n, size_t index)
{
    n->count--;
    for (size_t i = index; i < n->count; i++)
        n->missing[i] = n->missing[i + 1];
}

void sfu_nack_received(struct sfu_nack *n, int64_t seq)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->missing[i].seq == seq) {
            forget(n, i);
            return;
        }
    }
}

size_t sfu_nack_collect(struct sfu_nack *n, uint64_t interval_us, uint64_t now_us, uint16_t *seqs, size_t cap)
{
    size_t count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n->count; i++) {
        struct sfu_missing m = n->missing[i];
        if (m.due_us <= now_us) {
            if (m.tries >= SFU_NACK_TRIES || now_us - m.since_us > SFU_NACK_AGE_US)
                continue;
            if (count < cap) {
                seqs[count++] = (uint16_t)(uint64_t)m.seq;
                m.tries++;
                m.due_us = now_us + interval_us;
            }
        }
        n->missing[kept++] = m;
    }
    n->count = kept;
    return count;
}

uint64_t sfu_nack_next_timeout(const struct sfu_nack *n)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < n->count; i++)
        if (n->missing[i].due_us < next)
            next = n->missing[i].due_us;
    return next;
}
