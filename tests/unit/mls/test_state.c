/* Groups and key packages written to bytes and read again: what comes back is the same group, what was forgotten is not
 * in them, and what is staged can still be merged or dropped. */
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "party.h"
#include "unit.h"

enum { OTHERS = 2, SUITES = 7 };

/* A founder and two members, some epochs on. */
struct scene {
    struct party alice;
    struct party others[OTHERS];
};

static struct party *bob(struct scene *s)
{
    return &s->others[0];
}

static void scene_init(struct scene *s, uint16_t suite)
{
    party_init(&s->alice, "alice", suite);
    party_init(&s->others[0], "bob", suite);
    party_init(&s->others[1], "carol", suite);
    party_gather(&s->alice, s->others, OTHERS);
    struct party *const after_alice[] = {&s->others[0], &s->others[1]};
    struct party *const after_bob[] = {&s->alice, &s->others[1]};
    party_commit_all(&s->alice, NULL, 0, after_alice, OTHERS);
    party_commit_all(bob(s), NULL, 0, after_bob, OTHERS);
}

static void scene_wipe(struct scene *s)
{
    party_wipe(&s->alice);
    for (size_t i = 0; i < OTHERS; i++)
        party_wipe(&s->others[i]);
}

static void seal(struct party *party, struct mls_output *message)
{
    CU_ASSERT_EQUAL_FATAL(mls_group_seal(party->group, NULL, party_text("hello"), message), MLS_OK);
}

static bool same_output(struct mls_output a, struct mls_output b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The state's plaintext. */
static void plain_of(const struct mls_group *group, const struct mls_staged *staged, struct mls_output *plain)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_STATE_MAX);
    mls_group_state_write(&w, group, staged);
    CU_ASSERT_EQUAL_FATAL(mls_output_take(&w, plain), MLS_OK);
    wire_buffer_free(&w);
}

/* Whether writing, reading and writing gives the same bytes. */
static bool survives(struct party *party, struct mls_staged **staged)
{
    struct mls_output before = {0};
    struct mls_output after = {0};
    plain_of(party->group, staged ? *staged : NULL, &before);
    party_reload(party, staged);
    plain_of(party->group, staged ? *staged : NULL, &after);
    const bool same = same_output(before, after);
    mls_output_free(&before);
    mls_output_free(&after);
    return same;
}

/* --- Groups --- */

static void check_suite(uint16_t suite)
{
    struct scene s;
    struct mls_output first = {0};
    struct mls_output skipped = {0};
    struct mls_output third = {0};
    scene_init(&s, suite);
    seal(bob(&s), &first);
    seal(bob(&s), &skipped);
    seal(bob(&s), &third);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(first)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(third)), MLS_OK);
    CU_ASSERT_TRUE(party_hears(&s.alice, bob(&s)));
    CU_ASSERT_TRUE(survives(&s.alice, NULL));
    CU_ASSERT_TRUE(party_agrees(&s.alice, bob(&s)));
    CU_ASSERT_EQUAL(mls_group_own_leaf(s.alice.group), 0);
    /* used generations stay used, the skipped one can be opened, once */
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(first)), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(third)), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(skipped)), MLS_OK);
    CU_ASSERT_TRUE(survives(&s.alice, NULL));
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(skipped)), MLS_GENERATION_USED);
    /* its own generations go on: bob has opened the one before */
    CU_ASSERT_TRUE(party_hears(&s.alice, bob(&s)));
    CU_ASSERT_TRUE(party_hears(bob(&s), &s.alice));
    struct party *const others[] = {&s.others[0], &s.others[1]};
    party_commit_all(&s.alice, NULL, 0, others, OTHERS);
    CU_ASSERT_TRUE(party_agrees(&s.alice, bob(&s)));
    mls_output_free(&first);
    mls_output_free(&skipped);
    mls_output_free(&third);
    scene_wipe(&s);
}

static void test_group(void)
{
    for (uint16_t suite = 1; suite <= SUITES; suite++)
        check_suite(suite);
}

static void test_resumptions(void)
{
    struct scene s;
    scene_init(&s, 1);
    party_reload(&s.alice, NULL);
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = 2};
    struct party *const others[] = {&s.others[0], &s.others[1]};
    party_commit_all(&s.alice, &psk, 1, others, OTHERS);
    CU_ASSERT_TRUE(party_agrees(&s.alice, bob(&s)));
    scene_wipe(&s);
}

/* --- Proposals that wait --- */

static void test_proposals(void)
{
    struct scene s;
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    struct mls_output alices = {0};
    struct mls_output bobs = {0};
    scene_init(&s, 1);
    CU_ASSERT_EQUAL(mls_group_propose(s.alice.group, NULL, &update, PARTY_NOW_S, &alices), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_propose(bob(&s)->group, NULL, &update, PARTY_NOW_S, &bobs), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(bobs)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&s.others[1], party_bytes(bobs)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(bob(&s), party_bytes(alices)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&s.others[1], party_bytes(alices)), MLS_OK);
    CU_ASSERT_TRUE(survives(&s.alice, NULL));
    CU_ASSERT_TRUE(survives(&s.others[1], NULL));
    struct mls_output message = {0};
    CU_ASSERT_EQUAL(mls_group_seal(s.alice.group, NULL, party_text("x"), &message), MLS_STATE);
    /* carol commits both: alice has to have the private key of hers still */
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&s.others[1], NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(mls_staged_info(staged)->proposal_count, 2);
    CU_ASSERT_TRUE(survives(&s.others[1], &staged));
    CU_ASSERT_EQUAL(mls_staged_info(staged)->proposal_count, 2);
    CU_ASSERT_TRUE(mls_staged_info(staged)->proposals[1].by_reference);
    CU_ASSERT_EQUAL(party_receive(&s.alice, mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(bob(&s), mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(s.others[1].group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&s.alice, &s.others[1]));
    CU_ASSERT_TRUE(party_agrees(&s.alice, bob(&s)));
    mls_output_free(&alices);
    mls_output_free(&bobs);
    scene_wipe(&s);
}

/* --- Staged commits --- */

/* Adds dave, removes carol. */
static struct mls_staged *stage(struct scene *s, const struct party *dave)
{
    const struct mls_proposal_config proposals[] = {party_remove(mls_group_own_leaf(s->others[1].group)),
                                                    party_add(dave)};
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&s->alice, proposals, 2, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    return staged;
}

static void check_own(uint16_t suite)
{
    struct scene s;
    struct party dave;
    struct mls_output echo = {0};
    scene_init(&s, suite);
    party_init(&dave, "dave", suite);
    struct mls_staged *staged = stage(&s, &dave);
    CU_ASSERT_EQUAL(mls_output_copy(mls_in(mls_staged_message(staged)), &echo), MLS_OK);
    uint8_t exported[2][32] = {{1}, {2}};
    CU_ASSERT_EQUAL(mls_staged_export(staged, party_text("x"), party_text(""), exported[0], 32), MLS_OK);
    CU_ASSERT_TRUE(survives(&s.alice, &staged));
    CU_ASSERT_EQUAL(mls_staged_export(staged, party_text("x"), party_text(""), exported[1], 32), MLS_OK);
    CU_ASSERT_EQUAL(memcmp(exported[0], exported[1], 32), 0);
    const struct mls_commit_info *info = mls_staged_info(staged);
    CU_ASSERT_TRUE(info->own && info->has_path);
    CU_ASSERT_EQUAL(info->sender, 0);
    CU_ASSERT_EQUAL(info->committer.leaf, 0);
    CU_ASSERT_EQUAL(info->proposal_count, 2);
    CU_ASSERT_EQUAL(info->proposals[0].removed, 2);
    CU_ASSERT_EQUAL(info->proposals[1].member.leaf, 2);
    CU_ASSERT_EQUAL(mls_staged_epoch(staged), mls_group_epoch(s.alice.group) + 1);
    CU_ASSERT_TRUE(mls_staged_is(staged, party_bytes(echo)));
    echo.data[echo.len - 1] ^= 1;
    CU_ASSERT_FALSE(mls_staged_is(staged, party_bytes(echo)));
    echo.data[echo.len - 1] ^= 1;
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(echo)), MLS_OWN_MESSAGE);
    CU_ASSERT_EQUAL(party_receive(bob(&s), party_bytes(echo)), MLS_OK);
    CU_ASSERT_EQUAL(party_join(&dave, mls_staged_welcome(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(s.alice.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&s.alice, bob(&s)));
    CU_ASSERT_TRUE(party_agrees(&s.alice, &dave));
    CU_ASSERT_TRUE(party_hears(&s.alice, &dave));
    CU_ASSERT_TRUE(party_hears(&dave, &s.alice));
    mls_output_free(&echo);
    party_wipe(&dave);
    scene_wipe(&s);
}

static void test_own_staged(void)
{
    for (uint16_t suite = 1; suite <= SUITES; suite++)
        check_own(suite);
}

static void test_other_won(void)
{
    struct scene s;
    struct party dave;
    struct mls_received received = {0};
    scene_init(&s, 1);
    party_init(&dave, "dave", 1);
    struct mls_staged *lost = stage(&s, &dave);
    party_reload(&s.alice, &lost);
    int rc = MLS_OK;
    struct mls_staged *won = party_commit(bob(&s), NULL, 0, &rc);
    CU_ASSERT_FALSE(mls_staged_is(lost, mls_staged_message(won)));
    CU_ASSERT_EQUAL(mls_group_process(s.alice.group, mls_staged_message(won), PARTY_NOW_S, &received), MLS_OK);
    mls_staged_free(lost); /* stages of one tree: only one is merged */
    CU_ASSERT_EQUAL(mls_group_merge(s.alice.group, received.staged), MLS_OK);
    received.staged = NULL;
    CU_ASSERT_EQUAL(mls_group_merge(bob(&s)->group, won), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&s.alice, bob(&s)));
    mls_received_free(&received);
    party_wipe(&dave);
    scene_wipe(&s);
}

static void test_received_staged(void)
{
    struct scene s;
    struct party dave;
    struct mls_received received = {0};
    scene_init(&s, 1);
    party_init(&dave, "dave", 1);
    struct mls_staged *staged = stage(&s, &dave);
    CU_ASSERT_EQUAL(mls_group_process(bob(&s)->group, mls_staged_message(staged), PARTY_NOW_S, &received), MLS_OK);
    CU_ASSERT_TRUE(survives(bob(&s), &received.staged));
    const struct mls_commit_info *info = mls_staged_info(received.staged);
    CU_ASSERT_TRUE(!info->own && info->has_path);
    CU_ASSERT_EQUAL(info->sender, 0);
    CU_ASSERT_EQUAL(info->proposals[1].member.leaf, 2);
    CU_ASSERT_FALSE(mls_staged_is(received.staged, mls_staged_message(staged)));
    CU_ASSERT_EQUAL(mls_group_merge(bob(&s)->group, received.staged), MLS_OK);
    received.staged = NULL;
    mls_received_free(&received);
    /* carol is removed by it */
    CU_ASSERT_EQUAL(mls_group_process(s.others[1].group, mls_staged_message(staged), PARTY_NOW_S, &received), MLS_OK);
    CU_ASSERT_TRUE(survives(&s.others[1], &received.staged));
    CU_ASSERT_EQUAL(mls_group_merge(s.others[1].group, received.staged), MLS_OK);
    received.staged = NULL;
    CU_ASSERT_TRUE(mls_group_was_removed(s.others[1].group));
    CU_ASSERT_EQUAL(mls_group_merge(s.alice.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&s.alice, bob(&s)));
    mls_received_free(&received);
    party_wipe(&dave);
    scene_wipe(&s);
}

static void test_external_staged(void)
{
    struct scene s;
    struct party dave;
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_received received = {0};
    scene_init(&s, 1);
    party_init(&dave, "dave", 1);
    const struct mls_external_config config = {.join = {.policy = dave.policy, .now_s = PARTY_NOW_S},
                                               .leaf = dave.leaf};
    CU_ASSERT_EQUAL(mls_group_info(s.alice.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_join_external(party_bytes(info), &config, &dave.group, &commit), MLS_OK);
    CU_ASSERT_TRUE(survives(&dave, NULL));
    CU_ASSERT_EQUAL(mls_group_process(s.alice.group, party_bytes(commit), PARTY_NOW_S, &received), MLS_OK);
    CU_ASSERT_TRUE(survives(&s.alice, &received.staged));
    CU_ASSERT_EQUAL(mls_staged_info(received.staged)->sender, 3);
    CU_ASSERT_EQUAL(mls_group_merge(s.alice.group, received.staged), MLS_OK);
    received.staged = NULL;
    CU_ASSERT_TRUE(party_agrees(&s.alice, &dave));
    mls_received_free(&received);
    mls_output_free(&info);
    mls_output_free(&commit);
    party_wipe(&dave);
    scene_wipe(&s);
}

static void test_foreign_staged(void)
{
    struct scene s;
    struct mls_output state = {0};
    int rc = MLS_OK;
    scene_init(&s, 1);
    struct mls_staged *bobs = party_commit(bob(&s), NULL, 0, &rc);
    struct mls_staged *old = party_commit(&s.alice, NULL, 0, &rc);
    CU_ASSERT_EQUAL(mls_group_save(s.alice.group, bobs, party_state_key(), &state), MLS_STALE);
    CU_ASSERT_EQUAL(party_receive(&s.others[1], mls_staged_message(old)), MLS_OK);
    struct mls_staged *carols = party_commit(&s.others[1], NULL, 0, &rc);
    CU_ASSERT_EQUAL(mls_group_merge(s.alice.group, old), MLS_OK);
    old = party_commit(&s.alice, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(party_receive(&s.alice, mls_staged_message(carols)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_save(s.alice.group, old, party_state_key(), &state), MLS_STALE);
    CU_ASSERT_PTR_NULL(state.data);
    mls_staged_free(old);
    mls_staged_free(bobs);
    mls_staged_free(carols);
    scene_wipe(&s);
}

/* Who does not ask for what was staged does not get it. */
static void test_staged_unasked(void)
{
    struct scene s;
    struct mls_output state = {0};
    struct mls_group *group = NULL;
    int rc = MLS_OK;
    scene_init(&s, 1);
    struct mls_staged *staged = party_commit(&s.alice, NULL, 0, &rc);
    CU_ASSERT_EQUAL(mls_group_save(s.alice.group, staged, party_state_key(), &state), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_load(party_bytes(state), party_state_key(), NULL, &s.alice.policy, &group, NULL), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_epoch(group), mls_group_epoch(s.alice.group));
    mls_group_free(group);
    mls_staged_free(staged);
    mls_output_free(&state);
    scene_wipe(&s);
}

/* --- Ends of groups, and beginnings --- */

static void test_removed(void)
{
    struct scene s;
    struct mls_output message = {0};
    scene_init(&s, 1);
    const struct mls_proposal_config removal = party_remove(2);
    struct party *const others[] = {&s.others[0], &s.others[1]};
    party_commit_all(&s.alice, &removal, 1, others, OTHERS);
    CU_ASSERT_TRUE(survives(&s.others[1], NULL));
    CU_ASSERT_TRUE(mls_group_was_removed(s.others[1].group));
    CU_ASSERT_EQUAL(mls_group_seal(s.others[1].group, NULL, party_text("x"), &message), MLS_REMOVED);
    scene_wipe(&s);
}

static void test_reinit(void)
{
    struct scene s;
    struct mls_group *successor = NULL;
    scene_init(&s, 1);
    const struct mls_proposal_config reinit = {
        .type = MLS_PROPOSAL_REINIT, .group_id = party_text("next"), .cipher_suite = 1};
    struct party *const others[] = {&s.others[0], &s.others[1]};
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&s.alice, &reinit, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_TRUE(survives(&s.alice, &staged));
    for (size_t i = 0; i < OTHERS; i++)
        CU_ASSERT_EQUAL(party_receive(others[i], mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(s.alice.group, staged), MLS_OK);
    CU_ASSERT_TRUE(mls_group_was_reinitialized(s.alice.group));
    CU_ASSERT_TRUE(survives(&s.alice, NULL));
    CU_ASSERT_TRUE(mls_group_was_reinitialized(s.alice.group));
    /* the successor's link survives too: before its first commit, and in it */
    CU_ASSERT_EQUAL_FATAL(mls_group_reinit(s.alice.group, NULL, &s.alice.leaf, &s.alice.policy, &successor), MLS_OK);
    struct party next = s.alice;
    next.group = successor;
    for (size_t i = 0; i < OTHERS; i++)
        party_new_package(&s.others[i]);
    CU_ASSERT_TRUE(survives(&next, NULL));
    const struct mls_proposal_config adds[] = {party_add(&s.others[0]), party_add(&s.others[1])};
    staged = party_commit(&next, adds, OTHERS, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_TRUE(survives(&next, &staged));
    const struct mls_join_config join = {.policy = bob(&s)->policy, .resumed = bob(&s)->group, .now_s = PARTY_NOW_S};
    struct mls_group *bobs = NULL;
    CU_ASSERT_EQUAL(mls_group_join(mls_staged_welcome(staged), bob(&s)->keys, &join, &bobs), MLS_OK);
    mls_staged_free(staged);
    mls_group_free(bobs);
    mls_group_free(next.group);
    scene_wipe(&s);
}

/* --- What is in the bytes, and what is not --- */

static bool has(struct mls_output plain, const uint8_t *secret, size_t len)
{
    for (size_t at = 0; at + len <= plain.len; at++)
        if (memcmp(plain.data + at, secret, len) == 0)
            return true;
    return false;
}

static size_t count_secrets(struct mls_output plain, const struct mls_epoch_secrets *secrets, size_t len)
{
    return (size_t)has(plain, secrets->sender_data, len) + has(plain, secrets->exporter, len) +
           has(plain, secrets->external, len) + has(plain, secrets->confirmation_key, len) +
           has(plain, secrets->membership_key, len) + has(plain, secrets->authenticator, len) +
           has(plain, secrets->init, len) + has(plain, secrets->resumption_psk, len);
}

static size_t count_keys(struct mls_output plain, const struct mls_tree_keys *keys, size_t len)
{
    size_t found = 0;
    for (unsigned level = 0; level <= MLS_TREE_DEPTH_MAX; level++)
        found += keys->known[level] && has(plain, keys->keys[level], len);
    return found;
}

static void test_old_epochs(void)
{
    struct scene s;
    struct mls_output plain = {0};
    scene_init(&s, 1);
    const struct mls_epoch_secrets before = s.alice.group->epoch.secrets;
    const struct mls_tree_keys keys = s.alice.group->epoch.keys;
    plain_of(s.alice.group, NULL, &plain);
    CU_ASSERT_EQUAL(count_secrets(plain, &before, 32), 8);
    CU_ASSERT_EQUAL(count_keys(plain, &keys, 32), 3);
    CU_ASSERT_TRUE(has(plain, s.alice.group->epoch.signer.private_key, 32));
    mls_output_free(&plain);
    struct party *const others[] = {&s.others[0], &s.others[1]};
    party_commit_all(&s.alice, NULL, 0, others, OTHERS);
    plain_of(s.alice.group, NULL, &plain);
    /* the resumption PSK is kept until the application forgets it */
    CU_ASSERT_EQUAL(count_secrets(plain, &before, 32), 1);
    CU_ASSERT_TRUE(has(plain, before.resumption_psk, 32));
    CU_ASSERT_EQUAL(count_keys(plain, &keys, 32), 0);
    mls_output_free(&plain);
    mls_group_forget_resumptions(s.alice.group, mls_group_epoch(s.alice.group));
    plain_of(s.alice.group, NULL, &plain);
    CU_ASSERT_EQUAL(count_secrets(plain, &before, 32), 0);
    mls_output_free(&plain);
    scene_wipe(&s);
}

static void test_used_keys(void)
{
    struct scene s;
    struct mls_output first = {0};
    struct mls_output second = {0};
    struct mls_output plain = {0};
    struct mls_message_key keys[2];
    scene_init(&s, 1);
    for (uint32_t i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(mls_secret_tree_peek(&s.alice.group->epoch.messages, 1, MLS_RATCHET_APPLICATION, i, &keys[i]),
                        MLS_OK);
    seal(bob(&s), &first);
    seal(bob(&s), &second);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(second)), MLS_OK);
    plain_of(s.alice.group, NULL, &plain);
    CU_ASSERT_TRUE(has(plain, keys[0].key, 16)); /* skipped: it may come */
    CU_ASSERT_FALSE(has(plain, keys[1].key, 16));
    CU_ASSERT_FALSE(has(plain, keys[1].nonce, sizeof keys[1].nonce));
    mls_output_free(&plain);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(first)), MLS_OK);
    plain_of(s.alice.group, NULL, &plain);
    CU_ASSERT_FALSE(has(plain, keys[0].key, 16));
    CU_ASSERT_FALSE(has(plain, keys[0].nonce, sizeof keys[0].nonce));
    mls_output_free(&plain);
    mls_output_free(&first);
    mls_output_free(&second);
    scene_wipe(&s);
}

static void test_init_key(void)
{
    struct party alice;
    struct party other;
    struct mls_output plain = {0};
    struct mls_output state = {0};
    uint8_t init_private[MLS_KEM_PRIVATE_MAX];
    uint8_t encryption_private[MLS_KEM_PRIVATE_MAX];
    party_init(&alice, "alice", 1);
    party_init(&other, "bob", 1);
    memcpy(init_private, other.keys->init_private, sizeof init_private);
    memcpy(encryption_private, other.keys->encryption_private, sizeof encryption_private);
    party_gather(&alice, &other, 1);
    plain_of(other.group, NULL, &plain);
    CU_ASSERT_TRUE(has(plain, encryption_private, 32)); /* of its leaf, until it commits */
    CU_ASSERT_FALSE(has(plain, init_private, 32));
    CU_ASSERT_EQUAL(mls_key_package_keys_save(other.keys, party_state_key(), &state), MLS_STATE);
    mls_output_free(&plain);
    party_wipe(&alice);
    party_wipe(&other);
}

/* --- The seal --- */

static void test_seal(void)
{
    enum { HEAD_LEN = 30 };
    struct scene s;
    struct mls_output states[2] = {{0}};
    struct mls_output plain = {0};
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    scene_init(&s, 1);
    for (size_t i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(mls_group_save(s.alice.group, NULL, party_state_key(), &states[i]), MLS_OK);
    plain_of(s.alice.group, NULL, &plain);
    CU_ASSERT_EQUAL(states[0].len, HEAD_LEN + plain.len + 16);
    /* a nonce of its own each time */
    CU_ASSERT_NOT_EQUAL(memcmp(states[0].data, states[1].data, HEAD_LEN), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(states[0].data + HEAD_LEN, states[1].data + HEAD_LEN, plain.len), 0);
    CU_ASSERT_FALSE(has(states[0], s.alice.group->epoch.secrets.exporter, 16));
    /* one nonce's ciphertext is nothing under the other */
    memcpy(states[0].data, states[1].data, HEAD_LEN);
    CU_ASSERT_EQUAL(mls_group_load(party_bytes(states[0]), party_state_key(), NULL, &s.alice.policy, &group, &staged),
                    MLS_AUTH);
    uint8_t key[MLS_STATE_KEY_LEN + 1] = {9};
    const struct mls_bytes other = {key, MLS_STATE_KEY_LEN};
    CU_ASSERT_EQUAL(mls_group_load(party_bytes(states[1]), other, NULL, &s.alice.policy, &group, &staged), MLS_AUTH);
    for (size_t len = 0; len <= sizeof key; len += len == 0 ? MLS_STATE_KEY_LEN - 1 : 2) {
        const struct mls_bytes wrong = {key, len};
        struct mls_output made = {0};
        struct mls_key_package_keys *keys = NULL;
        CU_ASSERT_EQUAL(mls_group_load(party_bytes(states[1]), wrong, NULL, &s.alice.policy, &group, &staged), MLS_KEY);
        CU_ASSERT_EQUAL(mls_group_save(s.alice.group, NULL, wrong, &made), MLS_KEY);
        CU_ASSERT_EQUAL(mls_key_package_keys_save(s.alice.keys, wrong, &made), MLS_KEY);
        CU_ASSERT_EQUAL(mls_key_package_keys_load(party_bytes(states[1]), wrong, NULL, &keys), MLS_KEY);
    }
    CU_ASSERT_PTR_NULL(group);
    mls_output_free(&plain);
    mls_output_free(&states[0]);
    mls_output_free(&states[1]);
    scene_wipe(&s);
}

/* --- Key packages --- */

static void check_package(uint16_t suite)
{
    struct party alice;
    struct party other;
    struct mls_output state = {0};
    struct mls_output again = {0};
    struct mls_key_package_keys *loaded = NULL;
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    int rc = MLS_OK;
    party_init(&alice, "alice", suite);
    party_init(&other, "bob", suite);
    party_found(&alice);
    const struct mls_proposal_config add = party_add(&other);
    struct mls_staged *made = party_commit(&alice, &add, 1, &rc);
    CU_ASSERT_EQUAL(mls_key_package_keys_save(other.keys, party_state_key(), &state), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_key_package_keys_load(party_bytes(state), party_state_key(), NULL, &loaded), MLS_OK);
    CU_ASSERT_TRUE(mls_same(mls_in(mls_key_package_keys_ref(loaded)), mls_in(mls_key_package_keys_ref(other.keys))));
    mls_key_package_keys_free(other.keys);
    other.keys = loaded;
    CU_ASSERT_EQUAL(mls_key_package_keys_save(other.keys, party_state_key(), &again), MLS_OK);
    CU_ASSERT_EQUAL(again.len, state.len);
    CU_ASSERT_EQUAL(party_join(&other, mls_staged_welcome(made)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(alice.group, made), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&alice, &other));
    /* neither kind is taken for the other, whatever the head says */
    CU_ASSERT_EQUAL(mls_group_load(party_bytes(state), party_state_key(), NULL, &alice.policy, &group, &staged),
                    MLS_MALFORMED);
    state.data[5] = 1;
    CU_ASSERT_EQUAL(mls_group_load(party_bytes(state), party_state_key(), NULL, &alice.policy, &group, &staged),
                    MLS_AUTH);
    mls_output_free(&state);
    mls_output_free(&again);
    party_wipe(&alice);
    party_wipe(&other);
}

static void test_packages(void)
{
    for (uint16_t suite = 1; suite <= SUITES; suite++)
        check_package(suite);
}

static const struct unit_test tests[] = {
    {"a loaded group is the one that was saved, its used generations used: suites 1 to 7", test_group},
    {"resumption PSKs of past epochs are loaded with it", test_resumptions},
    {"so are proposals that wait, with the keys of its own Update", test_proposals},
    {"an own commit is merged after loading, its Welcome too: suites 1 to 7", test_own_staged},
    {"or dropped when another won", test_other_won},
    {"a received one is merged after loading, also by whom it removes", test_received_staged},
    {"an external one too", test_external_staged},
    {"what was staged of another group or epoch is not saved", test_foreign_staged},
    {"what was staged can be left behind", test_staged_unasked},
    {"a removed member stays removed", test_removed},
    {"a ReInit and the link to its successor are kept", test_reinit},
    {"secrets of old epochs are not in the plaintext", test_old_epochs},
    {"nor are keys of messages that were opened", test_used_keys},
    {"nor is an init key, nor can used keys of a key package be saved", test_init_key},
    {"each state has its nonce, and opens under its key alone", test_seal},
    {"keys of key packages join after loading: suites 1 to 7", test_packages},
};

UNIT_MAIN("mls.state", tests)
