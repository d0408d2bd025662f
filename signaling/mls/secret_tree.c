#include "mls/secret_tree.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "mls/crypto.h"
#include "mls/tree_math.h"

struct ratchet {
    uint64_t next; /* generation that secret is of; 2^32 when all are spent */
    uint8_t secret[MLS_HASH_MAX];
    struct mls_message_key *kept; /* skipped ones, oldest first; room for MLS_GENERATIONS_KEPT, or NULL */
    size_t kept_count;
};

struct mls_ratchets {
    struct ratchet of[MLS_RATCHETS];
};

#define GENERATION_END (UINT64_C(1) << 32)

/* --- Memory --- */

int mls_secret_tree_init(struct mls_secret_tree *tree, const struct mls_suite *suite, uint32_t leaves,
                         const uint8_t *encryption_secret)
{
    if (leaves == 0 || (leaves & (leaves - 1)) != 0)
        return MLS_INVALID;
    if (leaves > UINT32_C(1) << MLS_TREE_DEPTH_MAX)
        return MLS_LIMIT;
    const size_t width = mls_tree_width(leaves);
    *tree = (struct mls_secret_tree){
        .suite = suite,
        .leaves = leaves,
        .secrets = calloc(width, suite->hash->len),
        .present = calloc(width, sizeof *tree->present),
        .ratchets = calloc(leaves, sizeof *tree->ratchets),
    };
    if (!tree->secrets || !tree->present || !tree->ratchets) {
        mls_secret_tree_wipe(tree);
        return MLS_MEMORY;
    }
    if (encryption_secret) {
        const uint32_t root = mls_tree_root(leaves);
        memcpy(tree->secrets + root * suite->hash->len, encryption_secret, suite->hash->len);
        tree->present[root] = true;
    }
    return MLS_OK;
}

static void ratchet_wipe(struct ratchet *ratchet)
{
    if (ratchet->kept)
        core_wipe(ratchet->kept, MLS_GENERATIONS_KEPT * sizeof *ratchet->kept);
    free(ratchet->kept);
    core_wipe(ratchet, sizeof *ratchet);
}

static void ratchets_free(struct mls_ratchets *ratchets)
{
    if (!ratchets)
        return;
    for (size_t i = 0; i < MLS_RATCHETS; i++)
        ratchet_wipe(&ratchets->of[i]);
    free(ratchets);
}

void mls_secret_tree_wipe(struct mls_secret_tree *tree)
{
    for (uint32_t i = 0; tree->ratchets && i < tree->leaves; i++)
        ratchets_free(tree->ratchets[i]);
    /* untouched pages of a large tree stay untouched */
    for (size_t i = 0; tree->secrets && tree->present && i < mls_tree_width(tree->leaves); i++)
        if (tree->present[i])
            core_wipe(tree->secrets + i * tree->suite->hash->len, tree->suite->hash->len);
    free(tree->ratchets);
    free(tree->present);
    free(tree->secrets);
    *tree = (struct mls_secret_tree){0};
}

/* --- Ratchets --- */

static int ratchet_key(const struct mls_suite *suite, const struct ratchet *ratchet, struct mls_message_key *key)
{
    const uint32_t generation = (uint32_t)ratchet->next;
    key->generation = generation;
    int rc =
        mls_derive_tree_secret(suite, ratchet->secret, MLS_TEXT("key"), generation, key->key, suite->aead->key_len);
    if (rc == MLS_OK)
        rc = mls_derive_tree_secret(suite, ratchet->secret, MLS_TEXT("nonce"), generation, key->nonce,
                                    sizeof key->nonce);
    return rc;
}

static int ratchet_step(const struct mls_suite *suite, struct ratchet *ratchet)
{
    int rc = mls_derive_tree_secret(suite, ratchet->secret, MLS_TEXT("secret"), (uint32_t)ratchet->next,
                                    ratchet->secret, suite->hash->len);
    if (rc == MLS_OK)
        ratchet->next++;
    return rc;
}

static struct mls_message_key *find_kept(const struct ratchet *ratchet, uint32_t generation)
{
    for (size_t i = 0; i < ratchet->kept_count; i++)
        if (ratchet->kept[i].generation == generation)
            return &ratchet->kept[i];
    return NULL;
}

static void drop_kept(struct ratchet *ratchet, struct mls_message_key *key)
{
    const size_t after = ratchet->kept_count - (size_t)(key - ratchet->kept) - 1;
    memmove(key, key + 1, after * sizeof *key);
    ratchet->kept_count--;
    core_wipe(&ratchet->kept[ratchet->kept_count], sizeof *key);
}

/* The key of a generation, from a copy of the ratchet. */
static int ratchet_peek(const struct mls_suite *suite, const struct ratchet *ratchet, uint32_t generation,
                        struct mls_message_key *key)
{
    if (generation < ratchet->next) {
        const struct mls_message_key *kept = find_kept(ratchet, generation);
        if (!kept)
            return MLS_GENERATION_USED;
        *key = *kept;
        return MLS_OK;
    }
    if (generation - ratchet->next > MLS_GENERATIONS_AHEAD)
        return MLS_GENERATION_FAR;
    struct ratchet copy = *ratchet;
    int rc = MLS_OK;
    while (rc == MLS_OK && copy.next < generation)
        rc = ratchet_step(suite, &copy);
    if (rc == MLS_OK)
        rc = ratchet_key(suite, &copy, key);
    core_wipe(&copy, sizeof copy);
    return rc;
}

static int keep(const struct mls_suite *suite, struct ratchet *ratchet)
{
    if (!ratchet->kept)
        ratchet->kept = calloc(MLS_GENERATIONS_KEPT, sizeof *ratchet->kept);
    if (!ratchet->kept)
        return MLS_MEMORY;
    if (ratchet->kept_count == MLS_GENERATIONS_KEPT)
        drop_kept(ratchet, &ratchet->kept[0]);
    int rc = ratchet_key(suite, ratchet, &ratchet->kept[ratchet->kept_count]);
    if (rc == MLS_OK)
        ratchet->kept_count++;
    return rc;
}

/* Past a generation: the keys of those skipped on the way are kept, the last MLS_GENERATIONS_KEPT of them. */
static int ratchet_consume(const struct mls_suite *suite, struct ratchet *ratchet, uint32_t generation)
{
    if (generation < ratchet->next) {
        struct mls_message_key *kept = find_kept(ratchet, generation);
        if (!kept)
            return MLS_GENERATION_USED;
        drop_kept(ratchet, kept);
        return MLS_OK;
    }
    if (generation - ratchet->next > MLS_GENERATIONS_AHEAD)
        return MLS_GENERATION_FAR;
    /* an interrupted walk leaves a ratchet that is only further on, its skipped keys kept */
    int rc = MLS_OK;
    while (rc == MLS_OK && ratchet->next < generation) {
        if (generation - ratchet->next <= MLS_GENERATIONS_KEPT)
            rc = keep(suite, ratchet);
        if (rc == MLS_OK)
            rc = ratchet_step(suite, ratchet);
    }
    return rc == MLS_OK ? ratchet_step(suite, ratchet) : rc;
}

/* --- The tree --- */

static uint8_t *secret_of(const struct mls_secret_tree *tree, uint32_t node)
{
    return tree->secrets + (size_t)node * tree->suite->hash->len;
}

static int child_secret(const struct mls_secret_tree *tree, const uint8_t *parent, bool right, uint8_t *out)
{
    return mls_expand_with_label(tree->suite, parent, MLS_TEXT("tree"), right ? MLS_TEXT("right") : MLS_TEXT("left"),
                                 out, tree->suite->hash->len);
}

/* The lowest node at or above the leaf that has a secret. False if there is none: state that was tampered with. */
static bool find_start(const struct mls_secret_tree *tree, uint32_t leaf, uint32_t *node)
{
    const uint32_t root = mls_tree_root(tree->leaves);
    for (uint32_t at = mls_tree_node(leaf);; at = mls_tree_parent(at)) {
        if (tree->present[at]) {
            *node = at;
            return true;
        }
        if (at == root)
            return false;
    }
}

static int ratchets_from_leaf(const struct mls_suite *suite, const uint8_t *leaf_secret, struct mls_ratchets *out)
{
    static const struct core_slice none = {0};
    const size_t len = suite->hash->len;
    *out = (struct mls_ratchets){0};
    int rc = mls_expand_with_label(suite, leaf_secret, MLS_TEXT("handshake"), none,
                                   out->of[MLS_RATCHET_HANDSHAKE].secret, len);
    if (rc == MLS_OK)
        rc = mls_expand_with_label(suite, leaf_secret, MLS_TEXT("application"), none,
                                   out->of[MLS_RATCHET_APPLICATION].secret, len);
    return rc;
}

/* A leaf's first ratchets, the tree left as it is. */
static int ratchets_peek(const struct mls_secret_tree *tree, uint32_t leaf, struct mls_ratchets *out)
{
    const uint32_t target = mls_tree_node(leaf);
    uint8_t secret[MLS_HASH_MAX];
    uint32_t node;
    if (!find_start(tree, leaf, &node))
        return MLS_GENERATION_USED;
    memcpy(secret, secret_of(tree, node), tree->suite->hash->len);
    int rc = MLS_OK;
    while (rc == MLS_OK && node != target) {
        const bool right = target > node;
        rc = child_secret(tree, secret, right, secret);
        node = right ? mls_tree_right(node) : mls_tree_left(node);
    }
    if (rc == MLS_OK)
        rc = ratchets_from_leaf(tree->suite, secret, out);
    core_wipe(secret, sizeof secret);
    return rc;
}

/* Replaces the secrets from the lowest one above the leaf down to it by those beside the way. */
static int open_path(struct mls_secret_tree *tree, uint32_t leaf)
{
    const uint32_t target = mls_tree_node(leaf);
    uint32_t node;
    if (!find_start(tree, leaf, &node))
        return MLS_GENERATION_USED;
    while (node != target) {
        const uint32_t left = mls_tree_left(node);
        const uint32_t right = mls_tree_right(node);
        int rc = child_secret(tree, secret_of(tree, node), false, secret_of(tree, left));
        if (rc == MLS_OK)
            rc = child_secret(tree, secret_of(tree, node), true, secret_of(tree, right));
        if (rc != MLS_OK) {
            core_wipe(secret_of(tree, left), tree->suite->hash->len);
            return rc;
        }
        tree->present[left] = true;
        tree->present[right] = true;
        tree->present[node] = false;
        core_wipe(secret_of(tree, node), tree->suite->hash->len);
        node = target > node ? right : left;
    }
    return MLS_OK;
}

/* The leaf's ratchets, made where there are none yet. */
static int ratchets_open(struct mls_secret_tree *tree, uint32_t leaf, struct mls_ratchets **out)
{
    if (!tree->ratchets[leaf]) {
        struct mls_ratchets *made = malloc(sizeof *made);
        if (!made)
            return MLS_MEMORY;
        int rc = open_path(tree, leaf);
        if (rc == MLS_OK)
            rc = ratchets_from_leaf(tree->suite, secret_of(tree, mls_tree_node(leaf)), made);
        if (rc != MLS_OK) {
            core_wipe(made, sizeof *made);
            free(made);
            return rc;
        }
        tree->present[mls_tree_node(leaf)] = false;
        core_wipe(secret_of(tree, mls_tree_node(leaf)), tree->suite->hash->len);
        tree->ratchets[leaf] = made;
    }
    *out = tree->ratchets[leaf];
    return MLS_OK;
}

int mls_secret_tree_next(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                         struct mls_message_key *key)
{
    struct mls_ratchets *ratchets = NULL;
    if (leaf >= tree->leaves)
        return MLS_LEAF;
    int rc = ratchets_open(tree, leaf, &ratchets);
    if (rc != MLS_OK)
        return rc;
    struct ratchet *ratchet = &ratchets->of[kind];
    if (ratchet->next == GENERATION_END)
        return MLS_GENERATION_USED;
    rc = ratchet_key(tree->suite, ratchet, key);
    if (rc == MLS_OK)
        rc = ratchet_step(tree->suite, ratchet);
    if (rc != MLS_OK)
        core_wipe(key, sizeof *key);
    return rc;
}

int mls_secret_tree_peek(const struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                         uint32_t generation, struct mls_message_key *key)
{
    struct mls_ratchets first = {0};
    int rc = MLS_OK;
    if (leaf >= tree->leaves)
        return MLS_LEAF;
    const struct mls_ratchets *ratchets = tree->ratchets[leaf];
    if (!ratchets) {
        rc = ratchets_peek(tree, leaf, &first);
        ratchets = &first;
    }
    if (rc == MLS_OK)
        rc = ratchet_peek(tree->suite, &ratchets->of[kind], generation, key);
    if (rc != MLS_OK)
        core_wipe(key, sizeof *key);
    core_wipe(&first, sizeof first);
    return rc;
}

int mls_secret_tree_consume(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                            uint32_t generation)
{
    struct mls_ratchets *ratchets = NULL;
    if (leaf >= tree->leaves)
        return MLS_LEAF;
    /* without ratchets the leaf stands at generation 0: refuse before anything is opened for it */
    if (!tree->ratchets[leaf] && generation > MLS_GENERATIONS_AHEAD)
        return MLS_GENERATION_FAR;
    int rc = ratchets_open(tree, leaf, &ratchets);
    return rc == MLS_OK ? ratchet_consume(tree->suite, &ratchets->of[kind], generation) : rc;
}

int mls_secret_tree_forget(struct mls_secret_tree *tree, uint32_t leaf)
{
    struct mls_ratchets *ratchets = NULL;
    uint32_t node;
    if (leaf >= tree->leaves)
        return MLS_LEAF;
    if (!tree->ratchets[leaf] && !find_start(tree, leaf, &node))
        return MLS_OK;
    int rc = ratchets_open(tree, leaf, &ratchets);
    if (rc == MLS_OK) {
        ratchets_free(ratchets);
        tree->ratchets[leaf] = NULL;
    }
    return rc;
}

/* --- State --- */

static void ratchet_write(struct bytes_writer *w, const struct mls_suite *suite, const struct ratchet *ratchet)
{
    bytes_write_u64(w, ratchet->next);
    bytes_write(w, ratchet->secret, suite->hash->len);
    bytes_write_u16(w, (uint16_t)ratchet->kept_count);
    for (size_t i = 0; i < ratchet->kept_count; i++) {
        bytes_write_u32(w, ratchet->kept[i].generation);
        bytes_write(w, ratchet->kept[i].key, suite->aead->key_len);
        bytes_write(w, ratchet->kept[i].nonce, sizeof ratchet->kept[i].nonce);
    }
}

static int ratchet_read(struct bytes_reader *r, const struct mls_suite *suite, struct ratchet *ratchet)
{
    ratchet->next = bytes_read_u64(r);
    bytes_read(r, ratchet->secret, suite->hash->len);
    const size_t count = bytes_read_u16(r);
    if (!bytes_reader_ok(r) || ratchet->next > GENERATION_END || count > MLS_GENERATIONS_KEPT)
        return MLS_MALFORMED;
    if (count == 0)
        return MLS_OK;
    ratchet->kept = calloc(MLS_GENERATIONS_KEPT, sizeof *ratchet->kept);
    if (!ratchet->kept)
        return MLS_MEMORY;
    for (; ratchet->kept_count < count; ratchet->kept_count++) {
        struct mls_message_key *key = &ratchet->kept[ratchet->kept_count];
        key->generation = bytes_read_u32(r);
        bytes_read(r, key->key, suite->aead->key_len);
        bytes_read(r, key->nonce, sizeof key->nonce);
        if (key->generation >= ratchet->next || (ratchet->kept_count && key->generation <= key[-1].generation))
            return MLS_MALFORMED;
    }
    return bytes_reader_ok(r) ? MLS_OK : MLS_MALFORMED;
}

/* Node secrets and ratchets as lists of (index, content) in increasing order, each ended by an index outside the tree.
 */
void mls_secret_tree_write(struct bytes_writer *w, const struct mls_secret_tree *tree)
{
    bytes_write_u32(w, tree->leaves);
    for (uint32_t node = 0; node < mls_tree_width(tree->leaves); node++)
        if (tree->present[node]) {
            bytes_write_u32(w, node);
            bytes_write(w, secret_of(tree, node), tree->suite->hash->len);
        }
    bytes_write_u32(w, UINT32_MAX);
    for (uint32_t leaf = 0; leaf < tree->leaves; leaf++)
        if (tree->ratchets[leaf]) {
            bytes_write_u32(w, leaf);
            for (size_t kind = 0; kind < MLS_RATCHETS; kind++)
                ratchet_write(w, tree->suite, &tree->ratchets[leaf]->of[kind]);
        }
    bytes_write_u32(w, UINT32_MAX);
}

static int read_nodes(struct bytes_reader *r, struct mls_secret_tree *tree)
{
    uint32_t first = 0;
    for (uint32_t node = bytes_read_u32(r); node != UINT32_MAX; node = bytes_read_u32(r)) {
        if (!bytes_reader_ok(r) || node >= mls_tree_width(tree->leaves) || node < first)
            return MLS_MALFORMED;
        first = node + 1;
        bytes_read(r, secret_of(tree, node), tree->suite->hash->len);
        tree->present[node] = true;
    }
    return bytes_reader_ok(r) ? MLS_OK : MLS_MALFORMED;
}

static int read_ratchets(struct bytes_reader *r, struct mls_secret_tree *tree)
{
    int rc = MLS_OK;
    uint32_t first = 0;
    for (uint32_t leaf = bytes_read_u32(r); rc == MLS_OK && leaf != UINT32_MAX; leaf = bytes_read_u32(r)) {
        if (!bytes_reader_ok(r) || leaf >= tree->leaves || leaf < first)
            return MLS_MALFORMED;
        first = leaf + 1;
        tree->ratchets[leaf] = calloc(1, sizeof *tree->ratchets[leaf]);
        if (!tree->ratchets[leaf])
            return MLS_MEMORY;
        for (size_t kind = 0; rc == MLS_OK && kind < MLS_RATCHETS; kind++)
            rc = ratchet_read(r, tree->suite, &tree->ratchets[leaf]->of[kind]);
        if (rc != MLS_OK)
            return rc;
    }
    return bytes_reader_ok(r) ? MLS_OK : MLS_MALFORMED;
}

int mls_secret_tree_read(struct bytes_reader *r, struct mls_secret_tree *tree, const struct mls_suite *suite)
{
    *tree = (struct mls_secret_tree){0};
    int rc = mls_secret_tree_init(tree, suite, bytes_read_u32(r), NULL);
    if (rc != MLS_OK)
        return rc == MLS_INVALID ? MLS_MALFORMED : rc;
    rc = read_nodes(r, tree);
    if (rc == MLS_OK)
        rc = read_ratchets(r, tree);
    if (rc != MLS_OK)
        mls_secret_tree_wipe(tree);
    return rc;
}
