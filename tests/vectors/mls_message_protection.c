/* message-protection.json: published messages are opened, and the same contents sealed anew and opened again. The
 * sender is leaf 1 of two. */
#include <string.h>

#include "mls/framing.h"
#include "mls_case.h"
#include "wire/buffer.h"

enum { SENDER = 1, LEAVES = 2 };

struct group {
    struct core_slice context; /* encoded */
    struct core_slice group_id;
    uint64_t epoch;
    const uint8_t *membership_key;
    const uint8_t *sender_data_secret;
    const uint8_t *encryption_secret;
    struct core_signing_key key;
    struct core_slice public_key;
};

static void read_group(struct mls_case *c, struct group *group, struct bytes_writer *context)
{
    *group = (struct group){
        .group_id = mls_case_hex(c, c->json, "group_id"),
        .epoch = mls_case_u64(c, c->json, "epoch"),
        .membership_key = mls_case_secret(c, c->json, "membership_key"),
        .sender_data_secret = mls_case_secret(c, c->json, "sender_data_secret"),
        .encryption_secret = mls_case_secret(c, c->json, "encryption_secret"),
        .public_key = mls_case_hex(c, c->json, "signature_pub"),
    };
    const struct mls_group_context fields = {
        .version = MLS_VERSION_1_0,
        .cipher_suite = c->suite->id,
        .group_id = group->group_id,
        .epoch = group->epoch,
        .tree_hash = mls_case_hex(c, c->json, "tree_hash"),
        .confirmed_transcript_hash = mls_case_hex(c, c->json, "confirmed_transcript_hash"),
    };
    mls_group_context_write(context, &fields);
    group->context = wire_buffer_slice(context);
    mls_case_ok(c, "signature_priv",
                mls_signing_key_import(c->suite, mls_case_hex(c, c->json, "signature_priv"), &group->key));
}

/* The content's body has to be what the case names. */
static void check_body(struct mls_case *c, const struct group *group, const struct mls_authenticated_content *message,
                       const char *name)
{
    struct bytes_writer w;
    struct core_slice want = mls_case_hex(c, c->json, name);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    if (message->content.type == MLS_CONTENT_APPLICATION)
        bytes_write(&w, message->content.application.data, message->content.application.len);
    else
        mls_content_write_body(&w, &message->content);
    mls_case_same(c, name, want, w.data, w.len);
    mls_case_check(c, "sender",
                   message->content.sender.type == MLS_SENDER_MEMBER && message->content.sender.index == SENDER);
    mls_case_same(c, "group_id", group->group_id, message->content.group_id.data, message->content.group_id.len);
    mls_case_check(c, "epoch", message->content.epoch == group->epoch);
    mls_case_ok(c, "signature", mls_content_verify(c->suite, group->public_key, message, group->context));
    wire_buffer_free(&w);
}

static void open_public(struct mls_case *c, const struct group *group, struct core_slice in, const char *body)
{
    struct mls_message message;
    struct mls_authenticated_content opened;
    if (mls_case_ok(c, "PublicMessage", mls_message_parse(in.data, in.len, &message)) &&
        mls_case_check(c, "wire_format", message.wire_format == MLS_WIRE_PUBLIC_MESSAGE) &&
        mls_case_ok(c, "membership",
                    mls_public_open(c->suite, group->membership_key, &message.public_message, group->context, &opened)))
        check_body(c, group, &opened, body);
}

static void open_private(struct mls_case *c, const struct group *group, struct mls_secret_tree *tree,
                         struct core_slice in, const char *body)
{
    struct mls_message message;
    struct mls_sender_data sender;
    struct mls_authenticated_content opened;
    struct bytes_writer buffer;
    wire_buffer_init(&buffer, MLS_MESSAGE_MAX);
    if (mls_case_ok(c, "PrivateMessage", mls_message_parse(in.data, in.len, &message)) &&
        mls_case_check(c, "wire_format", message.wire_format == MLS_WIRE_PRIVATE_MESSAGE) &&
        mls_case_ok(c, "sender data",
                    mls_sender_data_open(c->suite, group->sender_data_secret, &message.private_message, &sender)) &&
        mls_case_check(c, "leaf", sender.leaf_index == SENDER) &&
        mls_case_ok(c, "open", mls_private_open(tree, &message.private_message, &sender, &buffer, &opened))) {
        check_body(c, group, &opened, body);
        mls_case_ok(c, "accept", mls_private_accept(tree, &message.private_message, &sender));
        mls_case_check(c, "a replay",
                       mls_private_open(tree, &message.private_message, &sender, &buffer, &opened) ==
                           MLS_GENERATION_USED);
    }
    wire_buffer_free(&buffer);
}

/* Seals the named content anew in the wire format. */
static void seal(struct mls_case *c, const struct group *group, struct mls_secret_tree *tree, uint16_t wire_format,
                 uint8_t type, const char *body, struct bytes_writer *out)
{
    const struct core_slice in = mls_case_hex(c, c->json, body);
    struct bytes_reader r = mls_walk(in);
    uint8_t signature[CORE_SIGNATURE_MAX];
    size_t signature_len = 0;
    const uint8_t tag[MLS_HASH_MAX] = {0x5a};
    struct bytes_writer encoded;
    struct mls_authenticated_content message = {
        .wire_format = wire_format,
        .content = {.group_id = group->group_id,
                    .epoch = group->epoch,
                    .sender = {MLS_SENDER_MEMBER, SENDER},
                    .authenticated_data = MLS_TEXT("data"),
                    .type = type},
        .auth = {.confirmation_tag = {tag, c->suite->hash->len}},
    };
    wire_buffer_init(&encoded, MLS_MESSAGE_MAX);
    if (type == MLS_CONTENT_APPLICATION)
        message.content.application = in;
    else
        mls_content_parse_body(&r, &message.content);
    mls_content_write(&encoded, &message.content);
    message.content.encoded = wire_buffer_slice(&encoded);
    if (mls_case_check(c, body, type == MLS_CONTENT_APPLICATION || bytes_reader_done(&r)) &&
        mls_case_ok(c, "sign",
                    mls_content_sign(c->suite, &group->key, wire_format, &message.content, group->context, signature,
                                     &signature_len))) {
        message.auth.signature = (struct core_slice){signature, signature_len};
        if (wire_format == MLS_WIRE_PUBLIC_MESSAGE)
            mls_case_ok(c, "seal", mls_public_seal(c->suite, group->membership_key, &message, group->context, out));
        else
            mls_case_ok(c, "seal", mls_private_seal(tree, group->sender_data_secret, &message, 100, out));
    }
    wire_buffer_free(&encoded);
}

static void run_content(struct mls_case *c, const struct group *group, struct mls_secret_tree *tree,
                        struct mls_secret_tree *sending, uint8_t type, const char *body, const char *in_private,
                        const char *in_public)
{
    struct bytes_writer out;
    wire_buffer_init(&out, MLS_MESSAGE_MAX);
    open_private(c, group, tree, mls_case_hex(c, c->json, in_private), body);
    /* the published message used a generation that our own sender would use first */
    struct mls_message_key skipped;
    while (!c->failed && mls_secret_tree_peek(tree, SENDER, mls_ratchet_of(type), 0, &skipped) == MLS_OK)
        mls_case_ok(c, "consume", mls_secret_tree_consume(tree, SENDER, mls_ratchet_of(type), 0));
    if (!c->failed)
        seal(c, group, sending, MLS_WIRE_PRIVATE_MESSAGE, type, body, &out);
    if (!c->failed)
        open_private(c, group, tree, wire_buffer_slice(&out), body);
    if (in_public) {
        open_public(c, group, mls_case_hex(c, c->json, in_public), body);
        out.len = 0;
        seal(c, group, sending, MLS_WIRE_PUBLIC_MESSAGE, type, body, &out);
        if (!c->failed)
            open_public(c, group, wire_buffer_slice(&out), body);
    }
    wire_buffer_free(&out);
}

static void run(struct mls_case *c)
{
    static const struct {
        uint8_t type;
        const char *body, *in_private, *in_public;
    } rows[] = {
        {MLS_CONTENT_PROPOSAL, "proposal", "proposal_priv", "proposal_pub"},
        {MLS_CONTENT_COMMIT, "commit", "commit_priv", "commit_pub"},
        {MLS_CONTENT_APPLICATION, "application", "application_priv", NULL},
    };
    struct group group;
    struct bytes_writer context;
    wire_buffer_init(&context, MLS_MESSAGE_MAX);
    read_group(c, &group, &context);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !c->failed; i++) {
        /* a tree for each, as the published messages all begin at generation 0; sending starts behind them */
        struct mls_secret_tree receiving = {0};
        struct mls_secret_tree sending = {0};
        struct mls_message_key first;
        if (mls_case_ok(c, "tree", mls_secret_tree_init(&receiving, c->suite, LEAVES, group.encryption_secret)) &&
            mls_case_ok(c, "tree", mls_secret_tree_init(&sending, c->suite, LEAVES, group.encryption_secret)) &&
            mls_case_ok(c, "next", mls_secret_tree_next(&sending, SENDER, mls_ratchet_of(rows[i].type), &first)))
            run_content(c, &group, &receiving, &sending, rows[i].type, rows[i].body, rows[i].in_private,
                        rows[i].in_public);
        mls_secret_tree_wipe(&receiving);
        mls_secret_tree_wipe(&sending);
    }
    wire_buffer_free(&context);
}

static const char *const members[] = {"cipher_suite",
                                      "group_id",
                                      "epoch",
                                      "tree_hash",
                                      "confirmed_transcript_hash",
                                      "signature_priv",
                                      "signature_pub",
                                      "encryption_secret",
                                      "sender_data_secret",
                                      "membership_key",
                                      "proposal",
                                      "proposal_priv",
                                      "proposal_pub",
                                      "commit",
                                      "commit_priv",
                                      "commit_pub",
                                      "application",
                                      "application_priv",
                                      NULL};

const struct mls_schema mls_schema_message_protection = {"message-protection", members, run};
