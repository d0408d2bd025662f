/* psk_secret.json: the chain of external PSKs. */
#include "mls/key_schedule.h"
#include "mls_case.h"

static void run(struct mls_case *c)
{
    const json_t *list = mls_case_array(c, c->json, "psks");
    const size_t count = json_array_size(list);
    struct mls_psk *psks = mls_case_alloc(c, count * sizeof *psks);
    uint8_t secret[MLS_HASH_MAX];
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(list, i);
        psks[i] = (struct mls_psk){.id = {.type = MLS_PSK_EXTERNAL,
                                          .id = mls_case_hex(c, object, "psk_id"),
                                          .nonce = mls_case_hex(c, object, "psk_nonce")},
                                   .secret = mls_case_hex(c, object, "psk")};
    }
    if (!c->failed && mls_case_ok(c, "psk_secret", mls_psk_secret(c->suite, psks, count, secret)))
        mls_case_same(c, "psk_secret", mls_case_hex(c, c->json, "psk_secret"), secret, c->suite->hash->len);
}

static const char *const members[] = {"cipher_suite", "psks", "psk_secret", NULL};

const struct mls_schema mls_schema_psk_secret = {"psk_secret", members, run};
