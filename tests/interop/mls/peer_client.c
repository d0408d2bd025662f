/* The clients that are driven: their keys, and their policy. */
#include <stdlib.h>
#include <string.h>

#include "peer.h"

struct peer_client *peer_client_find(struct peer_client *clients, const char *name)
{
    while (clients && strcmp(clients->name, name) != 0)
        clients = clients->next;
    return clients;
}

int peer_client_new(uint16_t suite, const char *name, struct mls_bytes identity, struct peer_client **client)
{
    struct peer_client *fresh = calloc(1, sizeof *fresh);
    int rc = fresh && (fresh->name = strdup(name)) ? MLS_OK : MLS_MEMORY;
    if (rc == MLS_OK)
        rc = mls_signature_key_new(NULL, suite, &fresh->signature_private_key, &fresh->signature_key);
    if (rc == MLS_OK) {
        fresh->suite = suite;
        fresh->identity = peer_copy(identity);
        *client = fresh;
    } else {
        peer_client_free(fresh);
    }
    return rc;
}

static void free_bytes(struct mls_bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

void peer_client_free(struct peer_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->key_package_count; i++)
        mls_key_package_keys_free(client->key_packages[i]);
    for (size_t i = 0; i < client->psk_count; i++) {
        free_bytes(client->psks[i].id);
        free_bytes(client->psks[i].secret);
    }
    mls_staged_free(client->staged);
    mls_group_free(client->group);
    mls_output_free(&client->signature_private_key);
    mls_output_free(&client->signature_key);
    free_bytes(client->identity);
    free(client->name);
    free(client);
}

void peer_client_drop(struct peer_client **clients, struct peer_client *client)
{
    while (*clients != client)
        clients = &(*clients)->next;
    *clients = client->next;
    peer_client_free(client);
}

void peer_client_enter(struct peer_client *client, struct mls_group *group)
{
    mls_staged_free(client->staged);
    client->staged = NULL;
    mls_group_free(client->group);
    client->group = group;
}

/* --- Policy --- */

static bool any_credential(void *context, const struct mls_member *member, enum mls_credential_use use, uint64_t now_s)
{
    (void)context;
    (void)member;
    (void)use;
    (void)now_s;
    return true;
}

static bool same_identity(void *context, const struct mls_member *a, const struct mls_member *b)
{
    (void)context;
    return a->credential_type == b->credential_type && a->credential.len == b->credential.len &&
           (a->credential.len == 0 || memcmp(a->credential.data, b->credential.data, a->credential.len) == 0);
}

static bool any_proposal(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal)
{
    (void)context;
    (void)group;
    (void)proposal;
    return true;
}

static bool any_commit(void *context, const struct mls_group *group, const struct mls_commit_info *commit)
{
    (void)context;
    (void)group;
    (void)commit;
    return true;
}

static bool known_psk(void *context, struct mls_bytes id, uint8_t *secret, size_t *len)
{
    const struct peer_client *client = context;
    for (size_t i = 0; i < client->psk_count; i++) {
        const struct peer_psk *psk = &client->psks[i];
        if (psk->id.len != id.len || (id.len > 0 && memcmp(psk->id.data, id.data, id.len) != 0))
            continue;
        memcpy(secret, psk->secret.data, psk->secret.len);
        *len = psk->secret.len;
        return true;
    }
    return false;
}

struct mls_policy peer_client_policy(struct peer_client *client)
{
    return (struct mls_policy){.context = client,
                               .credential_valid = any_credential,
                               .same_client = same_identity,
                               .successor = same_identity,
                               .accept_proposal = any_proposal,
                               .accept_commit = any_commit,
                               .external_psk = known_psk};
}

struct mls_leaf_config peer_client_leaf(const struct peer_client *client)
{
    return (struct mls_leaf_config){
        .credential_type = MLS_CREDENTIAL_BASIC,
        .credential = client->identity,
        .signature_private_key = {client->signature_private_key.data, client->signature_private_key.len},
    };
}
