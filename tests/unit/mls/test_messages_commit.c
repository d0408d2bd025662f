/* PSK ids, proposals, update paths, commits. */
#include "mls/messages.h"

#include <string.h>

#include "samples.h"
#include "unit.h"
#include "wire/buffer.h"
#include "wire/vector.h"

static void psk_ids(void)
{
    for (uint8_t type = 0; type <= 3; type++)
        for (uint8_t usage = 0; usage <= 4; usage++) {
            struct bytes_writer in;
            struct bytes_writer out;
            struct mls_psk_id id;
            wire_buffer_init(&in, 1000);
            wire_buffer_init(&out, 1000);
            sample_psk_id(&in, type);
            if (type == 2)
                in.data[1] = usage;
            struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
            mls_psk_id_parse(&r, &id);
            const bool want = type == 1 || (type == 2 && usage >= 1 && usage <= 3);
            CU_ASSERT_EQUAL(bytes_reader_done(&r), want);
            if (want) {
                mls_psk_id_write(&out, &id);
                unit_assert_bytes("id", out.data, out.len, in.data, in.len);
                CU_ASSERT_EQUAL(id.encoded.len, in.len);
                CU_ASSERT_EQUAL(id.nonce.len, 32);
                CU_ASSERT_EQUAL(id.epoch, type == 2 ? 77 : 0);
                CU_ASSERT_EQUAL(id.group_id.len, type == 2 ? 9 : 0);
                CU_ASSERT_EQUAL(id.id.len, type == 1 ? 11 : 0);
            }
            wire_buffer_free(&in);
            wire_buffer_free(&out);
        }
}

static void proposals_of_every_type(void)
{
    for (uint16_t type = 0; type <= 8; type++) {
        struct bytes_writer in;
        struct bytes_writer out;
        struct mls_proposal proposal;
        wire_buffer_init(&in, 10000);
        wire_buffer_init(&out, 10000);
        sample_proposal(&in, type);
        struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
        mls_proposal_parse(&r, &proposal);
        CU_ASSERT_EQUAL(bytes_reader_done(&r), type >= 1 && type <= 7);
        if (bytes_reader_done(&r)) {
            mls_proposal_write(&out, &proposal);
            unit_assert_bytes("proposal", out.data, out.len, in.data, in.len);
            CU_ASSERT_EQUAL(proposal.encoded.len, in.len);
            CU_ASSERT_EQUAL(proposal.type, type);
        }
        if (type == MLS_PROPOSAL_REMOVE)
            CU_ASSERT_EQUAL(proposal.remove, 5);
        if (type == MLS_PROPOSAL_REINIT)
            CU_ASSERT_EQUAL(proposal.reinit.cipher_suite, 7);
        if (type == MLS_PROPOSAL_EXTERNAL_INIT)
            CU_ASSERT_EQUAL(proposal.external_init.len, 32);
        wire_buffer_free(&in);
        wire_buffer_free(&out);
    }
    struct bytes_writer out;
    const struct mls_proposal unknown = {.type = 8};
    wire_buffer_init(&out, 100);
    mls_proposal_write(&out, &unknown);
    CU_ASSERT_FALSE(bytes_writer_ok(&out));
    wire_buffer_free(&out);
}

static void commits_are_walked(void)
{
    struct bytes_writer in;
    struct mls_commit commit;
    struct mls_proposal_or_ref item;
    wire_buffer_init(&in, 10000);
    sample_commit(&in, true);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
    mls_commit_parse(&r, &commit);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    CU_ASSERT_EQUAL(commit.proposal_count, 8);
    r = mls_walk(commit.proposals);
    for (uint16_t type = 1; type <= 7; type++) {
        CU_ASSERT_FATAL(mls_proposal_or_ref_next(&r, &item));
        CU_ASSERT_EQUAL(item.type, MLS_BY_VALUE);
        CU_ASSERT_EQUAL(item.proposal.type, type);
    }
    CU_ASSERT(mls_proposal_or_ref_next(&r, &item));
    CU_ASSERT_EQUAL(item.type, MLS_BY_REFERENCE);
    CU_ASSERT_EQUAL(item.reference.data[0], 0x80);
    CU_ASSERT_FALSE(mls_proposal_or_ref_next(&r, &item));

    struct mls_update_path_node node;
    CU_ASSERT(commit.has_path);
    CU_ASSERT_EQUAL(commit.path.node_count, 3);
    r = mls_walk(commit.path.nodes);
    for (size_t i = 0; i < 3; i++) {
        struct mls_hpke_ciphertext secret;
        CU_ASSERT_FATAL(mls_update_path_node_next(&r, &node));
        CU_ASSERT_EQUAL(node.encryption_key.data[0], i);
        CU_ASSERT_EQUAL(node.secret_count, i);
        struct bytes_reader secrets = mls_walk(node.secrets);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_FATAL(mls_hpke_ciphertext_next(&secrets, &secret));
            CU_ASSERT_EQUAL(secret.kem_output.data[0], j);
            CU_ASSERT_EQUAL(secret.ciphertext.data[0], j + 1);
        }
        CU_ASSERT_FALSE(mls_hpke_ciphertext_next(&secrets, &secret));
    }
    CU_ASSERT_FALSE(mls_update_path_node_next(&r, &node));
    wire_buffer_free(&in);
}

static void commits_with_and_without_path(void)
{
    for (unsigned path = 0; path <= 1; path++) {
        struct bytes_writer in;
        struct bytes_writer out;
        struct mls_commit commit;
        wire_buffer_init(&in, 10000);
        wire_buffer_init(&out, 10000);
        sample_commit(&in, path);
        struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
        mls_commit_parse(&r, &commit);
        CU_ASSERT_FATAL(bytes_reader_done(&r));
        CU_ASSERT_EQUAL(commit.has_path, path);
        mls_commit_write(&out, &commit);
        unit_assert_bytes("commit", out.data, out.len, in.data, in.len);
        wire_buffer_free(&in);
        wire_buffer_free(&out);
    }
}

static bool commit_ok(const char *hex)
{
    uint8_t data[64];
    struct mls_commit commit;
    struct bytes_reader r;
    bytes_reader_init(&r, data, unit_hex(hex, data, sizeof data));
    mls_commit_parse(&r, &commit);
    return bytes_reader_done(&r);
}

static void items_fill_their_lists(void)
{
    CU_ASSERT(commit_ok("0000"));
    CU_ASSERT(commit_ok("0402026162"
                        "00"));
    CU_ASSERT_FALSE(commit_ok("0402036162"
                              "00")); /* an item runs out of the list */
    CU_ASSERT_FALSE(commit_ok("0502026162"
                              "0000")); /* a byte of the list is of no item */
    CU_ASSERT_FALSE(commit_ok("0403026162"
                              "00")); /* neither by value nor by reference */
    CU_ASSERT_FALSE(commit_ok("0400026162"
                              "00"));
    CU_ASSERT_FALSE(commit_ok("0002")); /* presence */
    CU_ASSERT(commit_ok("07010003"
                        "00000001"
                        "00")); /* remove, by value */
    CU_ASSERT_FALSE(commit_ok("07010008"
                              "00000001"
                              "00")); /* a type of no known form */
}

static const struct unit_test tests[] = {
    {"PSK ids of both types and every usage, no other", psk_ids},
    {"proposals of every type, no other", proposals_of_every_type},
    {"a commit's lists are walked", commits_are_walked},
    {"commits with and without a path", commits_with_and_without_path},
    {"items fill their lists exactly", items_fill_their_lists},
};

UNIT_MAIN("mls.messages_commit", tests)
