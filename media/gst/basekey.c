/* From what people pass around to what keys are derived from. */
#include <string.h>

#include "core/hkdf.h"
#include "core/provider.h"
#include "core/secret.h"
#include "keyring_private.h"

enum { GENERATED_HEX = 32, GENERATED_LEN = GENERATED_HEX / 2 };

static const gchar label[] = "sotto shared secret 1";
/* Nothing else is known when a secret is typed, so all calls share the salt: a password that is easy to guess stays
 * so, at 64 MiB a guess. */
static const guint8 password_salt[CORE_ARGON2ID_SALT_LEN] = "sotto password 1";

static gboolean is_generated(const gchar *secret)
{
    gsize len = strlen(secret);
    if (len != GENERATED_HEX)
        return FALSE;
    for (gsize i = 0; i < len; i++)
        if (!g_ascii_isxdigit(secret[i]))
            return FALSE;
    return TRUE;
}

int sotto_base_key_from_secret(const gchar *secret, guint8 *base_key)
{
    guint8 entropy[SOTTO_BASE_KEY_LEN] = {0};
    gsize entropy_len = SOTTO_BASE_KEY_LEN;
    const struct core_hash *hash = core_provider_libcrypto.sha256;
    const struct core_slice info = {(const guint8 *)label, sizeof(label) - 1};
    struct core_hmac_key prk;
    int error = SFRAME_CRYPTO;

    if (!secret || secret[0] == '\0')
        return SFRAME_INVALID;
    if (is_generated(secret)) {
        entropy_len = GENERATED_LEN;
        for (gsize i = 0; i < entropy_len; i++)
            entropy[i] = (guint8)(g_ascii_xdigit_value(secret[2 * i]) << 4 | g_ascii_xdigit_value(secret[2 * i + 1]));
    } else if (!core_argon2id(secret, strlen(secret), password_salt, entropy, entropy_len)) {
        goto out;
    }
    if (core_hkdf_extract(hash, NULL, 0, entropy, entropy_len, &prk) &&
        core_hkdf_expand(hash, &prk, &info, 1, base_key, SOTTO_BASE_KEY_LEN))
        error = SFRAME_OK;
    core_wipe(&prk, sizeof(prk));
out:
    core_wipe(entropy, sizeof(entropy));
    return error;
}
