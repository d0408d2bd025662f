/* A group's state behind its seal, of the identity suite with hashes of zeros: whatever hangs together by hashes does,
 * so that the fuzzer reaches all of it.
 *
 * Held: what is read is, written again, the same bytes; the group can then be asked, sends, commits and merges, or says
 * why not, and so does what was staged of it. */
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "suite_identity.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* --- Hashes --- */

static bool zero_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    (void)secret;
    (void)len;
    memset(key, 0, sizeof *key);
    return true;
}

static bool zero_hmac(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    (void)key;
    (void)parts;
    (void)count;
    memset(out, 0, 32);
    return true;
}

static bool zero_digest(const struct core_slice *parts, size_t count, uint8_t *out)
{
    return zero_hmac(NULL, parts, count, out);
}

static const struct core_hash zeros = {"zeros", 32, zero_init, zero_hmac, NULL, zero_digest};

/* --- Policy --- */

static bool any_credential(void *context, const struct mls_member *member, enum mls_credential_use use, uint64_t now_s)
{
    (void)context;
    (void)now_s;
    return member && use;
}

static bool same_key(void *context, const struct mls_member *a, const struct mls_member *b)
{
    (void)context;
    return mls_same(mls_in(a->signature_key), mls_in(b->signature_key));
}

static bool any_proposal(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal)
{
    (void)context;
    return group && proposal;
}

static bool any_commit(void *context, const struct mls_group *group, const struct mls_commit_info *commit)
{
    (void)context;
    return group && commit;
}

static const struct mls_policy policy = {.credential_valid = any_credential,
                                         .same_client = same_key,
                                         .successor = same_key,
                                         .accept_proposal = any_proposal,
                                         .accept_commit = any_commit};

/* --- Using it --- */

static void ask(const struct mls_group *group)
{
    struct mls_output out = {0};
    struct mls_member member;
    for (uint32_t leaf = 0; leaf < mls_group_leaves(group); leaf++)
        must(mls_group_member(group, leaf, &member) == MLS_OK || !mls_ratchet_tree_leaf(group->tree, leaf));
    must(mls_group_tree(group, &out) == MLS_OK);
    mls_output_free(&out);
    if (mls_group_info(group, true, &out) == MLS_OK)
        mls_output_free(&out);
}

static void use(struct mls_group *group)
{
    const struct mls_commit_config config = {.now_s = 1};
    struct mls_staged *staged = NULL;
    struct mls_output message = {0};
    if (mls_group_seal(group, NULL, (struct mls_bytes){(const uint8_t *)"x", 1}, &message) == MLS_OK)
        mls_output_free(&message);
    if (mls_group_commit(group, &config, &staged) == MLS_OK)
        must(mls_group_merge(group, staged) == MLS_OK);
    ask(group);
}

static void must_write_same(const struct mls_group *group, const struct mls_staged *staged, const uint8_t *data,
                            size_t size)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_STATE_MAX);
    mls_group_state_write(&w, group, staged);
    must(bytes_writer_ok(&w) && w.len == size && memcmp(w.data, data, size) == 0);
    wire_buffer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mls_suite suite;
    const struct mls_suites suites = {&suite, 1};
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    suite_identity_init(&suite);
    suite.hash = &zeros;
    if (mls_group_state_read((struct core_slice){data, size}, &suites, &policy, &group, &staged) != MLS_OK) {
        must(!group && !staged);
        return 0;
    }
    must_write_same(group, staged, data, size);
    ask(group);
    if (staged) {
        const struct mls_commit_info *info = mls_staged_info(staged);
        must(info->proposal_count == staged->list.count);
        if (mls_group_merge(group, staged) != MLS_OK)
            mls_staged_free(staged);
    }
    use(group);
    mls_group_free(group);
    return 0;
}
