/* What people compare: safety numbers of two users, and the code of a call. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/provider.h"
#include "core/secret.h"
#include "sotto/identity.h"
#include "wire/buffer.h"
#include "wire/vector.h"
#include "words.h"

enum {
    GROUP_BYTES = 5, /* of hash for GROUP_DIGITS digits: the bias is below 2^-23 */
    GROUP_DIGITS = 5,
    HALF_DIGITS = IDENTITY_SAFETY_NUMBER_DIGITS / 2,
    GROUPS = HALF_DIGITS / GROUP_DIGITS,
    ITERATIONS = 5200,
    SHA512_LEN = 64,
    WORD_BITS = 11,
    HASHED_MAX = 1 << 16, /* bytes of a group id, or of parameters */
};
_Static_assert((int)IDENTITY_CALL_CODE_DIGITS == (int)HALF_DIGITS, "both are six groups of five digits");

/* Five digits, the number in five bytes modulo 10^5. */
static void put_group(const uint8_t bytes[GROUP_BYTES], char out[GROUP_DIGITS])
{
    struct bytes_reader r;
    bytes_reader_init(&r, bytes, GROUP_BYTES);
    uint64_t value = bytes_read_uint(&r, GROUP_BYTES);
    for (size_t i = GROUP_DIGITS; i > 0; i--, value /= 10)
        out[i - 1] = (char)('0' + value % 10);
}

/* --- Safety numbers --- */

/* A root's 30 digits. Iterated, so that looking for a key with the same ones costs 5200 times as much. */
static int safety_half(const uint8_t *root_key, char out[HALF_DIGITS])
{
    static const char label[] = "Sotto 1.0 SafetyNumber";
    const struct core_hash *sha512 = &core_libcrypto_sha512;
    uint8_t hash[SHA512_LEN];
    const struct core_slice key = {root_key, IDENTITY_KEY_LEN};
    const struct core_slice first[] = {{(const uint8_t *)label, sizeof label - 1}, key};
    const struct core_slice next[] = {{hash, sizeof hash}, key};
    bool ok = sha512->digest(first, 2, hash);
    for (unsigned i = 0; ok && i < ITERATIONS; i++)
        ok = sha512->digest(next, 2, hash);
    if (!ok)
        return IDENTITY_CRYPTO;
    for (size_t i = 0; i < GROUPS; i++)
        put_group(hash + i * GROUP_BYTES, out + i * GROUP_DIGITS);
    return IDENTITY_OK;
}

int identity_safety_number(const uint8_t a[IDENTITY_KEY_LEN], const uint8_t b[IDENTITY_KEY_LEN],
                           char out[IDENTITY_SAFETY_NUMBER_DIGITS + 1])
{
    char halves[2][HALF_DIGITS];
    int error = safety_half(a, halves[0]);
    if (error == IDENTITY_OK)
        error = safety_half(b, halves[1]);
    if (error != IDENTITY_OK)
        return error;
    size_t lower = memcmp(halves[0], halves[1], HALF_DIGITS) > 0;
    memcpy(out, halves[lower], HALF_DIGITS);
    memcpy(out + HALF_DIGITS, halves[!lower], HALF_DIGITS);
    out[IDENTITY_SAFETY_NUMBER_DIGITS] = '\0';
    return IDENTITY_OK;
}

/* --- The call code --- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct identity_member));
}

/* The members in their order; free() it. */
static int sort_members(const struct identity_member *members, size_t count, struct identity_member **out)
{
    _Static_assert(sizeof *members == 2 * IDENTITY_KEY_LEN, "members stand without gaps");
    struct identity_member *sorted = malloc(count * sizeof *sorted);
    if (!sorted)
        return IDENTITY_MEMORY;
    memcpy(sorted, members, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_bytes);
    for (size_t i = 1; i < count; i++) {
        if (by_bytes(&sorted[i - 1], &sorted[i]) == 0) {
            free(sorted);
            return IDENTITY_INVALID;
        }
    }
    *out = sorted;
    return IDENTITY_OK;
}

/* SHA-512 of { opaque label<V>; opaque group_id<V>; opaque parameters<V>; Member members<V>; } */
static int hash_call(struct core_slice group_id, struct core_slice parameters, struct core_slice members,
                     uint8_t hash[SHA512_LEN])
{
    static const char label[] = "Sotto 1.0 CallCode";
    struct bytes_writer w;
    wire_buffer_init(&w, 3 * HASHED_MAX);
    wire_write_vector(&w, (struct core_slice){(const uint8_t *)label, sizeof label - 1});
    wire_write_vector(&w, group_id);
    wire_write_vector(&w, parameters);
    wire_write_length(&w, members.len);
    const struct core_slice parts[] = {wire_buffer_slice(&w), members};
    int error = !bytes_writer_ok(&w)                           ? IDENTITY_MEMORY
                : core_libcrypto_sha512.digest(parts, 2, hash) ? IDENTITY_OK
                                                               : IDENTITY_CRYPTO;
    wire_buffer_free(&w);
    return error;
}

static void put_digits(const uint8_t *bytes, char *out)
{
    for (size_t i = 0; i < GROUPS; i++) {
        put_group(bytes + i * GROUP_BYTES, out + i * (GROUP_DIGITS + 1));
        out[i * (GROUP_DIGITS + 1) + GROUP_DIGITS] = i + 1 < GROUPS ? ' ' : '\0';
    }
}

static void put_words(const uint8_t *bytes, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < IDENTITY_CALL_CODE_WORDS; i++) {
        unsigned index = 0;
        for (size_t bit = i * WORD_BITS; bit < (i + 1) * WORD_BITS; bit++)
            index = index << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);
        size_t word_len = strlen(identity_words[index]);
        memcpy(out + len, identity_words[index], word_len);
        len += word_len;
        out[len++] = i + 1 < IDENTITY_CALL_CODE_WORDS ? ' ' : '\0';
    }
}

int identity_call_digest(const uint8_t *group_id, size_t group_id_len, const uint8_t *parameters, size_t parameters_len,
                         const struct identity_member *members, size_t count, struct identity_call_digest *out)
{
    struct identity_member *sorted = NULL;
    struct identity_call_digest digest;
    if (count == 0)
        return IDENTITY_INVALID;
    if (count > IDENTITY_CALL_CODE_MEMBERS_MAX || group_id_len > HASHED_MAX || parameters_len > HASHED_MAX)
        return IDENTITY_LIMIT;
    int error = sort_members(members, count, &sorted);
    if (error != IDENTITY_OK)
        return error;
    error = hash_call((struct core_slice){group_id, group_id_len}, (struct core_slice){parameters, parameters_len},
                      (struct core_slice){(const uint8_t *)sorted, count * sizeof *sorted}, digest.bytes);
    free(sorted);
    if (error == IDENTITY_OK)
        *out = digest;
    return error;
}

int identity_call_code(const struct identity_call_digest *digest, struct identity_call_code *out)
{
    enum { SALT_AT = SHA512_LEN - CORE_ARGON2ID_SALT_LEN, WORDS_AT = GROUPS * GROUP_BYTES, CODE_LEN = 44 };
    _Static_assert(WORDS_AT * 8 + IDENTITY_CALL_CODE_WORDS * WORD_BITS <= CODE_LEN * 8, "enough bits for both forms");
    _Static_assert((int)IDENTITY_CALL_DIGEST_LEN == (int)SHA512_LEN, "the digest is a SHA-512");
    uint8_t code[CODE_LEN];
    /* the digest's end is the salt, so that a table made beforehand serves for one call only */
    if (!core_argon2id((const char *)digest->bytes, SALT_AT, digest->bytes + SALT_AT, code, sizeof code))
        return IDENTITY_MEMORY;
    put_digits(code, out->digits);
    put_words(code + WORDS_AT, out->words);
    return IDENTITY_OK;
}
