/* GroupContext, GroupInfo, GroupSecrets, Welcome. */
#include "mls/messages.h"

#include "samples.h"
#include "unit.h"
#include "wire/buffer.h"
#include "wire/vector.h"

static void group_info_holds_its_tree(void)
{
    struct bytes_writer in;
    struct bytes_writer out;
    struct mls_group_info info;
    struct core_slice data;
    struct core_slice nodes;
    size_t count = 0;
    wire_buffer_init(&in, 10000);
    wire_buffer_init(&out, 10000);
    sample_group_info(&in);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
    mls_group_info_parse(&r, &info);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    CU_ASSERT_EQUAL(info.signer, 9);
    CU_ASSERT_EQUAL(info.group_context.epoch, 42);
    CU_ASSERT_EQUAL(info.group_context.tree_hash.data[0], 0x33);
    CU_ASSERT_EQUAL(info.group_context.confirmed_transcript_hash.data[0], 0x44);
    CU_ASSERT_EQUAL(info.confirmation_tag.data[0], 0x66);
    CU_ASSERT_FATAL(mls_extension_find(info.extensions, MLS_EXTENSION_RATCHET_TREE, &data));
    CU_ASSERT(mls_ratchet_tree_parse(data, &nodes, &count));
    CU_ASSERT_EQUAL(count, 5);
    CU_ASSERT_FATAL(mls_extension_find(info.extensions, MLS_EXTENSION_EXTERNAL_PUB, &data));
    CU_ASSERT(mls_opaque_extension_parse(data, &data));
    CU_ASSERT_EQUAL(data.len, 32);
    mls_group_info_write_tbs(&out, &info);
    unit_assert_bytes("tbs", info.tbs.data, info.tbs.len, out.data, out.len);
    CU_ASSERT_EQUAL(info.tbs.len + 66, in.len);
    out.len = 0;
    mls_group_context_write(&out, &info.group_context);
    unit_assert_bytes("context", info.group_context.encoded.data, info.group_context.encoded.len, out.data, out.len);
    wire_buffer_free(&in);
    wire_buffer_free(&out);
}

static void contexts_are_of_version_1_0(void)
{
    struct bytes_writer in;
    struct mls_group_info info;
    wire_buffer_init(&in, 10000);
    sample_group_info(&in);
    in.data[1] = 2;
    struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
    mls_group_info_parse(&r, &info);
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
    wire_buffer_free(&in);
}

static void group_secrets(void)
{
    for (unsigned path = 0; path <= 1; path++) {
        struct bytes_writer in;
        struct bytes_writer out;
        struct mls_group_secrets secrets;
        struct mls_psk_id id;
        wire_buffer_init(&in, 10000);
        wire_buffer_init(&out, 10000);
        sample_group_secrets(&in, path);
        struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
        mls_group_secrets_parse(&r, &secrets);
        CU_ASSERT_FATAL(bytes_reader_done(&r));
        CU_ASSERT_EQUAL(secrets.joiner_secret.data[0], 0x12);
        CU_ASSERT_EQUAL(secrets.has_path_secret, path);
        CU_ASSERT_EQUAL(secrets.path_secret.len, path ? 32 : 0);
        CU_ASSERT_EQUAL(secrets.psk_count, 2);
        r = mls_walk(secrets.psks);
        CU_ASSERT(mls_psk_id_next(&r, &id) && id.type == MLS_PSK_EXTERNAL);
        CU_ASSERT(mls_psk_id_next(&r, &id) && id.type == MLS_PSK_RESUMPTION);
        CU_ASSERT_FALSE(mls_psk_id_next(&r, &id));
        mls_group_secrets_write(&out, &secrets);
        unit_assert_bytes("secrets", out.data, out.len, in.data, in.len);
        wire_buffer_free(&in);
        wire_buffer_free(&out);
    }
}

static void too_many_psks(void)
{
    for (unsigned over = 0; over <= 1; over++) {
        struct bytes_writer in;
        struct mls_group_secrets secrets;
        wire_buffer_init(&in, 1 << 16);
        bytes_write_u16(&in, 0); /* no joiner secret, no path */
        size_t begin = wire_begin_vector(&in);
        for (unsigned i = 0; i < MLS_PSKS_MAX + over; i++)
            sample_psk_id(&in, 1);
        wire_end_vector(&in, begin);
        struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
        mls_group_secrets_parse(&r, &secrets);
        CU_ASSERT_EQUAL(bytes_reader_done(&r), !over);
        wire_buffer_free(&in);
    }
}

static void welcomes_are_walked(void)
{
    struct bytes_writer in;
    struct mls_welcome welcome;
    struct mls_encrypted_group_secrets entry;
    wire_buffer_init(&in, 10000);
    sample_welcome(&in);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
    mls_welcome_parse(&r, &welcome);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    CU_ASSERT_EQUAL(welcome.secret_count, 2);
    CU_ASSERT_EQUAL(welcome.encrypted_group_info.len, 300);
    r = mls_walk(welcome.secrets);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_FATAL(mls_encrypted_group_secrets_next(&r, &entry));
        CU_ASSERT_EQUAL(entry.new_member.data[0], i);
        CU_ASSERT_EQUAL(entry.secrets.kem_output.data[0], i + 1);
        CU_ASSERT_EQUAL(entry.secrets.ciphertext.len, 70);
    }
    CU_ASSERT_FALSE(mls_encrypted_group_secrets_next(&r, &entry));
    wire_buffer_free(&in);
}

static const struct unit_test tests[] = {
    {"a GroupInfo holds its tree and external key", group_info_holds_its_tree},
    {"a GroupContext is of version 1.0", contexts_are_of_version_1_0},
    {"group secrets with and without a path secret", group_secrets},
    {"PSKs are bounded in number", too_many_psks},
    {"a Welcome's entries are walked", welcomes_are_walked},
};

UNIT_MAIN("mls.messages_welcome", tests)
