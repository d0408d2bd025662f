/* Commits that this client makes: what is wanted, whose turn it is, and one on its way. (What goes into one:
 * propose.c.) */
#include "core/secret.h"
#include "parts.h"

/* --- One on its way --- */

void call_commits_forget_own(struct call *call)
{
    struct call_commits *commits = &call->commits;
    mls_staged_free(commits->staged);
    commits->staged = NULL;
    commits->rotating = false;
    mls_output_free(&commits->box);
    mls_output_free(&commits->welcome);
    mls_output_free(&commits->info);
    call_append_forget(call);
}

void call_commits_wipe(struct call *call)
{
    struct call_commits *commits = &call->commits;
    call_commits_forget_own(call);
    for (size_t i = 0; i < commits->add_count; i++)
        mls_output_free(&commits->adds[i].package);
    const struct call_wishes wishes = commits->wishes;
    core_wipe(commits, sizeof *commits);
    commits->wishes = wishes;
}

void call_wishes_wipe(struct call *call)
{
    mls_output_free(&call->commits.wishes.revocations);
    call->commits.wishes = (struct call_wishes){0};
}

static void append(struct call *call)
{
    const struct call_commits *commits = &call->commits;
    call_send_append(call, commits->append_id, commits->box, commits->welcome, commits->info);
}

void call_commits_append_timer(struct call *call)
{
    if (call->phase == CALL_PHASE_FOUNDING || call->phase == CALL_PHASE_ENTERING)
        call_joining_append(call);
    else if (call->commits.staged)
        append(call); /* the same bytes under the same id: it is stored once */
}

void call_commits_connected(struct call *call)
{
    if (call->phase == CALL_PHASE_MEMBER && call->commits.staged)
        append(call);
}

bool call_commits_own_entry(struct call *call, struct mls_bytes box)
{
    struct call_commits *commits = &call->commits;
    if (!commits->staged || !call_same(box.data, box.len, commits->box.data, commits->box.len))
        return false;
    struct mls_staged *staged = commits->staged;
    commits->staged = NULL;
    if (call_merge(call, staged) != MLS_OK) {
        mls_staged_free(staged);
        call_commits_forget_own(call);
    }
    return true;
}

/* --- Whose turn --- */

static bool is_candidate(const struct call *call, uint32_t leaf)
{
    const struct call_peer *peer = call_peer(call, leaf);
    return peer && !peer->lost && !peer->leaving && !peer->revoked &&
           !call_kicks_name(call, peer->certificate.user_id) &&
           (call->roster.members < 3 || !call_committed_last(call->group, leaf));
}

/* The leaf's place in an order that nobody chooses: a PRF of the epoch's. */
static bool order_of(const struct core_hmac_key *key, uint32_t leaf, uint64_t *order)
{
    uint8_t encoded[4];
    uint8_t mac[CORE_HASH_MAX];
    struct bytes_writer w;
    struct bytes_reader r;
    bytes_writer_init(&w, encoded, sizeof encoded);
    bytes_write_u32(&w, leaf);
    const struct core_slice part = {encoded, sizeof encoded};
    if (!core_libcrypto_sha256.hmac(key, &part, 1, mac))
        return false;
    bytes_reader_init(&r, mac, sizeof mac);
    *order = bytes_read_u64(&r);
    return true;
}

uint32_t call_commits_rank(const struct call *call)
{
    static const char label[] = "sotto committer rank";
    struct core_hmac_key key;
    uint8_t secret[32];
    uint64_t own = 0;
    uint64_t other = 0;
    uint32_t rank = 0;
    const uint32_t self = mls_group_own_leaf(call->group);
    if (mls_group_export(call->group, (struct mls_bytes){(const uint8_t *)label, sizeof label - 1},
                         (struct mls_bytes){0}, secret, sizeof secret) != MLS_OK ||
        !core_libcrypto_sha256.hmac_init(&key, secret, sizeof secret) || !order_of(&key, self, &own))
        rank = call->roster.members;
    else
        for (uint32_t i = 0; i < call->roster.count; i++)
            if (i != self && is_candidate(call, i) && order_of(&key, i, &other) && other < own)
                rank++;
    core_wipe(&key, sizeof key);
    core_wipe(secret, sizeof secret);
    return rank;
}

/* --- What is wanted --- */

static bool has_work(const struct call *call)
{
    const struct call_commits *commits = &call->commits;
    bool work = commits->wishes.kick || commits->wishes.rotate || commits->wishes.lock_wanted || commits->turn ||
                commits->wishes.revocations.len > 0 || (call->contact.accepted && call->roster.lost > 0);
    for (size_t i = 0; i < commits->add_count; i++)
        work |= commits->adds[i].admitted;
    for (uint32_t i = 0; i < call->roster.count; i++)
        work |= call->roster.peers[i].present && !call_is_self(call, i) &&
                (call->roster.peers[i].leaving || call->roster.peers[i].revoked);
    return work;
}

static bool may_commit(const struct call *call)
{
    return call->phase == CALL_PHASE_MEMBER &&
           (call->contact.confirmed || call->contact.accepted || call_contact_earlier(call) ||
            call_contact_eldest(call)) &&
           call_log_caught_up(call) && !call->commits.staged &&
           (call->commits.wishes.kick || call->now.ms >= call->commits.deferred_until);
}

void call_commits_want(struct call *call, bool at_once)
{
    const uint64_t due =
        call->now.ms + (at_once ? 0 : CALL_BATCH_MS + (uint64_t)CALL_BACKOFF_MS * call_commits_rank(call));
    if (call->timers[CALL_TIMER_COMMIT] > due)
        call->timers[CALL_TIMER_COMMIT] = due;
}

void call_commits_timer(struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER || !has_work(call) || call->commits.staged)
        return;
    if (!may_commit(call)) {
        call_timer_set(call, CALL_TIMER_COMMIT, CALL_BACKOFF_MS);
        return;
    }
    if (call_propose(call)) {
        call_keep(call); /* before it leaves: who dies now knows it again when it comes back */
        append(call);
    } else if (has_work(call)) { /* not this client's to do now */
        call_timer_set(call, CALL_TIMER_COMMIT, CALL_TICK_MS);
    }
}

/* --- Turns --- */

static uint64_t spacing_ms(const struct call *call)
{
    const uint64_t spacing = CALL_TURN_ROUND_MS / (call->roster.members ? call->roster.members : 1);
    return spacing < CALL_TURN_MIN_MS ? CALL_TURN_MIN_MS : spacing > CALL_TURN_MAX_MS ? CALL_TURN_MAX_MS : spacing;
}

bool call_goes_before(const struct call *call, uint32_t a, uint32_t b)
{
    const struct call_peer *first = call_peer(call, a);
    const struct call_peer *second = call_peer(call, b);
    if (first->committed != second->committed)
        return !first->committed;
    if (first->leaf_epoch != second->leaf_epoch)
        return first->leaf_epoch < second->leaf_epoch;
    return a < b;
}

void call_commits_plan_turn(struct call *call)
{
    const uint32_t self = mls_group_own_leaf(call->group);
    uint64_t place = 0;
    call_timer_stop(call, CALL_TIMER_TURN);
    if (call->roster.members < 2 || !is_candidate(call, self))
        return;
    for (uint32_t i = 0; i < call->roster.count; i++)
        place += i != self && is_candidate(call, i) && call_goes_before(call, i, self);
    const uint64_t due = call->commits.last_turn_ms + spacing_ms(call) + place * CALL_TURN_BACKOFF_MS;
    call->timers[CALL_TIMER_TURN] = due > call->now.ms ? due : call->now.ms;
}

void call_commits_turn_timer(struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return;
    if (!may_commit(call)) {
        call_timer_set(call, CALL_TIMER_TURN, CALL_TURN_BACKOFF_MS);
        return;
    }
    call->commits.turn = true;
    call_commits_want(call, true);
}

/* --- After a commit --- */

static void forget_add(struct call_commits *commits, size_t i)
{
    mls_output_free(&commits->adds[i].package);
    commits->add_count--;
    memmove(&commits->adds[i], &commits->adds[i + 1], (commits->add_count - i) * sizeof commits->adds[0]);
}

static bool is_in(const struct call *call, const uint8_t *nonce)
{
    for (uint32_t i = 0; i < call->roster.count; i++)
        if (call->roster.peers[i].present && memcmp(call->roster.peers[i].nonce, nonce, CALL_NONCE_LEN) == 0)
            return true;
    return false;
}

static void forget_what_is_done(struct call *call, const struct call_change *change)
{
    struct call_commits *commits = &call->commits;
    for (size_t i = commits->add_count; i-- > 0;)
        if (is_in(call, commits->adds[i].nonce) || call_add_is_old(call, &commits->adds[i]) || change->rotates ||
            call->now.ms - commits->adds[i].since_ms > CALL_KEYS_MAX_MS)
            forget_add(commits, i);
    if (commits->wishes.kick && !call_user_present(call, commits->wishes.kicked)) {
        commits->wishes.kick = false;
        commits->wishes.rotate = true; /* also where they went before it: their link is to be of no use */
    }
    if (change->rotates)
        commits->wishes.rotate = false;
    if (commits->wishes.lock_wanted && call->params.locked == commits->wishes.lock_value)
        commits->wishes.lock_wanted = false;
    if (commits->wishes.revocations.len > 0 && call_revocations_known(call, call_bytes(commits->wishes.revocations)))
        mls_output_free(&commits->wishes.revocations);
    commits->turn = false;
    /* of those who wait, somebody has taken some: a few look whether any are left */
    if (commits->waiting && change->adds && call_commits_rank(call) >= CALL_LOOK_AGAIN)
        commits->waiting = false;
}

void call_commits_merged(struct call *call, const struct call_change *change, bool own)
{
    struct call_commits *commits = &call->commits;
    call_commits_forget_own(call); /* it was merged, or it is of an epoch that is over */
    commits->suspected = false;
    forget_what_is_done(call, change);
    if (change->pure || commits->last_turn_ms == 0)
        commits->last_turn_ms = call->now.ms;
    call_commits_plan_turn(call);
    call_timer_stop(call, CALL_TIMER_COMMIT);
    call_timer_stop(call, CALL_TIMER_TAKE);
    call_commits_waiting(call, commits->waiting);
    if (has_work(call))
        call_commits_want(call, !own && (commits->wishes.kick || commits->add_count > 0));
}

/* --- Newcomers' key packages --- */

void call_commits_waiting(struct call *call, uint16_t waiting)
{
    if (waiting == 0)
        return;
    call->commits.waiting = true;
    if (call->phase != CALL_PHASE_MEMBER)
        return; /* once it is one */
    const uint64_t due = call->now.ms + CALL_BATCH_MS + (uint64_t)CALL_BACKOFF_MS * call_commits_rank(call);
    if (call->timers[CALL_TIMER_TAKE] > due)
        call->timers[CALL_TIMER_TAKE] = due;
}

void call_commits_take_timer(struct call *call)
{
    struct call_commits *commits = &call->commits;
    if (call->phase != CALL_PHASE_MEMBER || !commits->waiting || commits->taking)
        return;
    if (!may_commit(call) || !is_candidate(call, mls_group_own_leaf(call->group))) {
        call_timer_set(call, CALL_TIMER_TAKE, CALL_TICK_MS);
        return;
    }
    commits->waiting = false;
    commits->taking = true;
    call_send_take(call);
}

void call_commits_packages(struct call *call, const struct wire_key_packages *packages)
{
    struct bytes_reader r = wire_walk(packages->list);
    struct wire_key_package package;
    if (call->phase != CALL_PHASE_MEMBER)
        return;
    while (wire_key_package_next(&r, &package))
        call_take_package(call, (struct mls_bytes){package.key_package.data, package.key_package.len});
    if (packages->waiting > 0)
        call_commits_waiting(call, packages->waiting);
    if (has_work(call))
        call_commits_want(call, true); /* they were gathered while they waited */
}
