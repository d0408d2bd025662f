#include "mls_input.h"

enum { GREASE = 0x0a0a, APP_EXTENSION = 0xf0f0 };

uint8_t arg(struct bytes_reader *r)
{
    return bytes_reader_left(r) ? bytes_read_u8(r) : 0;
}

size_t arg_u16(struct bytes_reader *r)
{
    const size_t high = arg(r);
    return high << 8 | arg(r);
}

struct slot *arg_slot(struct world *w, struct bytes_reader *r)
{
    return &w->slots[arg(r) % SLOTS];
}

struct party *arg_client(struct world *w, struct bytes_reader *r)
{
    return &w->clients[arg(r) % CLIENTS];
}

struct message *arg_message(struct world *w, struct bytes_reader *r)
{
    return world_message(w, arg(r));
}

/* Framing flags: 1 public, 2 authenticated data, 4 padding. */
struct mls_framing arg_framing(struct bytes_reader *r)
{
    const uint8_t flags = arg(r);
    return (struct mls_framing){.is_public = flags & 1,
                                .authenticated_data = party_text(flags & 2 ? "aad" : ""),
                                .padding = flags & 4 ? 50 : 0};
}

size_t arg_extensions(const struct world *w, struct bytes_reader *r, uint8_t senders[SENDERS_LEN],
                      struct mls_extension_item items[EXTENSIONS_MAX])
{
    struct bytes_writer writer;
    switch (arg(r) % 8) {
    case 1: /* nothing is required */
        items[0] = (struct mls_extension_item){MLS_EXTENSION_REQUIRED_CAPABILITIES, {(const uint8_t *)"\0\0\0", 3}};
        return 1;
    case 2: /* what nobody has */
        items[0] =
            (struct mls_extension_item){MLS_EXTENSION_REQUIRED_CAPABILITIES, {(const uint8_t *)"\2\x12\x34\0\0", 5}};
        return 1;
    case 3: { /* a client as external sender */
        const struct party *sender = &w->clients[arg(r) % CLIENTS];
        bytes_writer_init(&writer, senders, SENDERS_LEN);
        const struct mls_external_sender row = {
            .signature_key = {sender->signature_public.data, sender->signature_public.len},
            .credential = {MLS_CREDENTIAL_BASIC, {(const uint8_t *)sender->name, strlen(sender->name)}}};
        const size_t list = wire_begin_vector(&writer);
        mls_external_sender_write(&writer, &row);
        wire_end_vector(&writer, list);
        must(bytes_writer_ok(&writer));
        items[0] = (struct mls_extension_item){MLS_EXTENSION_EXTERNAL_SENDERS, {senders, writer.len}};
        return 1;
    }
    case 4: /* malformed */
        items[0] = (struct mls_extension_item){MLS_EXTENSION_EXTERNAL_SENDERS, party_text("x")};
        return 1;
    case 5:
        items[0] = (struct mls_extension_item){APP_EXTENSION, party_text("x")};
        return 1;
    case 6: /* twice */
        items[0] = items[1] = (struct mls_extension_item){APP_EXTENSION, party_text("x")};
        return 2;
    case 7:
        items[0] = (struct mls_extension_item){APP_EXTENSION, party_text("x")};
        items[1] = (struct mls_extension_item){GREASE, party_text("y")};
        return 2;
    default:
        return 0;
    }
}

const struct mls_leaf_config *arg_leaf(struct bytes_reader *r, const struct party *client, struct leaf *leaf)
{
    static const uint16_t types[] = {APP_EXTENSION, GREASE};
    const uint8_t flags = arg(r);
    leaf->config = client->leaf;
    leaf->config.extension_types = types;
    leaf->config.extension_type_count = flags & 1 ? 1 : 2;
    leaf->extension = (struct mls_extension_item){MLS_EXTENSION_APPLICATION_ID, party_text("\x02id")};
    leaf->config.extensions = &leaf->extension;
    leaf->config.extension_count = flags & 2 ? 1 : 0;
    if (flags & 4)
        leaf->config.credential = party_text("mallory");
    return &leaf->config;
}

void arg_proposal(struct world *w, struct bytes_reader *r, const struct party *client, uint64_t epoch,
                  struct proposal *out)
{
    struct mls_proposal_config *config = &out->config;
    *config = (struct mls_proposal_config){.type = arg(r) % 9};
    switch (config->type) {
    case MLS_PROPOSAL_ADD:
        config->key_package = bytes_of(arg_message(w, r));
        break;
    case MLS_PROPOSAL_UPDATE:
        if (arg(r) & 1)
            config->leaf = arg_leaf(r, client, &out->leaf);
        break;
    case MLS_PROPOSAL_REMOVE:
        config->removed = arg(r) % (2 * CLIENTS);
        break;
    case MLS_PROPOSAL_PSK: {
        const uint8_t which = arg(r);
        config->resumption = which & 1;
        config->psk_id = party_text(which & 2 ? "unknown" : "psk");
        config->psk_epoch = epoch - (which >> 2) % 20;
        break;
    }
    case MLS_PROPOSAL_REINIT:
        config->group_id = party_text(arg(r) & 1 ? "next" : "other");
        config->cipher_suite = w->rows[arg(r) % 2].id;
        config->extension_count = arg_extensions(w, r, out->senders, out->extensions);
        config->extensions = out->extensions;
        break;
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        config->extension_count = arg_extensions(w, r, out->senders, out->extensions);
        config->extensions = out->extensions;
        break;
    default:
        break;
    }
}

struct mls_join_config arg_join(struct world *w, struct bytes_reader *r, const struct party *client)
{
    const uint8_t flags = arg(r);
    struct mls_join_config config = {.suites = &w->suites, .policy = client->policy, .now_s = w->now_s};
    config.check_lifetimes = flags & 1;
    if (flags & 2)
        config.tree = bytes_of(arg_message(w, r));
    if (flags & 4)
        config.resumed = arg_slot(w, r)->group;
    return config;
}
