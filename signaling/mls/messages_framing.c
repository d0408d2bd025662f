/* Framed content, public and private messages, MLSMessage. */
#include "mls/messages.h"
#include "parts.h"
#include "wire/vector.h"

/* --- FramedContent --- */

static void sender_parse(struct bytes_reader *r, struct mls_sender *sender)
{
    *sender = (struct mls_sender){.type = bytes_read_u8(r)};
    switch (sender->type) {
    case MLS_SENDER_MEMBER:
    case MLS_SENDER_EXTERNAL:
        sender->index = bytes_read_u32(r);
        break;
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
    case MLS_SENDER_NEW_MEMBER_COMMIT:
        break;
    default:
        bytes_reader_fail(r);
    }
}

static void sender_write(struct bytes_writer *w, const struct mls_sender *sender)
{
    bytes_write_u8(w, sender->type);
    if (sender->type == MLS_SENDER_MEMBER || sender->type == MLS_SENDER_EXTERNAL)
        bytes_write_u32(w, sender->index);
}

void mls_content_parse_body(struct bytes_reader *r, struct mls_content *content)
{
    switch (content->type) {
    case MLS_CONTENT_APPLICATION:
        content->application = wire_parse_vector(r);
        break;
    case MLS_CONTENT_PROPOSAL:
        mls_proposal_parse(r, &content->proposal);
        break;
    case MLS_CONTENT_COMMIT:
        mls_commit_parse(r, &content->commit);
        break;
    default:
        bytes_reader_fail(r);
    }
}

void mls_content_write_body(struct bytes_writer *w, const struct mls_content *content)
{
    switch (content->type) {
    case MLS_CONTENT_APPLICATION:
        wire_write_vector(w, content->application);
        break;
    case MLS_CONTENT_PROPOSAL:
        mls_proposal_write(w, &content->proposal);
        break;
    case MLS_CONTENT_COMMIT:
        mls_commit_write(w, &content->commit);
        break;
    default:
        w->failed = true;
    }
}

void mls_content_parse(struct bytes_reader *r, struct mls_content *content)
{
    size_t start = r->pos;
    content->group_id = wire_parse_vector(r);
    content->epoch = bytes_read_u64(r);
    sender_parse(r, &content->sender);
    content->authenticated_data = wire_parse_vector(r);
    content->type = bytes_read_u8(r);
    mls_content_parse_body(r, content);
    content->encoded = mls_since(r, start);
}

void mls_content_write(struct bytes_writer *w, const struct mls_content *content)
{
    wire_write_vector(w, content->group_id);
    bytes_write_u64(w, content->epoch);
    sender_write(w, &content->sender);
    wire_write_vector(w, content->authenticated_data);
    bytes_write_u8(w, content->type);
    mls_content_write_body(w, content);
}

void mls_auth_data_parse(struct bytes_reader *r, uint8_t content_type, struct mls_auth_data *auth)
{
    size_t start = r->pos;
    *auth = (struct mls_auth_data){.signature = wire_parse_vector(r)};
    if (content_type == MLS_CONTENT_COMMIT)
        auth->confirmation_tag = wire_parse_vector(r);
    auth->encoded = mls_since(r, start);
}

void mls_auth_data_write(struct bytes_writer *w, uint8_t content_type, const struct mls_auth_data *auth)
{
    wire_write_vector(w, auth->signature);
    if (content_type == MLS_CONTENT_COMMIT)
        wire_write_vector(w, auth->confirmation_tag);
}

void mls_authenticated_content_parse(struct bytes_reader *r, struct mls_authenticated_content *message)
{
    size_t start = r->pos;
    message->wire_format = bytes_read_u16(r);
    mls_require(r, message->wire_format == MLS_WIRE_PUBLIC_MESSAGE || message->wire_format == MLS_WIRE_PRIVATE_MESSAGE);
    mls_content_parse(r, &message->content);
    mls_auth_data_parse(r, message->content.type, &message->auth);
    message->encoded = mls_since(r, start);
}

void mls_authenticated_content_write(struct bytes_writer *w, const struct mls_authenticated_content *message)
{
    bytes_write_u16(w, message->wire_format);
    mls_content_write(w, &message->content);
    mls_auth_data_write(w, message->content.type, &message->auth);
}

/* --- PublicMessage, PrivateMessage --- */

void mls_public_message_parse(struct bytes_reader *r, struct mls_public_message *message)
{
    mls_content_parse(r, &message->content);
    mls_auth_data_parse(r, message->content.type, &message->auth);
    message->membership_tag =
        message->content.sender.type == MLS_SENDER_MEMBER ? wire_parse_vector(r) : (struct core_slice){0};
}

void mls_public_message_write(struct bytes_writer *w, const struct mls_public_message *message)
{
    mls_content_write(w, &message->content);
    mls_auth_data_write(w, message->content.type, &message->auth);
    if (message->content.sender.type == MLS_SENDER_MEMBER)
        wire_write_vector(w, message->membership_tag);
}

void mls_private_message_parse(struct bytes_reader *r, struct mls_private_message *message)
{
    message->group_id = wire_parse_vector(r);
    message->epoch = bytes_read_u64(r);
    message->content_type = bytes_read_u8(r);
    mls_require(r, message->content_type >= MLS_CONTENT_APPLICATION && message->content_type <= MLS_CONTENT_COMMIT);
    message->authenticated_data = wire_parse_vector(r);
    message->encrypted_sender_data = wire_parse_vector(r);
    message->ciphertext = wire_parse_vector(r);
}

void mls_private_message_write(struct bytes_writer *w, const struct mls_private_message *message)
{
    wire_write_vector(w, message->group_id);
    bytes_write_u64(w, message->epoch);
    bytes_write_u8(w, message->content_type);
    wire_write_vector(w, message->authenticated_data);
    wire_write_vector(w, message->encrypted_sender_data);
    wire_write_vector(w, message->ciphertext);
}

/* --- MLSMessage --- */

int mls_message_parse(const uint8_t *data, size_t len, struct mls_message *message)
{
    struct bytes_reader r;
    struct mls_message parsed = {0};
    if (len > MLS_MESSAGE_MAX)
        return MLS_LIMIT;
    bytes_reader_init(&r, data, len);
    mls_require(&r, bytes_read_u16(&r) == MLS_VERSION_1_0);
    parsed.wire_format = bytes_read_u16(&r);
    switch (parsed.wire_format) {
    case MLS_WIRE_PUBLIC_MESSAGE:
        mls_public_message_parse(&r, &parsed.public_message);
        break;
    case MLS_WIRE_PRIVATE_MESSAGE:
        mls_private_message_parse(&r, &parsed.private_message);
        break;
    case MLS_WIRE_WELCOME:
        mls_welcome_parse(&r, &parsed.welcome);
        break;
    case MLS_WIRE_GROUP_INFO:
        mls_group_info_parse(&r, &parsed.group_info);
        break;
    case MLS_WIRE_KEY_PACKAGE:
        mls_key_package_parse(&r, &parsed.key_package);
        /* "it MUST verify that the version field of the KeyPackage has the same value as the version field of the
         * MLSMessage" (section 10) */
        mls_require(&r, parsed.key_package.version == MLS_VERSION_1_0);
        break;
    default:
        bytes_reader_fail(&r);
    }
    if (!bytes_reader_done(&r))
        return MLS_MALFORMED;
    *message = parsed;
    return MLS_OK;
}

void mls_message_write(struct bytes_writer *w, const struct mls_message *message)
{
    bytes_write_u16(w, MLS_VERSION_1_0);
    bytes_write_u16(w, message->wire_format);
    switch (message->wire_format) {
    case MLS_WIRE_PUBLIC_MESSAGE:
        mls_public_message_write(w, &message->public_message);
        break;
    case MLS_WIRE_PRIVATE_MESSAGE:
        mls_private_message_write(w, &message->private_message);
        break;
    case MLS_WIRE_WELCOME:
        mls_welcome_write(w, &message->welcome);
        break;
    case MLS_WIRE_GROUP_INFO:
        mls_group_info_write(w, &message->group_info);
        break;
    case MLS_WIRE_KEY_PACKAGE:
        mls_key_package_write(w, &message->key_package);
        break;
    default:
        w->failed = true;
    }
}
