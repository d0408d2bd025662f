#include "mls/framing.h"

#include <string.h>

#include "core/secret.h"
#include "wire/buffer.h"
#include "wire/vector.h"

/* --- Who may send what --- */

/* "only the following types may be sent by an external sender" (section 12.1.8) */
static bool external_may_propose(uint16_t type)
{
    return type == MLS_PROPOSAL_ADD || type == MLS_PROPOSAL_REMOVE || type == MLS_PROPOSAL_PSK ||
           type == MLS_PROPOSAL_REINIT || type == MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
}

int mls_sender_check(uint16_t wire_format, const struct mls_content *content)
{
    const bool is_private = wire_format == MLS_WIRE_PRIVATE_MESSAGE;
    bool ok = false;
    switch (content->sender.type) {
    case MLS_SENDER_MEMBER:
        /* "Applications MUST use PrivateMessage to encrypt application messages" */
        ok = is_private || content->type != MLS_CONTENT_APPLICATION;
        break;
    case MLS_SENDER_EXTERNAL:
        ok = !is_private && content->type == MLS_CONTENT_PROPOSAL && external_may_propose(content->proposal.type);
        break;
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
        ok = !is_private && content->type == MLS_CONTENT_PROPOSAL && content->proposal.type == MLS_PROPOSAL_ADD;
        break;
    case MLS_SENDER_NEW_MEMBER_COMMIT:
        ok = !is_private && content->type == MLS_CONTENT_COMMIT && content->commit.has_path;
        break;
    default:
        break;
    }
    return ok ? MLS_OK : MLS_SENDER;
}

/* --- Signatures --- */

enum { TBS_PARTS = 3 };

/* FramedContentTBS, whose head is version and wire format. */
struct tbs {
    uint8_t head[4];
    struct core_slice parts[TBS_PARTS];
};

static void tbs_init(struct tbs *tbs, uint16_t wire_format, const struct mls_content *content,
                     struct core_slice group_context)
{
    const bool with_context =
        content->sender.type == MLS_SENDER_MEMBER || content->sender.type == MLS_SENDER_NEW_MEMBER_COMMIT;
    struct bytes_writer w;
    bytes_writer_init(&w, tbs->head, sizeof tbs->head);
    bytes_write_u16(&w, MLS_VERSION_1_0);
    bytes_write_u16(&w, wire_format);
    tbs->parts[0] = (struct core_slice){tbs->head, sizeof tbs->head};
    tbs->parts[1] = content->encoded;
    tbs->parts[2] = with_context ? group_context : (struct core_slice){0};
}

int mls_content_sign(const struct mls_suite *suite, const struct core_signing_key *key, uint16_t wire_format,
                     const struct mls_content *content, struct core_slice group_context, uint8_t *signature,
                     size_t *signature_len)
{
    struct tbs tbs;
    int rc = mls_sender_check(wire_format, content);
    if (rc != MLS_OK)
        return rc;
    tbs_init(&tbs, wire_format, content, group_context);
    return mls_sign_with_label(suite, key, MLS_TEXT("FramedContentTBS"), tbs.parts, TBS_PARTS, signature,
                               signature_len);
}

int mls_content_verify(const struct mls_suite *suite, struct core_slice public_key,
                       const struct mls_authenticated_content *message, struct core_slice group_context)
{
    struct tbs tbs;
    int rc = mls_sender_check(message->wire_format, &message->content);
    if (rc != MLS_OK)
        return rc;
    tbs_init(&tbs, message->wire_format, &message->content, group_context);
    return mls_verify_with_label(suite, public_key, MLS_TEXT("FramedContentTBS"), tbs.parts, TBS_PARTS,
                                 message->auth.signature);
}

/* --- PublicMessage --- */

/* MAC(membership_key, AuthenticatedContentTBM); auth is FramedContentAuthData, encoded. */
static int membership_tag(const struct mls_suite *suite, const uint8_t *membership_key,
                          const struct mls_content *content, struct core_slice auth, struct core_slice group_context,
                          uint8_t *tag)
{
    struct tbs tbs;
    struct core_slice parts[TBS_PARTS + 1];
    tbs_init(&tbs, MLS_WIRE_PUBLIC_MESSAGE, content, group_context);
    memcpy(parts, tbs.parts, sizeof tbs.parts);
    parts[TBS_PARTS] = auth;
    return mls_mac(suite, membership_key, parts, TBS_PARTS + 1, tag);
}

int mls_public_seal(const struct mls_suite *suite, const uint8_t *membership_key,
                    const struct mls_authenticated_content *message, struct core_slice group_context,
                    struct bytes_writer *out)
{
    uint8_t tag[MLS_HASH_MAX];
    if (message->wire_format != MLS_WIRE_PUBLIC_MESSAGE)
        return MLS_INVALID;
    int rc = mls_sender_check(message->wire_format, &message->content);
    if (rc != MLS_OK)
        return rc;
    bytes_write_u16(out, MLS_VERSION_1_0);
    bytes_write_u16(out, MLS_WIRE_PUBLIC_MESSAGE);
    bytes_write(out, message->content.encoded.data, message->content.encoded.len);
    const size_t auth = out->len;
    mls_auth_data_write(out, message->content.type, &message->auth);
    if (!bytes_writer_ok(out))
        return MLS_MEMORY;
    if (message->content.sender.type == MLS_SENDER_MEMBER) {
        rc = membership_tag(suite, membership_key, &message->content,
                            (struct core_slice){out->data + auth, out->len - auth}, group_context, tag);
        if (rc == MLS_OK)
            wire_write_vector(out, (struct core_slice){tag, suite->hash->len});
    }
    return rc != MLS_OK || bytes_writer_ok(out) ? rc : MLS_MEMORY;
}

int mls_public_open(const struct mls_suite *suite, const uint8_t *membership_key,
                    const struct mls_public_message *message, struct core_slice group_context,
                    struct mls_authenticated_content *out)
{
    uint8_t expected[MLS_HASH_MAX];
    int rc = mls_sender_check(MLS_WIRE_PUBLIC_MESSAGE, &message->content);
    if (rc == MLS_OK && message->content.sender.type == MLS_SENDER_MEMBER) {
        rc = membership_tag(suite, membership_key, &message->content, message->auth.encoded, group_context, expected);
        if (rc == MLS_OK && !mls_same(message->membership_tag, (struct core_slice){expected, suite->hash->len}))
            rc = MLS_MEMBERSHIP;
        core_wipe(expected, sizeof expected);
    }
    if (rc == MLS_OK)
        *out = (struct mls_authenticated_content){
            .wire_format = MLS_WIRE_PUBLIC_MESSAGE, .content = message->content, .auth = message->auth};
    return rc;
}

/* --- PrivateMessage: sender data --- */

enum { GUARD_LEN = 4, SENDER_DATA_LEN = 4 + 4 + GUARD_LEN };

/* SenderDataAAD, which PrivateContentAAD begins with. */
static void write_aad(struct bytes_writer *w, struct core_slice group_id, uint64_t epoch, uint8_t content_type)
{
    wire_write_vector(w, group_id);
    bytes_write_u64(w, epoch);
    bytes_write_u8(w, content_type);
}

struct aead_key {
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
};

/* From a sample of the ciphertext. */
int mls_sender_data_key(const struct mls_suite *suite, const uint8_t *sender_data_secret, struct core_slice ciphertext,
                        uint8_t *key, uint8_t *nonce)
{
    const struct core_slice sample = {ciphertext.data,
                                      ciphertext.len < suite->hash->len ? ciphertext.len : suite->hash->len};
    int rc = mls_expand_with_label(suite, sender_data_secret, MLS_TEXT("key"), sample, key, suite->aead->key_len);
    if (rc == MLS_OK)
        rc = mls_expand_with_label(suite, sender_data_secret, MLS_TEXT("nonce"), sample, nonce, CORE_NONCE_LEN);
    return rc;
}

/* sealed gets SENDER_DATA_LEN + aead->tag_len bytes. */
static int sender_data_seal(const struct mls_suite *suite, const uint8_t *sender_data_secret, struct core_slice aad,
                            struct core_slice ciphertext, const struct mls_sender_data *sender, uint8_t *sealed)
{
    struct aead_key key;
    struct bytes_writer w;
    bytes_writer_init(&w, sealed, SENDER_DATA_LEN);
    bytes_write_u32(&w, sender->leaf_index);
    bytes_write_u32(&w, sender->generation);
    bytes_write(&w, sender->reuse_guard, GUARD_LEN);
    int rc = mls_sender_data_key(suite, sender_data_secret, ciphertext, key.key, key.nonce);
    if (rc == MLS_OK)
        rc = mls_aead_seal(suite, key.key, key.nonce, aad, sealed, SENDER_DATA_LEN);
    core_wipe(&key, sizeof key);
    return rc;
}

int mls_sender_data_open(const struct mls_suite *suite, const uint8_t *sender_data_secret,
                         const struct mls_private_message *message, struct mls_sender_data *out)
{
    struct aead_key key;
    uint8_t opened[SENDER_DATA_LEN];
    struct bytes_writer aad;
    struct bytes_reader r;
    const struct core_slice sealed = message->encrypted_sender_data;
    if (sealed.len != SENDER_DATA_LEN + suite->aead->tag_len)
        return MLS_MALFORMED;
    wire_buffer_init(&aad, MLS_MESSAGE_MAX);
    write_aad(&aad, message->group_id, message->epoch, message->content_type);
    memcpy(opened, sealed.data, SENDER_DATA_LEN);
    int rc = bytes_writer_ok(&aad) ? MLS_OK : MLS_MEMORY;
    if (rc == MLS_OK)
        rc = mls_sender_data_key(suite, sender_data_secret, message->ciphertext, key.key, key.nonce);
    if (rc == MLS_OK)
        rc = mls_aead_open(suite, key.key, key.nonce, wire_buffer_slice(&aad), opened, SENDER_DATA_LEN,
                           sealed.data + SENDER_DATA_LEN);
    if (rc == MLS_OK) {
        bytes_reader_init(&r, opened, sizeof opened);
        out->leaf_index = bytes_read_u32(&r);
        out->generation = bytes_read_u32(&r);
        bytes_read(&r, out->reuse_guard, GUARD_LEN);
    }
    wire_buffer_free(&aad);
    core_wipe(&key, sizeof key);
    core_wipe(opened, sizeof opened);
    return rc;
}

/* --- PrivateMessage: content --- */

static void apply_guard(struct mls_message_key *key, const uint8_t guard[GUARD_LEN])
{
    for (size_t i = 0; i < GUARD_LEN; i++)
        key->nonce[i] ^= guard[i];
}

/* PrivateMessageContent, with room for the tag behind it. */
static int write_plaintext(const struct mls_authenticated_content *message, size_t padding, size_t tag_len,
                           struct bytes_writer *w, size_t *len)
{
    mls_content_write_body(w, &message->content);
    mls_auth_data_write(w, message->content.type, &message->auth);
    bytes_reserve(w, padding);
    const size_t written = w->len;
    bytes_reserve(w, tag_len);
    if (!bytes_writer_ok(w))
        return MLS_MEMORY;
    *len = written;
    return MLS_OK;
}

/* What travels in the clear before the ciphertext, and the additional data of both encryptions. */
struct envelope {
    struct bytes_writer aad; /* PrivateContentAAD */
    size_t sender_aad_len;   /* how much of it SenderDataAAD is */
};

static int envelope_init(struct envelope *e, struct core_slice group_id, uint64_t epoch, uint8_t content_type,
                         struct core_slice authenticated_data)
{
    wire_buffer_init(&e->aad, MLS_MESSAGE_MAX);
    write_aad(&e->aad, group_id, epoch, content_type);
    e->sender_aad_len = e->aad.len;
    wire_write_vector(&e->aad, authenticated_data);
    return bytes_writer_ok(&e->aad) ? MLS_OK : MLS_MEMORY;
}

int mls_private_seal(struct mls_secret_tree *tree, const uint8_t *sender_data_secret,
                     const struct mls_authenticated_content *message, size_t padding, struct bytes_writer *out)
{
    const struct mls_suite *suite = tree->suite;
    const struct mls_content *content = &message->content;
    const size_t tag_len = suite->aead->tag_len;
    struct envelope envelope;
    struct bytes_writer text;
    struct mls_message_key key = {0};
    struct mls_sender_data sender = {.leaf_index = content->sender.index};
    uint8_t sealed_sender[SENDER_DATA_LEN + CORE_TAG_MAX];
    size_t len = 0;
    if (message->wire_format != MLS_WIRE_PRIVATE_MESSAGE)
        return MLS_INVALID;
    if (padding > MLS_PADDING_MAX)
        return MLS_LIMIT;
    int rc = mls_sender_check(message->wire_format, content);
    if (rc != MLS_OK)
        return rc;
    wire_buffer_init(&text, MLS_MESSAGE_MAX);
    rc = envelope_init(&envelope, content->group_id, content->epoch, content->type, content->authenticated_data);
    if (rc == MLS_OK)
        rc = write_plaintext(message, padding, tag_len, &text, &len);
    if (rc == MLS_OK)
        rc = core_random(sender.reuse_guard, GUARD_LEN) ? MLS_OK : MLS_CRYPTO;
    /* spent before it encrypts, also if something fails after that */
    if (rc == MLS_OK)
        rc = mls_secret_tree_next(tree, sender.leaf_index, mls_ratchet_of(content->type), &key);
    if (rc != MLS_OK)
        goto out;
    sender.generation = key.generation;
    apply_guard(&key, sender.reuse_guard);
    rc = mls_aead_seal(suite, key.key, key.nonce, wire_buffer_slice(&envelope.aad), text.data, len);
    if (rc == MLS_OK)
        rc =
            sender_data_seal(suite, sender_data_secret, (struct core_slice){envelope.aad.data, envelope.sender_aad_len},
                             wire_buffer_slice(&text), &sender, sealed_sender);
    if (rc != MLS_OK)
        goto out;
    bytes_write_u16(out, MLS_VERSION_1_0);
    bytes_write_u16(out, MLS_WIRE_PRIVATE_MESSAGE);
    const struct mls_private_message written = {
        .group_id = content->group_id,
        .epoch = content->epoch,
        .content_type = content->type,
        .authenticated_data = content->authenticated_data,
        .encrypted_sender_data = {sealed_sender, SENDER_DATA_LEN + tag_len},
        .ciphertext = wire_buffer_slice(&text),
    };
    mls_private_message_write(out, &written);
    if (!bytes_writer_ok(out))
        rc = MLS_MEMORY;
out:
    core_wipe(&key, sizeof key);
    wire_buffer_free(&text);
    wire_buffer_free(&envelope.aad);
    return rc;
}

/* Puts the AuthenticatedContent that a PrivateMessage stands for together before and around the decrypted text:
 * wire_format, the clear fields, the sender, then what was encrypted. */
static int write_clear_part(struct bytes_writer *w, const struct mls_private_message *message, uint32_t leaf_index)
{
    bytes_write_u16(w, MLS_WIRE_PRIVATE_MESSAGE);
    wire_write_vector(w, message->group_id);
    bytes_write_u64(w, message->epoch);
    bytes_write_u8(w, MLS_SENDER_MEMBER);
    bytes_write_u32(w, leaf_index);
    wire_write_vector(w, message->authenticated_data);
    bytes_write_u8(w, message->content_type);
    return bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
}

/* "A receiver MUST verify that there are no non-zero bytes in the padding field" (section 6.3.1) */
static bool padding_is_zero(struct bytes_reader *r)
{
    const size_t len = bytes_reader_left(r);
    const uint8_t *at = bytes_parse(r, len);
    uint8_t any = 0;
    for (size_t i = 0; at && i < len; i++)
        any |= at[i];
    return any == 0;
}

int mls_private_open(const struct mls_secret_tree *tree, const struct mls_private_message *message,
                     const struct mls_sender_data *sender, struct bytes_writer *buffer,
                     struct mls_authenticated_content *out)
{
    const struct mls_suite *suite = tree->suite;
    const size_t tag_len = suite->aead->tag_len;
    struct envelope envelope = {0};
    struct mls_message_key key;
    struct mls_authenticated_content opened;
    struct bytes_reader r;
    if (message->ciphertext.len < tag_len)
        return MLS_MALFORMED;
    const size_t len = message->ciphertext.len - tag_len;
    const size_t start = buffer->len;
    int rc =
        mls_secret_tree_peek(tree, sender->leaf_index, mls_ratchet_of(message->content_type), sender->generation, &key);
    if (rc != MLS_OK)
        return rc;
    apply_guard(&key, sender->reuse_guard);
    rc =
        envelope_init(&envelope, message->group_id, message->epoch, message->content_type, message->authenticated_data);
    if (rc == MLS_OK)
        rc = write_clear_part(buffer, message, sender->leaf_index);
    if (rc != MLS_OK)
        goto out;
    const size_t clear = buffer->len;
    bytes_write(buffer, message->ciphertext.data, len);
    if (!bytes_writer_ok(buffer)) {
        rc = MLS_MEMORY;
        goto out;
    }
    rc = mls_aead_open(suite, key.key, key.nonce, wire_buffer_slice(&envelope.aad), buffer->data + clear, len,
                       message->ciphertext.data + len);
    if (rc != MLS_OK)
        goto out;
    bytes_reader_init(&r, buffer->data + start, buffer->len - start);
    mls_authenticated_content_parse(&r, &opened);
    if (!bytes_reader_ok(&r) || !padding_is_zero(&r)) {
        rc = MLS_MALFORMED;
        goto out;
    }
    rc = mls_sender_check(MLS_WIRE_PRIVATE_MESSAGE, &opened.content);
    if (rc == MLS_OK)
        *out = opened;
out:
    core_wipe(&key, sizeof key);
    wire_buffer_free(&envelope.aad);
    return rc;
}

int mls_private_accept(struct mls_secret_tree *tree, const struct mls_private_message *message,
                       const struct mls_sender_data *sender)
{
    return mls_secret_tree_consume(tree, sender->leaf_index, mls_ratchet_of(message->content_type), sender->generation);
}
