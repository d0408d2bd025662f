/* What the files of a client offer each other. */
#ifndef CALL_PARTS_H
#define CALL_PARTS_H

#include "state.h"

static inline struct mls_bytes call_bytes(struct mls_output output)
{
    return (struct mls_bytes){output.data, output.len};
}
static inline bool call_same(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}
static inline void call_timer_set(struct call *call, enum call_timer timer, uint64_t delay_ms)
{
    call->timers[timer] = call->now.ms + delay_ms;
}
static inline void call_timer_stop(struct call *call, enum call_timer timer)
{
    call->timers[timer] = CALL_NEVER;
}
/* 0 to below - 1, at random; 0 if there is no randomness. */
uint64_t call_random_below(uint64_t below);
void call_set_phase(struct call *call, enum call_phase phase);
/* Whether the log is followed as a member of the group: in it, or on the way back. */
static inline bool call_follows(const struct call *call)
{
    return call->phase == CALL_PHASE_MEMBER || call->phase == CALL_PHASE_RETURNING;
}
/* Out of the group: its keys, what was on its way, and what the device keeps of it, are gone. */
void call_drop_group(struct call *call);
/* Nothing can be opened with this link any more. */
void call_link_is_old(struct call *call);
/* The end. */
void call_end(struct call *call);

int call_token_set(struct call *call, const uint8_t *token, size_t token_len);

/* events.c: an event to be filled in; its data is copied. */
struct call_event *call_event_push(struct call *call, enum call_event_type type, struct mls_bytes data,
                                   struct mls_bytes leaves);
void call_event_plain(struct call *call, enum call_event_type type);
void call_warn(struct call *call, enum call_warning warning, uint64_t detail);
void call_events_wipe(struct call_events *events);

/* connection.c */
void call_send_read(struct call *call, uint64_t from);
void call_send_fetch(struct call *call, uint64_t seq, enum wire_part part);
/* Which GroupInfos are kept. */
void call_send_list(struct call *call);
void call_send_append(struct call *call, const uint8_t *append_id, struct mls_output commit, struct mls_output welcome,
                      struct mls_output info);
/* What was appended last is not to be repeated: it is in the log, or given up. */
void call_append_forget(struct call *call);
/* How long what was appended last is waited for before its answer is overdue, on this connection; 0: it is, or nothing
 * is waited for. */
uint64_t call_append_left_ms(const struct call *call);
void call_send_package(struct call *call, struct mls_bytes box);
void call_send_take(struct call *call);
void call_send_relay(struct call *call, struct mls_bytes box);
void call_connection_lost(struct call *call);
/* A request was not answered in time, perhaps. */
void call_answer_timer(struct call *call);

/* log.c */
void call_log_entry(struct call *call, const struct wire_entry *entry);
void call_log_page(struct call *call, const struct wire_entries *page);
/* Begins to read: as a newcomer after hello, or from the next entry on as a member. */
void call_log_admitted(struct call *call, const struct wire_admitted *admitted);
/* A number stands outside its box, and who has a token can write any: that there is a later secret than this client's
 * is no more than suspected. */
void call_log_number(struct call *call, struct mls_bytes box);
bool call_log_shows_later(const struct call *call);
/* Whether somebody goes on writing under one now: one box is easily left somewhere. */
bool call_log_keeps_showing_later(const struct call *call);
/* Whether somebody else was heard lately who has the secret that this client has. */
bool call_log_is_alive(const struct call *call);
/* Whether nobody was, although this client listened. */
bool call_log_is_silent(const struct call *call);
/* Whether the room has gone on under a later secret: one was seen, and nobody is heard under this one, or nobody who
 * would confirm this client. */
bool call_log_is_left(const struct call *call);
/* Whether everything that is known to be in the log was taken. */
bool call_log_caught_up(const struct call *call);
/* A member from this entry on. */
void call_log_follow(struct call *call, uint64_t seq);

/* infos.c */
/* What an entry's commit is worth. Remembers its epoch: each entry once, in the order in which they come. */
SOTTO_MUST_CHECK enum call_entry_kind call_entry_judge(struct call *call, struct mls_bytes box);
/* An entry with a GroupInfo has come; those that are there, the oldest first, as the delivery service lists them. */
void call_infos_entry(struct call *call, uint64_t seq, enum call_entry_kind kind);
void call_infos_list(struct call *call, struct core_slice seqs);
/* It is of no use, now and for ever: nobody made it who has the room's secret, or it is not kept any more. */
void call_infos_close(struct call *call, uint64_t seq);
/* The newest of a commit that likely counted; after each other failure another one, since it may have been bad luck,
 * and not a bad GroupInfo. False if there is none that may open. */
SOTTO_MUST_CHECK bool call_infos_choose(const struct call *call, uint64_t *seq);

/* welcomes.c */
/* An entry with a Welcome has come; late: its commit likely was skipped. */
void call_welcomes_note(struct call_joining *joining, uint64_t seq, bool late);
/* Asks for the first of them, if none is on its way. */
void call_welcomes_fetch(struct call *call);
/* The first is of no use. */
void call_welcomes_next(struct call *call);
void call_welcomes_take(struct call *call, uint64_t seq, struct mls_bytes box);

/* attempt.c: what is made is kept in joining, false with nothing in it */
SOTTO_MUST_CHECK bool call_attempt_found(struct call *call);
/* From a GroupInfo. */
SOTTO_MUST_CHECK bool call_attempt_enter(struct call *call, struct mls_bytes info);
void call_attempt_forget(struct call_joining *joining);

/* joins.c */
/* Whether the group is the room's, and no older than what this device has seen of it. */
SOTTO_MUST_CHECK bool call_may_enter(struct call *call, const struct mls_group *group);
void call_found(struct call *call);
/* The founding that counts was read: this client's own, or another's. */
void call_founded(struct call *call, struct mls_bytes box, uint64_t seq);
void call_ask(struct call *call);
void call_joining_entry(struct call *call, const struct wire_entry *entry, enum call_entry_kind kind);
void call_joining_info(struct call *call, uint64_t seq, struct mls_bytes box);
/* A piece of a part that was asked for has come, and is not the last: whether the rest is still wanted. */
SOTTO_MUST_CHECK bool call_joining_goes_on(struct call *call, enum wire_part part);
void call_joining_missing(struct call *call, enum wire_part part);
/* These GroupInfos are kept, the oldest first. */
void call_joining_listed(struct call *call, struct core_slice seqs);
/* The server has it, but does not give it out before retry_ms. */
void call_joining_later(struct call *call, enum wire_part part, uint64_t retry_ms);
void call_joining_timer(struct call *call);
void call_fetch_timer(struct call *call);
void call_trial_timer(struct call *call);
void call_joining_connected(struct call *call);
void call_joining_disconnected(struct call *call);
void call_joining_append(struct call *call);
/* An external commit of its own, by the append's id, is in the log. */
void call_joining_appended(struct call *call, const uint8_t append_id[WIRE_APPEND_ID_LEN], uint64_t seq);
void call_joining_wipe(struct call *call);
/* A member, from the entry at seq on. The call takes the group. */
void call_enter(struct call *call, struct mls_group *group, uint64_t seq);
void call_resync(struct call *call);

/* leaf.c: what this client says of itself in a leaf */
struct call_leaf_data {
    uint8_t bytes[64];
    struct mls_extension_item item;
};
struct mls_leaf_config call_leaf_config(const struct call *call, uint64_t time_s, uint64_t epoch, uint32_t number,
                                        const uint8_t *nonce, struct call_leaf_data *data);

/* roster.c */
void call_roster_refresh(struct call *call);
void call_roster_wipe(struct call_roster *roster);
struct call_peer *call_peer(const struct call *call, uint32_t leaf); /* NULL if there is none */
bool call_is_self(const struct call *call, uint32_t leaf);
uint64_t call_interval_ms(const struct call *call);

/* commits.c */
void call_commits_merged(struct call *call, const struct call_change *change, bool own);
bool call_commits_own_entry(struct call *call, struct mls_bytes box);
void call_commits_take_timer(struct call *call);
void call_commits_timer(struct call *call);
void call_commits_turn_timer(struct call *call);
void call_commits_append_timer(struct call *call);
void call_commits_waiting(struct call *call, uint16_t waiting);
void call_commits_packages(struct call *call, const struct wire_key_packages *packages);
void call_commits_connected(struct call *call);
/* All but the user's wishes; and these. */
void call_commits_wipe(struct call *call);
void call_wishes_wipe(struct call *call);
void call_commits_forget_own(struct call *call);
/* A commit is wanted soon; at once: without waiting for one's rank. */
void call_commits_want(struct call *call, bool at_once);

/* This client's place among those who might commit. */
uint32_t call_commits_rank(const struct call *call);
/* Whether the device of who wanted to be added has come in by another way since. */
bool call_add_is_old(const struct call *call, const struct call_add *add);
/* Whether a list in the group says more of its root than this one, or the same. */
bool call_revocations_known(const struct call *call, struct mls_bytes list);
/* Whether leaf a is to renew its path before leaf b. */
bool call_goes_before(const struct call *call, uint32_t a, uint32_t b);
void call_commits_plan_turn(struct call *call);

/* propose.c: makes the commit that is wanted, to be appended; false if there is none now */
bool call_propose(struct call *call);
/* The commit by which a client comes back into its own leaf after a restart: it renews the path, and the leaf's nonce.
 */
bool call_propose_return(struct call *call);
void call_take_package(struct call *call, struct mls_bytes box);
bool call_user_present(const struct call *call, const uint8_t *user_id);

/* follow.c: commits that are taken */
void call_follow(struct call *call, struct mls_bytes box);
void call_merged(struct call *call, const struct call_change *change, bool own);
/* Parameters and secret of the room as the group has them by now. */
void call_take_context(struct call *call, const struct call_change *change);
int call_merge(struct call *call, struct mls_staged *staged);
/* What the device is to keep: the highest epoch that was others' too. */
void call_remember_highest(struct call *call);

/* restart.c: what the device keeps is to be replaced, or deleted */
void call_keep(struct call *call);
void call_keep_nothing(struct call *call);
/* Contact was judged anew: by that it is to be kept, or not. */
void call_keep_judged(struct call *call);
/* It was kept of another log: the room was closed since, or the delivery service has lost it. */
void call_returning_elsewhere(struct call *call);
/* Some of the log was taken: goes on, once that was all. */
void call_returning_step(struct call *call);
void call_returning_merged(struct call *call, const struct call_change *change, bool own);
void call_returning_timer(struct call *call);

/* epochs.c */
void call_epochs_enter(struct call *call, const struct call_change *change);
void call_epochs_leaf_gone(struct call *call, uint32_t leaf);
void call_epochs_switch_timer(struct call *call);
void call_epochs_grace_timer(struct call *call);
void call_epochs_wipe(struct call *call);
/* Sends, or stops, after what contact.c says. */
void call_epochs_pause(struct call *call, enum call_pause pause);

/* heartbeat.c */
void call_heartbeat_timer(struct call *call);
void call_heartbeat_answer(struct call *call);
void call_relayed(struct call *call, struct mls_bytes box);
void call_held_retry(struct call *call);
void call_held_wipe(struct call *call);
void call_held_expire(struct call *call);
int call_send_left(struct call *call);
void call_send_kick(struct call *call);

/* contact.c */
void call_contact_begin(struct call *call);
void call_contact_tick(struct call *call);
void call_contact_judge(struct call *call);
/* Whether others go on in an epoch that this client cannot follow: its path was broken, or it took what they skipped.
 */
bool call_contact_left_behind(const struct call *call);
/* A message of somebody's did not open. */
void call_contact_unopened(struct call *call);
/* Whether a member that was there before this client has answered it: the group is the one that others are in. */
bool call_contact_earlier(const struct call *call);
/* Whether none is left of those who were there before it. */
bool call_contact_eldest(const struct call *call);

#endif
