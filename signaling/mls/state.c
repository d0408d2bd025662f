/* State as bytes under a key of the caller's: a group with what is staged, a key package's private keys. */
#include "core/secret.h"
#include "core/xchacha.h"
#include "group.h"

/* Sealed:
 *
 *     struct {
 *         uint8 magic[4];       "SMLS"
 *         uint8 version = 1;
 *         uint8 kind;           enum kind
 *         opaque nonce[24];     random: long enough never to repeat
 *         opaque ciphertext[];  XChaCha20-Poly1305, its tag of 16 bytes at the end
 *     }
 *
 * What goes before the ciphertext is authenticated with it. */
enum kind { KIND_GROUP = 1, KIND_KEY_PACKAGE = 2 };
enum {
    VERSION = 1,
    MAGIC_LEN = 4,
    NONCE_AT = MAGIC_LEN + 2,
    HEAD_LEN = NONCE_AT + CORE_XCHACHA_NONCE_LEN,
    TAG_LEN = CORE_XCHACHA_TAG_LEN,
};

_Static_assert((int)MLS_STATE_KEY_LEN == (int)CORE_XCHACHA_KEY_LEN, "the key is the AEAD's");

static const uint8_t magic[MAGIC_LEN] = {'S', 'M', 'L', 'S'};

/* --- Sealing --- */

/* Begins the state in w; the plaintext follows. */
static int begin(struct bytes_writer *w, enum kind kind)
{
    uint8_t nonce[CORE_XCHACHA_NONCE_LEN];
    wire_buffer_init(w, MLS_STATE_MAX);
    if (!core_random(nonce, sizeof nonce))
        return MLS_CRYPTO;
    bytes_write(w, magic, sizeof magic);
    bytes_write_u8(w, VERSION);
    bytes_write_u8(w, (uint8_t)kind);
    bytes_write(w, nonce, sizeof nonce);
    return MLS_OK;
}

/* Seals what was written after begin(), in place, and gives the whole. */
static int seal(struct bytes_writer *w, struct mls_bytes key, struct mls_output *out)
{
    const size_t len = w->len - HEAD_LEN;
    if (!bytes_reserve(w, TAG_LEN))
        return MLS_MEMORY;
    uint8_t *text = w->data + HEAD_LEN;
    if (!core_xchacha_seal(key.data, w->data + NONCE_AT, w->data, HEAD_LEN, text, len, text))
        return MLS_CRYPTO;
    return mls_output_take(w, out);
}

static int unseal(struct mls_bytes state, struct mls_bytes key, enum kind kind, struct mls_output *plain)
{
    if (key.len != MLS_STATE_KEY_LEN)
        return MLS_KEY;
    if (state.len > MLS_STATE_MAX)
        return MLS_LIMIT;
    if (state.len < HEAD_LEN + TAG_LEN || memcmp(state.data, magic, sizeof magic) != 0 ||
        state.data[MAGIC_LEN] != VERSION || state.data[MAGIC_LEN + 1] != kind)
        return MLS_MALFORMED;
    const size_t len = state.len - HEAD_LEN;
    struct mls_output opened = {0};
    int rc = mls_output_copy((struct core_slice){state.data + HEAD_LEN, len - TAG_LEN}, &opened);
    if (rc != MLS_OK)
        return rc;
    if (core_xchacha_open(key.data, state.data + NONCE_AT, state.data, HEAD_LEN, state.data + HEAD_LEN, len,
                          opened.data)) {
        *plain = opened;
        return MLS_OK;
    }
    mls_output_free(&opened);
    return MLS_AUTH;
}

/* --- Groups --- */

int mls_group_save(const struct mls_group *group, const struct mls_staged *staged, struct mls_bytes key,
                   struct mls_output *state)
{
    struct bytes_writer w;
    if (key.len != MLS_STATE_KEY_LEN)
        return MLS_KEY;
    if (staged && (staged->group != group || mls_staged_is_stale(staged)))
        return MLS_STALE;
    int rc = begin(&w, KIND_GROUP);
    if (rc == MLS_OK) {
        mls_group_state_write(&w, group, staged);
        rc = seal(&w, key, state);
    }
    wire_buffer_free(&w);
    return rc;
}

int mls_group_load(struct mls_bytes state, struct mls_bytes key, const struct mls_suites *suites,
                   const struct mls_policy *policy, struct mls_group **group, struct mls_staged **staged)
{
    struct mls_output plain = {0};
    struct mls_staged *was_staged = NULL;
    int rc = unseal(state, key, KIND_GROUP, &plain);
    if (rc == MLS_OK)
        rc = mls_group_state_read((struct core_slice){plain.data, plain.len}, suites, policy, group, &was_staged);
    mls_output_free(&plain);
    if (rc == MLS_OK && staged)
        *staged = was_staged;
    else
        mls_staged_free(was_staged);
    return rc;
}

/* --- Key packages --- */

/* struct { opaque key_package<V>; opaque init_private<V>; opaque encryption_private<V>; opaque signature_private<V>; }
 */
int mls_key_package_keys_save(const struct mls_key_package_keys *keys, struct mls_bytes key, struct mls_output *state)
{
    struct bytes_writer w;
    if (key.len != MLS_STATE_KEY_LEN)
        return MLS_KEY;
    if (keys->used)
        return MLS_STATE;
    int rc = begin(&w, KIND_KEY_PACKAGE);
    if (rc == MLS_OK) {
        wire_write_vector(&w, keys->package.encoded);
        wire_write_vector(&w, (struct core_slice){keys->init_private, keys->suite->kem->private_len});
        wire_write_vector(&w, (struct core_slice){keys->encryption_private, keys->suite->kem->private_len});
        wire_write_vector(&w, (struct core_slice){keys->signer.private_key, keys->suite->signature->private_len});
        rc = seal(&w, key, state);
    }
    wire_buffer_free(&w);
    return rc;
}

static int read_keys(struct core_slice plain, const struct mls_suites *suites, struct mls_key_package_keys **keys)
{
    struct bytes_reader r = mls_walk(plain);
    struct bytes_reader encoded = wire_parse_block(&r);
    const struct core_slice init = wire_parse_vector(&r);
    const struct core_slice encryption = wire_parse_vector(&r);
    const struct core_slice signature = wire_parse_vector(&r);
    struct mls_key_package package;
    mls_key_package_parse(&encoded, &package);
    if (!bytes_reader_done(&r) || !bytes_reader_done(&encoded) || package.version != MLS_VERSION_1_0)
        return MLS_MALFORMED;
    const struct mls_suite *suite = mls_suite_find(suites, package.cipher_suite);
    if (!suite)
        return MLS_SUITE;
    return mls_key_package_keys_new(suite, &package, mls_out(init), mls_out(encryption), mls_out(signature), keys);
}

int mls_key_package_keys_load(struct mls_bytes state, struct mls_bytes key, const struct mls_suites *suites,
                              struct mls_key_package_keys **keys)
{
    struct mls_output plain = {0};
    int rc = unseal(state, key, KIND_KEY_PACKAGE, &plain);
    if (rc == MLS_OK)
        rc = read_keys((struct core_slice){plain.data, plain.len}, suites, keys);
    mls_output_free(&plain);
    return rc;
}
