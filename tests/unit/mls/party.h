/* Members of groups in tests: each with its keys, its policy and its view of the group. */
#ifndef TESTS_MLS_PARTY_H
#define TESTS_MLS_PARTY_H

#include "group.h"
#include "sotto/mls.h"

enum { PARTY_NOW_S = 1000000, PARTY_LIFETIME_S = 3600 };

struct party {
    char name[32]; /* its credential */
    const struct mls_suites *suites;
    uint16_t suite;
    struct mls_output signature_private;
    struct mls_output signature_public;
    struct mls_key_package_keys *keys;
    struct mls_output package;
    struct mls_group *group;
    struct mls_leaf_config leaf;
    struct mls_policy policy;
    /* what the policy's callbacks do; accepting all unless told */
    const char *refused_credential;
    uint16_t refused_proposal; /* enum mls_proposal_type */
    bool refuses_commits;
    bool refuses_successors;
    bool accepts_successors; /* any at all */
    bool never_same;         /* two of one name are two clients to it */
    size_t credentials_asked;
    const char *psk; /* the secret of the external PSK "psk"; NULL: none */
};

/* A party with a key package. Ends the program if anything fails, as all that is called party_* but returns no error.
 */
void party_init(struct party *party, const char *name, uint16_t suite);
/* With suites of the test's own. */
void party_init_in(struct party *party, const char *name, const struct mls_suites *suites, uint16_t suite);
void party_wipe(struct party *party);
/* A fresh key package in place of the old one. */
void party_new_package(struct party *party);
void party_found(struct party *party);

struct mls_bytes party_bytes(struct mls_output output);
struct mls_bytes party_text(const char *text);

/* Processes a message and merges what it stages. Gives what mls_group_process() gives. */
int party_receive(struct party *party, struct mls_bytes message);
/* Joins by the Welcome, the tree in it. */
int party_join(struct party *party, struct mls_bytes welcome);
/* Commits with the proposals; NULL if it fails, with *rc saying why. */
struct mls_staged *party_commit(struct party *party, const struct mls_proposal_config *proposals, size_t count,
                                int *rc);
/* The founder's commit, merged, which adds the others; they join. */
void party_gather(struct party *founder, struct party *others, size_t count);
/* Commits and lets the others follow. */
void party_commit_all(struct party *committer, const struct mls_proposal_config *proposals, size_t count,
                      struct party *const *others, size_t other_count);

struct mls_proposal_config party_add(const struct party *party);
struct mls_proposal_config party_remove(uint32_t leaf);

/* Commits in a PublicMessage, for tests that look into it. */
struct mls_staged *party_commit_public(struct party *party, const struct mls_proposal_config *proposals, size_t count);
/* A forger changes the content (its fields; re-encoded afterwards) and the message is signed and sealed again as the
 * sender's, with what the forger's own group knows. The confirmation tag stays. */
void party_forge(struct party *forger, struct mls_bytes message, void (*change)(struct mls_content *content, void *ctx),
                 void *ctx, struct mls_output *forged);

/* The key that states of tests are saved under. */
struct mls_bytes party_state_key(void);
/* Saves the group, with *staged if staged is not NULL, and puts what is loaded in the place of both. */
void party_reload(struct party *party, struct mls_staged **staged);

/* Whether both have the same epoch, authenticator, exporter, tree and context. */
bool party_agrees(const struct party *a, const struct party *b);
/* Whether b opens what a seals. */
bool party_hears(struct party *a, struct party *b);

#endif
