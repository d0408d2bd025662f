/* Key packages (RFC 9420 section 10): made here, brought from elsewhere, checked. */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- Making --- */

static int new_keys(const struct mls_suite *suite, struct mls_key_package_keys **out)
{
    struct mls_key_package_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return MLS_MEMORY;
    keys->suite = suite;
    *out = keys;
    return MLS_OK;
}

void mls_key_package_keys_free(struct mls_key_package_keys *keys)
{
    if (!keys)
        return;
    mls_output_free(&keys->encoded);
    core_wipe(keys, sizeof *keys);
    free(keys);
}

struct mls_bytes mls_key_package_keys_ref(const struct mls_key_package_keys *keys)
{
    return (struct mls_bytes){keys->ref, keys->suite->hash->len};
}

/* Takes the encoded KeyPackage over as keys->package, with its reference. */
static int set_package(struct mls_key_package_keys *keys, struct core_slice encoded)
{
    struct core_slice ignored;
    int rc = mls_output_copy(encoded, &keys->encoded);
    if (rc != MLS_OK)
        return rc;
    struct bytes_reader r = mls_walk((struct core_slice){keys->encoded.data, keys->encoded.len});
    mls_key_package_parse(&r, &keys->package);
    if (!bytes_reader_done(&r))
        return MLS_INVALID;
    keys->last_resort = mls_extension_find(keys->package.extensions, MLS_EXTENSION_LAST_RESORT, &ignored);
    return mls_key_package_ref(keys->suite, keys->package.encoded, keys->ref);
}

static int write_extensions(struct bytes_writer *w, const struct mls_key_package_config *config,
                            const uint8_t grease[MLS_GREASE_LEN])
{
    int rc = mls_extension_items_write(w, config->extensions, config->extension_count);
    if (rc != MLS_OK)
        return rc;
    const size_t count = config->extension_count + config->last_resort;
    if (count > MLS_EXTENSIONS_MAX ||
        (config->last_resort &&
         mls_extension_items_have(config->extensions, config->extension_count, MLS_EXTENSION_LAST_RESORT)))
        return MLS_EXTENSION;
    if (config->last_resort)
        mls_extension_write(w, &(struct mls_extension){.type = MLS_EXTENSION_LAST_RESORT});
    if (count < MLS_EXTENSIONS_MAX)
        mls_grease_write(w, grease + 1, MLS_GREASE_LEN - 1, config->extensions, config->extension_count);
    return bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
}

/* Signs the package and writes it whole. */
static int sign(const struct mls_suite *suite, struct mls_key_package *package, const struct core_signing_key *signer,
                struct bytes_writer *w)
{
    uint8_t signature[CORE_SIGNATURE_MAX];
    mls_key_package_write_tbs(w, package);
    if (!bytes_writer_ok(w))
        return MLS_MEMORY;
    const struct core_slice tbs = wire_buffer_slice(w);
    package->signature.data = signature;
    int rc = mls_sign_with_label(suite, signer, MLS_TEXT("KeyPackageTBS"), &tbs, 1, signature, &package->signature.len);
    if (rc == MLS_OK)
        wire_write_vector(w, package->signature);
    return rc != MLS_OK || bytes_writer_ok(w) ? rc : MLS_MEMORY;
}

static int make(struct mls_key_package_keys *keys, const struct mls_suites *suites,
                const struct mls_key_package_config *config)
{
    const struct mls_suite *suite = keys->suite;
    struct mls_leaf_template template;
    struct bytes_writer leaf;
    struct bytes_writer extensions;
    struct bytes_writer encoded;
    uint8_t init_public[MLS_KEM_PUBLIC_MAX];
    uint8_t encryption_public[MLS_KEM_PUBLIC_MAX];
    int rc = mls_leaf_template_init(&template, suites, suite, &config->leaf, config);
    if (rc != MLS_OK)
        return rc;
    wire_buffer_init(&leaf, MLS_MESSAGE_MAX);
    wire_buffer_init(&extensions, MLS_MESSAGE_MAX);
    wire_buffer_init(&encoded, MLS_MESSAGE_MAX);
    keys->signer = template.signer;
    rc = mls_hpke_generate(suite, keys->init_private, init_public);
    if (rc == MLS_OK)
        rc = mls_hpke_generate(suite, keys->encryption_private, encryption_public);
    if (rc != MLS_OK)
        goto out;
    template.leaf.source = MLS_LEAF_KEY_PACKAGE;
    template.leaf.not_before = config->not_before_s;
    template.leaf.not_after = config->not_after_s;
    template.leaf.encryption_key = (struct core_slice){encryption_public, suite->kem->public_len};
    rc = mls_leaf_node_sign(&leaf, suite, &template.leaf, &template.signer, (struct core_slice){0}, 0);
    if (rc == MLS_OK)
        rc = write_extensions(&extensions, config, template.grease);
    if (rc != MLS_OK)
        goto out;
    struct mls_key_package package = {
        .version = MLS_VERSION_1_0,
        .cipher_suite = suite->id,
        .init_key = {init_public, suite->kem->public_len},
        .extensions = wire_buffer_slice(&extensions),
    };
    struct bytes_reader r = mls_walk(wire_buffer_slice(&leaf));
    mls_leaf_node_parse(&r, &package.leaf_node);
    rc = bytes_reader_done(&r) ? sign(suite, &package, &template.signer, &encoded) : MLS_INVALID;
    if (rc == MLS_OK)
        rc = set_package(keys, wire_buffer_slice(&encoded));
out:
    wire_buffer_free(&leaf);
    wire_buffer_free(&extensions);
    wire_buffer_free(&encoded);
    mls_leaf_template_wipe(&template);
    return rc;
}

int mls_key_package_new(const struct mls_suites *suites, uint16_t suite, const struct mls_key_package_config *config,
                        struct mls_key_package_keys **keys, struct mls_output *message)
{
    const struct mls_suite *row = mls_suite_find(suites, suite);
    struct mls_key_package_keys *made = NULL;
    struct bytes_writer w;
    if (!row)
        return MLS_SUITE;
    if (config->not_after_s < config->not_before_s)
        return MLS_INVALID;
    int rc = new_keys(row, &made);
    if (rc != MLS_OK)
        return rc;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    rc = make(made, suites, config);
    if (rc == MLS_OK) {
        const struct mls_message whole = {.wire_format = MLS_WIRE_KEY_PACKAGE, .key_package = made->package};
        mls_message_write(&w, &whole);
        rc = mls_output_take(&w, message);
    }
    wire_buffer_free(&w);
    if (rc == MLS_OK)
        *keys = made;
    else
        mls_key_package_keys_free(made);
    return rc;
}

/* --- From elsewhere --- */

/* Whether the private key is the public key's own. */
static int import_hpke(const struct mls_suite *suite, struct mls_bytes private_key, struct core_slice public_key,
                       uint8_t *out)
{
    uint8_t found[MLS_KEM_PUBLIC_MAX];
    int rc = mls_hpke_private_import(suite, mls_in(private_key), out);
    if (rc == MLS_OK)
        rc = suite->kem->public_from(suite->kem, out, found);
    if (rc == MLS_OK && !mls_same(public_key, (struct core_slice){found, suite->kem->public_len}))
        rc = MLS_KEY;
    return rc;
}

static int import(struct mls_key_package_keys *keys, const struct mls_key_package *package, struct mls_bytes init,
                  struct mls_bytes encryption, struct mls_bytes signature)
{
    const struct mls_suite *suite = keys->suite;
    int rc = set_package(keys, package->encoded);
    if (rc == MLS_OK)
        rc = mls_verify_with_label(suite, package->leaf_node.signature_key, MLS_TEXT("KeyPackageTBS"), &package->tbs, 1,
                                   package->signature);
    if (rc == MLS_OK)
        rc = import_hpke(suite, init, package->init_key, keys->init_private);
    if (rc == MLS_OK)
        rc = import_hpke(suite, encryption, package->leaf_node.encryption_key, keys->encryption_private);
    if (rc == MLS_OK)
        rc = mls_signing_key_import(suite, mls_in(signature), &keys->signer);
    if (rc == MLS_OK && !mls_same(package->leaf_node.signature_key,
                                  (struct core_slice){keys->signer.public_key, suite->signature->public_len}))
        rc = MLS_KEY;
    return rc;
}

int mls_key_package_keys_new(const struct mls_suite *suite, const struct mls_key_package *package,
                             struct mls_bytes init_private, struct mls_bytes encryption_private,
                             struct mls_bytes signature_private, struct mls_key_package_keys **keys)
{
    struct mls_key_package_keys *made = NULL;
    int rc = new_keys(suite, &made);
    if (rc == MLS_OK)
        rc = import(made, package, init_private, encryption_private, signature_private);
    if (rc == MLS_OK)
        *keys = made;
    else
        mls_key_package_keys_free(made);
    return rc;
}

int mls_key_package_import(const struct mls_suites *suites, struct mls_bytes message, struct mls_bytes init_private_key,
                           struct mls_bytes encryption_private_key, struct mls_bytes signature_private_key,
                           struct mls_key_package_keys **keys)
{
    struct mls_message parsed;
    int rc = mls_message_parse(message.data, message.len, &parsed);
    if (rc != MLS_OK)
        return rc;
    if (parsed.wire_format != MLS_WIRE_KEY_PACKAGE || parsed.key_package.version != MLS_VERSION_1_0)
        return MLS_MALFORMED;
    const struct mls_suite *suite = mls_suite_find(suites, parsed.key_package.cipher_suite);
    if (!suite)
        return MLS_SUITE;
    return mls_key_package_keys_new(suite, &parsed.key_package, init_private_key, encryption_private_key,
                                    signature_private_key, keys);
}

/* --- Checking --- */

int mls_key_package_check(const struct mls_group *group, const struct mls_key_package *package,
                          struct core_slice extensions, uint64_t now_s)
{
    const struct mls_leaf_question question = {
        .use = MLS_CREDENTIAL_OF_ADDED,
        .source = MLS_LEAF_KEY_PACKAGE,
        .leaf = MLS_NO_LEAF,
        .check_lifetime = true,
        .now_s = now_s,
        .extensions = extensions,
    };
    /* section 10.1 */
    if (package->version != MLS_VERSION_1_0 || package->cipher_suite != group->suite->id)
        return MLS_KEY_PACKAGE;
    if (package->init_key.len != group->suite->kem->public_len ||
        mls_same(package->init_key, package->leaf_node.encryption_key))
        return MLS_KEY_PACKAGE;
    int rc = group->suite->kem->public_check(group->suite->kem, package->init_key.data);
    if (rc == MLS_OK)
        rc = mls_verify_with_label(group->suite, package->leaf_node.signature_key, MLS_TEXT("KeyPackageTBS"),
                                   &package->tbs, 1, package->signature);
    if (rc == MLS_OK)
        rc = mls_leaf_check(group, &package->leaf_node, &question);
    return rc;
}
