#include "mls/key_schedule.h"

#include <string.h>

#include "core/secret.h"
#include "mls/hpke.h"
#include "wire/buffer.h"
#include "wire/vector.h"

static struct core_slice whole(const struct mls_suite *suite, const uint8_t *secret)
{
    return (struct core_slice){secret, suite->hash->len};
}

/* --- Epochs --- */

int mls_joiner_secret(const struct mls_suite *suite, const uint8_t *init_secret, const uint8_t *commit_secret,
                      struct core_slice group_context, uint8_t *out)
{
    uint8_t extracted[MLS_HASH_MAX];
    int rc = mls_extract(suite, whole(suite, init_secret), whole(suite, commit_secret), extracted);
    if (rc == MLS_OK)
        rc = mls_expand_with_label(suite, extracted, MLS_TEXT("joiner"), group_context, out, suite->hash->len);
    core_wipe(extracted, sizeof extracted);
    return rc;
}

int mls_welcome_secret(const struct mls_suite *suite, const uint8_t *joiner_secret, const uint8_t *psk_secret,
                       uint8_t *out)
{
    uint8_t extracted[MLS_HASH_MAX];
    int rc = mls_extract(suite, whole(suite, joiner_secret), whole(suite, psk_secret), extracted);
    if (rc == MLS_OK)
        rc = mls_derive_secret(suite, extracted, MLS_TEXT("welcome"), out);
    core_wipe(extracted, sizeof extracted);
    return rc;
}

int mls_welcome_key(const struct mls_suite *suite, const uint8_t *welcome_secret, uint8_t *key, uint8_t *nonce)
{
    const struct core_slice none = {0};
    int rc = mls_expand_with_label(suite, welcome_secret, MLS_TEXT("key"), none, key, suite->aead->key_len);
    if (rc == MLS_OK)
        rc = mls_expand_with_label(suite, welcome_secret, MLS_TEXT("nonce"), none, nonce, CORE_NONCE_LEN);
    return rc;
}

/* section 8, "Epoch-Derived Secrets", and the next init secret */
static int derive_all(const struct mls_suite *suite, const uint8_t *epoch_secret, struct mls_epoch_secrets *secrets)
{
    const struct {
        struct core_slice label;
        uint8_t *out;
    } rows[] = {
        {MLS_TEXT("sender data"), secrets->sender_data},
        {MLS_TEXT("encryption"), secrets->encryption},
        {MLS_TEXT("exporter"), secrets->exporter},
        {MLS_TEXT("external"), secrets->external},
        {MLS_TEXT("confirm"), secrets->confirmation_key},
        {MLS_TEXT("membership"), secrets->membership_key},
        {MLS_TEXT("resumption"), secrets->resumption_psk},
        {MLS_TEXT("authentication"), secrets->authenticator},
        {MLS_TEXT("init"), secrets->init},
    };
    int rc = MLS_OK;
    for (size_t i = 0; rc == MLS_OK && i < sizeof rows / sizeof rows[0]; i++)
        rc = mls_derive_secret(suite, epoch_secret, rows[i].label, rows[i].out);
    return rc;
}

int mls_epoch_secrets_init(const struct mls_suite *suite, const uint8_t *joiner_secret, const uint8_t *psk_secret,
                           struct core_slice group_context, struct mls_epoch_secrets *out)
{
    uint8_t extracted[MLS_HASH_MAX];
    uint8_t epoch_secret[MLS_HASH_MAX];
    int rc = mls_extract(suite, whole(suite, joiner_secret), whole(suite, psk_secret), extracted);
    if (rc == MLS_OK)
        rc = mls_expand_with_label(suite, extracted, MLS_TEXT("epoch"), group_context, epoch_secret, suite->hash->len);
    if (rc == MLS_OK)
        rc = derive_all(suite, epoch_secret, out);
    if (rc != MLS_OK)
        mls_epoch_secrets_wipe(out);
    core_wipe(extracted, sizeof extracted);
    core_wipe(epoch_secret, sizeof epoch_secret);
    return rc;
}

void mls_epoch_secrets_wipe(struct mls_epoch_secrets *secrets)
{
    core_wipe(secrets, sizeof *secrets);
}

int mls_exporter(const struct mls_suite *suite, const uint8_t *exporter_secret, struct core_slice label,
                 struct core_slice context, uint8_t *out, size_t len)
{
    uint8_t derived[MLS_HASH_MAX];
    uint8_t hashed[MLS_HASH_MAX];
    int rc = mls_derive_secret(suite, exporter_secret, label, derived);
    if (rc == MLS_OK)
        rc = mls_hash(suite, &context, 1, hashed);
    if (rc == MLS_OK)
        rc = mls_expand_with_label(suite, derived, MLS_TEXT("exported"), whole(suite, hashed), out, len);
    core_wipe(derived, sizeof derived);
    return rc;
}

/* --- External initialisation --- */

int mls_external_key_pair(const struct mls_suite *suite, const uint8_t *external_secret, uint8_t *private_key,
                          uint8_t *public_key)
{
    return suite->kem->derive(suite->kem, external_secret, suite->hash->len, private_key, public_key);
}

#define EXTERNAL_INIT MLS_TEXT("MLS 1.0 external init secret")

int mls_external_init_send(const struct mls_suite *suite, struct core_slice external_pub, uint8_t *kem_output,
                           uint8_t *init_secret)
{
    if (external_pub.len != suite->kem->public_len)
        return MLS_KEY;
    return mls_hpke_send_export(suite, NULL, external_pub.data, (struct mls_hpke_info){0}, EXTERNAL_INIT, kem_output,
                                init_secret, suite->hash->len);
}

int mls_external_init_receive(const struct mls_suite *suite, const uint8_t *external_secret,
                              struct core_slice kem_output, uint8_t *init_secret)
{
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    int rc = mls_external_key_pair(suite, external_secret, private_key, public_key);
    if (rc == MLS_OK)
        rc = mls_hpke_receive_export(suite, private_key, public_key, (struct mls_hpke_info){0}, kem_output,
                                     EXTERNAL_INIT, init_secret, suite->hash->len);
    core_wipe(private_key, sizeof private_key);
    return rc;
}

/* --- Pre-shared keys --- */

/* psk_input of one PSK; label is the encoded PSKLabel. */
static int psk_input(const struct mls_suite *suite, struct core_slice secret, struct core_slice label, uint8_t *out)
{
    static const uint8_t zeros[MLS_HASH_MAX];
    uint8_t extracted[MLS_HASH_MAX];
    int rc = mls_extract(suite, whole(suite, zeros), secret, extracted);
    if (rc == MLS_OK)
        rc = mls_expand_with_label(suite, extracted, MLS_TEXT("derived psk"), label, out, suite->hash->len);
    core_wipe(extracted, sizeof extracted);
    return rc;
}

int mls_psk_secret(const struct mls_suite *suite, const struct mls_psk *psks, size_t count, uint8_t *out)
{
    uint8_t chain[MLS_HASH_MAX] = {0};
    uint8_t input[MLS_HASH_MAX];
    struct bytes_writer label;
    int rc = count <= MLS_PSKS_MAX ? MLS_OK : MLS_LIMIT;
    wire_buffer_init(&label, MLS_MESSAGE_MAX);
    for (size_t i = 0; rc == MLS_OK && i < count; i++) {
        label.len = 0;
        mls_psk_id_write(&label, &psks[i].id);
        bytes_write_u16(&label, (uint16_t)i);
        bytes_write_u16(&label, (uint16_t)count);
        rc = bytes_writer_ok(&label) ? psk_input(suite, psks[i].secret, wire_buffer_slice(&label), input) : MLS_MEMORY;
        if (rc == MLS_OK)
            rc = mls_extract(suite, whole(suite, input), whole(suite, chain), chain);
    }
    if (rc == MLS_OK)
        memcpy(out, chain, suite->hash->len);
    wire_buffer_free(&label);
    core_wipe(chain, sizeof chain);
    core_wipe(input, sizeof input);
    return rc;
}

/* --- Transcript hashes --- */

enum { VECTOR_LENGTH_MAX = 4 };

/* The encoded length of a vector, which goes before its content. */
static struct core_slice length_of(struct core_slice content, uint8_t out[VECTOR_LENGTH_MAX])
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, VECTOR_LENGTH_MAX);
    wire_write_length(&w, content.len);
    return (struct core_slice){out, w.len};
}

int mls_confirmed_transcript_hash(const struct mls_suite *suite, struct core_slice interim,
                                  const struct mls_authenticated_content *message, uint8_t *out)
{
    const uint8_t wire_format[] = {(uint8_t)(message->wire_format >> 8), (uint8_t)message->wire_format};
    uint8_t length[VECTOR_LENGTH_MAX];
    const struct core_slice parts[] = {interim,
                                       {wire_format, sizeof wire_format},
                                       message->content.encoded,
                                       length_of(message->auth.signature, length),
                                       message->auth.signature};
    return mls_hash(suite, parts, sizeof parts / sizeof parts[0], out);
}

int mls_interim_transcript_hash(const struct mls_suite *suite, struct core_slice confirmed,
                                struct core_slice confirmation_tag, uint8_t *out)
{
    uint8_t length[VECTOR_LENGTH_MAX];
    const struct core_slice parts[] = {confirmed, length_of(confirmation_tag, length), confirmation_tag};
    return mls_hash(suite, parts, sizeof parts / sizeof parts[0], out);
}

int mls_confirmation_tag(const struct mls_suite *suite, const uint8_t *confirmation_key, struct core_slice confirmed,
                         uint8_t *out)
{
    return mls_mac(suite, confirmation_key, &confirmed, 1, out);
}

int mls_confirmation_check(const struct mls_suite *suite, const uint8_t *confirmation_key, struct core_slice confirmed,
                           struct core_slice tag)
{
    uint8_t expected[MLS_HASH_MAX];
    int rc = mls_confirmation_tag(suite, confirmation_key, confirmed, expected);
    if (rc == MLS_OK && !mls_same(tag, whole(suite, expected)))
        rc = MLS_CONFIRMATION;
    core_wipe(expected, sizeof expected);
    return rc;
}
