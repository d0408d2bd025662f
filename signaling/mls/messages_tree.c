/* Lists, extensions, credentials, leaf and parent nodes, key packages. */
#include "mls/messages.h"

#include "parts.h"
#include "wire/vector.h"

/* --- Lists --- */

struct bytes_reader mls_walk(struct core_slice list)
{
    struct bytes_reader r;
    bytes_reader_init(&r, list.data, list.len);
    return r;
}

struct core_slice mls_parse_units(struct bytes_reader *r, size_t unit)
{
    struct core_slice list = wire_parse_vector(r);
    mls_require(r, list.len % unit == 0);
    return list;
}

uint16_t mls_u16_at(struct core_slice list, size_t i)
{
    return (uint16_t)(list.data[2 * i] << 8 | list.data[2 * i + 1]);
}

bool mls_u16_contains(struct core_slice list, uint16_t value)
{
    for (size_t i = 0; i < mls_u16_count(list); i++)
        if (mls_u16_at(list, i) == value)
            return true;
    return false;
}

uint32_t mls_u32_at(struct core_slice list, size_t i)
{
    const uint8_t *at = list.data + 4 * i;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* --- Extensions --- */

static void extension_parse(struct bytes_reader *r, struct mls_extension *extension)
{
    extension->type = bytes_read_u16(r);
    extension->data = wire_parse_vector(r);
}

bool mls_extension_next(struct bytes_reader *r, struct mls_extension *extension)
{
    if (bytes_reader_left(r) == 0)
        return false;
    extension_parse(r, extension);
    return bytes_reader_ok(r);
}

void mls_extension_write(struct bytes_writer *w, const struct mls_extension *extension)
{
    bytes_write_u16(w, extension->type);
    wire_write_vector(w, extension->data);
}

struct core_slice mls_extensions_parse(struct bytes_reader *r)
{
    struct core_slice list = wire_parse_vector(r);
    struct bytes_reader elements = mls_walk(list);
    uint16_t seen[MLS_EXTENSIONS_MAX];
    size_t count = 0;
    struct mls_extension extension;
    while (mls_extension_next(&elements, &extension)) {
        /* "Any field containing a list of extensions MUST NOT have more than one extension of any given type"
         * (section 13.4) */
        for (size_t i = 0; i < count; i++)
            mls_require(r, seen[i] != extension.type);
        mls_require(r, count < MLS_EXTENSIONS_MAX);
        if (!bytes_reader_ok(r))
            return (struct core_slice){0};
        seen[count++] = extension.type;
    }
    mls_require(r, bytes_reader_done(&elements));
    return list;
}

bool mls_extension_find(struct core_slice extensions, uint16_t type, struct core_slice *data)
{
    struct bytes_reader r = mls_walk(extensions);
    struct mls_extension extension;
    while (mls_extension_next(&r, &extension))
        if (extension.type == type) {
            *data = extension.data;
            return true;
        }
    return false;
}

/* --- Credentials --- */

bool mls_certificate_next(struct bytes_reader *r, struct core_slice *certificate)
{
    if (bytes_reader_left(r) == 0)
        return false;
    *certificate = wire_parse_vector(r);
    return bytes_reader_ok(r);
}

void mls_credential_parse(struct bytes_reader *r, struct mls_credential *credential)
{
    credential->type = bytes_read_u16(r);
    credential->content = wire_parse_vector(r);
    if (credential->type != MLS_CREDENTIAL_X509)
        return;
    struct bytes_reader certificates = mls_walk(credential->content);
    struct core_slice certificate;
    while (mls_certificate_next(&certificates, &certificate))
        ;
    mls_require(r, bytes_reader_done(&certificates));
}

void mls_credential_write(struct bytes_writer *w, const struct mls_credential *credential)
{
    bytes_write_u16(w, credential->type);
    wire_write_vector(w, credential->content);
}

/* --- Leaf nodes --- */

static void capabilities_parse(struct bytes_reader *r, struct mls_capabilities *capabilities)
{
    capabilities->versions = mls_parse_units(r, 2);
    capabilities->cipher_suites = mls_parse_units(r, 2);
    capabilities->extensions = mls_parse_units(r, 2);
    capabilities->proposals = mls_parse_units(r, 2);
    capabilities->credentials = mls_parse_units(r, 2);
}

static void capabilities_write(struct bytes_writer *w, const struct mls_capabilities *capabilities)
{
    wire_write_vector(w, capabilities->versions);
    wire_write_vector(w, capabilities->cipher_suites);
    wire_write_vector(w, capabilities->extensions);
    wire_write_vector(w, capabilities->proposals);
    wire_write_vector(w, capabilities->credentials);
}

void mls_leaf_node_parse(struct bytes_reader *r, struct mls_leaf_node *leaf)
{
    size_t start = r->pos;
    *leaf = (struct mls_leaf_node){.encryption_key = wire_parse_vector(r)};
    leaf->signature_key = wire_parse_vector(r);
    mls_credential_parse(r, &leaf->credential);
    capabilities_parse(r, &leaf->capabilities);
    leaf->source = bytes_read_u8(r);
    switch (leaf->source) {
    case MLS_LEAF_KEY_PACKAGE:
        leaf->not_before = bytes_read_u64(r);
        leaf->not_after = bytes_read_u64(r);
        break;
    case MLS_LEAF_UPDATE:
        break;
    case MLS_LEAF_COMMIT:
        leaf->parent_hash = wire_parse_vector(r);
        break;
    default:
        bytes_reader_fail(r);
    }
    leaf->extensions = mls_extensions_parse(r);
    leaf->tbs = mls_since(r, start);
    leaf->signature = wire_parse_vector(r);
    leaf->encoded = mls_since(r, start);
}

void mls_leaf_node_write_tbs(struct bytes_writer *w, const struct mls_leaf_node *leaf)
{
    wire_write_vector(w, leaf->encryption_key);
    wire_write_vector(w, leaf->signature_key);
    mls_credential_write(w, &leaf->credential);
    capabilities_write(w, &leaf->capabilities);
    bytes_write_u8(w, leaf->source);
    if (leaf->source == MLS_LEAF_KEY_PACKAGE) {
        bytes_write_u64(w, leaf->not_before);
        bytes_write_u64(w, leaf->not_after);
    } else if (leaf->source == MLS_LEAF_COMMIT) {
        wire_write_vector(w, leaf->parent_hash);
    }
    wire_write_vector(w, leaf->extensions);
}

void mls_leaf_node_write_tbs_tail(struct bytes_writer *w, uint8_t source, struct core_slice group_id,
                                  uint32_t leaf_index)
{
    if (source == MLS_LEAF_KEY_PACKAGE)
        return;
    wire_write_vector(w, group_id);
    bytes_write_u32(w, leaf_index);
}

void mls_leaf_node_write(struct bytes_writer *w, const struct mls_leaf_node *leaf)
{
    mls_leaf_node_write_tbs(w, leaf);
    wire_write_vector(w, leaf->signature);
}

/* --- Key packages --- */

void mls_key_package_parse(struct bytes_reader *r, struct mls_key_package *package)
{
    size_t start = r->pos;
    package->version = bytes_read_u16(r);
    package->cipher_suite = bytes_read_u16(r);
    package->init_key = wire_parse_vector(r);
    mls_leaf_node_parse(r, &package->leaf_node);
    package->extensions = mls_extensions_parse(r);
    package->tbs = mls_since(r, start);
    package->signature = wire_parse_vector(r);
    package->encoded = mls_since(r, start);
}

void mls_key_package_write_tbs(struct bytes_writer *w, const struct mls_key_package *package)
{
    bytes_write_u16(w, package->version);
    bytes_write_u16(w, package->cipher_suite);
    wire_write_vector(w, package->init_key);
    mls_leaf_node_write(w, &package->leaf_node);
    wire_write_vector(w, package->extensions);
}

void mls_key_package_write(struct bytes_writer *w, const struct mls_key_package *package)
{
    mls_key_package_write_tbs(w, package);
    wire_write_vector(w, package->signature);
}

/* --- Parent nodes and the tree --- */

void mls_parent_node_parse(struct bytes_reader *r, struct mls_parent_node *parent)
{
    size_t start = r->pos;
    parent->encryption_key = wire_parse_vector(r);
    parent->parent_hash = wire_parse_vector(r);
    parent->unmerged_leaves = mls_parse_units(r, 4);
    /* "MUST be sorted in increasing order" (section 7.1) */
    for (size_t i = 1; i < mls_u32_count(parent->unmerged_leaves); i++)
        mls_require(r, mls_u32_at(parent->unmerged_leaves, i - 1) < mls_u32_at(parent->unmerged_leaves, i));
    parent->encoded = mls_since(r, start);
}

void mls_parent_node_write(struct bytes_writer *w, const struct mls_parent_node *parent)
{
    wire_write_vector(w, parent->encryption_key);
    wire_write_vector(w, parent->parent_hash);
    wire_write_vector(w, parent->unmerged_leaves);
}

void mls_node_parse(struct bytes_reader *r, struct mls_node *node)
{
    node->type = MLS_NODE_BLANK;
    if (!wire_read_present(r))
        return;
    node->type = bytes_read_u8(r);
    if (node->type == MLS_NODE_LEAF)
        mls_leaf_node_parse(r, &node->leaf);
    else if (node->type == MLS_NODE_PARENT)
        mls_parent_node_parse(r, &node->parent);
    else
        bytes_reader_fail(r);
}

void mls_node_write(struct bytes_writer *w, const struct mls_node *node)
{
    wire_write_present(w, node->type != MLS_NODE_BLANK);
    if (node->type == MLS_NODE_BLANK)
        return;
    bytes_write_u8(w, node->type);
    if (node->type == MLS_NODE_LEAF)
        mls_leaf_node_write(w, &node->leaf);
    else
        mls_parent_node_write(w, &node->parent);
}

MLS_DEFINE_NEXT(mls_node)

bool mls_ratchet_tree_parse(struct core_slice data, struct core_slice *nodes, size_t *count)
{
    enum { NODES_MAX = (2 << MLS_TREE_DEPTH_MAX) - 1 };
    struct bytes_reader r = mls_walk(data);
    struct core_slice list = wire_parse_vector(&r);
    if (!bytes_reader_done(&r))
        return false;
    struct bytes_reader elements = mls_walk(list);
    struct mls_node node = {.type = MLS_NODE_BLANK};
    size_t n = 0;
    for (; n < NODES_MAX && mls_node_next(&elements, &node); n++)
        if (node.type != MLS_NODE_BLANK && node.type != (n % 2 == 0 ? MLS_NODE_LEAF : MLS_NODE_PARENT))
            return false;
    /* "The receiver MUST check that the last node in ratchet_tree is non-blank" (section 12.4.3.3) */
    if (!bytes_reader_done(&elements) || node.type == MLS_NODE_BLANK)
        return false;
    *nodes = list;
    *count = n;
    return true;
}

/* --- Extensions' contents --- */

void mls_required_capabilities_parse(struct bytes_reader *r, struct mls_required_capabilities *required)
{
    required->extensions = mls_parse_units(r, 2);
    required->proposals = mls_parse_units(r, 2);
    required->credentials = mls_parse_units(r, 2);
}

void mls_required_capabilities_write(struct bytes_writer *w, const struct mls_required_capabilities *required)
{
    wire_write_vector(w, required->extensions);
    wire_write_vector(w, required->proposals);
    wire_write_vector(w, required->credentials);
}

void mls_external_sender_parse(struct bytes_reader *r, struct mls_external_sender *sender)
{
    sender->signature_key = wire_parse_vector(r);
    mls_credential_parse(r, &sender->credential);
}

void mls_external_sender_write(struct bytes_writer *w, const struct mls_external_sender *sender)
{
    wire_write_vector(w, sender->signature_key);
    mls_credential_write(w, &sender->credential);
}

MLS_DEFINE_NEXT(mls_external_sender)
MLS_DEFINE_LIST(mls_external_sender)

bool mls_external_senders_parse(struct core_slice data, struct core_slice *senders, size_t *count)
{
    struct bytes_reader r = mls_walk(data);
    size_t n = 0;
    struct core_slice list = parse_mls_external_sender_list(&r, &n);
    if (!bytes_reader_done(&r))
        return false;
    *senders = list;
    *count = n;
    return true;
}

bool mls_opaque_extension_parse(struct core_slice data, struct core_slice *content)
{
    struct bytes_reader r = mls_walk(data);
    struct core_slice parsed = wire_parse_vector(&r);
    if (!bytes_reader_done(&r))
        return false;
    *content = parsed;
    return true;
}
