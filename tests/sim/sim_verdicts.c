/* Signatures that many members check: the same bytes under the same key get the same verdict, so it is worked out once
 * and looked up by the others. The linker puts this in libsodium's place; nothing else of a call's cryptography is
 * touched. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_verdicts.h"

enum { SLOTS = 1 << 14, SIGNATURE_LEN = 64, PUBLIC_KEY_LEN = 32 };

struct verdict {
    uint8_t signature[SIGNATURE_LEN];
    uint8_t public_key[PUBLIC_KEY_LEN];
    uint8_t *message;
    size_t len;
    int result;
};

static struct verdict *verdicts; /* by their signatures' first bytes; NULL: nothing was ever shared */
static bool sharing;

void sim_verdicts_share(bool shared)
{
    sharing = shared;
    if (!shared || verdicts)
        return;
    verdicts = calloc(SLOTS, sizeof *verdicts);
    if (!verdicts) {
        fputs("sim: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
}

static bool is_of(const struct verdict *verdict, const uint8_t *signature, const uint8_t *message, size_t len,
                  const uint8_t *public_key)
{
    return verdict->message && verdict->len == len && memcmp(verdict->signature, signature, SIGNATURE_LEN) == 0 &&
           memcmp(verdict->public_key, public_key, PUBLIC_KEY_LEN) == 0 && memcmp(verdict->message, message, len) == 0;
}

static void keep(struct verdict *verdict, const uint8_t *signature, const uint8_t *message, size_t len,
                 const uint8_t *public_key, int result)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        return;
    memcpy(copy, message, len);
    free(verdict->message);
    *verdict = (struct verdict){.message = copy, .len = len, .result = result};
    memcpy(verdict->signature, signature, SIGNATURE_LEN);
    memcpy(verdict->public_key, public_key, PUBLIC_KEY_LEN);
}

int __real_crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                               unsigned long long len, const unsigned char *public_key);
int __wrap_crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                               unsigned long long len, const unsigned char *public_key);
int __wrap_crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                               unsigned long long len, const unsigned char *public_key)
{
    uint64_t at = 0;
    if (!sharing)
        return __real_crypto_sign_ed25519_verify_detached(signature, message, len, public_key);
    memcpy(&at, signature, sizeof at); /* of a point on the curve: as good as random */
    struct verdict *verdict = &verdicts[at % SLOTS];
    if (is_of(verdict, signature, message, len, public_key))
        return verdict->result;
    const int result = __real_crypto_sign_ed25519_verify_detached(signature, message, len, public_key);
    keep(verdict, signature, message, len, public_key, result);
    return result;
}
