/* messages.json: each message is parsed, consumed exactly, and written again as the same bytes. */
#include "mls_case.h"
#include "wire/buffer.h"
#include "wire/vector.h"

typedef bool echo(struct core_slice in, struct bytes_writer *w);

static bool echo_message(struct core_slice in, struct bytes_writer *w, uint16_t wire_format, uint8_t content_type)
{
    struct mls_message message;
    if (mls_message_parse(in.data, in.len, &message) != MLS_OK || message.wire_format != wire_format)
        return false;
    if (content_type && message.public_message.content.type != content_type)
        return false;
    mls_message_write(w, &message);
    return true;
}

static bool echo_welcome(struct core_slice in, struct bytes_writer *w)
{
    return echo_message(in, w, MLS_WIRE_WELCOME, 0);
}

static bool echo_group_info(struct core_slice in, struct bytes_writer *w)
{
    return echo_message(in, w, MLS_WIRE_GROUP_INFO, 0);
}

static bool echo_key_package(struct core_slice in, struct bytes_writer *w)
{
    return echo_message(in, w, MLS_WIRE_KEY_PACKAGE, 0);
}

static bool echo_application(struct core_slice in, struct bytes_writer *w)
{
    return echo_message(in, w, MLS_WIRE_PUBLIC_MESSAGE, MLS_CONTENT_APPLICATION);
}

static bool echo_public_proposal(struct core_slice in, struct bytes_writer *w)
{
    return echo_message(in, w, MLS_WIRE_PUBLIC_MESSAGE, MLS_CONTENT_PROPOSAL);
}

static bool echo_public_commit(struct core_slice in, struct bytes_writer *w)
{
    return echo_message(in, w, MLS_WIRE_PUBLIC_MESSAGE, MLS_CONTENT_COMMIT);
}

static bool echo_private(struct core_slice in, struct bytes_writer *w)
{
    return echo_message(in, w, MLS_WIRE_PRIVATE_MESSAGE, 0);
}

static bool echo_tree(struct core_slice in, struct bytes_writer *w)
{
    struct core_slice nodes;
    size_t count;
    struct mls_node node;
    if (!mls_ratchet_tree_parse(in, &nodes, &count))
        return false;
    struct bytes_reader r = mls_walk(nodes);
    size_t begin = wire_begin_vector(w);
    for (; mls_node_next(&r, &node); count--)
        mls_node_write(w, &node);
    wire_end_vector(w, begin);
    return bytes_reader_done(&r) && count == 0;
}

static bool echo_secrets(struct core_slice in, struct bytes_writer *w)
{
    struct bytes_reader r = mls_walk(in);
    struct mls_group_secrets secrets;
    mls_group_secrets_parse(&r, &secrets);
    if (bytes_reader_ok(&r))
        mls_group_secrets_write(w, &secrets);
    return bytes_reader_done(&r);
}

static bool echo_commit(struct core_slice in, struct bytes_writer *w)
{
    struct bytes_reader r = mls_walk(in);
    struct mls_commit commit;
    mls_commit_parse(&r, &commit);
    if (bytes_reader_ok(&r))
        mls_commit_write(w, &commit);
    return bytes_reader_done(&r);
}

static bool echo_proposal(struct core_slice in, struct bytes_writer *w, uint16_t type)
{
    struct bytes_reader r = mls_walk(in);
    struct mls_proposal proposal;
    mls_proposal_parse_body(&r, type, &proposal);
    if (bytes_reader_ok(&r))
        mls_proposal_write_body(w, &proposal);
    return bytes_reader_done(&r);
}

static bool echo_add(struct core_slice in, struct bytes_writer *w)
{
    return echo_proposal(in, w, MLS_PROPOSAL_ADD);
}

static bool echo_update(struct core_slice in, struct bytes_writer *w)
{
    return echo_proposal(in, w, MLS_PROPOSAL_UPDATE);
}

static bool echo_remove(struct core_slice in, struct bytes_writer *w)
{
    return echo_proposal(in, w, MLS_PROPOSAL_REMOVE);
}

static bool echo_psk(struct core_slice in, struct bytes_writer *w)
{
    return echo_proposal(in, w, MLS_PROPOSAL_PSK);
}

static bool echo_reinit(struct core_slice in, struct bytes_writer *w)
{
    return echo_proposal(in, w, MLS_PROPOSAL_REINIT);
}

static bool echo_external_init(struct core_slice in, struct bytes_writer *w)
{
    return echo_proposal(in, w, MLS_PROPOSAL_EXTERNAL_INIT);
}

static bool echo_extensions(struct core_slice in, struct bytes_writer *w)
{
    return echo_proposal(in, w, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
}

static const char *const members[] = {"mls_welcome",
                                      "mls_group_info",
                                      "mls_key_package",
                                      "ratchet_tree",
                                      "group_secrets",
                                      "add_proposal",
                                      "update_proposal",
                                      "remove_proposal",
                                      "pre_shared_key_proposal",
                                      "re_init_proposal",
                                      "external_init_proposal",
                                      "group_context_extensions_proposal",
                                      "commit",
                                      "public_message_application",
                                      "public_message_proposal",
                                      "public_message_commit",
                                      "private_message",
                                      NULL};

/* in the order of the names above */
static echo *const echoes[] = {echo_welcome, echo_group_info,  echo_key_package,     echo_tree,
                               echo_secrets, echo_add,         echo_update,          echo_remove,
                               echo_psk,     echo_reinit,      echo_external_init,   echo_extensions,
                               echo_commit,  echo_application, echo_public_proposal, echo_public_commit,
                               echo_private};

_Static_assert(sizeof echoes / sizeof echoes[0] + 1 == sizeof members / sizeof members[0], "an echo for each member");

static void run(struct mls_case *c)
{
    for (size_t i = 0; i < sizeof echoes / sizeof echoes[0]; i++) {
        const struct core_slice in = mls_case_hex(c, c->json, members[i]);
        struct bytes_writer w;
        wire_buffer_init(&w, MLS_MESSAGE_MAX);
        if (mls_case_check(c, members[i], echoes[i](in, &w)))
            mls_case_same(c, members[i], in, w.data, w.len);
        wire_buffer_free(&w);
    }
}

const struct mls_schema mls_schema_messages = {"messages", members, run};
