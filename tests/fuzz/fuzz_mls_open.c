/* A member of an epoch under any sequence of messages, past signatures and tags: with the identity suite the fuzzer
 * reaches sender data, ratchets, padding and contents.
 *
 * Input: messages, each after its length in two bytes. Held throughout: a (leaf, ratchet, generation) is accepted once;
 * what was opened is, written again, the same; a message that is refused leaves the secret tree as it was. */
#include <stdlib.h>
#include <string.h>

#include "mls/framing.h"
#include "suite_identity.h"
#include "wire/buffer.h"

enum { LEAVES = 8, ACCEPTED_MAX = 256 };

static const uint8_t secret[MLS_HASH_MAX];
static const uint8_t public_key[IDENTITY_KEY_LEN];

struct run {
    struct mls_suite suite;
    struct mls_secret_tree tree;
    struct {
        struct mls_sender_data sender;
        enum mls_ratchet_kind kind;
    } accepted[ACCEPTED_MAX];
    size_t count;
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_content(const struct mls_authenticated_content *message)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_content_write(&w, &message->content);
    must(w.len == message->content.encoded.len && memcmp(w.data, message->content.encoded.data, w.len) == 0);
    wire_buffer_free(&w);
}

static void accept(struct run *run, const struct mls_private_message *message, const struct mls_sender_data *sender)
{
    const enum mls_ratchet_kind kind = mls_ratchet_of(message->content_type);
    must(mls_private_accept(&run->tree, message, sender) == MLS_OK);
    must(mls_private_accept(&run->tree, message, sender) == MLS_GENERATION_USED);
    for (size_t i = 0; i < run->count; i++)
        must(run->accepted[i].kind != kind || run->accepted[i].sender.leaf_index != sender->leaf_index ||
             run->accepted[i].sender.generation != sender->generation);
    if (run->count < ACCEPTED_MAX) {
        run->accepted[run->count].sender = *sender;
        run->accepted[run->count++].kind = kind;
    }
}

static void open_private(struct run *run, const struct mls_private_message *message)
{
    struct mls_sender_data sender;
    struct mls_authenticated_content opened;
    struct bytes_writer buffer;
    struct bytes_writer before;
    struct bytes_writer after;
    bool taken = false;
    wire_buffer_init(&buffer, MLS_MESSAGE_MAX);
    wire_buffer_init(&before, MLS_MESSAGE_MAX);
    wire_buffer_init(&after, MLS_MESSAGE_MAX);
    mls_secret_tree_write(&before, &run->tree);
    if (mls_sender_data_open(&run->suite, secret, message, &sender) == MLS_OK &&
        mls_private_open(&run->tree, message, &sender, &buffer, &opened) == MLS_OK) {
        must(sender.leaf_index < LEAVES);
        check_content(&opened);
        taken = mls_content_verify(&run->suite, (struct core_slice){public_key, sizeof public_key}, &opened,
                                   MLS_TEXT("context")) == MLS_OK;
    }
    if (taken)
        accept(run, message, &sender);
    mls_secret_tree_write(&after, &run->tree);
    must(taken || (before.len == after.len && memcmp(before.data, after.data, before.len) == 0));
    wire_buffer_free(&buffer);
    wire_buffer_free(&before);
    wire_buffer_free(&after);
}

static void open_public(const struct run *run, const struct mls_public_message *message)
{
    struct mls_authenticated_content opened;
    if (mls_public_open(&run->suite, secret, message, MLS_TEXT("context"), &opened) != MLS_OK)
        return;
    check_content(&opened);
    int rc = mls_content_verify(&run->suite, (struct core_slice){public_key, sizeof public_key}, &opened,
                                MLS_TEXT("context"));
    must(rc == MLS_OK || rc == MLS_SIGNATURE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {.count = 0};
    struct bytes_reader r;
    suite_identity_init(&run.suite);
    if (mls_secret_tree_init(&run.tree, &run.suite, LEAVES, secret) != MLS_OK)
        return 0;
    bytes_reader_init(&r, data, size);
    while (bytes_reader_left(&r) > 0) {
        struct mls_message message;
        const size_t len = bytes_read_u16(&r);
        const uint8_t *at = bytes_parse(&r, len);
        if (!at || mls_message_parse(at, len, &message) != MLS_OK)
            break;
        if (message.wire_format == MLS_WIRE_PRIVATE_MESSAGE)
            open_private(&run, &message.private_message);
        else if (message.wire_format == MLS_WIRE_PUBLIC_MESSAGE)
            open_public(&run, &message.public_message);
    }
    mls_secret_tree_wipe(&run.tree);
    return 0;
}
