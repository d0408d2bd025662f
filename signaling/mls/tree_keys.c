/* A member's private keys (RFC 9420 sections 7.4, 7.5). */
#include <string.h>

#include "core/secret.h"
#include "mls/treekem.h"
#include "tree.h"
#include "wire/vector.h"

uint32_t tree_ancestor(uint32_t leaf, unsigned level)
{
    return (leaf >> level << (level + 1)) + (UINT32_C(1) << level) - 1;
}

int tree_derive_nodes(const struct mls_suite *suite, const uint8_t (*path_secrets)[CORE_HASH_MAX],
                      struct mls_kem_pair *pairs, size_t count)
{
    uint8_t secrets[TREE_PATH_MAX][CORE_HASH_MAX];
    int rc = MLS_OK;
    for (size_t i = 0; rc == MLS_OK && i < count; i++) {
        rc = mls_derive_secret(suite, path_secrets[i], MLS_TEXT("node"), secrets[i]);
        pairs[i].ikm = secrets[i];
    }
    if (rc == MLS_OK)
        rc = mls_kem_derive_each(suite->kem, pairs, count, suite->hash->len);
    for (size_t i = 0; i < count; i++)
        pairs[i].ikm = NULL; /* it is gone */
    core_wipe(secrets, sizeof secrets);
    return rc;
}

static void forget(struct mls_tree_keys *keys, unsigned level)
{
    keys->known[level] = false;
    core_wipe(keys->keys[level], sizeof keys->keys[level]);
}

void mls_tree_keys_init(struct mls_tree_keys *keys, const struct mls_suite *suite, uint32_t leaf,
                        const uint8_t *private_key)
{
    memset(keys, 0, sizeof *keys);
    keys->leaf = leaf;
    mls_tree_keys_set_leaf(keys, suite, private_key);
}

void mls_tree_keys_wipe(struct mls_tree_keys *keys)
{
    core_wipe(keys, sizeof *keys);
}

void mls_tree_keys_set_leaf(struct mls_tree_keys *keys, const struct mls_suite *suite, const uint8_t *private_key)
{
    forget(keys, 0);
    memcpy(keys->keys[0], private_key, suite->kem->private_len);
    keys->known[0] = true;
}

void mls_tree_keys_prune(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree)
{
    for (unsigned level = 0; level <= MLS_TREE_DEPTH_MAX; level++)
        if (keys->known[level] && !tree_at(tree, tree_ancestor(keys->leaf, level)))
            forget(keys, level);
}

/* The keys of nodes, each from its path secret, or none of them. */
static int set_nodes(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree, const uint32_t *nodes,
                     const uint8_t (*path_secrets)[CORE_HASH_MAX], size_t count)
{
    uint8_t private_keys[TREE_PATH_MAX][MLS_KEM_PRIVATE_MAX] = {0};
    uint8_t public_keys[TREE_PATH_MAX][MLS_KEM_PUBLIC_MAX];
    struct mls_kem_pair pairs[TREE_PATH_MAX];
    for (size_t i = 0; i < count; i++) {
        pairs[i] = (struct mls_kem_pair){.private_key = private_keys[i], .public_key = public_keys[i]};
        if (mls_ratchet_tree_key(tree, nodes[i]).len == 0 || !mls_tree_is_below(mls_tree_node(keys->leaf), nodes[i]))
            return MLS_PATH;
    }
    int rc = tree_derive_nodes(tree->suite, path_secrets, pairs, count);
    /* "Verify that the derived public keys are the same as the corresponding public keys sent in the UpdatePath" */
    for (size_t i = 0; rc == MLS_OK && i < count; i++) {
        const struct core_slice wanted = mls_ratchet_tree_key(tree, nodes[i]);
        if (wanted.len != tree->suite->kem->public_len || memcmp(wanted.data, public_keys[i], wanted.len) != 0)
            rc = MLS_PATH;
    }
    for (size_t i = 0; rc == MLS_OK && i < count; i++) {
        memcpy(keys->keys[mls_tree_level(nodes[i])], private_keys[i], sizeof private_keys[i]);
        keys->known[mls_tree_level(nodes[i])] = true;
    }
    core_wipe(private_keys, sizeof private_keys);
    return rc;
}

int mls_tree_keys_set_node(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree, uint32_t node,
                           const uint8_t *path_secret)
{
    uint8_t secret[1][CORE_HASH_MAX];
    memcpy(secret[0], path_secret, tree->suite->hash->len);
    int rc = set_nodes(keys, tree, &node, secret, 1);
    core_wipe(secret, sizeof secret);
    return rc;
}

int tree_keys_climb(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree, uint32_t node,
                    const uint8_t *path_secret, uint8_t *commit_secret)
{
    const size_t len = tree->suite->hash->len;
    const uint32_t root = mls_tree_root(tree->leaves);
    uint32_t nodes[TREE_PATH_MAX];
    uint8_t secrets[TREE_PATH_MAX + 1][CORE_HASH_MAX];
    size_t count = 0;
    int rc = MLS_OK;
    memcpy(secrets[0], path_secret, len);
    for (;;) {
        nodes[count] = node;
        rc = mls_derive_secret(tree->suite, secrets[count], MLS_TEXT("path"), secrets[count + 1]);
        count++;
        do {
            if (rc != MLS_OK || node == root)
                goto climbed;
            node = mls_tree_parent(node);
        } while (!tree_at(tree, node));
    }
climbed:
    if (rc == MLS_OK)
        rc = set_nodes(keys, tree, nodes, secrets, count);
    if (rc == MLS_OK && commit_secret)
        memcpy(commit_secret, secrets[count], len);
    core_wipe(secrets, sizeof secrets);
    return rc;
}

int mls_tree_keys_join(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree, uint32_t signer,
                       const uint8_t *path_secret)
{
    uint32_t node = mls_tree_node(signer);
    if (signer >= tree->leaves || keys->leaf >= tree->leaves || signer == keys->leaf)
        return MLS_PATH;
    while (!mls_tree_is_below(mls_tree_node(keys->leaf), node))
        node = mls_tree_parent(node);
    return tree_keys_climb(keys, tree, node, path_secret, NULL);
}

int mls_tree_keys_check(const struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree)
{
    const struct mls_kem *kem = tree->suite->kem;
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    for (unsigned level = 0; level <= MLS_TREE_DEPTH_MAX; level++) {
        if (!keys->known[level])
            continue;
        const struct core_slice wanted = mls_ratchet_tree_key(tree, tree_ancestor(keys->leaf, level));
        int rc = kem->public_from(kem, keys->keys[level], public_key);
        if (rc != MLS_OK)
            return rc;
        if (wanted.len != kem->public_len || memcmp(wanted.data, public_key, wanted.len) != 0)
            return MLS_KEY;
    }
    return MLS_OK;
}

void mls_tree_keys_write(struct bytes_writer *w, const struct mls_tree_keys *keys, const struct mls_suite *suite)
{
    bytes_write_u32(w, keys->leaf);
    for (unsigned level = 0; level <= MLS_TREE_DEPTH_MAX; level++) {
        wire_write_present(w, keys->known[level]);
        if (keys->known[level])
            bytes_write(w, keys->keys[level], suite->kem->private_len);
    }
}

void mls_tree_keys_read(struct bytes_reader *r, struct mls_tree_keys *keys, const struct mls_suite *suite)
{
    memset(keys, 0, sizeof *keys);
    keys->leaf = bytes_read_u32(r);
    if (keys->leaf >= UINT32_C(1) << MLS_TREE_DEPTH_MAX)
        bytes_reader_fail(r);
    for (unsigned level = 0; level <= MLS_TREE_DEPTH_MAX; level++) {
        keys->known[level] = wire_read_present(r);
        if (keys->known[level])
            bytes_read(r, keys->keys[level], suite->kem->private_len);
    }
    if (!bytes_reader_ok(r))
        mls_tree_keys_wipe(keys);
}
