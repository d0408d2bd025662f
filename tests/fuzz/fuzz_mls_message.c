/* Whole MLSMessages of every wire format: what is parsed is written again, and must be the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "mls/messages.h"
#include "wire/buffer.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* Everything that a GroupInfo's extensions may hold. */
static void check_group_info(const struct mls_group_info *info)
{
    struct core_slice data;
    struct core_slice nodes;
    struct mls_node node;
    size_t count = 0;
    if (mls_extension_find(info->extensions, MLS_EXTENSION_EXTERNAL_PUB, &data))
        must(!mls_opaque_extension_parse(data, &nodes) || nodes.len < data.len);
    if (!mls_extension_find(info->extensions, MLS_EXTENSION_RATCHET_TREE, &data) ||
        !mls_ratchet_tree_parse(data, &nodes, &count))
        return;
    struct bytes_reader r = mls_walk(nodes);
    while (mls_node_next(&r, &node))
        count--;
    must(bytes_reader_done(&r) && count == 0 && node.type != MLS_NODE_BLANK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mls_message message;
    struct bytes_writer w;
    /* refused before a byte is read */
    must(mls_message_parse(data, (size_t)MLS_MESSAGE_MAX + 1, &message) != MLS_OK);
    if (mls_message_parse(data, size, &message) != MLS_OK)
        return 0;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_message_write(&w, &message);
    must(bytes_writer_ok(&w) && w.len == size && memcmp(w.data, data, size) == 0);
    wire_buffer_free(&w);
    if (message.wire_format == MLS_WIRE_GROUP_INFO)
        check_group_info(&message.group_info);
    return 0;
}
