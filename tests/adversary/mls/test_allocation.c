/* Every allocation of sealing, opening, signing and deriving fails in turn: each call then says so, leaks nothing, and
 * leaves a state from which the same message can still be opened, once. */
#include <string.h>

#include "mls/framing.h"
#include "mls/key_schedule.h"
#include "probe.h"
#include "samples.h"
#include "unit.h"
#include "wire/buffer.h"

enum { LEAVES = 4, ROUNDS_MAX = 2000 };

/* one for each of core's providers of curves */
static const uint16_t suites[] = {1, 2, 4};

static const uint8_t secret[MLS_HASH_MAX] = {1};
#define CONTEXT MLS_TEXT("context")

struct work {
    const struct mls_suite *suite;
    struct core_signing_key key;
    struct mls_secret_tree sending;
    struct mls_secret_tree receiving;
    struct bytes_writer encoded;
    struct mls_authenticated_content message;
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct bytes_writer sealed;
};

static void work_init(struct work *w, uint16_t suite, uint16_t wire_format)
{
    *w = (struct work){.suite = mls_suite_find(NULL, suite), .message = {.wire_format = wire_format}};
    wire_buffer_init(&w->encoded, 1 << 20);
    wire_buffer_init(&w->sealed, 1 << 20);
    sample_content(&w->encoded, MLS_SENDER_MEMBER, MLS_CONTENT_PROPOSAL);
    w->encoded.data[9 + 8 + 1 + 3] = 1; /* the sample's leaf is outside this tree */
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w->encoded));
    mls_content_parse(&r, &w->message.content);
    CU_ASSERT_FATAL(bytes_reader_done(&r) && w->message.content.sender.index == 1);
    CU_ASSERT_FATAL(w->suite->signature->generate(w->suite->signature, &w->key));
    CU_ASSERT_EQUAL_FATAL(mls_secret_tree_init(&w->sending, w->suite, LEAVES, secret), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_secret_tree_init(&w->receiving, w->suite, LEAVES, secret), MLS_OK);
}

static void work_free(struct work *w)
{
    mls_secret_tree_wipe(&w->sending);
    mls_secret_tree_wipe(&w->receiving);
    wire_buffer_free(&w->encoded);
    wire_buffer_free(&w->sealed);
}

static int seal(struct work *w)
{
    size_t len = 0;
    int rc =
        mls_content_sign(w->suite, &w->key, w->message.wire_format, &w->message.content, CONTEXT, w->signature, &len);
    if (rc != MLS_OK)
        return rc;
    w->message.auth.signature = (struct core_slice){w->signature, len};
    wire_buffer_free(&w->sealed);
    return w->message.wire_format == MLS_WIRE_PRIVATE_MESSAGE
               ? mls_private_seal(&w->sending, secret, &w->message, 40, &w->sealed)
               : mls_public_seal(w->suite, secret, &w->message, CONTEXT, &w->sealed);
}

static int open_private(struct work *w, const struct mls_private_message *message)
{
    struct mls_sender_data sender;
    struct mls_authenticated_content opened;
    struct bytes_writer buffer;
    wire_buffer_init(&buffer, 1 << 20);
    int rc = mls_sender_data_open(w->suite, secret, message, &sender);
    if (rc == MLS_OK)
        rc = mls_private_open(&w->receiving, message, &sender, &buffer, &opened);
    if (rc == MLS_OK)
        rc = mls_content_verify(w->suite, (struct core_slice){w->key.public_key, w->suite->signature->public_len},
                                &opened, CONTEXT);
    if (rc == MLS_OK)
        rc = mls_private_accept(&w->receiving, message, &sender);
    wire_buffer_free(&buffer);
    return rc;
}

static int open_sealed(struct work *w)
{
    struct mls_message message;
    struct mls_authenticated_content opened;
    int rc = mls_message_parse(w->sealed.data, w->sealed.len, &message);
    if (rc != MLS_OK)
        return rc;
    if (message.wire_format == MLS_WIRE_PRIVATE_MESSAGE)
        return open_private(w, &message.private_message);
    rc = mls_public_open(w->suite, secret, &message.public_message, CONTEXT, &opened);
    return rc == MLS_OK
               ? mls_content_verify(w->suite, (struct core_slice){w->key.public_key, w->suite->signature->public_len},
                                    &opened, CONTEXT)
               : rc;
}

/* Without memory: a library that cannot verify says that the signature is not genuine, which fails closed. */
static bool is_refusal(int rc)
{
    return rc == MLS_MEMORY || rc == MLS_CRYPTO || rc == MLS_SIGNATURE;
}

static int nothing(struct work *w)
{
    (void)w;
    return MLS_OK;
}

/* Runs step with each allocation failing in turn until none fails: what was refused succeeds when it is asked again.
 * before: what each round begins with. Gives the number of refusals. */
static size_t fail_each(struct work *w, int (*before)(struct work *), int (*step)(struct work *))
{
    size_t refused = 0;
    for (size_t n = 0; n < ROUNDS_MAX; n++) {
        CU_ASSERT_EQUAL_FATAL(before(w), MLS_OK);
        probe_fail(n, false);
        int rc = step(w);
        bool failed = probe_failed();
        probe_fail(SIZE_MAX, false);
        if (!failed) {
            CU_ASSERT_EQUAL(rc, MLS_OK);
            return refused;
        }
        if (rc == MLS_OK) /* the library below could do without */
            continue;
        CU_ASSERT(is_refusal(rc));
        CU_ASSERT_EQUAL(step(w), MLS_OK);
        refused++;
    }
    CU_FAIL("allocations without end");
    return 0;
}

/* Twice, for what the library below keeps once it has met an error. */
static void messages(void)
{
    if (!probe_present())
        return;
    for (size_t s = 0; s < sizeof suites / sizeof suites[0]; s++)
        for (uint16_t wire_format = 1; wire_format <= 2; wire_format++) {
            size_t live = 0;
            for (int pass = 0; pass < 3; pass++) {
                struct work w;
                if (pass == 2)
                    live = probe_live();
                work_init(&w, suites[s], wire_format);
                CU_ASSERT(fail_each(&w, nothing, seal) > 0);
                /* libsodium's suites open a PublicMessage without any memory but small buffers */
                fail_each(&w, seal, open_sealed);
                if (wire_format == MLS_WIRE_PRIVATE_MESSAGE)
                    CU_ASSERT_EQUAL(open_sealed(&w), MLS_GENERATION_USED);
                work_free(&w);
            }
            CU_ASSERT_EQUAL(probe_live(), live);
        }
}

static int encrypt(struct work *w)
{
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    uint8_t output[MLS_KEM_OUTPUT_MAX];
    uint8_t ciphertext[5 + CORE_TAG_MAX];
    uint8_t plaintext[5];
    int rc = mls_hpke_generate(w->suite, private_key, public_key);
    const struct core_slice to = {public_key, w->suite->kem->public_len};
    if (rc == MLS_OK)
        rc = mls_encrypt_with_label(w->suite, to, MLS_TEXT("l"), CONTEXT, MLS_TEXT("hello"), output, ciphertext);
    const struct mls_hpke_ciphertext sealed = {{output, w->suite->kem->output_len},
                                               {ciphertext, 5 + w->suite->aead->tag_len}};
    if (rc == MLS_OK)
        rc = mls_decrypt_with_label(w->suite, private_key, NULL, MLS_TEXT("l"), CONTEXT, &sealed, plaintext);
    /* without memory the curves cannot tell a bad key from none */
    return rc == MLS_KEY ? MLS_CRYPTO : rc;
}

static int psk(struct work *w)
{
    const struct mls_psk psks[] = {{.id = {.type = MLS_PSK_EXTERNAL, .id = MLS_TEXT("id")}, .secret = MLS_TEXT("s")}};
    uint8_t out[MLS_HASH_MAX];
    return mls_psk_secret(w->suite, psks, 1, out);
}

static int tree(struct work *w)
{
    struct mls_secret_tree made;
    struct mls_message_key key;
    int rc = mls_secret_tree_init(&made, w->suite, LEAVES, secret);
    if (rc != MLS_OK)
        return rc;
    rc = mls_secret_tree_consume(&made, 2, MLS_RATCHET_HANDSHAKE, 3);
    if (rc == MLS_OK)
        rc = mls_secret_tree_next(&made, 1, MLS_RATCHET_HANDSHAKE, &key);
    mls_secret_tree_wipe(&made);
    return rc;
}

static int state(struct work *w)
{
    struct bytes_writer out;
    struct bytes_reader r;
    struct mls_secret_tree read;
    wire_buffer_init(&out, 1 << 20);
    mls_secret_tree_write(&out, &w->receiving);
    int rc = bytes_writer_ok(&out) ? MLS_OK : MLS_MEMORY;
    if (rc == MLS_OK) {
        bytes_reader_init(&r, out.data, out.len);
        rc = mls_secret_tree_read(&r, &read, w->suite);
    }
    if (rc == MLS_OK)
        mls_secret_tree_wipe(&read);
    wire_buffer_free(&out);
    return rc;
}

static void everything_else(void)
{
    static int (*const steps[])(struct work *) = {encrypt, psk, tree, state};
    if (!probe_present())
        return;
    for (size_t s = 0; s < sizeof suites / sizeof suites[0]; s++)
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            struct work w;
            size_t live = 0;
            work_init(&w, suites[s], MLS_WIRE_PRIVATE_MESSAGE);
            CU_ASSERT_EQUAL(mls_secret_tree_consume(&w.receiving, 1, MLS_RATCHET_APPLICATION, 5), MLS_OK);
            for (int pass = 0; pass < 3; pass++) {
                if (pass == 2)
                    live = probe_live();
                CU_ASSERT(fail_each(&w, nothing, steps[i]) > 0);
            }
            CU_ASSERT_EQUAL(probe_live(), live);
            work_free(&w);
        }
}

static const struct unit_test tests[] = {
    {"messages are sealed and opened, or refused, and opened after all", messages},
    {"encryption, PSKs, secret trees and their state", everything_else},
};

UNIT_MAIN("adversary.mls.allocation", tests)
