#include "mls/framing.h"

#include <string.h>

#include "samples.h"
#include "unit.h"
#include "wire/buffer.h"
#include "wire/vector.h"

enum { LEAF = 1, LEAVES = 4 };

static const uint8_t secrets[3][MLS_HASH_MAX] = {{1}, {2}, {3}};
#define MEMBERSHIP_KEY secrets[0]
#define SENDER_DATA secrets[1]
#define CONTEXT MLS_TEXT("an encoded GroupContext")

/* A member that sends, and what others have of its epoch. */
struct group {
    const struct mls_suite *suite;
    struct core_signing_key key;
    struct mls_secret_tree sending;
    struct mls_secret_tree receiving;
    struct bytes_writer encoded;
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct mls_authenticated_content message;
    struct bytes_writer sealed;
    struct bytes_writer opened;
};

static void group_init(struct group *g, uint16_t suite)
{
    memset(g, 0, sizeof *g);
    g->suite = mls_suite_find(NULL, suite);
    CU_ASSERT_FATAL(g->suite->signature->generate(g->suite->signature, &g->key));
    CU_ASSERT_EQUAL_FATAL(mls_secret_tree_init(&g->sending, g->suite, LEAVES, secrets[2]), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_secret_tree_init(&g->receiving, g->suite, LEAVES, secrets[2]), MLS_OK);
    wire_buffer_init(&g->encoded, 1 << 20);
    wire_buffer_init(&g->sealed, 1 << 20);
    wire_buffer_init(&g->opened, 1 << 20);
}

static void group_free(struct group *g)
{
    mls_secret_tree_wipe(&g->sending);
    mls_secret_tree_wipe(&g->receiving);
    wire_buffer_free(&g->encoded);
    wire_buffer_free(&g->sealed);
    wire_buffer_free(&g->opened);
}

static struct core_slice public_key(const struct group *g)
{
    return (struct core_slice){g->key.public_key, g->suite->signature->public_len};
}

/* Signs a sample content as the sender. */
static void make(struct group *g, uint16_t wire_format, uint8_t sender, uint8_t content_type)
{
    size_t len = 0;
    g->encoded.len = 0;
    g->sealed.len = 0;
    g->opened.len = 0;
    sample_content(&g->encoded, sender, content_type);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&g->encoded));
    g->message = (struct mls_authenticated_content){.wire_format = wire_format};
    mls_content_parse(&r, &g->message.content);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    if (sender == MLS_SENDER_MEMBER) { /* the sample's leaf is outside this tree */
        g->message.content.sender.index = LEAF;
        struct bytes_writer again;
        wire_buffer_init(&again, 1 << 20);
        mls_content_write(&again, &g->message.content);
        memcpy(g->encoded.data, again.data, again.len);
        wire_buffer_free(&again);
    }
    CU_ASSERT_EQUAL_FATAL(
        mls_content_sign(g->suite, &g->key, wire_format, &g->message.content, CONTEXT, g->signature, &len), MLS_OK);
    g->message.auth.signature = (struct core_slice){g->signature, len};
    g->message.auth.confirmation_tag = MLS_TEXT("a confirmation tag of 32 bytes..");
}

static int seal_private(struct group *g, size_t padding)
{
    return mls_private_seal(&g->sending, SENDER_DATA, &g->message, padding, &g->sealed);
}

/* All of receiving up to the signature; *sender and *out are set as far as it got. */
static int open_private(struct group *g, struct mls_message *message, struct mls_sender_data *sender,
                        struct mls_authenticated_content *out)
{
    int rc = mls_message_parse(g->sealed.data, g->sealed.len, message);
    g->opened.len = 0;
    if (rc == MLS_OK)
        rc = mls_sender_data_open(g->suite, SENDER_DATA, &message->private_message, sender);
    if (rc == MLS_OK)
        rc = mls_private_open(&g->receiving, &message->private_message, sender, &g->opened, out);
    if (rc == MLS_OK)
        rc = mls_content_verify(g->suite, public_key(g), out, CONTEXT);
    return rc;
}

static int open_public(struct group *g, struct mls_authenticated_content *out)
{
    struct mls_message message;
    int rc = mls_message_parse(g->sealed.data, g->sealed.len, &message);
    if (rc == MLS_OK)
        rc = mls_public_open(g->suite, MEMBERSHIP_KEY, &message.public_message, CONTEXT, out);
    if (rc == MLS_OK)
        rc = mls_content_verify(g->suite, public_key(g), out, CONTEXT);
    return rc;
}

static void private_messages_of_every_suite(void)
{
    for (uint16_t suite = 1; suite <= 7; suite++)
        for (uint8_t type = 1; type <= 3; type++) {
            struct group g;
            struct mls_message message;
            struct mls_sender_data sender;
            struct mls_authenticated_content out;
            group_init(&g, suite);
            for (uint32_t generation = 0; generation < 2; generation++) {
                make(&g, MLS_WIRE_PRIVATE_MESSAGE, MLS_SENDER_MEMBER, type);
                CU_ASSERT_EQUAL(seal_private(&g, generation * 77), MLS_OK);
                CU_ASSERT_EQUAL_FATAL(open_private(&g, &message, &sender, &out), MLS_OK);
                CU_ASSERT_EQUAL(sender.leaf_index, LEAF);
                CU_ASSERT_EQUAL(sender.generation, generation);
                unit_assert_bytes("content", out.content.encoded.data, out.content.encoded.len, g.encoded.data,
                                  g.encoded.len);
                CU_ASSERT_EQUAL(out.wire_format, MLS_WIRE_PRIVATE_MESSAGE);
                CU_ASSERT_EQUAL(out.auth.confirmation_tag.len, type == 3 ? 32 : 0);
                CU_ASSERT_EQUAL(mls_private_accept(&g.receiving, &message.private_message, &sender), MLS_OK);
                CU_ASSERT_EQUAL(open_private(&g, &message, &sender, &out), MLS_GENERATION_USED); /* a replay */
            }
            group_free(&g);
        }
}

static void padding_hides_the_length(void)
{
    struct group g;
    struct mls_message message;
    struct mls_sender_data sender;
    struct mls_authenticated_content out;
    group_init(&g, 1);
    make(&g, MLS_WIRE_PRIVATE_MESSAGE, MLS_SENDER_MEMBER, 1);
    CU_ASSERT_EQUAL(seal_private(&g, 0), MLS_OK);
    CU_ASSERT_EQUAL(mls_message_parse(g.sealed.data, g.sealed.len, &message), MLS_OK);
    const size_t bare = message.private_message.ciphertext.len;
    CU_ASSERT_EQUAL(bare, 1 + 5 + 2 + 64 + 16); /* application data, signature, tag */
    g.sealed.len = 0;
    CU_ASSERT_EQUAL(seal_private(&g, 1000), MLS_OK);
    CU_ASSERT_EQUAL(open_private(&g, &message, &sender, &out), MLS_OK);
    CU_ASSERT_EQUAL(message.private_message.ciphertext.len, bare + 1000);
    CU_ASSERT_EQUAL(out.content.application.len, 5);
    g.sealed.len = 0;
    CU_ASSERT_EQUAL(seal_private(&g, MLS_PADDING_MAX + 1), MLS_LIMIT);
    CU_ASSERT_EQUAL(g.sealed.len, 0);
    group_free(&g);
}

/* Seals a plaintext of the test's making under the next key, as a member with a mind of its own could. */
static void seal_raw(struct group *g, const struct bytes_writer *text, struct bytes_writer *out)
{
    struct mls_message_key key;
    struct bytes_writer aad;
    uint8_t ciphertext[2000];
    uint8_t sender[12 + 16] = {0};
    uint8_t sd_key[MLS_AEAD_KEY_MAX];
    uint8_t sd_nonce[CORE_NONCE_LEN];
    CU_ASSERT_EQUAL_FATAL(mls_secret_tree_next(&g->sending, LEAF, MLS_RATCHET_APPLICATION, &key), MLS_OK);
    sender[3] = LEAF;
    sender[7] = (uint8_t)key.generation;
    wire_buffer_init(&aad, 1000);
    wire_write_vector(&aad, MLS_TEXT("group id"));
    bytes_write_u64(&aad, 42);
    bytes_write_u8(&aad, MLS_CONTENT_APPLICATION);
    const size_t sender_aad = aad.len;
    wire_write_vector(&aad, MLS_TEXT("additional data"));
    memcpy(ciphertext, text->data, text->len);
    CU_ASSERT_EQUAL(mls_aead_seal(g->suite, key.key, key.nonce, wire_buffer_slice(&aad), ciphertext, text->len),
                    MLS_OK);
    const struct core_slice whole = {ciphertext, text->len + 16};
    CU_ASSERT_EQUAL(mls_sender_data_key(g->suite, SENDER_DATA, whole, sd_key, sd_nonce), MLS_OK);
    CU_ASSERT_EQUAL(mls_aead_seal(g->suite, sd_key, sd_nonce, (struct core_slice){aad.data, sender_aad}, sender, 12),
                    MLS_OK);
    bytes_write_u16(out, 1);
    bytes_write_u16(out, 2);
    bytes_write(out, aad.data, aad.len);
    wire_write_vector(out, (struct core_slice){sender, sizeof sender});
    wire_write_vector(out, whole);
    wire_buffer_free(&aad);
}

static void padding_has_to_be_zero(void)
{
    static const int positions[] = {-1, 0, 49, 99}; /* of the non-zero byte; none at first */
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        struct group g;
        struct bytes_writer text;
        struct mls_message message;
        struct mls_sender_data sender;
        struct mls_authenticated_content out;
        group_init(&g, 1);
        make(&g, MLS_WIRE_PRIVATE_MESSAGE, MLS_SENDER_MEMBER, 1);
        wire_buffer_init(&text, 1000);
        mls_content_write_body(&text, &g.message.content);
        mls_auth_data_write(&text, 1, &g.message.auth);
        uint8_t *padding = bytes_reserve(&text, 100);
        CU_ASSERT_PTR_NOT_NULL_FATAL(padding);
        if (positions[i] >= 0)
            padding[positions[i]] = 1;
        seal_raw(&g, &text, &g.sealed);
        CU_ASSERT_EQUAL(open_private(&g, &message, &sender, &out), positions[i] < 0 ? MLS_OK : MLS_MALFORMED);
        wire_buffer_free(&text);
        group_free(&g);
    }
}

static void any_flipped_bit_of_a_private_message_fails(void)
{
    struct group g;
    group_init(&g, 1);
    make(&g, MLS_WIRE_PRIVATE_MESSAGE, MLS_SENDER_MEMBER, 1);
    CU_ASSERT_EQUAL(seal_private(&g, 3), MLS_OK);
    for (size_t bit = 0; bit < 8 * g.sealed.len; bit++) {
        struct mls_message message;
        struct mls_sender_data sender;
        struct mls_authenticated_content out;
        g.sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL(open_private(&g, &message, &sender, &out), MLS_OK);
        g.sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    struct mls_message message;
    struct mls_sender_data sender;
    struct mls_authenticated_content out;
    CU_ASSERT_EQUAL(open_private(&g, &message, &sender, &out), MLS_OK); /* none of them spent the key */
    group_free(&g);
}

static void reuse_guard_changes_the_nonce(void)
{
    struct group g;
    struct mls_message message;
    struct mls_sender_data sender;
    struct mls_authenticated_content out;
    group_init(&g, 1);
    make(&g, MLS_WIRE_PRIVATE_MESSAGE, MLS_SENDER_MEMBER, 1);
    CU_ASSERT_EQUAL(seal_private(&g, 0), MLS_OK);
    CU_ASSERT_EQUAL(open_private(&g, &message, &sender, &out), MLS_OK);
    for (size_t i = 0; i < sizeof sender.reuse_guard; i++) {
        sender.reuse_guard[i] ^= 1;
        g.opened.len = 0;
        CU_ASSERT_EQUAL(mls_private_open(&g.receiving, &message.private_message, &sender, &g.opened, &out), MLS_AUTH);
        sender.reuse_guard[i] ^= 1;
    }
    group_free(&g);
}

static void public_messages_of_every_sender(void)
{
    static const uint8_t rows[][2] = {{1, 2}, {1, 3}, {2, 2}, {3, 2}, {4, 3}};
    for (uint16_t suite = 1; suite <= 7; suite += 2)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct group g;
            struct mls_authenticated_content out;
            group_init(&g, suite);
            make(&g, MLS_WIRE_PUBLIC_MESSAGE, rows[i][0], rows[i][1]);
            CU_ASSERT_EQUAL(mls_public_seal(g.suite, MEMBERSHIP_KEY, &g.message, CONTEXT, &g.sealed), MLS_OK);
            CU_ASSERT_EQUAL_FATAL(open_public(&g, &out), MLS_OK);
            unit_assert_bytes("content", out.content.encoded.data, out.content.encoded.len, g.encoded.data,
                              g.encoded.len);
            group_free(&g);
        }
}

static void any_flipped_bit_of_a_public_message_fails(void)
{
    for (uint8_t sender = 1; sender <= 4; sender += 3) {
        struct group g;
        struct mls_authenticated_content out;
        group_init(&g, 1);
        make(&g, MLS_WIRE_PUBLIC_MESSAGE, sender, 3);
        CU_ASSERT_EQUAL(mls_public_seal(g.suite, MEMBERSHIP_KEY, &g.message, CONTEXT, &g.sealed), MLS_OK);
        /* a commit's confirmation tag is under the membership tag, but under no signature */
        const size_t checked = sender == 1 ? g.sealed.len : g.sealed.len - 33;
        for (size_t bit = 0; bit < 8 * checked; bit++) {
            g.sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_NOT_EQUAL(open_public(&g, &out), MLS_OK);
            g.sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        group_free(&g);
    }
}

static void tags_and_signatures_are_of_one_epoch(void)
{
    struct group g;
    struct mls_message message;
    struct mls_authenticated_content out;
    group_init(&g, 1);
    make(&g, MLS_WIRE_PUBLIC_MESSAGE, MLS_SENDER_MEMBER, 2);
    CU_ASSERT_EQUAL(mls_public_seal(g.suite, MEMBERSHIP_KEY, &g.message, CONTEXT, &g.sealed), MLS_OK);
    CU_ASSERT_EQUAL(mls_message_parse(g.sealed.data, g.sealed.len, &message), MLS_OK);
    CU_ASSERT_EQUAL(mls_public_open(g.suite, SENDER_DATA, &message.public_message, CONTEXT, &out), MLS_MEMBERSHIP);
    CU_ASSERT_EQUAL(
        mls_public_open(g.suite, MEMBERSHIP_KEY, &message.public_message, MLS_TEXT("another context"), &out),
        MLS_MEMBERSHIP);
    message.public_message.membership_tag.len = 0;
    CU_ASSERT_EQUAL(mls_public_open(g.suite, MEMBERSHIP_KEY, &message.public_message, CONTEXT, &out), MLS_MEMBERSHIP);
    CU_ASSERT_EQUAL(open_public(&g, &out), MLS_OK);
    CU_ASSERT_EQUAL(mls_content_verify(g.suite, public_key(&g), &out, MLS_TEXT("another context")), MLS_SIGNATURE);
    CU_ASSERT_EQUAL(mls_content_verify(g.suite, (struct core_slice){g.key.public_key, 31}, &out, CONTEXT), MLS_KEY);
    out.wire_format = MLS_WIRE_PRIVATE_MESSAGE; /* signed for the other wire format */
    CU_ASSERT_EQUAL(mls_content_verify(g.suite, public_key(&g), &out, CONTEXT), MLS_SIGNATURE);
    /* outsiders know no context */
    make(&g, MLS_WIRE_PUBLIC_MESSAGE, MLS_SENDER_EXTERNAL, 2);
    CU_ASSERT_EQUAL(mls_content_verify(g.suite, public_key(&g), &g.message, MLS_TEXT("any")), MLS_OK);
    group_free(&g);
}

static void who_may_send_what(void)
{
    for (uint16_t wire_format = 1; wire_format <= 2; wire_format++)
        for (uint8_t sender = 0; sender <= 5; sender++)
            for (uint8_t type = 1; type <= 3; type++)
                for (uint16_t proposal = 1; proposal <= 7; proposal++)
                    for (int path = 0; path <= 1; path++) {
                        struct mls_content content = {.sender = {sender, 0}, .type = type};
                        if (type == 2)
                            content.proposal.type = proposal;
                        else
                            content.commit.has_path = path;
                        bool want = false;
                        if (sender == 1)
                            want = wire_format == 2 || type != 1;
                        else if (sender == 2)
                            want = wire_format == 1 && type == 2 && proposal != 2 && proposal != 6;
                        else if (sender == 3)
                            want = wire_format == 1 && type == 2 && proposal == 1;
                        else if (sender == 4)
                            want = wire_format == 1 && type == 3 && path;
                        CU_ASSERT_EQUAL(mls_sender_check(wire_format, &content), want ? MLS_OK : MLS_SENDER);
                    }
}

static void checks_come_before_a_key_is_spent(void)
{
    struct group g;
    struct mls_message_key key;
    group_init(&g, 1);
    make(&g, MLS_WIRE_PRIVATE_MESSAGE, MLS_SENDER_MEMBER, 1);
    g.message.wire_format = MLS_WIRE_PUBLIC_MESSAGE;
    CU_ASSERT_EQUAL(seal_private(&g, 0), MLS_INVALID);
    g.message.wire_format = MLS_WIRE_PRIVATE_MESSAGE;
    CU_ASSERT_EQUAL(mls_public_seal(g.suite, MEMBERSHIP_KEY, &g.message, CONTEXT, &g.sealed), MLS_INVALID);
    g.message.content.sender.type = MLS_SENDER_EXTERNAL;
    CU_ASSERT_EQUAL(seal_private(&g, 0), MLS_SENDER);
    g.message.content.sender = (struct mls_sender){MLS_SENDER_MEMBER, LEAVES};
    CU_ASSERT_EQUAL(seal_private(&g, 0), MLS_LEAF);
    CU_ASSERT_EQUAL(g.sealed.len, 0);
    CU_ASSERT_EQUAL(mls_secret_tree_next(&g.sending, LEAF, MLS_RATCHET_APPLICATION, &key), MLS_OK);
    CU_ASSERT_EQUAL(key.generation, 0);
    group_free(&g);
}

static void sender_data_of_another_length(void)
{
    struct group g;
    struct mls_message message;
    struct mls_sender_data sender;
    group_init(&g, 1);
    make(&g, MLS_WIRE_PRIVATE_MESSAGE, MLS_SENDER_MEMBER, 1);
    CU_ASSERT_EQUAL(seal_private(&g, 0), MLS_OK);
    CU_ASSERT_EQUAL(mls_message_parse(g.sealed.data, g.sealed.len, &message), MLS_OK);
    struct mls_private_message *m = &message.private_message;
    m->encrypted_sender_data.len--;
    CU_ASSERT_EQUAL(mls_sender_data_open(g.suite, SENDER_DATA, m, &sender), MLS_MALFORMED);
    uint8_t longer[29];
    memcpy(longer, m->encrypted_sender_data.data, 28);
    longer[28] = 0;
    const struct core_slice right = {m->encrypted_sender_data.data, 28};
    m->encrypted_sender_data = (struct core_slice){longer, sizeof longer};
    CU_ASSERT_EQUAL(mls_sender_data_open(g.suite, SENDER_DATA, m, &sender), MLS_MALFORMED);
    m->encrypted_sender_data = right;
    m->encrypted_sender_data.len = 0;
    CU_ASSERT_EQUAL(mls_sender_data_open(g.suite, SENDER_DATA, m, &sender), MLS_MALFORMED);
    m->encrypted_sender_data.len = 28;
    CU_ASSERT_EQUAL(mls_sender_data_open(g.suite, SENDER_DATA, m, &sender), MLS_OK);
    CU_ASSERT_EQUAL(mls_sender_data_open(g.suite, MEMBERSHIP_KEY, m, &sender), MLS_AUTH);
    struct mls_authenticated_content out;
    m->ciphertext.len = 15; /* shorter than a tag */
    CU_ASSERT_EQUAL(mls_private_open(&g.receiving, m, &sender, &g.opened, &out), MLS_MALFORMED);
    group_free(&g);
}

static const struct unit_test tests[] = {
    {"private messages of every suite and content, once each", private_messages_of_every_suite},
    {"padding hides the length, within its limit", padding_hides_the_length},
    {"padding has to be zero", padding_has_to_be_zero},
    {"any flipped bit of a private message fails and spends nothing", any_flipped_bit_of_a_private_message_fails},
    {"the reuse guard changes the nonce", reuse_guard_changes_the_nonce},
    {"public messages of every sender", public_messages_of_every_sender},
    {"any flipped bit of a public message fails", any_flipped_bit_of_a_public_message_fails},
    {"tags and signatures are of one epoch and wire format", tags_and_signatures_are_of_one_epoch},
    {"who may send what", who_may_send_what},
    {"checks come before a key is spent", checks_come_before_a_key_is_spent},
    {"sender data or ciphertext of another length", sender_data_of_another_length},
};

UNIT_MAIN("mls.framing", tests)
