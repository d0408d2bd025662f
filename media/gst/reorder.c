#include "reorder.h"

/* Sequence numbers; RFC 3550 appendix A.1 calls the first MAX_DROPOUT. What is so far behind is no late packet. */
enum { RESTART_AHEAD = 3000, RESTART_BEHIND = 1000 };

void reorder_init(struct reorder *r, GDestroyNotify destroy)
{
    *r = (struct reorder){.destroy = destroy};
}

static void drop_held(struct reorder *r)
{
    for (guint i = 0; r->waiting > 0 && i < REORDER_WINDOW_MAX; i++) {
        if (!r->slots[i])
            continue;
        r->destroy(r->slots[i]);
        r->slots[i] = NULL;
        r->waiting--;
    }
}

void reorder_reset(struct reorder *r)
{
    drop_held(r);
    r->started = FALSE;
    r->lost = 0;
}

static gpointer *slot(struct reorder *r, guint16 seq)
{
    return &r->slots[seq % REORDER_WINDOW_MAX];
}

/* Moves past one number that is missing. */
static void skip_one(struct reorder *r)
{
    r->next++;
    r->lost++;
}

void reorder_push(struct reorder *r, guint16 seq, gpointer packet)
{
    gint16 ahead = (gint16)(guint16)(seq - r->next);

    if (r->started && (ahead > RESTART_AHEAD || ahead < -RESTART_BEHIND)) {
        drop_held(r);
        r->lost++; /* nobody knows how many; what was begun is not continued */
        r->next = seq;
        ahead = 0;
    }
    if (!r->started) {
        r->started = TRUE;
        r->next = seq;
        ahead = 0;
    }
    if (ahead < 0 || (ahead < REORDER_WINDOW_MAX && *slot(r, seq))) {
        r->late++;
        r->destroy(packet);
        return;
    }
    if (ahead >= REORDER_WINDOW_MAX) {
        /* further than anything can wait */
        drop_held(r);
        r->lost += (guint16)ahead;
        r->next = seq;
    }
    *slot(r, seq) = packet;
    r->waiting++;
}

gpointer reorder_pop(struct reorder *r, gboolean drain, guint *lost)
{
    gpointer packet;

    if (r->waiting == 0)
        return NULL;
    /* more packets wait behind a missing one than the window allows */
    while (!*slot(r, r->next) && (drain || r->waiting > r->window))
        skip_one(r);
    packet = *slot(r, r->next);
    if (!packet)
        return NULL;
    *slot(r, r->next) = NULL;
    r->waiting--;
    r->next++;
    *lost = r->lost;
    r->lost = 0;
    return packet;
}
