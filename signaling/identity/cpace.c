#include "cpace.h"

#include "core/bytes.h"
#include "core/secret.h"

/* The draft's H: SHA-512, and its block, to which the generator string is padded. */
enum { HASH_LEN = 64, BLOCK_LEN = 128, STRING_MAX = 512, LEB128_CONTINUES = 0x80 };

static const char DSI[] = "CPaceRistretto255";
static const char DSI_ISK[] = "CPaceRistretto255_ISK";
static const char DSI_MAC[] = "CPaceMac";

static struct core_slice text(const char *s, size_t size)
{
    return (struct core_slice){(const uint8_t *)s, size - 1};
}

/* prepend_len: the length as LEB128, then the bytes. */
static void put(struct bytes_writer *w, struct core_slice s)
{
    size_t left = s.len;
    for (; left >= LEB128_CONTINUES; left >>= 7)
        bytes_write_u8(w, (uint8_t)(left | LEB128_CONTINUES));
    bytes_write_u8(w, (uint8_t)left);
    bytes_write(w, s.data, s.len);
}

static bool hash(const struct bytes_writer *w, uint8_t out[HASH_LEN])
{
    const struct core_slice all = {w->data, w->len};
    return bytes_writer_ok(w) && core_libcrypto_sha512.digest(&all, 1, out);
}

/* calculate_generator: generator_string(DSI, PRS, CI, sid, s_in_bytes), hashed, mapped to an element. */
static bool generator(const struct cpace_inputs *inputs, uint8_t element[CORE_RISTRETTO255_LEN])
{
    static const uint8_t zeros[BLOCK_LEN];
    uint8_t string[STRING_MAX];
    uint8_t digest[HASH_LEN];
    struct bytes_writer w;
    bytes_writer_init(&w, string, sizeof string);
    put(&w, text(DSI, sizeof DSI));
    put(&w, inputs->code);
    /* as many zeros as fill the hash's first block, with their own length byte */
    put(&w, (struct core_slice){zeros, w.len < BLOCK_LEN - 1 ? BLOCK_LEN - 1 - w.len : 0});
    put(&w, inputs->channel);
    put(&w, inputs->sid);
    bool ok = hash(&w, digest) && core_ristretto255_from_hash(digest, element);
    core_wipe(string, sizeof string);
    core_wipe(digest, sizeof digest);
    return ok;
}

bool cpace_share(const struct cpace_inputs *inputs, const uint8_t scalar[CORE_RISTRETTO255_LEN],
                 uint8_t share[CPACE_SHARE_LEN])
{
    uint8_t element[CORE_RISTRETTO255_LEN];
    bool ok = generator(inputs, element) && core_ristretto255_mult(scalar, element, share);
    core_wipe(element, sizeof element); /* who knows it can try codes against it */
    return ok;
}

bool cpace_start(const struct cpace_inputs *inputs, uint8_t scalar[CORE_RISTRETTO255_LEN],
                 uint8_t share[CPACE_SHARE_LEN])
{
    return core_ristretto255_scalar(scalar) && cpace_share(inputs, scalar, share);
}

static void put_part(struct bytes_writer *w, const struct cpace_part *part)
{
    put(w, (struct core_slice){part->share, sizeof part->share});
    put(w, part->ad);
}

bool cpace_isk(struct core_slice sid, const uint8_t scalar[CORE_RISTRETTO255_LEN], const uint8_t peer[CPACE_SHARE_LEN],
               const struct cpace_part *a, const struct cpace_part *b, uint8_t isk[CPACE_ISK_LEN])
{
    uint8_t string[STRING_MAX];
    uint8_t k[CORE_RISTRETTO255_LEN];
    struct bytes_writer w;
    bytes_writer_init(&w, string, sizeof string);
    if (!core_ristretto255_mult(scalar, peer, k))
        return false;
    /* ISK = H.hash(lv_cat(DSI_ISK, sid, K) || lv_cat(Ya, ADa) || lv_cat(Yb, ADb)) */
    put(&w, text(DSI_ISK, sizeof DSI_ISK));
    put(&w, sid);
    put(&w, (struct core_slice){k, sizeof k});
    put_part(&w, a);
    put_part(&w, b);
    bool ok = hash(&w, isk);
    core_wipe(string, sizeof string);
    core_wipe(k, sizeof k);
    return ok;
}

bool cpace_tag(struct core_slice sid, const uint8_t isk[CPACE_ISK_LEN], const struct cpace_part *part,
               uint8_t tag[CPACE_TAG_LEN])
{
    const struct core_slice key_parts[] = {text(DSI_MAC, sizeof DSI_MAC), sid, {isk, CPACE_ISK_LEN}};
    uint8_t mac_key[HASH_LEN];
    uint8_t string[STRING_MAX];
    struct core_hmac_key hmac_key;
    struct bytes_writer w;
    bytes_writer_init(&w, string, sizeof string);
    put_part(&w, part);
    const struct core_slice message = {string, w.len};
    bool ok = bytes_writer_ok(&w) && core_libcrypto_sha512.digest(key_parts, 3, mac_key) &&
              core_libcrypto_sha512.hmac_init(&hmac_key, mac_key, sizeof mac_key) &&
              core_libcrypto_sha512.hmac(&hmac_key, &message, 1, tag);
    core_wipe(mac_key, sizeof mac_key);
    core_wipe(&hmac_key, sizeof hmac_key);
    return ok;
}
