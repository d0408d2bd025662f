/* Any bytes as a key file, and, with the right checksum behind them, as a pin store: what is read is written again, and
 * must be the same bytes. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "core/provider.h"
#include "sotto/identity.h"

enum { COST_AT = 12, CHEAP_KIB = 64, CHECKSUM_LEN = 32, STORE_MAX = 1 << 20 };

static void must(bool condition)
{
    if (!condition)
        abort();
}

static bool is_cheap(const uint8_t *data, size_t len)
{
    /* the upper bytes of passes and memory */
    static const uint8_t none[3] = {0};
    return len >= COST_AT + 8 && memcmp(data + COST_AT, none, 3) == 0 && memcmp(data + COST_AT + 4, none, 3) == 0 &&
           data[COST_AT + 7] <= CHEAP_KIB;
}

static void check_secret(const uint8_t *data, size_t len)
{
    struct identity_secret secret;
    uint8_t again[IDENTITY_SECRET_MAX];
    uint8_t kind = 0;
    bool encrypted = false;
    size_t again_len = 0;
    if (identity_secret_peek(data, len, &kind, &encrypted) != IDENTITY_OK || (encrypted && !is_cheap(data, len)))
        return;
    if (identity_secret_open(data, len, kind, "passphrase", 10, &secret) != IDENTITY_OK)
        return;
    must(!encrypted && secret.kind == kind);
    must(identity_secret_seal(&secret, NULL, 0, NULL, again, sizeof again, &again_len) == IDENTITY_OK);
    must(again_len == len && memcmp(again, data, len) == 0);
}

static void check_pins(const uint8_t *data, size_t len)
{
    struct identity_pins *pins = NULL;
    struct identity_output again = {0};
    struct identity_judgement judgement;
    const struct core_slice content = {data, len};
    uint8_t *store = malloc(len + CHECKSUM_LEN);
    must(store && len <= STORE_MAX);
    memcpy(store, data, len);
    must(core_libcrypto_sha256.digest(&content, 1, store + len));
    if (identity_pins_read(store, len + CHECKSUM_LEN, &pins) == IDENTITY_OK) {
        for (size_t i = 0; i < identity_pins_count(pins); i++) {
            const struct identity_pin *pin = identity_pins_at(pins, i);
            must(identity_pins_find(pins, pin->root_key) == pin);
            identity_pins_judge(pins, pin->root_key, pin->claimed, NULL, NULL, &judgement);
            must(judgement.pin == pin && !judgement.rival);
        }
        must(identity_pins_write(pins, &again) == IDENTITY_OK);
        must(again.len == len + CHECKSUM_LEN && memcmp(again.data, store, again.len) == 0);
        identity_output_free(&again);
        identity_pins_free(pins);
    }
    free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > STORE_MAX)
        return 0;
    if (data[0] & 1)
        check_pins(data + 1, size - 1);
    else
        check_secret(data + 1, size - 1);
    return 0;
}
