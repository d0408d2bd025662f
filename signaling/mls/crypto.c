#include "mls/crypto.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/hkdf.h"
#include "core/secret.h"
#include "mls/hpke.h"
#include "wire/vector.h"

static const char prefix[] = "MLS 1.0 ";

enum {
    PREFIX_LEN = sizeof prefix - 1,
    LENGTH_MAX = 4, /* of a vector's length */
    /* a 16-bit length, the label with its prefix, the length of what follows */
    HEAD_MAX = 2 + LENGTH_MAX + PREFIX_LEN + MLS_LABEL_MAX + LENGTH_MAX,
};

/* The start that KDFLabel, SignContent and EncryptContext share: label<V>, then the length of a context<V>. */
static void write_label(struct bytes_writer *w, struct core_slice label, size_t context_len)
{
    if (label.len > MLS_LABEL_MAX) {
        w->failed = true;
        return;
    }
    wire_write_length(w, PREFIX_LEN + label.len);
    bytes_write(w, (const uint8_t *)prefix, PREFIX_LEN);
    bytes_write(w, label.data, label.len);
    wire_write_length(w, context_len);
}

/* --- Hash, MAC and KDF --- */

int mls_hash(const struct mls_suite *suite, const struct core_slice *parts, size_t count, uint8_t *out)
{
    return suite->hash->digest(parts, count, out) ? MLS_OK : MLS_CRYPTO;
}

int mls_mac(const struct mls_suite *suite, const uint8_t *secret, const struct core_slice *parts, size_t count,
            uint8_t *out)
{
    struct core_hmac_key key;
    bool ok = suite->hash->hmac_init(&key, secret, suite->hash->len) && suite->hash->hmac(&key, parts, count, out);
    core_wipe(&key, sizeof key);
    return ok ? MLS_OK : MLS_CRYPTO;
}

int mls_extract(const struct mls_suite *suite, struct core_slice salt, struct core_slice ikm, uint8_t *out)
{
    struct core_hmac_key key;
    bool ok = suite->hash->hmac_init(&key, salt.data, salt.len) && suite->hash->hmac(&key, &ikm, 1, out);
    core_wipe(&key, sizeof key);
    return ok ? MLS_OK : MLS_CRYPTO;
}

int mls_expand_with_label(const struct mls_suite *suite, const uint8_t *secret, struct core_slice label,
                          struct core_slice context, uint8_t *out, size_t len)
{
    uint8_t head[HEAD_MAX];
    struct bytes_writer w;
    struct core_hmac_key key;
    if (len > UINT16_MAX || len > 255 * suite->hash->len)
        return MLS_INVALID;
    bytes_writer_init(&w, head, sizeof head);
    bytes_write_u16(&w, (uint16_t)len);
    write_label(&w, label, context.len);
    if (!bytes_writer_ok(&w))
        return MLS_INVALID;
    const struct core_slice info[] = {{head, w.len}, context};
    bool ok = suite->hash->hmac_init(&key, secret, suite->hash->len) &&
              core_hkdf_expand(suite->hash, &key, info, 2, out, len);
    core_wipe(&key, sizeof key);
    return ok ? MLS_OK : MLS_CRYPTO;
}

int mls_derive_secret(const struct mls_suite *suite, const uint8_t *secret, struct core_slice label, uint8_t *out)
{
    return mls_expand_with_label(suite, secret, label, (struct core_slice){0}, out, suite->hash->len);
}

int mls_derive_tree_secret(const struct mls_suite *suite, const uint8_t *secret, struct core_slice label,
                           uint32_t generation, uint8_t *out, size_t len)
{
    const uint8_t context[] = {(uint8_t)(generation >> 24), (uint8_t)(generation >> 16), (uint8_t)(generation >> 8),
                               (uint8_t)generation};
    return mls_expand_with_label(suite, secret, label, (struct core_slice){context, sizeof context}, out, len);
}

int mls_ref_hash(const struct mls_suite *suite, struct core_slice label, const struct core_slice *parts, size_t count,
                 uint8_t *out)
{
    uint8_t label_len[LENGTH_MAX];
    uint8_t value_len[LENGTH_MAX];
    struct core_slice input[3 + MLS_REF_PARTS];
    struct bytes_writer label_w;
    struct bytes_writer value_w;
    size_t total = 0;
    if (count > MLS_REF_PARTS)
        return MLS_INVALID;
    for (size_t i = 0; i < count; i++) {
        input[3 + i] = parts[i];
        total += parts[i].len;
    }
    bytes_writer_init(&label_w, label_len, sizeof label_len);
    wire_write_length(&label_w, label.len);
    bytes_writer_init(&value_w, value_len, sizeof value_len);
    wire_write_length(&value_w, total);
    if (!bytes_writer_ok(&label_w) || !bytes_writer_ok(&value_w))
        return MLS_INVALID;
    input[0] = (struct core_slice){label_len, label_w.len};
    input[1] = label;
    input[2] = (struct core_slice){value_len, value_w.len};
    return mls_hash(suite, input, 3 + count, out);
}

int mls_key_package_ref(const struct mls_suite *suite, struct core_slice key_package, uint8_t *out)
{
    return mls_ref_hash(suite, MLS_TEXT("MLS 1.0 KeyPackage Reference"), &key_package, 1, out);
}

int mls_proposal_ref(const struct mls_suite *suite, const struct mls_authenticated_content *message, uint8_t *out)
{
    const uint8_t wire_format[] = {(uint8_t)(message->wire_format >> 8), (uint8_t)message->wire_format};
    const struct core_slice parts[] = {
        {wire_format, sizeof wire_format}, message->content.encoded, message->auth.encoded};
    return mls_ref_hash(suite, MLS_TEXT("MLS 1.0 Proposal Reference"), parts, 3, out);
}

/* --- Signatures --- */

/* SignContent in one piece, as the signature schemes take it: in small where it fits, else from malloc. */
struct sign_content {
    uint8_t small[1024];
    uint8_t *data;
    size_t len;
};

static int sign_content_init(struct sign_content *content, struct core_slice label, const struct core_slice *parts,
                             size_t count)
{
    struct bytes_writer w;
    size_t total = 0;
    content->data = NULL; /* so that free is right after any error */
    content->len = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > MLS_MESSAGE_MAX - total)
            return MLS_LIMIT;
        total += parts[i].len;
    }
    const size_t cap = HEAD_MAX + total;
    content->data = cap <= sizeof content->small ? content->small : malloc(cap);
    if (!content->data)
        return MLS_MEMORY;
    bytes_writer_init(&w, content->data, cap);
    write_label(&w, label, total);
    for (size_t i = 0; i < count; i++)
        bytes_write(&w, parts[i].data, parts[i].len);
    content->len = w.len;
    return bytes_writer_ok(&w) ? MLS_OK : MLS_INVALID;
}

/* What is signed may be what is encrypted afterwards. */
static void sign_content_free(struct sign_content *content)
{
    if (content->data)
        core_wipe(content->data, content->len);
    if (content->data != content->small)
        free(content->data);
}

int mls_sign_with_label(const struct mls_suite *suite, const struct core_signing_key *key, struct core_slice label,
                        const struct core_slice *parts, size_t count, uint8_t *signature, size_t *signature_len)
{
    struct sign_content content;
    int rc = sign_content_init(&content, label, parts, count);
    if (rc == MLS_OK &&
        !suite->signature->sign(suite->signature, key, content.data, content.len, signature, signature_len))
        rc = MLS_CRYPTO;
    sign_content_free(&content);
    return rc;
}

int mls_verify_with_label(const struct mls_suite *suite, struct core_slice public_key, struct core_slice label,
                          const struct core_slice *parts, size_t count, struct core_slice signature)
{
    struct sign_content content;
    if (public_key.len != suite->signature->public_len)
        return MLS_KEY;
    int rc = sign_content_init(&content, label, parts, count);
    if (rc == MLS_OK && !suite->signature->verify(suite->signature, public_key.data, content.data, content.len,
                                                  signature.data, signature.len))
        rc = MLS_SIGNATURE;
    sign_content_free(&content);
    return rc;
}

/* --- Public-key encryption --- */

/* EncryptContext as HPKE's info. */
struct encrypt_context {
    uint8_t head[HEAD_MAX];
    struct core_slice parts[2];
};

static bool encrypt_context_init(struct encrypt_context *out, struct core_slice label, struct core_slice context)
{
    struct bytes_writer w;
    bytes_writer_init(&w, out->head, sizeof out->head);
    write_label(&w, label, context.len);
    out->parts[0] = (struct core_slice){out->head, w.len};
    out->parts[1] = context;
    return bytes_writer_ok(&w);
}

int mls_encrypt_context_hash(const struct mls_suite *suite, struct core_slice label, struct core_slice context,
                             uint8_t *out)
{
    struct encrypt_context info;
    if (!encrypt_context_init(&info, label, context))
        return MLS_INVALID;
    return mls_hpke_info_hash(suite, (struct mls_hpke_info){.parts = info.parts, .count = 2}, out);
}

int mls_encrypt_in_context(const struct mls_suite *suite, struct core_slice public_key, const uint8_t *context_hash,
                           struct core_slice plaintext, uint8_t *kem_output, uint8_t *ciphertext)
{
    if (public_key.len != suite->kem->public_len)
        return MLS_KEY;
    return mls_hpke_seal(suite, NULL, public_key.data, (struct mls_hpke_info){.hash = context_hash},
                         (struct core_slice){0}, plaintext, kem_output, ciphertext);
}

int mls_encrypt_with_label(const struct mls_suite *suite, struct core_slice public_key, struct core_slice label,
                           struct core_slice context, struct core_slice plaintext, uint8_t *kem_output,
                           uint8_t *ciphertext)
{
    struct encrypt_context info;
    if (public_key.len != suite->kem->public_len)
        return MLS_KEY;
    if (!encrypt_context_init(&info, label, context))
        return MLS_INVALID;
    return mls_hpke_seal(suite, NULL, public_key.data, (struct mls_hpke_info){.parts = info.parts, .count = 2},
                         (struct core_slice){0}, plaintext, kem_output, ciphertext);
}

int mls_decrypt_with_label(const struct mls_suite *suite, const uint8_t *private_key, const uint8_t *public_key,
                           struct core_slice label, struct core_slice context,
                           const struct mls_hpke_ciphertext *ciphertext, uint8_t *plaintext)
{
    struct encrypt_context info;
    if (!encrypt_context_init(&info, label, context))
        return MLS_INVALID;
    return mls_hpke_open(suite, private_key, public_key, (struct mls_hpke_info){.parts = info.parts, .count = 2},
                         (struct core_slice){0}, ciphertext->kem_output, ciphertext->ciphertext, plaintext);
}

/* Right-aligned in len bytes. */
static bool import_key(struct core_slice key, bool scalar, uint8_t *out, size_t len)
{
    if (key.len > len || (key.len < len && !scalar))
        return false;
    memset(out, 0, len - key.len);
    if (key.len)
        memcpy(out + (len - key.len), key.data, key.len);
    return true;
}

int mls_signing_key_import(const struct mls_suite *suite, struct core_slice private_key, struct core_signing_key *out)
{
    const struct core_signature *scheme = suite->signature;
    uint8_t whole[CORE_SIGN_PRIVATE_MAX];
    bool ok = import_key(private_key, scheme->scalar_keys, whole, scheme->private_len) &&
              scheme->key_init(scheme, out, whole);
    core_wipe(whole, sizeof whole);
    return ok ? MLS_OK : MLS_KEY;
}

int mls_hpke_private_import(const struct mls_suite *suite, struct core_slice private_key, uint8_t *out)
{
    const struct mls_kem *kem = suite->kem;
    const bool scalar = kem->dh && kem->dh->first_byte_mask;
    if (!import_key(private_key, scalar, out, kem->private_len))
        return MLS_KEY;
    return !scalar || kem->dh->private_ok(kem->dh, out) ? MLS_OK : MLS_KEY;
}

int mls_hpke_generate(const struct mls_suite *suite, uint8_t *private_key, uint8_t *public_key)
{
    uint8_t seed[MLS_KEM_SEED_MAX];
    int rc = core_random(seed, suite->kem->seed_len) ? MLS_OK : MLS_CRYPTO;
    if (rc == MLS_OK)
        rc = suite->kem->derive(suite->kem, seed, suite->kem->seed_len, private_key, public_key);
    core_wipe(seed, sizeof seed);
    return rc;
}

/* --- Symmetric encryption --- */

int mls_aead_seal(const struct mls_suite *suite, const uint8_t *key, const uint8_t *nonce, struct core_slice aad,
                  uint8_t *text, size_t len)
{
    const struct core_aead *aead = suite->aead;
    _Alignas(max_align_t) uint8_t state[CORE_AEAD_STATE_MAX] = {0};
    const struct core_span span = {text, len};
    bool ok = aead->init(state, CORE_SEAL) && aead->set_key(state, key) &&
              aead->seal(state, nonce, &aad, 1, &span, 1, text + len, aead->tag_len);
    aead->wipe(state);
    if (!ok)
        core_wipe(text, len);
    return ok ? MLS_OK : MLS_CRYPTO;
}

int mls_aead_open(const struct mls_suite *suite, const uint8_t *key, const uint8_t *nonce, struct core_slice aad,
                  uint8_t *text, size_t len, const uint8_t *tag)
{
    const struct core_aead *aead = suite->aead;
    _Alignas(max_align_t) uint8_t state[CORE_AEAD_STATE_MAX] = {0};
    enum core_opened opened = CORE_OPEN_FAILED;
    if (aead->init(state, CORE_OPEN) && aead->set_key(state, key))
        opened = aead->open(state, nonce, &aad, 1, (struct core_span){text, len}, tag, aead->tag_len);
    aead->wipe(state);
    if (opened != CORE_OPEN_OK)
        core_wipe(text, len);
    return opened == CORE_OPEN_OK ? MLS_OK : opened == CORE_OPEN_FORGED ? MLS_AUTH : MLS_CRYPTO;
}

bool mls_same(struct core_slice a, struct core_slice b)
{
    return a.len == b.len && core_equal(a.data, b.data, a.len);
}
