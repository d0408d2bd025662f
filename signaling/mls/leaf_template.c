/* What a member says of itself: a leaf node's fields from the application's configuration. */
#include "core/secret.h"
#include "group.h"

/* --- GREASE (section 13.5): values that nobody supports, so that everybody learns to ignore what is not known --- */

static uint16_t grease(uint8_t random)
{
    const uint16_t nibble = random % 15; /* 0x0A0A to 0xEAEA */
    return (uint16_t)(nibble << 12 | 0x0A00 | nibble << 4 | 0x000A);
}

void mls_grease_write(struct bytes_writer *w, const uint8_t *random, size_t len, const struct mls_extension_item *items,
                      size_t count)
{
    const struct mls_extension extension = {grease(random[0]), {random + 1, random[1] % len}};
    if (count < MLS_EXTENSIONS_MAX && !mls_extension_items_have(items, count, extension.type))
        mls_extension_write(w, &extension);
}

/* --- Lists --- */

/* Default types are supported by all, and "MUST NOT be listed" (section 7.2). */
static bool is_default_extension(uint16_t type)
{
    return type >= MLS_EXTENSION_APPLICATION_ID && type <= MLS_EXTENSION_EXTERNAL_SENDERS;
}

static bool is_default_proposal(uint16_t type)
{
    return type >= MLS_PROPOSAL_ADD && type <= MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
}

/* A list of code points written so far begins at start. */
static void add_code(struct bytes_writer *w, size_t start, uint16_t code)
{
    if (!bytes_writer_ok(w) || !mls_u16_contains((struct core_slice){w->data + start, w->len - start}, code))
        bytes_write_u16(w, code);
}

/* is_default: what is left out; NULL: nothing. */
static void add_codes(struct bytes_writer *w, size_t start, const uint16_t *codes, size_t count,
                      bool (*is_default)(uint16_t type))
{
    for (size_t i = 0; i < count; i++)
        if (!is_default || !is_default(codes[i]))
            add_code(w, start, codes[i]);
}

static void add_item_types(struct bytes_writer *w, size_t start, const struct mls_extension_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_codes(w, start, &items[i].type, 1, is_default_extension);
}

bool mls_extension_items_have(const struct mls_extension_item *items, size_t count, uint16_t type)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].type == type)
            return true;
    return false;
}

int mls_extension_items_write(struct bytes_writer *w, const struct mls_extension_item *items, size_t count)
{
    if (count > MLS_EXTENSIONS_MAX)
        return MLS_EXTENSION;
    for (size_t i = 0; i < count; i++) {
        const struct mls_extension extension = {items[i].type, mls_in(items[i].data)};
        if (mls_extension_items_have(items, i, items[i].type))
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

/* Every type of extension that the leaf and its key package have, and what the application supports besides. */
static void write_extension_types(struct bytes_writer *w, const struct mls_leaf_config *config,
                                  const struct mls_key_package_config *package, uint16_t unknown)
{
    const size_t start = w->len;
    add_item_types(w, start, config->extensions, config->extension_count);
    if (package) {
        add_item_types(w, start, package->extensions, package->extension_count);
        if (package->last_resort)
            add_code(w, start, MLS_EXTENSION_LAST_RESORT);
    }
    add_codes(w, start, config->extension_types, config->extension_type_count, is_default_extension);
    add_code(w, start, unknown);
}

/* The parts of the buffer, in the order in which they are written. */
enum part { VERSIONS, SUITES, EXTENSION_TYPES, PROPOSAL_TYPES, CREDENTIAL_TYPES, EXTENSIONS, CREDENTIAL, PARTS };

static int write_parts(struct bytes_writer *w, const struct mls_suites *suites, const struct mls_leaf_config *config,
                       const struct mls_key_package_config *package, const uint8_t random[MLS_GREASE_LEN],
                       size_t ends[PARTS])
{
    bytes_write_u16(w, MLS_VERSION_1_0);
    ends[VERSIONS] = w->len;
    write_suites(w, suites);
    bytes_write_u16(w, grease(random[0]));
    ends[SUITES] = w->len;
    write_extension_types(w, config, package, grease(random[1]));
    ends[EXTENSION_TYPES] = w->len;
    add_codes(w, ends[EXTENSION_TYPES], config->proposal_types, config->proposal_type_count, is_default_proposal);
    add_code(w, ends[EXTENSION_TYPES], grease(random[2]));
    ends[PROPOSAL_TYPES] = w->len;
    add_code(w, ends[PROPOSAL_TYPES], config->credential_type);
    add_codes(w, ends[PROPOSAL_TYPES], config->credential_types, config->credential_type_count, NULL);
    add_code(w, ends[PROPOSAL_TYPES], grease(random[3]));
    ends[CREDENTIAL_TYPES] = w->len;
    int rc = mls_extension_items_write(w, config->extensions, config->extension_count);
    if (rc != MLS_OK)
        return rc;
    mls_grease_write(w, random + 1, MLS_GREASE_LEN - 1, config->extensions, config->extension_count);
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
                           const struct mls_suite *suite, const struct mls_leaf_config *config,
                           const struct mls_key_package_config *package)
{
    size_t ends[PARTS];
    struct bytes_writer *w = &template->buffer;
    memset(template, 0, sizeof *template);
    wire_buffer_init(w, MLS_MESSAGE_MAX);
    int rc = mls_signing_key_import(suite, mls_in(config->signature_private_key), &template->signer);
    if (rc == MLS_OK)
        rc = core_random(template->grease, sizeof template->grease) ? MLS_OK : MLS_CRYPTO;
    if (rc == MLS_OK)
        rc = write_parts(w, suites, config, package, template->grease, ends);
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
