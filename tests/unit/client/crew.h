/* Users with devices, and their groups under a call's policy, without the call's state machine: for its rules. */
#ifndef TESTS_CLIENT_CREW_H
#define TESTS_CLIENT_CREW_H

#include "policy.h"
#include "sotto/identity.h"

enum { CREW_NOW_S = 1750000000 };
#define CREW_ROOM "tea"

struct crew {
    struct identity_key root;
    struct identity_key device;
    struct identity_certificate content;
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t certificate_len;
    struct call_room room;
    struct call_policy policy;
    struct mls_policy callbacks;
    struct mls_key_package_keys *keys;
    struct mls_output package;
    struct mls_group *group;
    uint8_t nonce[CALL_NONCE_LEN];
    bool lenient; /* believes and does anything: what an attacker's client may be */
};

/* What a commit of a crew's member says; zeros: as an honest client would. */
struct crew_commit {
    const struct mls_proposal_config *proposals;
    size_t count;
    const struct call_commit_data *data;
    struct mls_bytes raw_data; /* instead of data */
    uint64_t time_s;           /* 0: CREW_NOW_S */
    int epoch_off;             /* added to the epoch it names */
    int number_off;
    bool without_leaf; /* without the sotto_leaf extension */
    bool without_path;
};

/* Ends the program if anything fails, as all that is called crew_* but returns no error. seed makes keys; user and
 * device differ. */
void crew_init(struct crew *crew, uint8_t user, uint8_t device);
void crew_wipe(struct crew *crew);
/* A crew's member in somebody else's group: the state that mls_group_save() wrote, under the policy that it has. */
int crew_load(struct crew *crew, struct mls_bytes state, struct mls_bytes key);
/* Another certificate for the same device. */
void crew_certify(struct crew *crew, uint64_t created_s, uint64_t expires_s);
/* A fresh key package that asks under the secret of this number. */
void crew_new_package(struct crew *crew, uint32_t number);

/* Parameters as of a room founded by this user now. */
struct call_params crew_params(const struct crew *founder);
/* Its group of one. CALL's extensions unless `items` gives others. */
void crew_found(struct crew *founder, const struct call_params *params);
/* MLS_..., the staged commit left to the caller. */
int crew_commit(struct crew *crew, const struct crew_commit *what, struct mls_staged **staged);
/* Takes a commit and merges it; the rule that refused is in crew->policy.broken. */
int crew_receive(struct crew *crew, struct mls_bytes commit);
int crew_join(struct crew *crew, struct mls_bytes welcome);
/* founder's group, with all others in it by one Add, which founder committed. */
void crew_gather(struct crew *founder, const struct call_params *params, struct crew *const *others, size_t count);
/* Commits, merges, and has the others follow. */
void crew_commit_all(struct crew *crew, const struct crew_commit *what, struct crew *const *others, size_t count);
/* An external commit on somebody's group as it is now; *old_leaf: resync, or NULL. psk_number: whose PSK it carries;
 * -1: none. The joiner's group is in crew->group if MLS_OK. */
int crew_join_external(struct crew *crew, const struct crew *member, const uint32_t *old_leaf, int psk_number,
                       struct mls_output *commit);

struct mls_proposal_config crew_add(const struct crew *crew);
struct mls_proposal_config crew_remove(uint32_t leaf);
struct mls_bytes crew_bytes(struct mls_output output);

#endif
