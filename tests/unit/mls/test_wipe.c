/* What is to be gone is gone: secrets of groups are looked for in all memory of the process. Each random value, each
 * output of the KDF and of Diffie-Hellman, and each HMAC key is noted as it comes to be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "mls/crypto.h"
#include "party.h"
#include "remains.h"
#include "unit.h"

enum { SUITE = 0xf200, PUBLIC_RANDOM_MAX = 16, ANYWHERE = REMAINS_FREED | REMAINS_STACK | REMAINS_LIVE };

/* --- Noting --- */

bool __real_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len)
{
    bool ok = __real_core_random(out, len);
    if (len > PUBLIC_RANDOM_MAX)
        remains_note("a random value", out);
    return ok;
}

static bool agree(const struct core_dh *x25519, const uint8_t *private_key, const uint8_t *public_key, uint8_t *shared)
{
    (void)x25519;
    bool ok = core_sodium_x25519.agree(&core_sodium_x25519, private_key, public_key, shared);
    if (ok)
        remains_note("a shared secret", shared);
    return ok;
}

/* HPKE's hashes of its info, which everybody knows. */
static bool is_info_hash(const struct core_slice *parts, size_t count)
{
    static const char *const labels[] = {"info_hash", "psk_id_hash"};
    for (size_t i = 0; i < 2; i++)
        if (count > 2 && parts[2].len == strlen(labels[i]) && memcmp(parts[2].data, labels[i], parts[2].len) == 0)
            return true;
    return false;
}

static bool hmac_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    bool ok = core_libcrypto_sha256.hmac_init(key, secret, len);
    if (ok && len > 0)
        remains_note("an HMAC key", key->state);
    return ok;
}

/* Named by its label if it is an output of ExpandWithLabel: u16 length, u8 length of the label, label. */
static void note_output(const struct core_slice *parts, size_t count, const uint8_t *out)
{
    char name[32] = "an output of HMAC";
    if (count == 4 && parts[1].len > 3 && parts[1].data[2] < parts[1].len - 3)
        snprintf(name, sizeof name, "%.*s", (int)parts[1].data[2], (const char *)parts[1].data + 3);
    remains_note(name, out);
}

static size_t countdown; /* to the HMAC that the library below fails at; 0: none */

static bool hmac(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    if (countdown && --countdown == 0)
        return false;
    bool ok = core_libcrypto_sha256.hmac(key, parts, count, out);
    if (ok && !is_info_hash(parts, count))
        note_output(parts, count, out);
    return ok;
}

static struct core_hash hash;
static struct core_dh dh;
static struct mls_kem kem;
static struct mls_suite row;
static const struct mls_suites suites = {&row, 1};

static void init_suite(void)
{
    hash = core_libcrypto_sha256;
    hash.hmac_init = hmac_init;
    hash.hmac = hmac;
    dh = core_sodium_x25519;
    dh.agree = agree;
    kem = mls_kem_x25519;
    kem.dh = &dh;
    kem.hash = &hash;
    row = *mls_suite_find(NULL, 1);
    row.id = SUITE;
    row.kem = &kem;
    row.hash = &hash;
}

/* --- Operations, each on a stack of its own --- */

static struct scene {
    struct party a;
    struct party b;
    struct party c;
    struct mls_staged *staged;
    struct mls_received received;
    struct mls_output message;
    const struct mls_proposal_config *proposals;
    size_t proposal_count;
    bool is_public;
    int rc;
} s;

static void keep(int rc)
{
    if (s.rc == MLS_OK)
        s.rc = rc;
}

static struct mls_bytes published(struct mls_bytes message)
{
    remains_publish(message.data, message.len);
    return message;
}

/* Runs it: nothing may remain in what was freed, nor on the stack. */
static void run(void (*operation)(void *ctx))
{
    s.rc = MLS_OK;
    remains_run(operation, NULL);
    CU_ASSERT_EQUAL(s.rc, MLS_OK);
    CU_ASSERT_EQUAL(remains_found(REMAINS_FREED | REMAINS_STACK), 0);
}

static void op_enter(void *ctx)
{
    (void)ctx;
    party_init_in(&s.a, "alice", &suites, SUITE);
    party_init_in(&s.b, "bob", &suites, SUITE);
    party_init_in(&s.c, "carol", &suites, SUITE);
    s.a.psk = s.b.psk = s.c.psk = "a secret that has sixteen bytes and more";
}

static void op_found(void *ctx)
{
    (void)ctx;
    const struct mls_group_config config = {
        .suites = &suites, .suite = SUITE, .group_id = party_text("group"), .leaf = s.a.leaf, .policy = s.a.policy};
    keep(mls_group_new(&config, &s.a.group));
}

static void op_commit(void *ctx)
{
    (void)ctx;
    const struct mls_commit_config config = {.framing.is_public = s.is_public,
                                             .proposals = s.proposals,
                                             .proposal_count = s.proposal_count,
                                             .now_s = PARTY_NOW_S};
    keep(mls_group_commit(s.a.group, &config, &s.staged));
    if (s.rc == MLS_OK) {
        published(mls_staged_message(s.staged));
        published(mls_staged_welcome(s.staged));
    }
}

static void op_merge(void *ctx)
{
    (void)ctx;
    keep(mls_group_merge(s.a.group, s.staged));
    s.staged = NULL;
}

static void op_drop(void *ctx)
{
    (void)ctx;
    mls_staged_free(s.staged);
    s.staged = NULL;
}

static void op_join_b(void *ctx)
{
    (void)ctx;
    keep(party_join(&s.b, mls_staged_welcome(s.staged)));
}

static void op_join_c(void *ctx)
{
    (void)ctx;
    keep(party_join(&s.c, mls_staged_welcome(s.staged)));
}

static void op_process(void *ctx)
{
    (void)ctx;
    keep(mls_group_process(s.b.group, mls_staged_message(s.staged), PARTY_NOW_S, &s.received));
}

static void op_merge_received(void *ctx)
{
    (void)ctx;
    keep(mls_group_merge(s.b.group, s.received.staged));
    s.received.staged = NULL;
    mls_received_free(&s.received);
}

static void op_drop_received(void *ctx)
{
    (void)ctx;
    mls_received_free(&s.received);
}

/* A commit with the proposals, which both merge. */
static void commit_by_all(const struct mls_proposal_config *proposals, size_t count, bool is_public)
{
    s.proposals = proposals;
    s.proposal_count = count;
    s.is_public = is_public;
    run(op_commit);
    run(op_process);
    run(op_merge_received);
    run(op_merge);
}

static void begin(void)
{
    init_suite();
    memset(&s, 0, sizeof s);
    run(op_enter);
    run(op_found);
    const struct mls_proposal_config proposals[] = {party_add(&s.b),
                                                    {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")}};
    s.proposals = proposals;
    s.proposal_count = 2;
    run(op_commit);
    run(op_join_b);
    run(op_merge);
}

static void op_leave(void *ctx)
{
    (void)ctx;
    party_wipe(&s.a);
    party_wipe(&s.b);
    party_wipe(&s.c);
}

/* All that ever was secret is gone with the last of the parties. */
static void end(void)
{
    run(op_leave);
    CU_ASSERT_EQUAL(remains_found(ANYWHERE), 0);
    remains_end();
}

/* --- The tests --- */

static void leave_in_freed(void *ctx)
{
    uint8_t *copy = malloc(REMAINS_LEN);
    if (copy)
        memcpy(copy, ctx, REMAINS_LEN);
    __asm__ volatile("" : : "r"(copy) : "memory");
    free(copy);
}

static void leave_on_stack(void *ctx)
{
    uint8_t copy[REMAINS_LEN];
    memcpy(copy, ctx, REMAINS_LEN);
    __asm__ volatile("" : : "r"(copy) : "memory");
}

static void test_control(void)
{
    static uint8_t secret[REMAINS_LEN] = "sixteen bytes !";
    if (!remains_present())
        return;
    CU_ASSERT_FALSE(remains_has(secret, ANYWHERE));
    uint8_t *live = malloc(2 * REMAINS_LEN);
    CU_ASSERT_PTR_NOT_NULL_FATAL(live);
    memcpy(live + 3, secret, REMAINS_LEN);
    CU_ASSERT_TRUE(remains_has(secret, REMAINS_LIVE));
    CU_ASSERT_FALSE(remains_has(secret, REMAINS_FREED | REMAINS_STACK));
    core_wipe(live, 2 * REMAINS_LEN);
    free(live);
    CU_ASSERT_FALSE(remains_has(secret, ANYWHERE));
    remains_run(leave_on_stack, secret);
    CU_ASSERT_TRUE(remains_has(secret, REMAINS_STACK));
    remains_run(leave_in_freed, secret);
    CU_ASSERT_TRUE(remains_has(secret, REMAINS_FREED));
    CU_ASSERT_EQUAL(remains_found(REMAINS_FREED), 1);
    remains_end();
}

static void test_join(void)
{
    uint8_t init[REMAINS_LEN];
    uint8_t encryption[REMAINS_LEN];
    if (!remains_present())
        return;
    init_suite();
    memset(&s, 0, sizeof s);
    run(op_enter);
    run(op_found);
    memcpy(init, s.b.keys->init_private, sizeof init);
    memcpy(encryption, s.b.keys->encryption_private, sizeof encryption);
    CU_ASSERT_TRUE(remains_has(init, REMAINS_LIVE));
    const struct mls_proposal_config add = party_add(&s.b);
    s.proposals = &add;
    s.proposal_count = 1;
    run(op_commit);
    run(op_join_b);
    CU_ASSERT_FALSE(remains_has(init, ANYWHERE));
    /* the group has it now */
    CU_ASSERT_TRUE(remains_has(encryption, REMAINS_LIVE));
    run(op_merge);
    /* and has another after its first own commit */
    struct party swap = s.a;
    s.a = s.b;
    s.b = swap;
    s.a.leaf.credential.data = (const uint8_t *)s.a.name;
    s.b.leaf.credential.data = (const uint8_t *)s.b.name;
    s.a.group->policy.context = &s.a;
    s.b.group->policy.context = &s.b;
    commit_by_all(NULL, 0, false);
    CU_ASSERT_FALSE(remains_has(encryption, ANYWHERE));
    end();
}

static size_t count_anywhere(const uint8_t secrets[][REMAINS_LEN], size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += remains_has(secrets[i], ANYWHERE);
    return found;
}

static void test_epochs(void)
{
    enum { SECRETS = 7 };
    uint8_t secrets[SECRETS][REMAINS_LEN];
    uint8_t resumption[REMAINS_LEN];
    if (!remains_present())
        return;
    begin();
    const struct mls_epoch *epoch = &s.a.group->epoch;
    const uint8_t *const from[SECRETS] = {
        epoch->secrets.init, epoch->secrets.exporter, epoch->secrets.external,        epoch->secrets.membership_key,
        epoch->keys.keys[0], epoch->keys.keys[1],     epoch->secrets.confirmation_key};
    for (size_t i = 0; i < SECRETS; i++)
        memcpy(secrets[i], from[i], REMAINS_LEN);
    memcpy(resumption, epoch->secrets.resumption_psk, REMAINS_LEN);
    CU_ASSERT_EQUAL(count_anywhere(secrets, SECRETS), SECRETS);
    commit_by_all(NULL, 0, false);
    /* one key of a's path was b's to have, and both have another now */
    CU_ASSERT_EQUAL(count_anywhere(secrets, SECRETS), 0);
    CU_ASSERT_TRUE(remains_has(resumption, REMAINS_LIVE));
    mls_group_forget_resumptions(s.a.group, mls_group_epoch(s.a.group));
    CU_ASSERT_TRUE(remains_has(resumption, REMAINS_LIVE)); /* b's */
    mls_group_forget_resumptions(s.b.group, mls_group_epoch(s.b.group));
    CU_ASSERT_FALSE(remains_has(resumption, ANYWHERE));
    end();
}

static void test_past(void)
{
    uint8_t root[REMAINS_LEN];
    if (!remains_present())
        return;
    begin();
    mls_group_keep_past(s.b.group, true);
    const struct mls_secret_tree *tree = &s.b.group->epoch.messages;
    CU_ASSERT_TRUE_FATAL(tree->leaves == 2 && tree->present[1]);
    memcpy(root, tree->secrets + hash.len, sizeof root);
    s.proposals = NULL;
    s.proposal_count = 0;
    s.is_public = true;
    run(op_commit);
    run(op_process);
    run(op_merge_received);
    run(op_merge);
    CU_ASSERT_TRUE(remains_has(root, REMAINS_LIVE));
    mls_group_forget_past(s.b.group);
    CU_ASSERT_FALSE(remains_has(root, ANYWHERE));
    end();
}

static void test_dropped(void)
{
    uint8_t init[REMAINS_LEN];
    uint8_t leaf[REMAINS_LEN];
    if (!remains_present())
        return;
    begin();
    s.proposals = NULL;
    s.proposal_count = 0;
    run(op_commit);
    run(op_process);
    memcpy(init, s.staged->next.secrets.init, sizeof init);
    memcpy(leaf, s.staged->next.keys.keys[0], sizeof leaf);
    CU_ASSERT_TRUE(remains_has(init, REMAINS_LIVE));
    CU_ASSERT_TRUE(remains_has(leaf, REMAINS_LIVE));
    run(op_drop);
    CU_ASSERT_TRUE(remains_has(init, REMAINS_LIVE)); /* b's */
    CU_ASSERT_FALSE(remains_has(leaf, ANYWHERE));
    run(op_drop_received);
    CU_ASSERT_FALSE(remains_has(init, ANYWHERE));
    end();
}

static const char plaintext[] = "what they say to each other";

static void op_seal(void *ctx)
{
    (void)ctx;
    keep(mls_group_seal(s.a.group, NULL, party_text(plaintext), &s.message));
    published(party_bytes(s.message));
}

static void op_open(void *ctx)
{
    (void)ctx;
    keep(mls_group_process(s.b.group, party_bytes(s.message), PARTY_NOW_S, &s.received));
    mls_received_free(&s.received);
}

static void test_message_keys(void)
{
    struct mls_message_key first;
    struct mls_message_key second;
    struct mls_output sent[2];
    uint8_t root[REMAINS_LEN];
    if (!remains_present())
        return;
    begin();
    remains_note("plaintext", (const uint8_t *)plaintext);
    const uint32_t sender = mls_group_own_leaf(s.a.group);
    const struct mls_secret_tree *tree = &s.b.group->epoch.messages;
    CU_ASSERT_TRUE_FATAL(tree->leaves == 2 && tree->present[1]);
    memcpy(root, tree->secrets + hash.len, sizeof root);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(tree, sender, MLS_RATCHET_APPLICATION, 0, &first), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(tree, sender, MLS_RATCHET_APPLICATION, 1, &second), MLS_OK);
    for (size_t i = 0; i < 2; i++) {
        run(op_seal);
        sent[i] = s.message;
    }
    CU_ASSERT_FALSE(remains_has(first.key, ANYWHERE)); /* the sender's are spent, the receiver's not made */
    s.message = sent[1];
    run(op_open);
    CU_ASSERT_FALSE(remains_has(second.key, ANYWHERE));
    /* nor is anything left that they all come from */
    CU_ASSERT_FALSE(remains_has(root, ANYWHERE));
    CU_ASSERT_TRUE(remains_has(first.key, REMAINS_LIVE)); /* skipped, and kept for when it comes */
    s.message = sent[0];
    run(op_open);
    CU_ASSERT_FALSE(remains_has(first.key, ANYWHERE));
    mls_output_free(&sent[0]);
    mls_output_free(&sent[1]);
    end();
}

static void op_propose(void *ctx)
{
    (void)ctx;
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    keep(mls_group_propose(s.b.group, NULL, &update, PARTY_NOW_S, &s.message));
    published(party_bytes(s.message));
    mls_output_free(&s.message);
}

static void op_forget(void *ctx)
{
    (void)ctx;
    mls_group_forget_proposals(s.b.group);
}

static void test_updates(void)
{
    uint8_t key[REMAINS_LEN];
    if (!remains_present())
        return;
    begin();
    run(op_propose);
    memcpy(key, s.b.group->kept[0]->private_key, sizeof key);
    CU_ASSERT_TRUE(remains_has(key, REMAINS_LIVE));
    run(op_forget);
    CU_ASSERT_FALSE(remains_has(key, ANYWHERE));
    end();
}

static void test_removed(void)
{
    enum { SECRETS = 6 };
    uint8_t secrets[SECRETS][REMAINS_LEN];
    if (!remains_present())
        return;
    begin();
    const struct mls_proposal_config add = party_add(&s.c);
    s.proposals = &add;
    s.proposal_count = 1;
    run(op_commit);
    run(op_join_c);
    run(op_process);
    run(op_merge_received);
    run(op_merge);
    commit_by_all(NULL, 0, true);
    const struct mls_group *group = s.b.group;
    const struct mls_secret_tree *tree = &group->epoch.messages;
    CU_ASSERT_TRUE_FATAL(tree->leaves == 4 && tree->present[3]);
    const uint8_t *const from[SECRETS] = {group->resumptions[0].psk,     group->epoch.signer.private_key,
                                          group->epoch.secrets.exporter, group->epoch.secrets.init,
                                          group->epoch.keys.keys[0],     tree->secrets + 3 * hash.len};
    for (size_t i = 0; i < SECRETS; i++)
        memcpy(secrets[i], from[i], REMAINS_LEN);
    const struct mls_proposal_config remove = party_remove(mls_group_own_leaf(s.b.group));
    commit_by_all(&remove, 1, false);
    CU_ASSERT_TRUE(mls_group_was_removed(s.b.group));
    /* the others keep what is theirs, and the party its own signature key */
    mls_group_free(s.a.group);
    mls_group_free(s.c.group);
    s.a.group = s.c.group = NULL;
    mls_output_free(&s.b.signature_private);
    mls_key_package_keys_free(s.b.keys);
    s.b.keys = NULL;
    CU_ASSERT_EQUAL(count_anywhere(secrets, SECRETS), 0);
    end();
}

static void op_rejoin(void *ctx)
{
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *group = NULL;
    (void)ctx;
    const struct mls_bytes psk = party_text("psk");
    const struct mls_external_config config = {
        .join = {.suites = &suites, .policy = s.b.policy, .resumed = s.b.group, .now_s = PARTY_NOW_S},
        .leaf = s.b.leaf,
        .resync = true,
        .old_leaf = mls_group_own_leaf(s.b.group),
        .psk_ids = &psk,
        .psk_count = 1,
        .resumption = true,
    };
    keep(mls_group_info(s.a.group, true, &info));
    published(party_bytes(info));
    keep(mls_group_join_external(party_bytes(info), &config, &group, &commit));
    published(party_bytes(commit));
    mls_group_free(s.b.group);
    s.b.group = group;
    keep(party_receive(&s.a, party_bytes(commit)));
    mls_output_free(&info);
    mls_output_free(&commit);
}

static void test_rejoin(void)
{
    uint8_t old_init[REMAINS_LEN];
    if (!remains_present())
        return;
    begin();
    memcpy(old_init, s.a.group->epoch.secrets.init, sizeof old_init);
    run(op_rejoin);
    CU_ASSERT_FALSE(remains_has(old_init, ANYWHERE));
    CU_ASSERT_TRUE(party_agrees(&s.a, &s.b));
    end();
}

/* The library below fails at the first, second, third... HMAC of the operation, until it needs no more. */
static size_t fail_each(void (*operation)(void *ctx))
{
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        s.rc = MLS_OK;
        countdown = n;
        remains_run(operation, NULL);
        const bool failed = countdown == 0;
        countdown = 0;
        CU_ASSERT_EQUAL(remains_found(REMAINS_STACK), 0);
        if (!failed)
            return failures;
        CU_ASSERT_EQUAL_FATAL(s.rc, MLS_CRYPTO);
        failures++;
    }
}

static void test_failures(void)
{
    if (!remains_present())
        return;
    begin();
    const struct mls_proposal_config proposals[] = {party_add(&s.c),
                                                    {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")}};
    s.proposals = proposals;
    s.proposal_count = 2;
    CU_ASSERT_TRUE(fail_each(op_commit) > 20);
    CU_ASSERT_TRUE(fail_each(op_join_c) > 20);
    CU_ASSERT_TRUE(fail_each(op_process) > 20);
    run(op_merge_received);
    run(op_merge);
    CU_ASSERT_TRUE(fail_each(op_seal) > 3);
    CU_ASSERT_TRUE(fail_each(op_open) > 3);
    mls_output_free(&s.message);
    end();
}

static const struct unit_test tests[] = {
    {"the search finds what is left behind", test_control},
    {"an init key is gone once it was used, a leaf's once it was replaced", test_join},
    {"an epoch's secrets are gone with it, resumption PSKs when they are forgotten", test_epochs},
    {"what is kept of the epoch before is gone once it is forgotten", test_past},
    {"a commit that is dropped leaves nothing", test_dropped},
    {"message keys are gone once they were used, and what they encrypted", test_message_keys},
    {"the key of a forgotten Update is gone", test_updates},
    {"who was removed keeps no secret of the group", test_removed},
    {"an operation that fails midway leaves no secret behind", test_failures},
    {"joining from outside leaves no secret behind", test_rejoin},
};

UNIT_MAIN("mls.wipe", tests)
