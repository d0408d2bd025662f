#include "clock.h"

enum {
    DRIFT_PER_MS = 1000,        /* two clocks drift apart by 1 ms in so many, at most */
    AHEAD_MAX_S = 1 << 30,      /* a clock that is further off is a lie */
    ROUND_TRIP_MAX_MS = 600000, /* an echo that took longer proves nothing worth knowing */
};

/* --- What is known --- */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What held some time ago holds less exactly now. */
static void widen(struct call_clock *clock, uint64_t now_ms)
{
    const uint64_t drift = (now_ms - clock->at_ms) / DRIFT_PER_MS;
    clock->at_ms += drift * DRIFT_PER_MS;
    clock->low_ms -= (int64_t)drift;
    clock->high_ms += (int64_t)drift;
}

/* There and back, without the time between: how long a heartbeat of this client's and the one that gives it back took
 * together; UINT32_MAX: none was given back. */
static uint32_t round_trip_ms(const struct call *call, const struct call_heartbeat *heartbeat)
{
    const uint32_t self = mls_group_own_leaf(call->group);
    for (size_t i = 0; i < heartbeat->echo_count; i++) {
        const struct call_echo *echo = &heartbeat->echoes[i];
        const uint32_t since = (uint32_t)call->now.ms - echo->time_ms;
        if (echo->leaf == self && since >= echo->delay_ms && since - echo->delay_ms <= ROUND_TRIP_MAX_MS)
            return since - echo->delay_ms;
    }
    return UINT32_MAX;
}

/* The message took no less than no time, so the clock is this far ahead at least; and the echoed one took no less than
 * that either, so it is no further ahead than there and back took. */
static void narrow(struct call_clock *clock, int64_t low_ms, uint32_t round_trip, uint64_t now_ms)
{
    const bool echoed = round_trip != UINT32_MAX;
    const int64_t high_ms = echoed ? low_ms + round_trip : 0;
    struct call_clock made = *clock;
    made.low_ms = clock->known ? larger(clock->low_ms, low_ms) : low_ms;
    if (echoed)
        made.high_ms = clock->bounded ? smaller(clock->high_ms, high_ms) : high_ms;
    made.bounded |= echoed;
    /* one of the clocks has jumped: what was known is of no use */
    if (made.bounded && made.low_ms > made.high_ms) {
        made.low_ms = low_ms;
        made.high_ms = high_ms;
        made.bounded = echoed;
    }
    made.known = true;
    made.at_ms = clock->known ? clock->at_ms : now_ms;
    *clock = made;
}

/* --- Telling --- */

/* Whether there and back takes so long that what the sender says is no sign that it is there now. */
static bool is_far(const struct call *call, const struct call_clock *clock)
{
    return clock->bounded && clock->high_ms - clock->low_ms > (int64_t)call_interval_ms(call);
}

/* By which frames are judged. None should be older than it seems, so it is the bound further ahead; but while the
 * server is merely slow, none may seem older than it is by more than the slack. */
static int64_t estimate_ms(const struct call *call, const struct call_clock *clock)
{
    if (!clock->bounded)
        return clock->low_ms;
    return is_far(call, clock) ? clock->high_ms : smaller(clock->high_ms, clock->low_ms + CALL_CLOCK_SLACK_MS);
}

static void tell(struct call *call, uint32_t leaf, struct call_clock *clock)
{
    struct call_event *event = call_event_push(call, CALL_EVENT_CLOCK, (struct mls_bytes){0}, (struct mls_bytes){0});
    clock->told = true;
    clock->told_ms = estimate_ms(call, clock);
    event->epoch = mls_group_epoch(call->group);
    event->leaf = leaf;
    event->clock_ahead_ms = clock->told_ms;
}

void call_clock_heard(struct call *call, uint32_t leaf, struct call_peer *peer, const struct call_heartbeat *heartbeat)
{
    struct call_clock *clock = &peer->clock;
    const int64_t low_ms = (int64_t)(heartbeat->time_ms - call->now.ms);
    if (low_ms > (int64_t)AHEAD_MAX_S * 1000 || low_ms < -(int64_t)AHEAD_MAX_S * 1000)
        return;
    if (clock->known)
        widen(clock, call->now.ms);
    narrow(clock, low_ms, round_trip_ms(call, heartbeat), call->now.ms);
    const int64_t change = estimate_ms(call, clock) - clock->told_ms;
    if (!clock->told || change >= CALL_CLOCK_NEWS_MS || change <= -CALL_CLOCK_NEWS_MS)
        tell(call, leaf, clock);
}

void call_clock_epoch(struct call *call)
{
    for (uint32_t i = 0; i < call->roster.count; i++)
        if (call->roster.peers[i].present && call->roster.peers[i].clock.known)
            tell(call, i, &call->roster.peers[i].clock);
}

uint64_t call_clock_age_ms(const struct call *call, const struct call_peer *peer, uint64_t time_ms)
{
    const struct call_clock *clock = &peer->clock;
    const uint64_t their_now = call->now.ms + (clock->known ? (uint64_t)estimate_ms(call, clock) : 0);
    return clock->known && their_now > time_ms ? their_now - time_ms : 0;
}

bool call_clock_is_fresh(const struct call *call, const struct call_peer *peer, const struct call_heartbeat *heartbeat)
{
    const struct call_clock *clock = &peer->clock;
    const int64_t age_ms = clock->low_ms - (int64_t)(heartbeat->time_ms - call->now.ms); /* at least */
    return clock->known && age_ms <= CALL_INTERVALS_LOST * (int64_t)call_interval_ms(call) && !is_far(call, clock);
}
