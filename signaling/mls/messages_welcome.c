/* GroupContext, GroupInfo, GroupSecrets, Welcome. */
#include "mls/messages.h"
#include "parts.h"
#include "wire/vector.h"

void mls_group_context_parse(struct bytes_reader *r, struct mls_group_context *context)
{
    size_t start = r->pos;
    context->version = bytes_read_u16(r);
    mls_require(r, context->version == MLS_VERSION_1_0);
    context->cipher_suite = bytes_read_u16(r);
    context->group_id = wire_parse_vector(r);
    context->epoch = bytes_read_u64(r);
    context->tree_hash = wire_parse_vector(r);
    context->confirmed_transcript_hash = wire_parse_vector(r);
    context->extensions = mls_extensions_parse(r);
    context->encoded = mls_since(r, start);
}

void mls_group_context_write(struct bytes_writer *w, const struct mls_group_context *context)
{
    bytes_write_u16(w, context->version);
    bytes_write_u16(w, context->cipher_suite);
    wire_write_vector(w, context->group_id);
    bytes_write_u64(w, context->epoch);
    wire_write_vector(w, context->tree_hash);
    wire_write_vector(w, context->confirmed_transcript_hash);
    wire_write_vector(w, context->extensions);
}

void mls_group_info_parse(struct bytes_reader *r, struct mls_group_info *info)
{
    size_t start = r->pos;
    mls_group_context_parse(r, &info->group_context);
    info->extensions = mls_extensions_parse(r);
    info->confirmation_tag = wire_parse_vector(r);
    info->signer = bytes_read_u32(r);
    info->tbs = mls_since(r, start);
    info->signature = wire_parse_vector(r);
}

void mls_group_info_write_tbs(struct bytes_writer *w, const struct mls_group_info *info)
{
    mls_group_context_write(w, &info->group_context);
    wire_write_vector(w, info->extensions);
    wire_write_vector(w, info->confirmation_tag);
    bytes_write_u32(w, info->signer);
}

void mls_group_info_write(struct bytes_writer *w, const struct mls_group_info *info)
{
    mls_group_info_write_tbs(w, info);
    wire_write_vector(w, info->signature);
}

MLS_DEFINE_LIST(mls_psk_id)

void mls_group_secrets_parse(struct bytes_reader *r, struct mls_group_secrets *secrets)
{
    *secrets = (struct mls_group_secrets){.joiner_secret = wire_parse_vector(r)};
    secrets->has_path_secret = wire_read_present(r);
    if (secrets->has_path_secret)
        secrets->path_secret = wire_parse_vector(r);
    secrets->psks = parse_mls_psk_id_list(r, &secrets->psk_count);
    mls_require(r, secrets->psk_count <= MLS_PSKS_MAX);
}

void mls_group_secrets_write(struct bytes_writer *w, const struct mls_group_secrets *secrets)
{
    wire_write_vector(w, secrets->joiner_secret);
    wire_write_present(w, secrets->has_path_secret);
    if (secrets->has_path_secret)
        wire_write_vector(w, secrets->path_secret);
    wire_write_vector(w, secrets->psks);
}

void mls_encrypted_group_secrets_parse(struct bytes_reader *r, struct mls_encrypted_group_secrets *entry)
{
    entry->new_member = wire_parse_vector(r);
    mls_hpke_ciphertext_parse(r, &entry->secrets);
}

void mls_encrypted_group_secrets_write(struct bytes_writer *w, const struct mls_encrypted_group_secrets *entry)
{
    wire_write_vector(w, entry->new_member);
    mls_hpke_ciphertext_write(w, &entry->secrets);
}

MLS_DEFINE_NEXT(mls_encrypted_group_secrets)
MLS_DEFINE_LIST(mls_encrypted_group_secrets)

void mls_welcome_parse(struct bytes_reader *r, struct mls_welcome *welcome)
{
    welcome->cipher_suite = bytes_read_u16(r);
    welcome->secrets = parse_mls_encrypted_group_secrets_list(r, &welcome->secret_count);
    welcome->encrypted_group_info = wire_parse_vector(r);
}

void mls_welcome_write(struct bytes_writer *w, const struct mls_welcome *welcome)
{
    bytes_write_u16(w, welcome->cipher_suite);
    wire_write_vector(w, welcome->secrets);
    wire_write_vector(w, welcome->encrypted_group_info);
}
