/* Message protection (RFC 9420 section 6): signatures over content, membership tags, encryption.
 *
 * Sending: encode the content (mls_content_write), sign it, add the confirmation tag to a commit, then write it as a
 * PublicMessage or a PrivateMessage. Receiving: open the message, which gives an AuthenticatedContent, verify its
 * signature with the key that its sender has to have, and only then spend the message's key (mls_private_accept) and
 * use the content. group_context is the epoch's, encoded. */
#ifndef MLS_FRAMING_H
#define MLS_FRAMING_H

#include "mls/crypto.h"
#include "mls/secret_tree.h"

/* Whether a sender of this kind may send this content in this wire format (sections 6.1, 12.1.8, 12.4.3.2): MLS_SENDER
 * if not. Of proposals by their type, of commits by whether they have a path. */
SOTTO_MUST_CHECK int mls_sender_check(uint16_t wire_format, const struct mls_content *content);

/* --- Signatures --- */

/* Signs FramedContentTBS, for which content->encoded has to be set as well as the fields. signature has room for
 * CORE_SIGNATURE_MAX. Errors as of mls_sign_with_label(), and MLS_SENDER. */
SOTTO_MUST_CHECK int mls_content_sign(const struct mls_suite *suite, const struct core_signing_key *key,
                                      uint16_t wire_format, const struct mls_content *content,
                                      struct core_slice group_context, uint8_t *signature, size_t *signature_len);
/* Errors as of mls_verify_with_label(), and MLS_SENDER. */
SOTTO_MUST_CHECK int mls_content_verify(const struct mls_suite *suite, struct core_slice public_key,
                                        const struct mls_authenticated_content *message,
                                        struct core_slice group_context);

/* --- PublicMessage --- */

/* Writes the MLSMessage. message->content.encoded has to be set, and its auth's fields. membership_key is used for
 * members only, and may be NULL otherwise. MLS_SENDER, MLS_MEMORY, MLS_INVALID if message is not of this wire format.
 */
SOTTO_MUST_CHECK int mls_public_seal(const struct mls_suite *suite, const uint8_t *membership_key,
                                     const struct mls_authenticated_content *message, struct core_slice group_context,
                                     struct bytes_writer *out);
/* Checks the membership tag (of members) and that the sender may send this; gives the AuthenticatedContent, borrowed
 * from the message. The signature is still to be verified. MLS_MEMBERSHIP, MLS_SENDER. */
SOTTO_MUST_CHECK int mls_public_open(const struct mls_suite *suite, const uint8_t *membership_key,
                                     const struct mls_public_message *message, struct core_slice group_context,
                                     struct mls_authenticated_content *out);

/* --- PrivateMessage --- */

struct mls_sender_data {
    uint32_t leaf_index;
    uint32_t generation;
    uint8_t reuse_guard[4];
};

/* What encrypts the sender data (section 6.3.2): key gets aead->key_len bytes, nonce CORE_NONCE_LEN. */
SOTTO_MUST_CHECK int mls_sender_data_key(const struct mls_suite *suite, const uint8_t *sender_data_secret,
                                         struct core_slice ciphertext, uint8_t *key, uint8_t *nonce);

static inline enum mls_ratchet_kind mls_ratchet_of(uint8_t content_type)
{
    return content_type == MLS_CONTENT_APPLICATION ? MLS_RATCHET_APPLICATION : MLS_RATCHET_HANDSHAKE;
}

/* Spends the sender's next key and writes the MLSMessage, with padding zero bytes in the ciphertext. What message needs
 * is as for mls_public_seal(); its sender is a member. MLS_SENDER, MLS_INVALID, MLS_LIMIT (padding or message too
 * large), MLS_MEMORY, errors of mls_secret_tree_next(). */
SOTTO_MUST_CHECK int mls_private_seal(struct mls_secret_tree *tree, const uint8_t *sender_data_secret,
                                      const struct mls_authenticated_content *message, size_t padding,
                                      struct bytes_writer *out);
/* Who sent it, and with which key. The caller has to see that the leaf is not blank before going on.
 * MLS_AUTH, MLS_MALFORMED. */
SOTTO_MUST_CHECK int mls_sender_data_open(const struct mls_suite *suite, const uint8_t *sender_data_secret,
                                          const struct mls_private_message *message, struct mls_sender_data *out);
/* Decrypts into buffer (of wire_buffer_init; freed by the caller, also after an error), behind what it holds; the
 * AuthenticatedContent is borrowed from it until it is written to again. The signature is still to be verified; the key
 * is not spent yet. MLS_AUTH, MLS_MALFORMED (also for padding that is not zero), MLS_SENDER, MLS_MEMORY, errors of
 * mls_secret_tree_peek(). */
SOTTO_MUST_CHECK int mls_private_open(const struct mls_secret_tree *tree, const struct mls_private_message *message,
                                      const struct mls_sender_data *sender, struct bytes_writer *buffer,
                                      struct mls_authenticated_content *out);
/* Spends the key of a message whose signature was verified. Errors of mls_secret_tree_consume(): the message may not
 * be used then. */
SOTTO_MUST_CHECK int mls_private_accept(struct mls_secret_tree *tree, const struct mls_private_message *message,
                                        const struct mls_sender_data *sender);

#endif
