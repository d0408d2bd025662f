/* Structures that travel inside others, encrypted or as extensions: what is parsed is written again, and must be the
 * same bytes. The first byte of the input chooses the structure. */
#include <stdlib.h>
#include <string.h>

#include "mls/messages.h"
#include "mls/secret_tree.h"
#include "wire/buffer.h"
#include "wire/vector.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* Parses and, where that consumed everything, writes. */
typedef bool echo(struct core_slice in, struct bytes_writer *w);

#define ECHO(name)                                                                                                     \
    static bool echo_##name(struct core_slice in, struct bytes_writer *w)                                              \
    {                                                                                                                  \
        struct bytes_reader r = mls_walk(in);                                                                          \
        struct mls_##name parsed;                                                                                      \
        mls_##name##_parse(&r, &parsed);                                                                               \
        if (!bytes_reader_done(&r))                                                                                    \
            return false;                                                                                              \
        mls_##name##_write(w, &parsed);                                                                                \
        return true;                                                                                                   \
    }

ECHO(authenticated_content)
ECHO(group_secrets)
ECHO(commit)
ECHO(proposal)
ECHO(leaf_node)
ECHO(group_context)
ECHO(required_capabilities)
ECHO(external_sender)
ECHO(psk_id)
ECHO(update_path)

static bool echo_tree(struct core_slice in, struct bytes_writer *w)
{
    struct core_slice nodes;
    struct mls_node node;
    size_t count = 0;
    if (!mls_ratchet_tree_parse(in, &nodes, &count))
        return false;
    struct bytes_reader r = mls_walk(nodes);
    size_t begin = wire_begin_vector(w);
    for (; mls_node_next(&r, &node); count--)
        mls_node_write(w, &node);
    wire_end_vector(w, begin);
    must(count == 0);
    return true;
}

static bool echo_senders(struct core_slice in, struct bytes_writer *w)
{
    struct core_slice senders;
    struct mls_external_sender sender;
    size_t count = 0;
    if (!mls_external_senders_parse(in, &senders, &count))
        return false;
    struct bytes_reader r = mls_walk(senders);
    size_t begin = wire_begin_vector(w);
    for (; mls_external_sender_next(&r, &sender); count--)
        mls_external_sender_write(w, &sender);
    wire_end_vector(w, begin);
    must(count == 0);
    return true;
}

/* A secret tree's state; its lists may come in any order, so what is written is read and written once more. */
static bool read_state(struct core_slice in, struct bytes_writer *w)
{
    struct mls_secret_tree tree;
    struct bytes_reader r = mls_walk(in);
    if (mls_secret_tree_read(&r, &tree, mls_suite_find(NULL, 1)) != MLS_OK)
        return false;
    mls_secret_tree_write(w, &tree);
    mls_secret_tree_wipe(&tree);
    return true;
}

static void check_state(struct core_slice in)
{
    struct bytes_writer once;
    struct bytes_writer twice;
    /* a large tree takes its time to wipe, and small ones reach as far */
    if (in.len >= 4 && (in.data[0] || in.data[1]))
        return;
    wire_buffer_init(&once, MLS_MESSAGE_MAX);
    wire_buffer_init(&twice, MLS_MESSAGE_MAX);
    if (read_state(in, &once)) {
        must(once.len <= in.len && read_state(wire_buffer_slice(&once), &twice));
        must(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    }
    wire_buffer_free(&once);
    wire_buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static echo *const echoes[] = {
        echo_authenticated_content, echo_group_secrets,         echo_commit, echo_proposal, echo_leaf_node,
        echo_group_context,         echo_required_capabilities, echo_tree,   echo_senders,  echo_psk_id,
        echo_update_path,           echo_external_sender,
    };
    enum { ECHOES = sizeof echoes / sizeof echoes[0] };
    struct bytes_writer w;
    if (size == 0)
        return 0;
    const struct core_slice in = {data + 1, size - 1};
    if (data[0] >= ECHOES) {
        check_state(in);
        return 0;
    }
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    if (echoes[data[0]](in, &w))
        must(bytes_writer_ok(&w) && w.len == in.len && (in.len == 0 || memcmp(w.data, in.data, in.len) == 0));
    wire_buffer_free(&w);
    return 0;
}
