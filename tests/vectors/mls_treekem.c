/* treekem.json: every member takes every published UpdatePath, and then one made here in its place. */
#include <string.h>

#include "mls/tree_math.h"
#include "mls/treekem.h"
#include "mls_case.h"
#include "wire/buffer.h"

enum { MEMBERS_MAX = 64 };

struct member {
    struct mls_tree_keys keys;
    struct core_signing_key signing_key;
    bool present;
};

struct fixture {
    struct mls_ratchet_tree *tree;
    struct core_slice group_id;
    struct member members[MEMBERS_MAX]; /* by leaf */
};

static void read_path_secrets(struct mls_case *c, const struct fixture *f, const json_t *list, struct member *member)
{
    const json_t *entry = NULL;
    size_t i = 0;
    json_array_foreach(list, i, entry)
    {
        const uint64_t node = mls_case_u64(c, entry, "node");
        const uint8_t *secret = mls_case_secret(c, entry, "path_secret");
        if (secret && mls_case_check(c, "node", node < UINT32_MAX))
            mls_case_ok(c, "path secret", mls_tree_keys_set_node(&member->keys, f->tree, (uint32_t)node, secret));
    }
}

static void read_member(struct mls_case *c, struct fixture *f, const json_t *json)
{
    const uint64_t index = mls_case_u64(c, json, "index");
    uint8_t key[MLS_KEM_PRIVATE_MAX] = {0};
    if (!mls_case_check(c, "index", index < MEMBERS_MAX && mls_ratchet_tree_leaf(f->tree, (uint32_t)index)))
        return;
    struct member *member = &f->members[index];
    if (!mls_case_ok(c, "encryption_priv",
                     mls_hpke_private_import(c->suite, mls_case_hex(c, json, "encryption_priv"), key)) ||
        !mls_case_ok(c, "signature_priv",
                     mls_signing_key_import(c->suite, mls_case_hex(c, json, "signature_priv"), &member->signing_key)))
        return;
    mls_case_same(c, "signature key", mls_ratchet_tree_leaf(f->tree, (uint32_t)index)->signature_key,
                  member->signing_key.public_key, c->suite->signature->public_len);
    mls_tree_keys_init(&member->keys, c->suite, (uint32_t)index, key);
    read_path_secrets(c, f, mls_case_array(c, json, "path_secrets"), member);
    mls_case_ok(c, "private state", mls_tree_keys_check(&member->keys, f->tree));
    member->present = true;
}

/* The provisional GroupContext over a stage. */
static struct core_slice group_context(struct mls_case *c, struct mls_ratchet_tree *stage)
{
    uint8_t hash[MLS_HASH_MAX];
    if (!mls_case_ok(c, "tree hash", mls_ratchet_tree_hash(stage, hash)))
        return (struct core_slice){0};
    const struct mls_group_context context = {
        .version = MLS_VERSION_1_0,
        .cipher_suite = c->suite->id,
        .group_id = mls_case_hex(c, c->json, "group_id"),
        .epoch = mls_case_u64(c, c->json, "epoch"),
        .tree_hash = {hash, c->suite->hash->len},
        .confirmed_transcript_hash = mls_case_hex(c, c->json, "confirmed_transcript_hash"),
    };
    enum { CONTEXT_MAX = 1024 };
    struct bytes_writer w;
    bytes_writer_init(&w, mls_case_alloc(c, CONTEXT_MAX), CONTEXT_MAX);
    mls_group_context_write(&w, &context);
    mls_case_check(c, "GroupContext", bytes_writer_ok(&w));
    return (struct core_slice){w.data, w.len};
}

static uint32_t common_ancestor(uint32_t a, uint32_t b)
{
    uint32_t node = mls_tree_node(a);
    while (!mls_tree_is_below(mls_tree_node(b), node))
        node = mls_tree_parent(node);
    return node;
}

/* All other members take the path; path_secrets: what each must have found, or NULL. */
static void receive(struct mls_case *c, const struct fixture *f, uint32_t sender, const struct mls_update_path *path,
                    struct core_slice commit_secret, const json_t *path_secrets, struct core_slice tree_hash)
{
    struct mls_ratchet_tree *stage = NULL;
    struct mls_tree_keys keys;
    uint8_t secret[MLS_HASH_MAX];
    mls_case_ok(c, "leaf signature", mls_leaf_node_verify(c->suite, &path->leaf_node, f->group_id, sender));
    if (!mls_case_ok(c, "stage", mls_ratchet_tree_stage(f->tree, &stage)) ||
        !mls_case_ok(c, "apply", mls_path_apply(stage, sender, path)))
        goto out;
    const struct core_slice context = group_context(c, stage);
    if (tree_hash.len && mls_case_ok(c, "tree_hash_after", mls_ratchet_tree_hash(stage, secret)))
        mls_case_same(c, "tree_hash_after", tree_hash, secret, c->suite->hash->len);
    mls_case_ok(c, "parent hashes", mls_ratchet_tree_verify(stage));
    for (uint32_t leaf = 0; leaf < MEMBERS_MAX && !c->failed; leaf++) {
        const json_t *want = json_array_get(path_secrets, leaf);
        if (!f->members[leaf].present || leaf == sender) {
            mls_case_check(c, "path secret of nobody", !want || json_is_null(want));
            continue;
        }
        if (!mls_case_ok(c, "decrypt",
                         mls_path_decrypt(stage, sender, path, context, &f->members[leaf].keys, &keys, secret)))
            break;
        mls_case_same(c, "commit_secret", commit_secret, secret, c->suite->hash->len);
        mls_case_ok(c, "new private state", mls_tree_keys_check(&keys, stage));
        if (!path_secrets)
            continue;
        const struct core_slice path_secret = mls_case_hex_value(c, "path secret", want);
        struct mls_tree_keys again = f->members[leaf].keys;
        if (mls_case_check(c, "path secret", path_secret.len == c->suite->hash->len))
            mls_case_ok(c, "path secret",
                        mls_tree_keys_set_node(&again, stage, common_ancestor(leaf, sender), path_secret.data));
    }
out:
    mls_ratchet_tree_free(stage);
}

/* A new path of the same sender, taken by everybody. */
static void send(struct mls_case *c, const struct fixture *f, uint32_t sender)
{
    static struct mls_path made;
    struct mls_ratchet_tree *stage = NULL;
    struct mls_update_path path;
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    if (mls_case_ok(c, "stage", mls_ratchet_tree_stage(f->tree, &stage)) &&
        mls_case_ok(c, "create",
                    mls_path_create(stage, sender, mls_ratchet_tree_leaf(f->tree, sender),
                                    &f->members[sender].signing_key, f->group_id, &made)) &&
        mls_case_ok(c, "encrypt", mls_path_encrypt(&made, group_context(c, stage), &w))) {
        struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
        mls_update_path_parse(&r, &path);
        mls_case_ok(c, "own private state", mls_tree_keys_check(&made.keys, stage));
        if (mls_case_check(c, "UpdatePath", bytes_reader_done(&r)))
            receive(c, f, sender, &path, (struct core_slice){made.commit_secret, c->suite->hash->len}, NULL,
                    (struct core_slice){0});
    }
    mls_path_wipe(&made);
    wire_buffer_free(&w);
    mls_ratchet_tree_free(stage);
}

static void run_path(struct mls_case *c, const struct fixture *f, const json_t *json)
{
    const uint64_t sender = mls_case_u64(c, json, "sender");
    const uint8_t *commit_secret = mls_case_secret(c, json, "commit_secret");
    const json_t *path_secrets = mls_case_array(c, json, "path_secrets");
    const struct core_slice tree_hash = mls_case_hex(c, json, "tree_hash_after");
    struct bytes_reader r = mls_walk(mls_case_hex(c, json, "update_path"));
    struct mls_update_path path;
    mls_update_path_parse(&r, &path);
    if (!mls_case_check(c, "update_path", bytes_reader_done(&r)) || c->failed ||
        !mls_case_check(c, "sender", sender < MEMBERS_MAX && f->members[sender].present) ||
        !mls_case_check(c, "path_secrets", json_array_size(path_secrets) == mls_ratchet_tree_leaves(f->tree)) ||
        !mls_case_check(c, "tree_hash_after", tree_hash.len > 0))
        return;
    receive(c, f, (uint32_t)sender, &path, (struct core_slice){commit_secret, c->suite->hash->len}, path_secrets,
            tree_hash);
    if (!c->failed)
        send(c, f, (uint32_t)sender);
}

static void run(struct mls_case *c)
{
    struct fixture *f = mls_case_alloc(c, sizeof *f);
    const json_t *entry = NULL;
    size_t i = 0;
    f->group_id = mls_case_hex(c, c->json, "group_id");
    if (!mls_case_ok(c, "ratchet_tree",
                     mls_ratchet_tree_read(c->suite, mls_case_hex(c, c->json, "ratchet_tree"), &f->tree)))
        return;
    mls_case_ok(c, "ratchet_tree", mls_ratchet_tree_verify(f->tree));
    json_array_foreach(mls_case_array(c, c->json, "leaves_private"), i, entry)
    {
        if (!c->failed)
            read_member(c, f, entry);
    }
    mls_case_check(c, "a key for every member", i == mls_ratchet_tree_members(f->tree));
    json_array_foreach(mls_case_array(c, c->json, "update_paths"), i, entry)
    {
        if (!c->failed)
            run_path(c, f, entry);
    }
    mls_ratchet_tree_free(f->tree);
}

static const char *const members[] = {"cipher_suite", "group_id",       "epoch",        "confirmed_transcript_hash",
                                      "ratchet_tree", "leaves_private", "update_paths", NULL};

const struct mls_schema mls_schema_treekem = {"treekem", members, run};
