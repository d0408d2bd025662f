/* UpdatePaths made and processed (RFC 9420 sections 7.5, 7.6, 12.4). */
#include "mls/treekem.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "tree.h"
#include "wire/buffer.h"
#include "wire/vector.h"

#define UPDATE_PATH_LABEL MLS_TEXT("UpdatePathNode")

/* --- Making --- */

/* Path secrets, the commit secret after the last, and the nodes' key pairs. */
static int derive_path(const struct mls_suite *suite, struct mls_path *path,
                       uint8_t public_keys[TREE_PATH_MAX][MLS_KEM_PUBLIC_MAX])
{
    struct mls_kem_pair pairs[TREE_PATH_MAX];
    uint8_t secret[CORE_HASH_MAX];
    int rc = core_random(secret, suite->hash->len) ? MLS_OK : MLS_CRYPTO;
    for (size_t i = 0; rc == MLS_OK && i < path->count; i++) {
        const unsigned level = mls_tree_level(path->nodes[i]);
        pairs[i] = (struct mls_kem_pair){.private_key = path->keys.keys[level], .public_key = public_keys[i]};
        path->keys.known[level] = true;
        memcpy(path->secrets[i], secret, suite->hash->len);
        rc = mls_derive_secret(suite, secret, MLS_TEXT("path"), secret);
    }
    if (rc == MLS_OK)
        rc = tree_derive_nodes(suite, path->secrets, pairs, path->count);
    memcpy(path->commit_secret, secret, suite->hash->len);
    core_wipe(secret, sizeof secret);
    return rc;
}

/* Signs the new leaf node and puts it in its place. */
static int place_leaf(struct mls_ratchet_tree *stage, uint32_t sender, const struct mls_leaf_node *leaf_node,
                      const struct core_signing_key *key, struct core_slice group_id)
{
    struct bytes_writer w;
    struct mls_leaf_node made;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    int rc = mls_leaf_node_sign(&w, stage->suite, leaf_node, key, group_id, sender);
    if (rc == MLS_OK) {
        struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
        mls_leaf_node_parse(&r, &made);
        struct tree_node *content = bytes_reader_done(&r) ? tree_node_leaf(&made) : NULL;
        rc = content ? tree_put(stage, mls_tree_node(sender), content) : MLS_MEMORY;
    }
    wire_buffer_free(&w);
    return rc;
}

static int check_sender(const struct mls_ratchet_tree *stage, uint32_t sender)
{
    if (!stage->base)
        return MLS_INVALID;
    return sender < stage->leaves && !mls_ratchet_tree_is_new(stage, sender) ? MLS_OK : MLS_LEAF;
}

/* Whether another leaf has the signature key. */
static bool is_other_signer(const struct mls_ratchet_tree *tree, struct core_slice key, uint32_t leaf)
{
    uint32_t other = 0;
    return mls_ratchet_tree_find_signer(tree, key, &other) && other != leaf;
}

int mls_path_create(struct mls_ratchet_tree *stage, uint32_t sender, const struct mls_leaf_node *template,
                    const struct core_signing_key *key, struct core_slice group_id, struct mls_path *path)
{
    const struct mls_suite *suite = stage->suite;
    struct tree_path filtered;
    struct core_slice slices[TREE_PATH_MAX];
    uint8_t public_keys[TREE_PATH_MAX][MLS_KEM_PUBLIC_MAX];
    uint8_t leaf_private[MLS_KEM_PRIVATE_MAX];
    uint8_t leaf_public[MLS_KEM_PUBLIC_MAX];
    uint8_t parent_hash[CORE_HASH_MAX];
    size_t parent_hash_len = 0;
    struct mls_leaf_node leaf_node = *template;
    memset(path, 0, sizeof *path);
    int rc = check_sender(stage, sender);
    if (rc != MLS_OK)
        return rc;
    leaf_node.signature_key = (struct core_slice){key->public_key, suite->signature->public_len};
    if (is_other_signer(stage, leaf_node.signature_key, sender))
        return MLS_DUPLICATE;
    tree_filtered_path(stage, sender, &filtered);
    path->stage = stage;
    path->sender = sender;
    path->count = filtered.count;
    memcpy(path->nodes, filtered.nodes, sizeof path->nodes);
    memcpy(path->copath, filtered.copath, sizeof path->copath);
    rc = mls_hpke_generate(suite, leaf_private, leaf_public);
    if (rc == MLS_OK) {
        mls_tree_keys_init(&path->keys, suite, sender, leaf_private);
        rc = derive_path(suite, path, public_keys);
    }
    for (size_t i = 0; i < filtered.count; i++)
        slices[i] = (struct core_slice){public_keys[i], suite->kem->public_len};
    if (rc == MLS_OK)
        rc = tree_place_path(stage, sender, &filtered, slices, parent_hash, &parent_hash_len);
    leaf_node.encryption_key = (struct core_slice){leaf_public, suite->kem->public_len};
    leaf_node.source = MLS_LEAF_COMMIT;
    leaf_node.parent_hash = (struct core_slice){parent_hash, parent_hash_len};
    if (rc == MLS_OK)
        rc = place_leaf(stage, sender, &leaf_node, key, group_id);
    core_wipe(leaf_private, sizeof leaf_private);
    return rc;
}

static int encrypt_secret(const struct mls_path *path, size_t i, uint32_t to, const uint8_t *context_hash,
                          struct bytes_writer *w)
{
    enum { CIPHERTEXT_MAX = CORE_HASH_MAX + CORE_TAG_MAX };
    const struct mls_suite *suite = path->stage->suite;
    uint8_t kem_output[MLS_KEM_OUTPUT_MAX];
    uint8_t ciphertext[CIPHERTEXT_MAX];
    const struct core_slice secret = {path->secrets[i], suite->hash->len};
    int rc = mls_encrypt_in_context(suite, mls_ratchet_tree_key(path->stage, to), context_hash, secret, kem_output,
                                    ciphertext);
    if (rc == MLS_OK) {
        const struct mls_hpke_ciphertext made = {{kem_output, suite->kem->output_len},
                                                 {ciphertext, secret.len + suite->aead->tag_len}};
        mls_hpke_ciphertext_write(w, &made);
    }
    return rc;
}

int mls_path_encrypt(const struct mls_path *path, struct core_slice group_context, struct bytes_writer *w)
{
    const struct core_slice leaf = mls_ratchet_tree_leaf(path->stage, path->sender)->encoded;
    struct mls_resolution to = {0};
    uint8_t context_hash[CORE_HASH_MAX];
    int rc = mls_encrypt_context_hash(path->stage->suite, UPDATE_PATH_LABEL, group_context, context_hash);
    bytes_write(w, leaf.data, leaf.len);
    const size_t nodes = wire_begin_vector(w);
    for (size_t i = 0; rc == MLS_OK && i < path->count; i++) {
        wire_write_vector(w, mls_ratchet_tree_key(path->stage, path->nodes[i]));
        const size_t secrets = wire_begin_vector(w);
        to.count = 0;
        rc = mls_ratchet_tree_resolve(path->stage, path->copath[i], true, &to);
        for (size_t j = 0; rc == MLS_OK && j < to.count; j++)
            rc = encrypt_secret(path, i, to.nodes[j], context_hash, w);
        wire_end_vector(w, secrets);
    }
    wire_end_vector(w, nodes);
    mls_resolution_free(&to);
    return rc == MLS_OK && !bytes_writer_ok(w) ? MLS_MEMORY : rc;
}

const uint8_t *mls_path_secret(const struct mls_path *path, uint32_t leaf)
{
    for (size_t i = 0; i < path->count; i++)
        if (mls_tree_is_below(mls_tree_node(leaf), path->nodes[i]))
            return path->secrets[i];
    return NULL;
}

void mls_path_wipe(struct mls_path *path)
{
    core_wipe(path, sizeof *path);
}

/* --- Processing --- */

/* A key of a path: in no node of the tree, and not among those before it in the path. */
static int check_key(const struct mls_ratchet_tree *tree, struct core_slice key, const struct core_slice *before,
                     size_t count)
{
    const struct mls_kem *kem = tree->suite->kem;
    uint32_t node = 0;
    if (key.len != kem->public_len)
        return MLS_KEY;
    if (mls_ratchet_tree_find_key(tree, key, &node))
        return MLS_DUPLICATE;
    for (size_t i = 0; i < count; i++)
        if (memcmp(before[i].data, key.data, key.len) == 0)
            return MLS_DUPLICATE;
    return kem->public_check(kem, key.data);
}

/* The path against the tree's shape; keys gets the nodes' keys and then the leaf's. */
static int check_path(const struct mls_ratchet_tree *stage, const struct tree_path *filtered,
                      const struct mls_update_path *path, struct core_slice keys[TREE_PATH_MAX + 1])
{
    struct mls_resolution to = {0};
    struct bytes_reader r = mls_walk(path->nodes);
    struct mls_update_path_node node;
    int rc = path->node_count == filtered->count ? MLS_OK : MLS_PATH;
    for (size_t i = 0; rc == MLS_OK && i < filtered->count; i++) {
        to.count = 0;
        rc = mls_update_path_node_next(&r, &node) ? mls_ratchet_tree_resolve(stage, filtered->copath[i], true, &to)
                                                  : MLS_PATH;
        if (rc == MLS_OK && node.secret_count != to.count)
            rc = MLS_PATH;
        if (rc == MLS_OK)
            rc = check_key(stage, node.encryption_key, keys, i);
        keys[i] = node.encryption_key;
    }
    if (rc == MLS_OK)
        rc = check_key(stage, path->leaf_node.encryption_key, keys, filtered->count);
    mls_resolution_free(&to);
    return rc;
}

int mls_path_apply(struct mls_ratchet_tree *stage, uint32_t sender, const struct mls_update_path *path)
{
    struct tree_path filtered;
    struct core_slice keys[TREE_PATH_MAX + 1];
    uint8_t parent_hash[CORE_HASH_MAX];
    size_t parent_hash_len = 0;
    const struct mls_leaf_node *leaf_node = &path->leaf_node;
    int rc = check_sender(stage, sender);
    if (rc != MLS_OK)
        return rc;
    if (leaf_node->source != MLS_LEAF_COMMIT)
        return MLS_LEAF_NODE;
    if (leaf_node->signature_key.len != stage->suite->signature->public_len)
        return MLS_KEY;
    if (is_other_signer(stage, leaf_node->signature_key, sender))
        return MLS_DUPLICATE;
    tree_filtered_path(stage, sender, &filtered);
    rc = check_path(stage, &filtered, path, keys);
    if (rc == MLS_OK)
        rc = tree_place_path(stage, sender, &filtered, keys, parent_hash, &parent_hash_len);
    if (rc == MLS_OK && !mls_same(leaf_node->parent_hash, (struct core_slice){parent_hash, parent_hash_len}))
        rc = MLS_PARENT_HASH;
    if (rc != MLS_OK)
        return rc;
    struct tree_node *content = tree_node_leaf(leaf_node);
    return content ? tree_put(stage, mls_tree_node(sender), content) : MLS_MEMORY;
}

/* Which ciphertext of the path's node i is for a key that the member has, and at which level that key is. */
static int find_ciphertext(const struct mls_ratchet_tree *stage, const struct mls_update_path *path, size_t i,
                           uint32_t copath, const struct mls_tree_keys *keys, struct mls_hpke_ciphertext *ciphertext,
                           unsigned *level)
{
    struct mls_resolution to = {0};
    struct bytes_reader nodes = mls_walk(path->nodes);
    struct mls_update_path_node node = {0};
    int rc = mls_ratchet_tree_resolve(stage, copath, true, &to);
    size_t at = 0;
    while (at < to.count &&
           !(mls_tree_is_below(mls_tree_node(keys->leaf), to.nodes[at]) && keys->known[mls_tree_level(to.nodes[at])]))
        at++;
    if (rc == MLS_OK && at == to.count)
        rc = MLS_PATH;
    if (rc == MLS_OK)
        *level = mls_tree_level(to.nodes[at]);
    mls_resolution_free(&to);
    for (size_t n = 0; rc == MLS_OK && n <= i; n++)
        if (!mls_update_path_node_next(&nodes, &node))
            rc = MLS_PATH;
    struct bytes_reader secrets = mls_walk(node.secrets);
    for (size_t n = 0; rc == MLS_OK && n <= at; n++)
        if (!mls_hpke_ciphertext_next(&secrets, ciphertext))
            rc = MLS_PATH;
    return rc;
}

int mls_path_decrypt(struct mls_ratchet_tree *stage, uint32_t sender, const struct mls_update_path *path,
                     struct core_slice group_context, const struct mls_tree_keys *keys, struct mls_tree_keys *new_keys,
                     uint8_t *commit_secret)
{
    const struct mls_suite *suite = stage->suite;
    const uint32_t own = mls_tree_node(keys->leaf);
    struct tree_path filtered;
    struct mls_hpke_ciphertext ciphertext;
    struct mls_tree_keys climbed = *keys;
    uint8_t secret[CORE_HASH_MAX];
    unsigned level = 0;
    size_t i = 0;
    int rc = MLS_PATH;
    if (sender >= stage->leaves || keys->leaf >= stage->leaves || sender == keys->leaf)
        goto out;
    tree_filtered_path(stage, sender, &filtered);
    while (i < filtered.count && !mls_tree_is_below(own, filtered.nodes[i]))
        i++;
    if (i == filtered.count)
        goto out;
    rc = find_ciphertext(stage, path, i, filtered.copath[i], keys, &ciphertext, &level);
    if (rc == MLS_OK && ciphertext.ciphertext.len != suite->hash->len + suite->aead->tag_len)
        rc = MLS_MALFORMED;
    if (rc == MLS_OK)
        rc = mls_decrypt_with_label(suite, keys->keys[level],
                                    mls_ratchet_tree_key(stage, tree_ancestor(keys->leaf, level)).data,
                                    UPDATE_PATH_LABEL, group_context, &ciphertext, secret);
    mls_tree_keys_prune(&climbed, stage);
    if (rc == MLS_OK)
        rc = tree_keys_climb(&climbed, stage, filtered.nodes[i], secret, commit_secret);
    if (rc == MLS_OK)
        *new_keys = climbed;
out:
    core_wipe(secret, sizeof secret);
    mls_tree_keys_wipe(&climbed);
    return rc;
}
