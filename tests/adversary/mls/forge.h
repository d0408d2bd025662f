/* Messages as a dishonest member makes them: whole but for what is wrong with them, signed again with its own key. What
 * cannot be made ends the program. */
#ifndef TESTS_ADVERSARY_MLS_FORGE_H
#define TESTS_ADVERSARY_MLS_FORGE_H

#include "party.h"

/* Content as it says it is, whoever it says sent it: signed with the forger's key, sealed with the epoch's secrets. */
void forge_message(struct party *forger, uint16_t wire_format, const struct mls_content *content,
                   struct mls_output *out);
/* A proposal of the forger's. */
void forge_proposal(struct party *forger, const struct mls_proposal *proposal, struct mls_output *out);
/* A commit of the forger's with these proposals (ProposalOrRefs, encoded) and a path that was made for none. */
void forge_commit(struct party *forger, struct core_slice proposals, struct mls_output *out);

/* A commit of the forger's whose path secret is wrong for one subtree: for who reads the ciphertexts of the path's node
 * `at`. All else is as it has to be, tags too. Gives what the forger merges, and the message. */
struct mls_staged *forge_split_commit(struct party *forger, size_t at, struct mls_output *out);

/* A GroupInfo with a change. extensions and the like may point anywhere; the signer is the forger. */
void forge_group_info(const struct party *forger, struct mls_bytes info,
                      void (*change)(struct mls_group_info *info, void *ctx), void *ctx, struct mls_output *out);
/* A Welcome without PSKs with a change, sealed again for the joiner: what is in it has been opened with its key. */
void forge_welcome(const struct party *forger, const struct party *joiner, struct mls_bytes welcome,
                   void (*change)(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx), void *ctx,
                   struct mls_output *out);
/* The party's key package with a change, signed again. What the change points to lasts until this returns. */
void forge_package(const struct party *party, void (*change)(struct mls_key_package *package, void *ctx), void *ctx,
                   struct mls_output *out);

#endif
