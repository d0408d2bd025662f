/* RFC 9420's cryptographic functions (sections 5.1, 5.2, 8) over a suite's primitives.
 *
 * Secrets are suite->hash->len bytes unless a length is given. Labels come without the "MLS 1.0 " that is put before
 * them. All functions are thread-safe. They give MLS_OK, MLS_CRYPTO if a library failed, and what is said with each. */
#ifndef MLS_CRYPTO_H
#define MLS_CRYPTO_H

#include "mls/messages.h"
#include "mls/suite.h"

/* A string literal as a slice. */
#define MLS_TEXT(text) ((struct core_slice){(const uint8_t *)(text), sizeof(text) - 1})

/* --- Hash, MAC and KDF --- */

SOTTO_MUST_CHECK int mls_hash(const struct mls_suite *suite, const struct core_slice *parts, size_t count,
                              uint8_t *out);
/* HMAC under a secret: out gets hash->len bytes. */
SOTTO_MUST_CHECK int mls_mac(const struct mls_suite *suite, const uint8_t *secret, const struct core_slice *parts,
                             size_t count, uint8_t *out);
/* KDF.Extract(salt, ikm). */
SOTTO_MUST_CHECK int mls_extract(const struct mls_suite *suite, struct core_slice salt, struct core_slice ikm,
                                 uint8_t *out);
/* ExpandWithLabel: out gets len bytes. MLS_INVALID for a label over MLS_LABEL_MAX or more bytes than the KDF gives. */
SOTTO_MUST_CHECK int mls_expand_with_label(const struct mls_suite *suite, const uint8_t *secret,
                                           struct core_slice label, struct core_slice context, uint8_t *out,
                                           size_t len);
/* DeriveSecret: out gets hash->len bytes and may be secret. */
SOTTO_MUST_CHECK int mls_derive_secret(const struct mls_suite *suite, const uint8_t *secret, struct core_slice label,
                                       uint8_t *out);
/* DeriveTreeSecret */
SOTTO_MUST_CHECK int mls_derive_tree_secret(const struct mls_suite *suite, const uint8_t *secret,
                                            struct core_slice label, uint32_t generation, uint8_t *out, size_t len);
enum { MLS_REF_PARTS = 3 };

/* RefHash of the concatenation of up to MLS_REF_PARTS parts; its label is used as it is. */
SOTTO_MUST_CHECK int mls_ref_hash(const struct mls_suite *suite, struct core_slice label,
                                  const struct core_slice *parts, size_t count, uint8_t *out);
/* MakeKeyPackageRef of an encoded KeyPackage */
SOTTO_MUST_CHECK int mls_key_package_ref(const struct mls_suite *suite, struct core_slice key_package, uint8_t *out);
/* MakeProposalRef: content and auth have to be as parsed, with their encodings. */
SOTTO_MUST_CHECK int mls_proposal_ref(const struct mls_suite *suite, const struct mls_authenticated_content *message,
                                      uint8_t *out);

/* --- Signatures --- */

/* SignWithLabel over the concatenation of parts. signature has room for CORE_SIGNATURE_MAX bytes. MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_sign_with_label(const struct mls_suite *suite, const struct core_signing_key *key,
                                         struct core_slice label, const struct core_slice *parts, size_t count,
                                         uint8_t *signature, size_t *signature_len);
/* MLS_SIGNATURE if it is wrong, MLS_KEY if the public key has another length than the suite's, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_verify_with_label(const struct mls_suite *suite, struct core_slice public_key,
                                           struct core_slice label, const struct core_slice *parts, size_t count,
                                           struct core_slice signature);

/* --- Public-key encryption --- */

/* EncryptWithLabel: kem_output gets kem->output_len bytes, ciphertext plaintext.len + aead->tag_len bytes. MLS_KEY. */
SOTTO_MUST_CHECK int mls_encrypt_with_label(const struct mls_suite *suite, struct core_slice public_key,
                                            struct core_slice label, struct core_slice context,
                                            struct core_slice plaintext, uint8_t *kem_output, uint8_t *ciphertext);
/* EncryptWithLabel in two steps, for one label and context in many messages: a long context is then hashed once.
 * context_hash: of hash->len bytes. Errors as of EncryptWithLabel. */
SOTTO_MUST_CHECK int mls_encrypt_context_hash(const struct mls_suite *suite, struct core_slice label,
                                              struct core_slice context, uint8_t *context_hash);
SOTTO_MUST_CHECK int mls_encrypt_in_context(const struct mls_suite *suite, struct core_slice public_key,
                                            const uint8_t *context_hash, struct core_slice plaintext,
                                            uint8_t *kem_output, uint8_t *ciphertext);
/* DecryptWithLabel: plaintext gets ciphertext.len - aead->tag_len bytes. public_key is the private key's own, or NULL
 * to have it computed (which takes as long again). Errors as of mls_hpke_open(). */
SOTTO_MUST_CHECK int mls_decrypt_with_label(const struct mls_suite *suite, const uint8_t *private_key,
                                            const uint8_t *public_key, struct core_slice label,
                                            struct core_slice context, const struct mls_hpke_ciphertext *ciphertext,
                                            uint8_t *plaintext);
/* Private keys from outside: of the exact length, but for the NIST curves' scalars, which other implementations write
 * without leading zeros. MLS_KEY for any other length or a key that is none. out gets kem->private_len bytes. */
SOTTO_MUST_CHECK int mls_signing_key_import(const struct mls_suite *suite, struct core_slice private_key,
                                            struct core_signing_key *out);
SOTTO_MUST_CHECK int mls_hpke_private_import(const struct mls_suite *suite, struct core_slice private_key,
                                             uint8_t *out);
/* A fresh HPKE key pair. */
SOTTO_MUST_CHECK int mls_hpke_generate(const struct mls_suite *suite, uint8_t *private_key, uint8_t *public_key);

/* --- Symmetric encryption --- */

/* In place: text[0..len) becomes ciphertext, and the tag's aead->tag_len bytes are written after it. On an error text
 * is wiped. */
SOTTO_MUST_CHECK int mls_aead_seal(const struct mls_suite *suite, const uint8_t *key, const uint8_t *nonce,
                                   struct core_slice aad, uint8_t *text, size_t len);
/* In place. MLS_AUTH; on an error text is wiped. */
SOTTO_MUST_CHECK int mls_aead_open(const struct mls_suite *suite, const uint8_t *key, const uint8_t *nonce,
                                   struct core_slice aad, uint8_t *text, size_t len, const uint8_t *tag);

/* Compares byte strings of any length; the time depends on the lengths alone. */
bool mls_same(struct core_slice a, struct core_slice b);

#endif
