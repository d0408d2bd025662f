/* Pre-shared keys (RFC 9420 sections 8.4, 8.6): found, and put together for a commit. */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

static int copy(const uint8_t *psk, size_t psk_len, uint8_t *secret, size_t *len)
{
    memcpy(secret, psk, psk_len);
    *len = psk_len;
    return MLS_OK;
}

int mls_psk_find(const struct mls_group *group, const struct mls_psk_id *id, uint8_t *secret, size_t *len)
{
    const struct mls_policy *policy = &group->policy;
    const struct core_slice origin = {group->origin.group_id.data, group->origin.group_id.len};
    if (id->type == MLS_PSK_EXTERNAL) {
        if (!policy->external_psk || !policy->external_psk(policy->context, mls_out(id->id), secret, len))
            return MLS_PSK;
        return *len <= MLS_PSK_MAX ? MLS_OK : MLS_INVALID;
    }
    if (group->origin.psk_len && id->epoch == group->origin.epoch && mls_same(id->group_id, origin))
        return copy(group->origin.psk, group->origin.psk_len, secret, len);
    if (group->resumed && mls_same(id->group_id, group->resumed->epoch.context.group_id)) {
        const uint8_t *psk = mls_group_resumption(group->resumed, id->epoch);
        return psk ? copy(psk, group->resumed->suite->hash->len, secret, len) : (int)MLS_PSK;
    }
    if (id->usage == MLS_PSK_APPLICATION && mls_same(id->group_id, group->epoch.context.group_id)) {
        const uint8_t *psk = mls_group_resumption(group, id->epoch);
        if (psk)
            return copy(psk, group->suite->hash->len, secret, len);
    }
    return MLS_PSK;
}

int mls_list_psk_secret(const struct mls_list *list, const struct mls_group *group, uint8_t *out)
{
    struct mls_psk *psks = calloc(list->psks ? list->psks : 1, sizeof *psks);
    uint8_t *secrets = calloc(list->psks ? list->psks : 1, MLS_PSK_MAX);
    int rc = psks && secrets ? MLS_OK : MLS_MEMORY;
    size_t n = 0;
    for (size_t i = 0; rc == MLS_OK && i < list->count; i++) {
        if (list->items[i].proposal.type != MLS_PROPOSAL_PSK)
            continue;
        uint8_t *secret = secrets + n * MLS_PSK_MAX;
        psks[n].id = list->items[i].proposal.psk;
        rc = mls_psk_find(group, &psks[n].id, secret, &psks[n].secret.len);
        psks[n++].secret.data = secret;
    }
    if (rc == MLS_OK)
        rc = mls_psk_secret(group->suite, psks, n, out);
    if (secrets)
        core_wipe(secrets, (list->psks ? list->psks : 1) * MLS_PSK_MAX);
    free(secrets);
    free(psks);
    return rc;
}
