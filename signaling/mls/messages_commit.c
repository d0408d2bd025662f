/* PSK ids, proposals, update paths, commits. */
#include "mls/messages.h"
#include "parts.h"
#include "wire/vector.h"

/* --- PSK ids --- */

void mls_psk_id_parse(struct bytes_reader *r, struct mls_psk_id *id)
{
    size_t start = r->pos;
    *id = (struct mls_psk_id){.type = bytes_read_u8(r)};
    if (id->type == MLS_PSK_EXTERNAL) {
        id->id = wire_parse_vector(r);
    } else if (id->type == MLS_PSK_RESUMPTION) {
        id->usage = bytes_read_u8(r);
        mls_require(r, id->usage >= MLS_PSK_APPLICATION && id->usage <= MLS_PSK_BRANCH);
        id->group_id = wire_parse_vector(r);
        id->epoch = bytes_read_u64(r);
    } else {
        bytes_reader_fail(r);
    }
    id->nonce = wire_parse_vector(r);
    id->encoded = mls_since(r, start);
}

void mls_psk_id_write(struct bytes_writer *w, const struct mls_psk_id *id)
{
    bytes_write_u8(w, id->type);
    if (id->type == MLS_PSK_EXTERNAL) {
        wire_write_vector(w, id->id);
    } else {
        bytes_write_u8(w, id->usage);
        wire_write_vector(w, id->group_id);
        bytes_write_u64(w, id->epoch);
    }
    wire_write_vector(w, id->nonce);
}

MLS_DEFINE_NEXT(mls_psk_id)

/* --- Proposals --- */

static void reinit_parse(struct bytes_reader *r, struct mls_reinit *reinit)
{
    reinit->group_id = wire_parse_vector(r);
    reinit->version = bytes_read_u16(r);
    reinit->cipher_suite = bytes_read_u16(r);
    reinit->extensions = mls_extensions_parse(r);
}

static void reinit_write(struct bytes_writer *w, const struct mls_reinit *reinit)
{
    wire_write_vector(w, reinit->group_id);
    bytes_write_u16(w, reinit->version);
    bytes_write_u16(w, reinit->cipher_suite);
    wire_write_vector(w, reinit->extensions);
}

void mls_proposal_parse_body(struct bytes_reader *r, uint16_t type, struct mls_proposal *proposal)
{
    size_t start = r->pos;
    proposal->type = type;
    switch (type) {
    case MLS_PROPOSAL_ADD:
        mls_key_package_parse(r, &proposal->add);
        break;
    case MLS_PROPOSAL_UPDATE:
        mls_leaf_node_parse(r, &proposal->update);
        break;
    case MLS_PROPOSAL_REMOVE:
        proposal->remove = bytes_read_u32(r);
        break;
    case MLS_PROPOSAL_PSK:
        mls_psk_id_parse(r, &proposal->psk);
        break;
    case MLS_PROPOSAL_REINIT:
        reinit_parse(r, &proposal->reinit);
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        proposal->external_init = wire_parse_vector(r);
        break;
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        proposal->group_context_extensions = mls_extensions_parse(r);
        break;
    default:
        bytes_reader_fail(r);
    }
    proposal->encoded = mls_since(r, start);
}

void mls_proposal_parse(struct bytes_reader *r, struct mls_proposal *proposal)
{
    size_t start = r->pos;
    mls_proposal_parse_body(r, bytes_read_u16(r), proposal);
    proposal->encoded = mls_since(r, start);
}

void mls_proposal_write_body(struct bytes_writer *w, const struct mls_proposal *proposal)
{
    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        mls_key_package_write(w, &proposal->add);
        break;
    case MLS_PROPOSAL_UPDATE:
        mls_leaf_node_write(w, &proposal->update);
        break;
    case MLS_PROPOSAL_REMOVE:
        bytes_write_u32(w, proposal->remove);
        break;
    case MLS_PROPOSAL_PSK:
        mls_psk_id_write(w, &proposal->psk);
        break;
    case MLS_PROPOSAL_REINIT:
        reinit_write(w, &proposal->reinit);
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        wire_write_vector(w, proposal->external_init);
        break;
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        wire_write_vector(w, proposal->group_context_extensions);
        break;
    default:
        w->failed = true;
    }
}

void mls_proposal_write(struct bytes_writer *w, const struct mls_proposal *proposal)
{
    bytes_write_u16(w, proposal->type);
    mls_proposal_write_body(w, proposal);
}

/* --- Update paths --- */

void mls_hpke_ciphertext_parse(struct bytes_reader *r, struct mls_hpke_ciphertext *ciphertext)
{
    ciphertext->kem_output = wire_parse_vector(r);
    ciphertext->ciphertext = wire_parse_vector(r);
}

void mls_hpke_ciphertext_write(struct bytes_writer *w, const struct mls_hpke_ciphertext *ciphertext)
{
    wire_write_vector(w, ciphertext->kem_output);
    wire_write_vector(w, ciphertext->ciphertext);
}

MLS_DEFINE_NEXT(mls_hpke_ciphertext)
MLS_DEFINE_LIST(mls_hpke_ciphertext)

void mls_update_path_node_parse(struct bytes_reader *r, struct mls_update_path_node *node)
{
    node->encryption_key = wire_parse_vector(r);
    node->secrets = parse_mls_hpke_ciphertext_list(r, &node->secret_count);
}

void mls_update_path_node_write(struct bytes_writer *w, const struct mls_update_path_node *node)
{
    wire_write_vector(w, node->encryption_key);
    wire_write_vector(w, node->secrets);
}

MLS_DEFINE_NEXT(mls_update_path_node)
MLS_DEFINE_LIST(mls_update_path_node)

void mls_update_path_parse(struct bytes_reader *r, struct mls_update_path *path)
{
    mls_leaf_node_parse(r, &path->leaf_node);
    path->nodes = parse_mls_update_path_node_list(r, &path->node_count);
}

void mls_update_path_write(struct bytes_writer *w, const struct mls_update_path *path)
{
    mls_leaf_node_write(w, &path->leaf_node);
    wire_write_vector(w, path->nodes);
}

/* --- Commits --- */

void mls_proposal_or_ref_parse(struct bytes_reader *r, struct mls_proposal_or_ref *item)
{
    item->type = bytes_read_u8(r);
    if (item->type == MLS_BY_VALUE)
        mls_proposal_parse(r, &item->proposal);
    else if (item->type == MLS_BY_REFERENCE)
        item->reference = wire_parse_vector(r);
    else
        bytes_reader_fail(r);
}

void mls_proposal_or_ref_write(struct bytes_writer *w, const struct mls_proposal_or_ref *item)
{
    bytes_write_u8(w, item->type);
    if (item->type == MLS_BY_VALUE)
        mls_proposal_write(w, &item->proposal);
    else
        wire_write_vector(w, item->reference);
}

MLS_DEFINE_NEXT(mls_proposal_or_ref)
MLS_DEFINE_LIST(mls_proposal_or_ref)

void mls_commit_parse(struct bytes_reader *r, struct mls_commit *commit)
{
    *commit = (struct mls_commit){0};
    commit->proposals = parse_mls_proposal_or_ref_list(r, &commit->proposal_count);
    commit->has_path = wire_read_present(r);
    if (commit->has_path)
        mls_update_path_parse(r, &commit->path);
}

void mls_commit_write(struct bytes_writer *w, const struct mls_commit *commit)
{
    wire_write_vector(w, commit->proposals);
    wire_write_present(w, commit->has_path);
    if (commit->has_path)
        mls_update_path_write(w, &commit->path);
}
