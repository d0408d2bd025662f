/* What a member says of itself: a leaf node's fields from the application's configuration. */
#include "core/secret.h"
#include "group.h"

/* "GREASE" (section 13.5): values that nobody supports, so that everybody learns to ignore what they do not know. */
static uint16_t grease(uint8_t random)
{
    const uint16_t nibble = random % 15; /* 0x0A0A to 0xEAEA */
    return (uint16_t)(nibble << 12 | 0x0A00 | nibble << 4 | 0x000A);
}

static bool is_default_extension(uint16_t type)
{
    return type >= MLS_EXTENSION_APPLICATION_ID && type <= MLS_EXTENSION_EXTERNAL_SENDERS;
}

/* A list of code points written so far begins at start. */
static void add_code(struct bytes_writer *w, size_t start, uint16_t code)
{
    if (!bytes_writer_ok(w) || !mls_u16_contains((struct core_slice){w->data + start, w->len - start}, code))
        bytes_write_u16(w, code);
}

static void add_codes(struct bytes_writer *w, size_t start, const uint16_t *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_code(w, start, codes[i]);
}

int mls_extension_items_write(struct bytes_writer *w, const struct mls_extension_item *items, size_t count)
{
    if (count > MLS_EXTENSIONS_MAX)
        return MLS_EXTENSION;
    for (size_t i = 0; i < count; i++) {
        const struct mls_extension extension = {items[i].type, mls_in(items[i].data)};
        for (size_t j = 0; j < i; j++)
            if (items[j].type == items[i].type)
                return MLS_EXTENSION;
        mls_extension_write(w, &extension);
    }
    return bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
}

static void write_suites(struct bytes_writer *w, const struct mls_suites *suites)
{
    if (!suites)
        suites = &mls_suites_rfc9420;
    for (size_t i = 0; i < suites->count; i++)
        bytes_write_u16(w, suites->rows[i].id);
}

/* The parts of the buffer, in the order in which they are written. */
enum part { VERSIONS, SUITES, EXTENSION_TYPES, PROPOSAL_TYPES, CREDENTIAL_TYPES, EXTENSIONS, CREDENTIAL, PARTS };

static int write_parts(struct bytes_writer *w, const struct mls_suites *suites, const struct mls_leaf_config *config,
                       size_t ends[PARTS])
{
    uint8_t random[4];
    if (!core_random(random, sizeof random))
        return MLS_CRYPTO;
    bytes_write_u16(w, MLS_VERSION_1_0);
    ends[VERSIONS] = w->len;
    write_suites(w, suites);
    bytes_write_u16(w, grease(random[0]));
    ends[SUITES] = w->len;
    for (size_t i = 0; i < config->extension_count; i++)
        if (!is_default_extension(config->extensions[i].type))
            add_code(w, ends[SUITES], config->extensions[i].type);
    add_codes(w, ends[SUITES], config->extension_types, config->extension_type_count);
    add_code(w, ends[SUITES], grease(random[1]));
    ends[EXTENSION_TYPES] = w->len;
    add_codes(w, ends[EXTENSION_TYPES], config->proposal_types, config->proposal_type_count);
    add_code(w, ends[EXTENSION_TYPES], grease(random[2]));
    ends[PROPOSAL_TYPES] = w->len;
    add_code(w, ends[PROPOSAL_TYPES], config->credential_type);
    add_codes(w, ends[PROPOSAL_TYPES], config->credential_types, config->credential_type_count);
    add_code(w, ends[PROPOSAL_TYPES], grease(random[3]));
    ends[CREDENTIAL_TYPES] = w->len;
    int rc = mls_extension_items_write(w, config->extensions, config->extension_count);
    if (rc != MLS_OK)
        return rc;
    ends[EXTENSIONS] = w->len;
    bytes_write(w, config->credential.data, config->credential.len);
    ends[CREDENTIAL] = w->len;
    return bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
}

static struct core_slice part(const struct bytes_writer *w, const size_t ends[PARTS], enum part which)
{
    const size_t start = which == VERSIONS ? 0 : ends[which - 1];
    return (struct core_slice){w->data + start, ends[which] - start};
}

int mls_leaf_template_init(struct mls_leaf_template *template, const struct mls_suites *suites,
                           const struct mls_suite *suite, const struct mls_leaf_config *config)
{
    size_t ends[PARTS];
    struct bytes_writer *w = &template->buffer;
    memset(template, 0, sizeof *template);
    wire_buffer_init(w, MLS_MESSAGE_MAX);
    int rc = mls_signing_key_import(suite, mls_in(config->signature_private_key), &template->signer);
    if (rc == MLS_OK)
        rc = write_parts(w, suites, config, ends);
    if (rc != MLS_OK) {
        mls_leaf_template_wipe(template);
        return rc;
    }
    template->leaf = (struct mls_leaf_node){
        .signature_key = {template->signer.public_key, suite->signature->public_len},
        .credential = {config->credential_type, part(w, ends, CREDENTIAL)},
        .capabilities = {part(w, ends, VERSIONS), part(w, ends, SUITES), part(w, ends, EXTENSION_TYPES),
                         part(w, ends, PROPOSAL_TYPES), part(w, ends, CREDENTIAL_TYPES)},
        .extensions = part(w, ends, EXTENSIONS),
    };
    return MLS_OK;
}

void mls_leaf_template_wipe(struct mls_leaf_template *template)
{
    wire_buffer_free(&template->buffer);
    core_wipe(&template->signer, sizeof template->signer);
}
