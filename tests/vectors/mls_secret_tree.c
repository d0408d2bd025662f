/* secret-tree.json: sender data keys, and the message keys of each leaf, as its sender and as the others get them. */
#include "mls/framing.h"
#include "mls/secret_tree.h"
#include "mls_case.h"

static void check_sender_data(struct mls_case *c)
{
    const json_t *object = mls_case_object(c, c->json, "sender_data");
    const uint8_t *secret = mls_case_secret(c, object, "sender_data_secret");
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    if (!secret ||
        !mls_case_ok(c, "sender data",
                     mls_sender_data_key(c->suite, secret, mls_case_hex(c, object, "ciphertext"), key, nonce)))
        return;
    mls_case_same(c, "sender data key", mls_case_hex(c, object, "key"), key, c->suite->aead->key_len);
    mls_case_same(c, "sender data nonce", mls_case_hex(c, object, "nonce"), nonce, sizeof nonce);
}

static void check_key(struct mls_case *c, const json_t *object, enum mls_ratchet_kind kind,
                      const struct mls_message_key *key)
{
    const bool handshake = kind == MLS_RATCHET_HANDSHAKE;
    mls_case_same(c, "key", mls_case_hex(c, object, handshake ? "handshake_key" : "application_key"), key->key,
                  c->suite->aead->key_len);
    mls_case_same(c, "nonce", mls_case_hex(c, object, handshake ? "handshake_nonce" : "application_nonce"), key->nonce,
                  sizeof key->nonce);
}

/* Sends up to the last generation, checking those listed. */
static void check_sender(struct mls_case *c, struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                         const json_t *generations)
{
    struct mls_message_key key = {0};
    const json_t *object = NULL;
    uint64_t sent = 0;
    size_t i = 0;
    json_array_foreach(generations, i, object)
    {
        const uint64_t generation = mls_case_u64(c, object, "generation");
        for (; sent <= generation && !c->failed; sent++)
            mls_case_ok(c, "next", mls_secret_tree_next(tree, leaf, kind, &key));
        check_key(c, object, kind, &key);
    }
}

/* Receives the listed generations, the last one first; each is given once. */
static void check_receiver(struct mls_case *c, struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                           const json_t *generations)
{
    struct mls_message_key key;
    for (size_t i = json_array_size(generations); i-- > 0;) {
        const json_t *object = json_array_get(generations, i);
        const uint32_t generation = (uint32_t)mls_case_u64(c, object, "generation");
        if (!mls_case_ok(c, "peek", mls_secret_tree_peek(tree, leaf, kind, generation, &key)))
            return;
        check_key(c, object, kind, &key);
        mls_case_ok(c, "consume", mls_secret_tree_consume(tree, leaf, kind, generation));
        mls_case_check(c, "a used generation",
                       mls_secret_tree_peek(tree, leaf, kind, generation, &key) == MLS_GENERATION_USED);
    }
}

static void run(struct mls_case *c)
{
    const json_t *leaves = mls_case_array(c, c->json, "leaves");
    const uint8_t *secret = mls_case_secret(c, c->json, "encryption_secret");
    const uint32_t count = (uint32_t)json_array_size(leaves);
    struct mls_secret_tree sending = {0};
    struct mls_secret_tree receiving = {0};
    check_sender_data(c);
    if (c->failed || !mls_case_ok(c, "tree", mls_secret_tree_init(&sending, c->suite, count, secret)) ||
        !mls_case_ok(c, "tree", mls_secret_tree_init(&receiving, c->suite, count, secret)))
        goto out;
    for (uint32_t leaf = 0; leaf < count && !c->failed; leaf++)
        for (unsigned kind = 0; kind < MLS_RATCHETS; kind++) {
            const json_t *generations = json_array_get(leaves, leaf);
            mls_case_check(c, "generations", json_array_size(generations) > 0);
            check_sender(c, &sending, leaf, kind, generations);
            check_receiver(c, &receiving, leaf, kind, generations);
        }
out:
    mls_secret_tree_wipe(&sending);
    mls_secret_tree_wipe(&receiving);
}

static const char *const members[] = {"cipher_suite", "encryption_secret", "sender_data", "leaves", NULL};

const struct mls_schema mls_schema_secret_tree = {"secret-tree", members, run};
