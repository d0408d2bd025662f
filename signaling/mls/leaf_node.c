#include "mls/leaf_node.h"

#include <string.h>

#include "wire/buffer.h"
#include "wire/vector.h"

enum {
    DEFAULT_EXTENSION_MAX = MLS_EXTENSION_EXTERNAL_SENDERS, /* section 7.2: supported by all, and not listed */
    DEFAULT_PROPOSAL_MAX = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
    TAIL_MAX = 4 + 4, /* bytes of the tbs tail besides the group id */
};

/* --- Capabilities --- */

static bool is_listed(struct core_slice list, uint16_t wanted, uint16_t default_max)
{
    return (wanted > 0 && wanted <= default_max) || mls_u16_contains(list, wanted);
}

/* Whether all wanted values are in the list or among the defaults. Linear in both lengths, which others choose. */
static bool all_listed(struct core_slice list, struct core_slice wanted, uint16_t default_max)
{
    enum { FEW = 8, BITS = 8 };
    uint8_t set[(UINT16_MAX + 1) / BITS];
    const size_t count = mls_u16_count(wanted);
    if (count <= FEW) {
        for (size_t i = 0; i < count; i++)
            if (!is_listed(list, mls_u16_at(wanted, i), default_max))
                return false;
        return true;
    }
    memset(set, 0, sizeof set);
    for (size_t i = 0; i < mls_u16_count(list); i++)
        set[mls_u16_at(list, i) / BITS] |= (uint8_t)(1 << mls_u16_at(list, i) % BITS);
    for (size_t i = 0; i < count; i++) {
        const uint16_t value = mls_u16_at(wanted, i);
        if (!(value > 0 && value <= default_max) && !(set[value / BITS] & 1 << value % BITS))
            return false;
    }
    return true;
}

int mls_leaf_node_supports(const struct mls_leaf_node *leaf_node, struct core_slice extensions)
{
    const struct mls_capabilities *has = &leaf_node->capabilities;
    struct bytes_reader walk = mls_walk(extensions);
    struct mls_extension extension;
    struct core_slice data;
    /* "The capabilities field MUST indicate support for each extension in the GroupContext" (section 13.4) */
    while (mls_extension_next(&walk, &extension))
        if (!is_listed(has->extensions, extension.type, DEFAULT_EXTENSION_MAX))
            return MLS_UNSUPPORTED;
    if (!mls_extension_find(extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES, &data))
        return MLS_OK;
    struct mls_required_capabilities required;
    struct bytes_reader r = mls_walk(data);
    mls_required_capabilities_parse(&r, &required);
    if (!bytes_reader_done(&r))
        return MLS_MALFORMED;
    return all_listed(has->extensions, required.extensions, DEFAULT_EXTENSION_MAX) &&
                   all_listed(has->proposals, required.proposals, DEFAULT_PROPOSAL_MAX) &&
                   all_listed(has->credentials, required.credentials, 0)
               ? MLS_OK
               : MLS_UNSUPPORTED;
}

/* What a leaf has to say of itself (section 7.2). */
static bool lists_what_it_uses(const struct mls_suite *suite, const struct mls_leaf_node *leaf_node)
{
    const struct mls_capabilities *has = &leaf_node->capabilities;
    struct bytes_reader walk = mls_walk(leaf_node->extensions);
    struct mls_extension extension;
    while (mls_extension_next(&walk, &extension))
        if (!is_listed(has->extensions, extension.type, DEFAULT_EXTENSION_MAX))
            return false;
    return mls_u16_contains(has->versions, MLS_VERSION_1_0) && mls_u16_contains(has->cipher_suites, suite->id) &&
           mls_u16_contains(has->credentials, leaf_node->credential.type);
}

/* --- Signatures --- */

/* The group's part of LeafNodeTBS. */
static int tbs_tail(struct bytes_writer *w, uint8_t source, struct core_slice group_id, uint32_t leaf)
{
    wire_buffer_init(w, TAIL_MAX + group_id.len);
    mls_leaf_node_write_tbs_tail(w, source, group_id, leaf);
    return bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
}

int mls_leaf_node_verify(const struct mls_suite *suite, const struct mls_leaf_node *leaf_node,
                         struct core_slice group_id, uint32_t leaf)
{
    struct bytes_writer tail;
    int rc = tbs_tail(&tail, leaf_node->source, group_id, leaf);
    if (rc == MLS_OK) {
        const struct core_slice parts[] = {leaf_node->tbs, wire_buffer_slice(&tail)};
        rc = mls_verify_with_label(suite, leaf_node->signature_key, MLS_TEXT("LeafNodeTBS"), parts, 2,
                                   leaf_node->signature);
    }
    wire_buffer_free(&tail);
    return rc;
}

int mls_leaf_node_sign(struct bytes_writer *w, const struct mls_suite *suite, const struct mls_leaf_node *leaf_node,
                       const struct core_signing_key *key, struct core_slice group_id, uint32_t leaf)
{
    struct bytes_writer tail;
    struct bytes_writer tbs;
    uint8_t signature[CORE_SIGNATURE_MAX];
    size_t signature_len = 0;
    const struct core_slice public_key = {key->public_key, suite->signature->public_len};
    if (!mls_same(leaf_node->signature_key, public_key))
        return MLS_INVALID;
    wire_buffer_init(&tbs, MLS_MESSAGE_MAX);
    mls_leaf_node_write_tbs(&tbs, leaf_node);
    int rc = tbs_tail(&tail, leaf_node->source, group_id, leaf);
    if (rc == MLS_OK && !bytes_writer_ok(&tbs))
        rc = MLS_MEMORY;
    if (rc == MLS_OK) {
        const struct core_slice parts[] = {wire_buffer_slice(&tbs), wire_buffer_slice(&tail)};
        rc = mls_sign_with_label(suite, key, MLS_TEXT("LeafNodeTBS"), parts, 2, signature, &signature_len);
    }
    if (rc == MLS_OK) {
        const struct core_slice signed_part = wire_buffer_slice(&tbs);
        bytes_write(w, signed_part.data, signed_part.len);
        wire_write_vector(w, (struct core_slice){signature, signature_len});
        rc = bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
    }
    wire_buffer_free(&tail);
    wire_buffer_free(&tbs);
    return rc;
}

/* --- Validation (section 7.3) --- */

static bool lifetime_holds(const struct mls_leaf_rules *rules, const struct mls_leaf_node *leaf_node)
{
    if (leaf_node->source != MLS_LEAF_KEY_PACKAGE)
        return true;
    if (leaf_node->not_after < leaf_node->not_before ||
        (rules->lifetime_max && leaf_node->not_after - leaf_node->not_before > rules->lifetime_max))
        return false;
    return !rules->check_lifetime || (rules->now >= leaf_node->not_before && rules->now <= leaf_node->not_after);
}

int mls_leaf_node_validate(const struct mls_leaf_rules *rules, const struct mls_leaf_node *leaf_node, uint8_t source,
                           uint32_t leaf)
{
    const struct mls_suite *suite = rules->suite;
    if (source && leaf_node->source != source)
        return MLS_LEAF_NODE;
    if (leaf_node->encryption_key.len != suite->kem->public_len ||
        leaf_node->signature_key.len != suite->signature->public_len)
        return MLS_KEY;
    int rc = suite->kem->public_check(suite->kem, leaf_node->encryption_key.data);
    if (rc != MLS_OK)
        return rc;
    if (!lifetime_holds(rules, leaf_node))
        return MLS_LIFETIME;
    if (!lists_what_it_uses(suite, leaf_node))
        return MLS_UNSUPPORTED;
    rc = mls_leaf_node_supports(leaf_node, rules->extensions);
    if (rc == MLS_OK && !rules->signed_here)
        rc = mls_leaf_node_verify(suite, leaf_node, rules->group_id, leaf);
    if (rc == MLS_OK &&
        (!rules->credential || !rules->credential(rules->ctx, &leaf_node->credential, leaf_node->signature_key)))
        rc = MLS_CREDENTIAL;
    return rc;
}
