/* The key schedule (RFC 9420 section 8): from one epoch's secrets to the next's, PSKs, transcript hashes, exporters.
 *
 * Every secret, hash and tag is suite->hash->len bytes, in arrays that have room for MLS_HASH_MAX. Functions give
 * MLS_OK or MLS_CRYPTO, and what is said with each. */
#ifndef MLS_KEY_SCHEDULE_H
#define MLS_KEY_SCHEDULE_H

#include "mls/crypto.h"

/* --- Epochs --- */

/* joiner_secret of the new epoch, from the init secret of the one before, the commit secret (zeros for a commit without
 * a path) and the new epoch's GroupContext, encoded. */
SOTTO_MUST_CHECK int mls_joiner_secret(const struct mls_suite *suite, const uint8_t *init_secret,
                                       const uint8_t *commit_secret, struct core_slice group_context, uint8_t *out);
SOTTO_MUST_CHECK int mls_welcome_secret(const struct mls_suite *suite, const uint8_t *joiner_secret,
                                        const uint8_t *psk_secret, uint8_t *out);
/* What encrypts a Welcome's GroupInfo (section 12.4.3.1): key gets aead->key_len bytes, nonce CORE_NONCE_LEN. */
SOTTO_MUST_CHECK int mls_welcome_key(const struct mls_suite *suite, const uint8_t *welcome_secret, uint8_t *key,
                                     uint8_t *nonce);

struct mls_epoch_secrets {
    uint8_t sender_data[MLS_HASH_MAX];
    uint8_t encryption[MLS_HASH_MAX]; /* to be wiped once the secret tree has it */
    uint8_t exporter[MLS_HASH_MAX];
    uint8_t external[MLS_HASH_MAX];
    uint8_t confirmation_key[MLS_HASH_MAX];
    uint8_t membership_key[MLS_HASH_MAX];
    uint8_t resumption_psk[MLS_HASH_MAX];
    uint8_t authenticator[MLS_HASH_MAX];
    uint8_t init[MLS_HASH_MAX]; /* of the next epoch's key schedule */
};

/* All secrets of an epoch. */
SOTTO_MUST_CHECK int mls_epoch_secrets_init(const struct mls_suite *suite, const uint8_t *joiner_secret,
                                            const uint8_t *psk_secret, struct core_slice group_context,
                                            struct mls_epoch_secrets *out);
void mls_epoch_secrets_wipe(struct mls_epoch_secrets *secrets);

/* MLS-Exporter (section 8.5). MLS_INVALID for a label over MLS_LABEL_MAX bytes or more output than the KDF gives. */
SOTTO_MUST_CHECK int mls_exporter(const struct mls_suite *suite, const uint8_t *exporter_secret,
                                  struct core_slice label, struct core_slice context, uint8_t *out, size_t len);

/* --- External initialisation (section 8.3) --- */

/* The key pair that all members hold. */
SOTTO_MUST_CHECK int mls_external_key_pair(const struct mls_suite *suite, const uint8_t *external_secret,
                                           uint8_t *private_key, uint8_t *public_key);
/* The joiner's side: kem_output for the ExternalInit proposal, and the init secret. MLS_KEY. */
SOTTO_MUST_CHECK int mls_external_init_send(const struct mls_suite *suite, struct core_slice external_pub,
                                            uint8_t *kem_output, uint8_t *init_secret);
/* The members' side. MLS_MALFORMED, MLS_KEY. */
SOTTO_MUST_CHECK int mls_external_init_receive(const struct mls_suite *suite, const uint8_t *external_secret,
                                               struct core_slice kem_output, uint8_t *init_secret);

/* --- Pre-shared keys (section 8.4) --- */

struct mls_psk {
    struct mls_psk_id id;
    struct core_slice secret;
};

/* psk_secret of PSKs in their order; zeros for none. MLS_LIMIT over MLS_PSKS_MAX, MLS_INVALID for an id that cannot be
 * written, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_psk_secret(const struct mls_suite *suite, const struct mls_psk *psks, size_t count,
                                    uint8_t *out);

/* --- Transcript hashes (section 8.2) --- */

/* interim: of the epoch before; of length 0 before the first commit. message: a commit with the encodings of its
 * content; of its authentication only the signature is used. */
SOTTO_MUST_CHECK int mls_confirmed_transcript_hash(const struct mls_suite *suite, struct core_slice interim,
                                                   const struct mls_authenticated_content *message, uint8_t *out);
SOTTO_MUST_CHECK int mls_interim_transcript_hash(const struct mls_suite *suite, struct core_slice confirmed,
                                                 struct core_slice confirmation_tag, uint8_t *out);
/* MAC(confirmation_key, confirmed_transcript_hash) */
SOTTO_MUST_CHECK int mls_confirmation_tag(const struct mls_suite *suite, const uint8_t *confirmation_key,
                                          struct core_slice confirmed, uint8_t *out);
/* MLS_CONFIRMATION if the tag is another. */
SOTTO_MUST_CHECK int mls_confirmation_check(const struct mls_suite *suite, const uint8_t *confirmation_key,
                                            struct core_slice confirmed, struct core_slice tag);

#endif
