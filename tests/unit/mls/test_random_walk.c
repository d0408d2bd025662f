/* A group's life at random, over a delivery service that puts commits in one order and loses what it likes: members
 * come, go, lag, race and return; proposals get lost; messages arrive in any order. After each epoch the members that
 * followed agree, and nobody who was removed opens anything. Now and then a member is saved and goes on as what was
 * loaded, also between staging a commit and merging it. A message that crosses a commit is opened after it.
 *
 * SOTTO_MLS_WALK=STEPS[,SEED[,MEMBERS]] walks longer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "unit.h"

enum { SLOTS_MAX = 64, GHOSTS = 8, BATCH = 3 };

struct slot {
    struct party party;
    bool used;   /* in the group */
    bool lags;   /* missed something: has to resync */
    bool misses; /* did not hear a proposal that may be committed */
};

static struct {
    struct slot slots[SLOTS_MAX];
    size_t slot_count;
    struct mls_group *ghosts[GHOSTS]; /* groups as removed members left them */
    size_t ghost_count;
    uint64_t random;
    uint64_t names;
    size_t epochs;
    size_t resyncs;
    size_t races;
    size_t refused;
    size_t reloads;
    size_t late;
} walk;

static size_t dice(size_t sides)
{
    return (size_t)(unit_random(&walk.random) % sides);
}

static bool live(const struct slot *slot)
{
    return slot->used && !slot->lags;
}

static size_t count_live(void)
{
    size_t n = 0;
    for (size_t i = 0; i < walk.slot_count; i++)
        n += live(&walk.slots[i]);
    return n;
}

/* The member now and then goes on as what was saved of it. */
static void maybe_reload(struct slot *slot, struct mls_staged **staged)
{
    if (dice(8) != 0)
        return;
    party_reload(&slot->party, staged);
    walk.reloads++;
}

/* A live member; there is always one. */
static struct slot *any_live(void)
{
    size_t n = dice(count_live());
    for (size_t i = 0;; i++)
        if (live(&walk.slots[i]) && n-- == 0)
            return &walk.slots[i];
}

static struct slot *free_slot(void)
{
    for (size_t i = 0; i < walk.slot_count; i++)
        if (!walk.slots[i].used && !walk.slots[i].party.name[0])
            return &walk.slots[i];
    return NULL;
}

static void name_party(struct slot *slot)
{
    char name[32];
    snprintf(name, sizeof name, "member %llu", (unsigned long long)walk.names++);
    party_init(&slot->party, name, 1);
}

static void empty(struct slot *slot)
{
    party_wipe(&slot->party);
    *slot = (struct slot){0};
}

static struct slot *slot_at(const struct party *seen_by, uint32_t leaf)
{
    struct mls_member member;
    if (mls_group_member(seen_by->group, leaf, &member) != MLS_OK)
        return NULL;
    for (size_t i = 0; i < walk.slot_count; i++)
        if (walk.slots[i].used && strlen(walk.slots[i].party.name) == member.credential.len &&
            memcmp(walk.slots[i].party.name, member.credential.data, member.credential.len) == 0)
            return &walk.slots[i];
    return NULL;
}

/* Who was removed, without having heard of it, goes on trying. */
static void haunt(struct slot *slot)
{
    struct mls_group **place = &walk.ghosts[walk.ghost_count++ % GHOSTS];
    mls_group_free(*place);
    *place = slot->party.group;
    slot->party.group = NULL;
    empty(slot);
}

/* --- Checking --- */

static void check_epoch(struct party *committer)
{
    struct mls_output message = {0};
    walk.epochs++;
    CU_ASSERT_EQUAL_FATAL(mls_group_seal(committer->group, NULL, party_text("secret"), &message), MLS_OK);
    for (size_t i = 0; i < walk.slot_count; i++) {
        struct slot *slot = &walk.slots[i];
        if (!live(slot) || &slot->party == committer)
            continue;
        CU_ASSERT_TRUE_FATAL(party_agrees(committer, &slot->party));
        CU_ASSERT_EQUAL_FATAL(party_receive(&slot->party, party_bytes(message)), MLS_OK);
    }
    for (size_t i = 0; i < GHOSTS; i++) {
        struct party ghost = {.group = walk.ghosts[i]};
        CU_ASSERT_TRUE_FATAL(!ghost.group || party_receive(&ghost, party_bytes(message)) != MLS_OK);
    }
    mls_output_free(&message);
}

/* --- Delivering --- */

/* What the commit does to who is in the group. Removed members are told only sometimes. */
static void note_removals(const struct mls_commit_info *info, const struct party *seen_by)
{
    for (size_t i = 0; i < info->proposal_count; i++) {
        if (info->proposals[i].type != MLS_PROPOSAL_REMOVE)
            continue;
        struct slot *slot = slot_at(seen_by, info->proposals[i].removed);
        if (slot && &slot->party != seen_by)
            haunt(slot);
    }
}

/* As party_receive(), between whose halves the member may be saved and loaded. */
static int follow(struct slot *slot, struct mls_bytes commit)
{
    struct mls_received received = {0};
    maybe_reload(slot, NULL);
    int rc = mls_group_process(slot->party.group, commit, PARTY_NOW_S, &received);
    if (rc != MLS_OK)
        return rc;
    maybe_reload(slot, &received.staged);
    mls_group_keep_past(slot->party.group, true);
    rc = mls_group_merge(slot->party.group, received.staged);
    if (rc == MLS_OK)
        received.staged = NULL;
    mls_received_free(&received);
    return rc;
}

static void deliver(const struct party *from, struct mls_bytes commit)
{
    for (size_t i = 0; i < walk.slot_count; i++) {
        struct slot *slot = &walk.slots[i];
        if (!live(slot) || &slot->party == from)
            continue;
        if (dice(50) == 0) { /* lost on the way */
            slot->lags = true;
            continue;
        }
        int rc = follow(slot, commit);
        slot->lags = rc == MLS_PROPOSAL_UNKNOWN && slot->misses;
        CU_ASSERT_TRUE_FATAL(rc == MLS_OK || slot->lags);
    }
    for (size_t i = 0; i < walk.slot_count; i++)
        walk.slots[i].misses = false;
}

/* The staged commit wins. */
static void win(struct slot *slot, struct mls_staged *staged)
{
    struct mls_output commit = {0};
    struct mls_output welcome = {0};
    maybe_reload(slot, &staged);
    mls_group_keep_past(slot->party.group, true);
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_message(staged)), &commit), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_welcome(staged)), &welcome), MLS_OK);
    note_removals(mls_staged_info(staged), &slot->party);
    CU_ASSERT_EQUAL_FATAL(mls_group_merge(slot->party.group, staged), MLS_OK);
    deliver(&slot->party, party_bytes(commit));
    /* who was invited joins; the Welcome is for all of them */
    for (size_t i = 0; i < walk.slot_count; i++) {
        struct slot *newcomer = &walk.slots[i];
        if (!newcomer->used && newcomer->party.name[0] && welcome.len &&
            party_join(&newcomer->party, party_bytes(welcome)) == MLS_OK)
            newcomer->used = true;
    }
    mls_output_free(&commit);
    mls_output_free(&welcome);
    check_epoch(&slot->party);
}

/* --- Steps --- */

/* Who waits to be added, and was not, goes. */
static void drop_waiting(void)
{
    for (size_t i = 0; i < walk.slot_count; i++)
        if (!walk.slots[i].used && walk.slots[i].party.name[0])
            empty(&walk.slots[i]);
}

static size_t propose_some(const struct slot *committer, struct mls_proposal_config *proposals)
{
    size_t n = 0;
    for (size_t adds = dice(BATCH + 1); adds > 0; adds--) {
        struct slot *newcomer = free_slot();
        if (!newcomer)
            break;
        name_party(newcomer);
        proposals[n++] = party_add(&newcomer->party);
    }
    const uint32_t leaf = (uint32_t)dice(mls_group_leaves(committer->party.group));
    struct mls_member member;
    if (dice(3) == 0 && leaf != mls_group_own_leaf(committer->party.group) &&
        mls_group_member(committer->party.group, leaf, &member) == MLS_OK && count_live() > 3)
        proposals[n++] = party_remove(leaf);
    if (dice(4) == 0)
        proposals[n++] = (struct mls_proposal_config){
            .type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = mls_group_epoch(committer->party.group)};
    return n;
}

/* A message that crossed a commit: opened by all who were there before it, unless the commit removed its sender. */
static void hear_late(struct mls_output *late, uint64_t epoch, const struct slot *sender)
{
    for (size_t i = 0; i < walk.slot_count; i++) {
        struct slot *slot = &walk.slots[i];
        if (!live(slot))
            continue;
        const bool was_there = mls_past_is(&slot->party.group->past, epoch);
        int rc = party_receive(&slot->party, party_bytes(*late));
        CU_ASSERT_EQUAL_FATAL(rc, !was_there       ? MLS_EPOCH
                                  : slot == sender ? MLS_OWN_MESSAGE
                                  : !sender->used  ? MLS_LEAF
                                                   : MLS_OK);
        walk.late += rc == MLS_OK;
    }
    mls_output_free(late);
}

static void step_commit(void)
{
    struct slot *committer = any_live();
    struct mls_proposal_config proposals[BATCH + 2];
    const size_t count = propose_some(committer, proposals);
    struct mls_commit_config config = {.framing.is_public = dice(2) == 0,
                                       .proposals = proposals,
                                       .proposal_count = count,
                                       .without_path = dice(4) == 0,
                                       .without_received = count > 0,
                                       .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(committer->party.group, &config, &staged), MLS_OK);
    struct slot *rival = any_live();
    struct mls_staged *lost = NULL;
    if (rival != committer && dice(4) == 0) {
        int rc = MLS_OK;
        lost = party_commit(&rival->party, NULL, 0, &rc);
        CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
        walk.races++;
    }
    struct mls_output lost_message = {0};
    if (lost) {
        CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_message(lost)), &lost_message), MLS_OK);
        mls_staged_free(lost);
    }
    struct slot *sender = any_live();
    const uint64_t epoch = mls_group_epoch(sender->party.group);
    struct mls_output late = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_seal(sender->party.group, NULL, party_text("late"), &late), MLS_OK);
    win(committer, staged);
    hear_late(&late, epoch, sender);
    drop_waiting();
    if (lost_message.len) {
        CU_ASSERT_NOT_EQUAL_FATAL(party_receive(&any_live()->party, party_bytes(lost_message)), MLS_OK);
        walk.refused++;
    }
    mls_output_free(&lost_message);
}

/* Updates by reference, which some do not hear. */
static void step_proposals(void)
{
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    for (size_t n = 1 + dice(3); n > 0; n--) {
        struct slot *sender = any_live();
        struct mls_output message = {0};
        CU_ASSERT_EQUAL_FATAL(mls_group_propose(sender->party.group, NULL, &update, PARTY_NOW_S, &message), MLS_OK);
        for (size_t i = 0; i < walk.slot_count; i++) {
            struct slot *slot = &walk.slots[i];
            if (!live(slot) || slot == sender)
                continue;
            const bool lost = dice(40) == 0;
            slot->misses = slot->misses || lost;
            CU_ASSERT_TRUE_FATAL(lost || party_receive(&slot->party, party_bytes(message)) == MLS_OK);
            maybe_reload(slot, NULL);
        }
        mls_output_free(&message);
    }
    struct slot *committer = any_live();
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&committer->party, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    win(committer, staged);
}

/* The slot joins from outside, in the place of its old leaf if it has one. */
static void join_from_outside(struct slot *slot)
{
    struct slot *host = any_live();
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *group = NULL;
    struct mls_external_config config = {.join = {.policy = slot->party.policy, .now_s = PARTY_NOW_S},
                                         .leaf = slot->party.leaf};
    for (uint32_t leaf = 0; slot->used && leaf < mls_group_leaves(host->party.group); leaf++)
        if (slot_at(&host->party, leaf) == slot) {
            config.resync = true;
            config.old_leaf = leaf;
        }
    CU_ASSERT_EQUAL_FATAL(mls_group_info(host->party.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_join_external(party_bytes(info), &config, &group, &commit), MLS_OK);
    deliver(&slot->party, party_bytes(commit));
    mls_group_free(slot->party.group);
    slot->party.group = group;
    slot->used = true;
    slot->lags = false;
    slot->misses = false;
    mls_output_free(&info);
    mls_output_free(&commit);
    check_epoch(&slot->party);
}

static void step_resync(void)
{
    for (size_t i = 0; i < walk.slot_count; i++)
        if (walk.slots[i].used && walk.slots[i].lags) {
            join_from_outside(&walk.slots[i]);
            walk.resyncs++;
            return;
        }
    struct slot *newcomer = free_slot();
    if (newcomer) {
        name_party(newcomer);
        join_from_outside(newcomer);
    }
}

/* Messages of several, opened in another order. */
static void step_messages(void)
{
    enum { COUNT = 6 };
    struct mls_output messages[COUNT] = {{0}};
    struct slot *senders[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        senders[i] = any_live();
        maybe_reload(senders[i], NULL);
        CU_ASSERT_EQUAL_FATAL(mls_group_seal(senders[i]->party.group, NULL, party_text("hello"), &messages[i]), MLS_OK);
    }
    struct slot *reader = any_live();
    for (size_t i = COUNT; i-- > 0;) {
        CU_ASSERT_EQUAL_FATAL(party_receive(&reader->party, party_bytes(messages[i])),
                              senders[i] == reader ? MLS_OWN_MESSAGE : MLS_OK);
        maybe_reload(reader, NULL);
        CU_ASSERT_EQUAL_FATAL(party_receive(&reader->party, party_bytes(messages[i])),
                              senders[i] == reader ? MLS_OWN_MESSAGE : MLS_GENERATION_USED);
    }
    for (size_t i = 0; i < COUNT; i++)
        mls_output_free(&messages[i]);
}

static void step(void)
{
    switch (dice(8)) {
    case 0:
        step_proposals();
        break;
    case 1:
    case 2:
        step_resync();
        break;
    case 3:
        step_messages();
        break;
    default:
        step_commit();
        break;
    }
    /* the last one awake wakes the others */
    while (count_live() < 2)
        step_resync();
}

static void test_walk(void)
{
    unsigned long long steps = 150;
    unsigned long long seed = 20260101;
    unsigned long long members = 12;
    const char *longer = getenv("SOTTO_MLS_WALK");
    if (longer)
        sscanf(longer, "%llu,%llu,%llu", &steps, &seed, &members);
    walk.random = seed;
    walk.slot_count = members < 4 ? 4 : members > SLOTS_MAX ? SLOTS_MAX : (size_t)members;
    name_party(&walk.slots[0]);
    party_found(&walk.slots[0].party);
    walk.slots[0].used = true;
    step_resync();
    for (unsigned long long i = 0; i < steps; i++)
        step();
    /* all come back, and agree */
    for (bool lagging = true; lagging;) {
        lagging = false;
        for (size_t i = 0; i < walk.slot_count; i++)
            if (walk.slots[i].used && walk.slots[i].lags) {
                join_from_outside(&walk.slots[i]);
                lagging = true;
            }
    }
    check_epoch(&any_live()->party);
    printf("%zu epochs, %zu races, %zu resyncs, %zu reloads, %zu late messages, %zu members at the end\n", walk.epochs,
           walk.races, walk.resyncs, walk.reloads, walk.late, count_live());
    CU_ASSERT_TRUE(walk.epochs > steps / 2);
    CU_ASSERT_TRUE(walk.races > 0);
    CU_ASSERT_TRUE(walk.resyncs > 0);
    CU_ASSERT_TRUE(walk.reloads > 0);
    CU_ASSERT_TRUE(walk.late > 0);
    for (size_t i = 0; i < walk.slot_count; i++)
        empty(&walk.slots[i]);
    for (size_t i = 0; i < GHOSTS; i++)
        mls_group_free(walk.ghosts[i]);
}

static const struct unit_test tests[] = {
    {"members agree after every epoch, whatever was lost, raced and reordered", test_walk},
};

UNIT_MAIN("mls.random_walk", tests)
