/* Application messages and proposals sent by a member. */
#include "core/secret.h"
#include "group.h"

static struct mls_content content_of(const struct mls_group *group, const struct mls_framing *framing, uint8_t type)
{
    return (struct mls_content){
        .group_id = group->epoch.context.group_id,
        .epoch = group->epoch.context.epoch,
        .sender = {MLS_SENDER_MEMBER, group->own_leaf},
        .authenticated_data = framing ? mls_in(framing->authenticated_data) : (struct core_slice){0},
        .type = type,
    };
}

/* Signs and seals content, whose encoding is set; signature has room for CORE_SIGNATURE_MAX and outlives *message. */
static int send(struct mls_group *group, const struct mls_framing *framing, uint8_t *signature,
                struct mls_authenticated_content *message, struct mls_output *out)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    message->wire_format = framing && framing->is_public ? MLS_WIRE_PUBLIC_MESSAGE : MLS_WIRE_PRIVATE_MESSAGE;
    message->auth = (struct mls_auth_data){.signature = {.data = signature}};
    int rc = mls_content_sign(group->suite, &group->epoch.signer, message->wire_format, &message->content,
                              mls_epoch_encoded(&group->epoch), signature, &message->auth.signature.len);
    if (rc == MLS_OK)
        rc = message->wire_format == MLS_WIRE_PUBLIC_MESSAGE
                 ? mls_public_seal(group->suite, group->epoch.secrets.membership_key, message,
                                   mls_epoch_encoded(&group->epoch), &w)
                 : mls_private_seal(&group->epoch.messages, group->epoch.secrets.sender_data, message,
                                    framing ? framing->padding : 0, &w);
    if (rc == MLS_OK)
        rc = mls_output_take(&w, out);
    wire_buffer_free(&w);
    return rc;
}

int mls_group_seal(struct mls_group *group, const struct mls_framing *framing, struct mls_bytes data,
                   struct mls_output *message)
{
    struct mls_authenticated_content content = {.content = content_of(group, framing, MLS_CONTENT_APPLICATION)};
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct bytes_writer w;
    int rc = mls_group_usable(group);
    if (rc != MLS_OK)
        return rc;
    /* "MUST send a Commit message before sending application data" (section 12.4) */
    if (group->kept_count)
        return MLS_STATE;
    if (data.len > MLS_MESSAGE_MAX)
        return MLS_LIMIT;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    content.content.application = mls_in(data);
    mls_content_write(&w, &content.content);
    content.content.encoded = wire_buffer_slice(&w);
    rc = bytes_writer_ok(&w) ? send(group, framing, signature, &content, message) : MLS_MEMORY;
    wire_buffer_free(&w);
    return rc;
}

/* A copy of what was sent, for commits to refer to. */
static int keep(struct mls_group *group, const struct mls_authenticated_content *message, struct mls_kept **out)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_authenticated_content_write(&w, message);
    int rc = bytes_writer_ok(&w) ? mls_kept_new(group->suite, wire_buffer_slice(&w), out) : MLS_MEMORY;
    wire_buffer_free(&w);
    return rc;
}

int mls_group_keep_message(struct mls_group *group, const struct mls_authenticated_content *message,
                           const struct mls_own_update *update)
{
    struct mls_kept *kept = NULL;
    int rc = keep(group, message, &kept);
    if (rc != MLS_OK)
        return rc;
    /* the same proposal sent twice is one */
    if (!mls_group_find_kept(group, (struct core_slice){kept->ref, group->suite->hash->len})) {
        if (update) {
            kept->own_update = true;
            memcpy(kept->private_key, update->private_key, sizeof kept->private_key);
            kept->signer = update->signer;
        }
        rc = mls_group_keep(group, kept);
    }
    mls_kept_drop(kept);
    return rc;
}

int mls_group_propose(struct mls_group *group, const struct mls_framing *framing,
                      const struct mls_proposal_config *proposal, uint64_t now_s, struct mls_output *message)
{
    struct mls_authenticated_content sent = {.content = content_of(group, framing, MLS_CONTENT_PROPOSAL)};
    struct mls_own_update update = {0};
    struct mls_item item = {.sender_type = MLS_SENDER_MEMBER, .sender = group->own_leaf, .leaf = MLS_NO_LEAF};
    struct mls_output made = {0};
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct bytes_writer built;
    struct bytes_writer w;
    int rc = mls_group_usable(group);
    if (rc != MLS_OK)
        return rc;
    wire_buffer_init(&built, MLS_MESSAGE_MAX);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    rc = mls_proposal_build(group->suite, group, proposal, &update, &built);
    if (rc != MLS_OK)
        goto out;
    struct bytes_reader r = mls_walk(wire_buffer_slice(&built));
    mls_proposal_parse(&r, &item.proposal);
    rc = bytes_reader_done(&r) ? mls_proposal_check(group, &item, now_s) : MLS_INVALID;
    if (rc != MLS_OK)
        goto out;
    sent.content.proposal = item.proposal;
    mls_content_write(&w, &sent.content);
    sent.content.encoded = wire_buffer_slice(&w);
    rc = bytes_writer_ok(&w) ? send(group, framing, signature, &sent, &made) : MLS_MEMORY;
    if (rc == MLS_OK)
        rc = mls_group_keep_message(group, &sent, proposal->type == MLS_PROPOSAL_UPDATE ? &update : NULL);
    if (rc == MLS_OK)
        *message = made;
    else
        mls_output_free(&made);
out:
    core_wipe(&update, sizeof update);
    wire_buffer_free(&built);
    wire_buffer_free(&w);
    return rc;
}
