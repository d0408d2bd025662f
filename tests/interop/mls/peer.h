/* The parts of mls_peer: requests in JSON, and the clients that they drive. */
#ifndef TESTS_INTEROP_PEER_H
#define TESTS_INTEROP_PEER_H

#include <jansson.h>

#include "sotto/mls.h"

enum { PEER_MEMORY_MAX = 1024, PEER_KEY_PACKAGES_MAX = 16, PEER_PSKS_MAX = 64 };

struct peer_psk {
    struct mls_bytes id;
    struct mls_bytes secret;
};

/* An MLS client with one credential, in at most one group. */
struct peer_client {
    struct peer_client *next;
    char *name;
    uint16_t suite;
    struct mls_bytes identity;
    struct mls_output signature_private_key;
    struct mls_output signature_key;
    struct mls_key_package_keys *key_packages[PEER_KEY_PACKAGES_MAX];
    size_t key_package_count;
    struct peer_psk psks[PEER_PSKS_MAX];
    size_t psk_count;
    struct mls_group *group;
    struct mls_staged *staged; /* a commit of its own that waits to be merged */
};

/* One line: what it asks and what is answered. */
struct peer_request {
    const json_t *in;
    json_t *out;
    const char *wrong; /* the field that was absent or malformed; NULL: none so far */
    uint64_t now_s;
    struct peer_client **clients;
    struct peer_client *client;
    void *memory[PEER_MEMORY_MAX]; /* freed after the answer */
    size_t memory_count;
};

/* --- Fields. What is missing or malformed marks the request wrong and gives an empty value. --- */

/* Zeroed, until the request is answered; never NULL (the program ends instead). */
void *peer_alloc(struct peer_request *request, size_t len);
void peer_forget(struct peer_request *request);

/* Hex; absent is empty. */
struct mls_bytes peer_hex(struct peer_request *request, const json_t *object, const char *name);
struct mls_bytes peer_hex_value(struct peer_request *request, const char *name, const json_t *value);
/* Text that has to be there. */
const char *peer_text(struct peer_request *request, const json_t *object, const char *name);
/* A number from 0 to max. */
uint64_t peer_number(struct peer_request *request, const json_t *object, const char *name, uint64_t absent,
                     uint64_t max);
bool peer_flag(struct peer_request *request, const json_t *object, const char *name);
/* An array; absent is NULL, which is empty. */
const json_t *peer_array(struct peer_request *request, const json_t *object, const char *name);
void peer_wrong(struct peer_request *request, const char *name);
/* The array "extensions": objects of type and data. */
const struct mls_extension_item *peer_extensions(struct peer_request *request, const json_t *object, size_t *count);

void peer_put_hex(json_t *object, const char *name, struct mls_bytes bytes);
void peer_put_number(json_t *object, const char *name, uint64_t number);
/* Puts the output's bytes, and ends it. */
void peer_put_output(json_t *object, const char *name, struct mls_output *output);

/* A copy that lives until free(). */
struct mls_bytes peer_copy(struct mls_bytes bytes);

/* --- Clients --- */

struct peer_client *peer_client_find(struct peer_client *clients, const char *name);
/* MLS_SUITE, MLS_CRYPTO, MLS_MEMORY. */
int peer_client_new(uint16_t suite, const char *name, struct mls_bytes identity, struct peer_client **client);
void peer_client_free(struct peer_client *client);
/* Takes the one named out of the list and frees it. */
void peer_client_drop(struct peer_client **clients, struct peer_client *client);
/* Everything is accepted; clients are the same if their identities are. */
struct mls_policy peer_client_policy(struct peer_client *client);
struct mls_leaf_config peer_client_leaf(const struct peer_client *client);

/* Leaves its group, and what it staged, for another (NULL: none). */
void peer_client_enter(struct peer_client *client, struct mls_group *group);

/* --- Commands --- */

/* A proposal's fields. */
struct mls_proposal_config peer_proposal(struct peer_request *request, const json_t *object);

struct peer_command {
    const char *name;
    bool needs_client;
    bool needs_group;
    int (*run)(struct peer_request *request); /* enum mls_error */
    const char *help;                         /* fields, and -> what is answered */
};

/* Ends with a name of NULL. */
extern const struct peer_command peer_commands[];

#endif
