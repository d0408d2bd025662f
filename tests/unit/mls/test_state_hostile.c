/* States that were changed: under the seal nothing passes, and behind it every length and every bit gives an error or a
 * group that writes the same bytes again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "unit.h"

enum { SEAL_LEN = 30 + 16 };

/* A member of three with all that a state can have: skipped keys, resumption PSKs, proposals, a commit that is staged.
 */
struct scene {
    struct party alice;
    struct party others[2];
    struct mls_staged *staged;
    struct mls_output plain;
    struct mls_output sealed;
};

static void send(struct party *from, struct party *to, bool lost)
{
    struct mls_output message = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_seal(from->group, NULL, party_text("x"), &message), MLS_OK);
    CU_ASSERT_TRUE_FATAL(lost || party_receive(to, party_bytes(message)) == MLS_OK);
    mls_output_free(&message);
}

static void propose_update(struct party *from, struct party *to)
{
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    struct mls_output message = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(from->group, NULL, &update, PARTY_NOW_S, &message), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(party_receive(to, party_bytes(message)), MLS_OK);
    mls_output_free(&message);
}

static void scene_init(struct scene *s, uint16_t suite)
{
    struct bytes_writer w;
    int rc = MLS_OK;
    *s = (struct scene){.staged = NULL};
    party_init(&s->alice, "alice", suite);
    party_init(&s->others[0], "bob", suite);
    party_init(&s->others[1], "carol", suite);
    party_gather(&s->alice, s->others, 2);
    struct party *const others[] = {&s->others[0], &s->others[1]};
    party_commit_all(&s->alice, NULL, 0, others, 2);
    send(&s->others[0], &s->alice, true);
    send(&s->others[0], &s->alice, false);
    propose_update(&s->others[0], &s->alice);
    propose_update(&s->alice, &s->others[0]);
    const struct mls_proposal_config removal = party_remove(2);
    s->staged = party_commit(&s->alice, &removal, 1, &rc); /* and bob's Update */
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    wire_buffer_init(&w, MLS_STATE_MAX);
    mls_group_state_write(&w, s->alice.group, s->staged);
    CU_ASSERT_EQUAL_FATAL(mls_output_take(&w, &s->plain), MLS_OK);
    wire_buffer_free(&w);
    CU_ASSERT_EQUAL_FATAL(mls_group_save(s->alice.group, s->staged, party_state_key(), &s->sealed), MLS_OK);
}

static void scene_wipe(struct scene *s)
{
    mls_staged_free(s->staged);
    mls_output_free(&s->plain);
    mls_output_free(&s->sealed);
    party_wipe(&s->alice);
    party_wipe(&s->others[0]);
    party_wipe(&s->others[1]);
}

static int load(struct scene *s, struct mls_bytes sealed)
{
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    int rc = mls_group_load(sealed, party_state_key(), NULL, &s->alice.policy, &group, &staged);
    CU_ASSERT_TRUE_FATAL((rc == MLS_OK) == (group != NULL));
    mls_staged_free(staged);
    mls_group_free(group);
    return rc;
}

/* What is read is, written again, the same. */
static int read_plain(struct scene *s, struct core_slice plain)
{
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    struct bytes_writer w;
    int rc = mls_group_state_read(plain, NULL, &s->alice.policy, &group, &staged);
    if (rc != MLS_OK) {
        CU_ASSERT_TRUE_FATAL(!group && !staged && rc != MLS_MEMORY && rc != MLS_CRYPTO);
        return rc;
    }
    wire_buffer_init(&w, MLS_STATE_MAX);
    mls_group_state_write(&w, group, staged);
    CU_ASSERT_TRUE_FATAL(w.len == plain.len && memcmp(w.data, plain.data, w.len) == 0);
    wire_buffer_free(&w);
    mls_staged_free(staged);
    mls_group_free(group);
    return rc;
}

static void test_sealed(void)
{
    struct scene s;
    scene_init(&s, 1);
    CU_ASSERT_EQUAL(load(&s, party_bytes(s.sealed)), MLS_OK);
    for (size_t bit = 0; bit < 8 * s.sealed.len; bit++) {
        s.sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const int rc = load(&s, party_bytes(s.sealed));
        CU_ASSERT_TRUE_FATAL(rc == (bit < 8 * 6 ? MLS_MALFORMED : MLS_AUTH));
        s.sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < s.sealed.len; len++) {
        const int rc = load(&s, (struct mls_bytes){s.sealed.data, len});
        CU_ASSERT_TRUE_FATAL(rc == (len < SEAL_LEN ? MLS_MALFORMED : MLS_AUTH));
    }
    CU_ASSERT_EQUAL(load(&s, party_bytes(s.sealed)), MLS_OK);
    scene_wipe(&s);
}

static void test_lengths(void)
{
    struct scene s;
    scene_init(&s, 1);
    CU_ASSERT_EQUAL(read_plain(&s, (struct core_slice){s.plain.data, s.plain.len}), MLS_OK);
    for (size_t len = 0; len < s.plain.len; len++)
        CU_ASSERT_NOT_EQUAL_FATAL(read_plain(&s, (struct core_slice){s.plain.data, len}), MLS_OK);
    struct mls_output longer = {0};
    CU_ASSERT_EQUAL(mls_output_copy((struct core_slice){s.plain.data, s.plain.len}, &longer), MLS_OK);
    longer.data = realloc(longer.data, longer.len + 1);
    longer.data[longer.len++] = 0;
    CU_ASSERT_EQUAL(read_plain(&s, (struct core_slice){longer.data, longer.len}), MLS_MALFORMED);
    mls_output_free(&longer);
    scene_wipe(&s);
}

static void test_bits(void)
{
    struct scene s;
    size_t taken = 0;
    scene_init(&s, 1);
    for (size_t bit = 0; bit < 8 * s.plain.len; bit++) {
        s.plain.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        taken += read_plain(&s, (struct core_slice){s.plain.data, s.plain.len}) == MLS_OK;
        s.plain.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* secrets are any bytes, and so are a commit's ciphertexts and what was sent; the rest hangs together */
    printf("%zu of %zu bits can be changed behind the seal\n", taken, 8 * s.plain.len);
    CU_ASSERT_EQUAL(read_plain(&s, (struct core_slice){s.plain.data, s.plain.len}), MLS_OK);
    scene_wipe(&s);
}

/* Every bit of a field, wherever in the plaintext it stands. */
static void must_refuse(struct scene *s, const char *field, struct core_slice bytes)
{
    size_t found = 0;
    size_t taken = 0;
    for (size_t at = 0; at + bytes.len <= s->plain.len; at++) {
        uint8_t *const here = s->plain.data + at;
        if (memcmp(here, bytes.data, bytes.len) != 0)
            continue;
        found++;
        for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
            here[bit / 8] ^= (uint8_t)(1 << bit % 8);
            taken += read_plain(s, (struct core_slice){s->plain.data, s->plain.len}) == MLS_OK;
            here[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    if (found == 0 || taken > 0)
        printf("%s: found %zu times, %zu changed bits taken\n", field, found, taken);
    CU_ASSERT_TRUE(found > 0 && taken == 0);
}

static void must_refuse_keys(struct scene *s, const struct mls_epoch *epoch)
{
    const struct mls_suite *suite = s->alice.group->suite;
    for (unsigned level = 0; level <= MLS_TREE_DEPTH_MAX; level++)
        if (epoch->keys.known[level])
            must_refuse(s, "private key", (struct core_slice){epoch->keys.keys[level], suite->kem->private_len});
    must_refuse(s, "signature key", (struct core_slice){epoch->signer.private_key, suite->signature->private_len});
}

/* In suite 2, whose private keys have no bits that do not count. */
static void test_keys(void)
{
    struct scene s;
    scene_init(&s, 2);
    const struct mls_group *group = s.alice.group;
    must_refuse_keys(&s, &group->epoch);
    must_refuse_keys(&s, &s.staged->next);
    CU_ASSERT_EQUAL_FATAL(group->kept_count, 2);
    CU_ASSERT_TRUE_FATAL(group->kept[1]->own_update);
    must_refuse(&s, "update key", (struct core_slice){group->kept[1]->private_key, group->suite->kem->private_len});
    scene_wipe(&s);
}

static void must_refuse_epoch(struct scene *s, const struct mls_epoch *epoch)
{
    const size_t len = s->alice.group->suite->hash->len;
    must_refuse(s, "context", mls_epoch_encoded(epoch));
    must_refuse(s, "confirmation tag", (struct core_slice){epoch->confirmation_tag, len});
    must_refuse(s, "confirmation key", (struct core_slice){epoch->secrets.confirmation_key, len});
}

static void test_fields(void)
{
    struct scene s;
    struct mls_output tree = {0};
    scene_init(&s, 1);
    must_refuse_epoch(&s, &s.alice.group->epoch);
    must_refuse_epoch(&s, &s.staged->next);
    CU_ASSERT_EQUAL(mls_group_tree(s.alice.group, &tree), MLS_OK);
    must_refuse(&s, "tree", (struct core_slice){tree.data, tree.len});
    must_refuse(&s, "staged leaf", mls_ratchet_tree_leaf(s.staged->tree, 0)->encoded);
    must_refuse(&s, "staged parent", mls_ratchet_tree_parent(s.staged->tree, 1)->encoded);
    CU_ASSERT_EQUAL_FATAL(s.staged->list.count, 2);
    const struct mls_kept *referred = s.staged->list.items[1].kept;
    CU_ASSERT_FATAL(referred != NULL);
    must_refuse(&s, "reference", (struct core_slice){referred->ref, s.alice.group->suite->hash->len});
    mls_output_free(&tree);
    scene_wipe(&s);
}

static const struct unit_test tests[] = {
    {"every bit of a state and every length is authenticated", test_sealed},
    {"behind the seal no other length is a state", test_lengths},
    {"behind the seal trees, contexts and references have to fit each other", test_fields},
    {"and private keys the public ones", test_keys},
    {"behind the seal a changed bit is refused, or read as what it says", test_bits},
};

UNIT_MAIN("mls.state_hostile", tests)
