/* Arguments of operations, read from the fuzzer's input; zeros where it ends. */
#ifndef TESTS_MLS_INPUT_H
#define TESTS_MLS_INPUT_H

#include "mls_world.h"

uint8_t arg(struct bytes_reader *r);
size_t arg_u16(struct bytes_reader *r);
struct slot *arg_slot(struct world *w, struct bytes_reader *r);
struct party *arg_client(struct world *w, struct bytes_reader *r);
struct message *arg_message(struct world *w, struct bytes_reader *r);
struct mls_framing arg_framing(struct bytes_reader *r);

/* Lists of extensions, good and bad. Gives their number. */
enum { EXTENSIONS_MAX = 2, SENDERS_LEN = 128 };
size_t arg_extensions(const struct world *w, struct bytes_reader *r, uint8_t senders[SENDERS_LEN],
                      struct mls_extension_item items[EXTENSIONS_MAX]);

/* A client's leaf: as it is always, or with more in it. */
struct leaf {
    struct mls_extension_item extension;
    struct mls_leaf_config config;
};
const struct mls_leaf_config *arg_leaf(struct bytes_reader *r, const struct party *client, struct leaf *leaf);

struct proposal {
    struct mls_proposal_config config;
    struct leaf leaf;
    struct mls_extension_item extensions[EXTENSIONS_MAX];
    uint8_t senders[SENDERS_LEN];
};
/* A client's proposal for a group in this epoch. */
void arg_proposal(struct world *w, struct bytes_reader *r, const struct party *client, uint64_t epoch,
                  struct proposal *out);

struct mls_join_config arg_join(struct world *w, struct bytes_reader *r, const struct party *client);

static inline struct mls_bytes bytes_of(const struct message *message)
{
    return (struct mls_bytes){message->data, message->len};
}

#endif
