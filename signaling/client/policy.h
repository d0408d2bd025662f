/* What a call's group allows: the rules that every member applies to every commit, and a joiner to every group, with
 * nothing but group and log to go by. A rule that looked at anything else would part the members for good. */
#ifndef CALL_POLICY_H
#define CALL_POLICY_H

#include "group_time.h"
#include "params.h"
#include "room_secret.h"
#include "sotto/identity.h"

/* X(name, text): each is one rule of docs/protocol.md. */
#define CALL_RULE_MAP(X)                                                                                               \
    X(NONE, "nothing is wrong")                                                                                        \
    X(CERTIFICATE, "a leaf's credential is a genuine certificate of the key that signs for it")                        \
    X(LEAF, "a leaf has a well-formed sotto_leaf extension")                                                           \
    X(PROPOSAL, "members propose Add, Remove and GroupContextExtensions, joiners ExternalInit, Remove and a PSK")      \
    X(BY_VALUE, "proposals stand in the commit of who proposes them")                                                  \
    X(PATH, "a commit has a path")                                                                                     \
    X(DATA, "a commit's authenticated data is well-formed")                                                            \
    X(EPOCH, "a committer's leaf names the epoch it ends and the secret's number")                                     \
    X(TIME, "a commit advances the group's time by an hour at most")                                                   \
    X(EXPIRED, "certificates that enter or commit are not expired by the group's time")                                \
    X(REVOKED, "devices that enter or commit are not revoked")                                                         \
    X(PSK, "an external commit has the PSK of the present secret, and nothing else has one")                           \
    X(LOCKED, "into a locked room an external commit only brings back who is there")                                   \
    X(OLD_SECRET, "who is added asked under the present secret")                                                       \
    X(TURN, "in rooms of three no member commits twice running, but to remove whom it may")                            \
    X(LEFT, "what says that a member left is signed by it, and removes it")                                            \
    X(ADMIN, "only admins change the call's parameters")                                                               \
    X(ROTATION, "a commit that replaces the secret adds nobody")                                                       \
    X(PARAMS, "room and founding time stay, and the secret's number rises by one")                                     \
    X(EXTENSIONS, "the GroupContext has the call's three extensions, and required_capabilities stay")                  \
    X(REVOCATIONS, "revocation lists only rise, and new ones are of roots present")                                    \
    X(SUITE, "the group's cipher suite is the call's")                                                                 \
    X(FOUNDING, "a founding group is of this room and secret, and of its founder alone")

enum call_rule {
#define CALL_RULE_ENUM(name, text) CALL_RULE_##name,
    CALL_RULE_MAP(CALL_RULE_ENUM)
#undef CALL_RULE_ENUM
};

const char *call_rule_text(enum call_rule rule);

struct call_policy {
    const struct call_room *room; /* whose PSK is known; borrowed */
    enum call_rule broken;        /* by what was refused last; NONE before */
};

/* The callbacks, to be given to mls; policy must outlive the group. */
void call_policy_callbacks(struct call_policy *policy, struct mls_policy *out);
/* Whether a group that is only looked at may be the room's beginning. */
bool call_policy_founding_ok(struct call_policy *policy, const struct mls_group *group);

/* What a commit is, to those who follow it and to the user. */
struct call_change {
    bool external;
    bool rotates; /* the room's secret */
    bool removes; /* leaves, also such as come back in the same commit */
    bool adds;
    bool pure;       /* renews the committer's path, and nothing else */
    uint64_t time_s; /* the group's, after it */
};

/* Judges a commit against the group it would change: true, or false with policy->broken set. */
bool call_policy_commit_ok(struct call_policy *policy, const struct mls_group *group,
                           const struct mls_commit_info *info);
/* Of a commit that was judged right. */
void call_change_read(const struct mls_group *group, const struct mls_commit_info *info, struct call_change *out);
/* The client of a proposal's new leaf sits at a leaf that the same commit removes. */
bool call_is_return(const struct mls_group *group, const struct mls_commit_info *info, uint32_t removed);
/* Whether the leaf made the commit before: what the group stands in. */
bool call_committed_last(const struct mls_group *group, uint32_t leaf);
/* Whether a user's own list, carried in the group, names the device. */
bool call_is_revoked(struct core_slice revoked, const struct identity_certificate *certificate);
/* Members of the group. */
uint32_t call_member_count(const struct mls_group *group);

#endif
