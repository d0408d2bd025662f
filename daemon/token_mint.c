#include "daemon/token_mint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "daemon/pem.h"

enum {
    SCALAR_LEN = 32,
    POINT_LEN = 65, /* uncompressed */
    CLAIMS_MAX = 1024,
};

/* Private keys come in two shapes of fixed length: what stands before the scalar, and between it and the point. */
static const struct shape {
    const char *label;
    uint8_t before[36];
    size_t before_len;
    uint8_t between[20];
    size_t between_len;
} shapes[] = {
    /* PKCS#8 (RFC 5958) around RFC 5915's structure without its parameters: what is written here */
    {"PRIVATE KEY",
     {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
      0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20},
     36,
     {0xa1, 0x44, 0x03, 0x42, 0x00},
     5},
    /* RFC 5915's ECPrivateKey by itself, with its parameters (SEC 1, appendix C.4) */
    {"EC PRIVATE KEY",
     {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20},
     7,
     {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00},
     17},
};
enum { PRIVATE_DER_MAX = 36 + SCALAR_LEN + 5 + POINT_LEN }; /* the longer of them */

/* SubjectPublicKeyInfo (RFC 5480 section 2) up to the point. */
static const uint8_t public_before[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

static const struct core_signature *scheme(void)
{
    return &core_libcrypto_ecdsa_p256;
}

int token_signer_new(struct token_signer *signer)
{
    return scheme()->generate(scheme(), &signer->key) ? TOKEN_OK : TOKEN_NO_KEY;
}

void token_signer_wipe(struct token_signer *signer)
{
    core_wipe(signer, sizeof(*signer));
}

/* A key of that shape; the point in the file must be the scalar's, or the file is not what it says. */
static bool read_shape(const struct shape *shape, const char *pem, struct token_signer *signer)
{
    uint8_t der[PRIVATE_DER_MAX];
    struct bytes_reader r;
    bool ok = false;
    size_t len = shape->before_len + SCALAR_LEN + shape->between_len + POINT_LEN;
    if (!pem_read(pem, shape->label, der, len))
        return false;
    bytes_reader_init(&r, der, len);
    const uint8_t *before = bytes_parse(&r, shape->before_len);
    const uint8_t *scalar = bytes_parse(&r, SCALAR_LEN);
    const uint8_t *between = bytes_parse(&r, shape->between_len);
    const uint8_t *point = bytes_parse(&r, POINT_LEN);
    if (bytes_reader_done(&r) && memcmp(before, shape->before, shape->before_len) == 0 &&
        memcmp(between, shape->between, shape->between_len) == 0)
        ok =
            scheme()->key_init(scheme(), &signer->key, scalar) && memcmp(signer->key.public_key, point, POINT_LEN) == 0;
    core_wipe(der, sizeof(der));
    return ok;
}

int token_signer_read(struct token_signer *signer, const char *pem, size_t len)
{
    char copy[TOKEN_KEY_FILE_MAX + 1];
    struct token_signer found;
    bool ok = false;
    if (len > TOKEN_KEY_FILE_MAX || memchr(pem, 0, len))
        return TOKEN_BAD_PRIVATE_KEY;
    memcpy(copy, pem, len);
    copy[len] = 0;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]) && !ok; i++)
        ok = read_shape(&shapes[i], copy, &found);
    if (ok)
        *signer = found;
    core_wipe(&found, sizeof(found));
    core_wipe(copy, sizeof(copy));
    return ok ? TOKEN_OK : TOKEN_BAD_PRIVATE_KEY;
}

int token_signer_load(struct token_signer *signer, const char *path)
{
    char pem[TOKEN_KEY_FILE_MAX];
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && len < sizeof(pem)) {
        n = read(fd, pem + len, sizeof(pem) - len);
        len += n > 0 ? (size_t)n : 0;
    }
    int saved = errno;
    int error = n < 0 ? TOKEN_KEY_FILE : token_signer_read(signer, pem, len);
    if (fd >= 0)
        close(fd);
    core_wipe(pem, sizeof(pem));
    errno = saved;
    return error;
}

static void write_private(const struct token_signer *signer, struct text_writer *w)
{
    uint8_t der[PRIVATE_DER_MAX];
    struct bytes_writer b;
    const struct shape *shape = &shapes[0];
    bytes_writer_init(&b, der, sizeof(der));
    bytes_write(&b, shape->before, shape->before_len);
    bytes_write(&b, signer->key.private_key, SCALAR_LEN);
    bytes_write(&b, shape->between, shape->between_len);
    bytes_write(&b, signer->key.public_key, POINT_LEN);
    pem_write(w, shape->label, der, b.len);
    core_wipe(der, sizeof(der));
}

void token_signer_write_public(const struct token_signer *signer, struct text_writer *w)
{
    uint8_t der[sizeof(public_before) + POINT_LEN];
    memcpy(der, public_before, sizeof(public_before));
    memcpy(der + sizeof(public_before), signer->key.public_key, POINT_LEN);
    pem_write(w, "PUBLIC KEY", der, sizeof(der));
}

/* A new file and nothing else: with O_EXCL an existing one is never touched, and no link followed. False with errno,
 * nothing left. */
static bool write_new_file(const char *path, mode_t mode, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    ssize_t written = write(fd, text, len);
    bool ok = written == (ssize_t)len && fsync(fd) == 0;
    int saved = written >= 0 && written != (ssize_t)len ? ENOSPC : errno;
    ok = close(fd) == 0 && ok;
    if (!ok)
        unlink(path);
    errno = saved;
    return ok;
}

int token_signer_save(const struct token_signer *signer, const char *path, const char *public_path, const char **failed)
{
    char pem[TOKEN_PEM_MAX];
    struct text_writer w;
    int error = TOKEN_OK;
    text_writer_init(&w, pem, sizeof(pem));
    write_private(signer, &w);
    if (!write_new_file(path, 0600, pem, w.len)) {
        *failed = path;
        error = TOKEN_KEY_SAVE;
        goto out;
    }
    text_writer_init(&w, pem, sizeof(pem));
    token_signer_write_public(signer, &w);
    if (!write_new_file(public_path, 0644, pem, w.len)) {
        int saved = errno;
        unlink(path); /* ours: it did not exist a moment ago */
        errno = saved;
        *failed = public_path;
        error = TOKEN_KEY_SAVE;
    }
out:
    core_wipe(pem, sizeof(pem));
    return error;
}

/* One INTEGER of a DER signature into 32 bytes. */
static void read_number(struct bytes_reader *r, uint8_t out[SCALAR_LEN])
{
    uint8_t tag = bytes_read_u8(r);
    struct bytes_reader number = bytes_parse_block(r, bytes_read_u8(r));
    while (bytes_reader_left(&number) > SCALAR_LEN)
        if (bytes_read_u8(&number) != 0)
            bytes_reader_fail(&number);
    size_t len = bytes_reader_left(&number);
    memset(out, 0, SCALAR_LEN);
    bytes_read(&number, out + SCALAR_LEN - len, len);
    if (tag != 0x02 || !bytes_reader_done(&number))
        bytes_reader_fail(r);
}

/* JWS wants the two numbers of an ECDSA signature side by side (RFC 7518 section 3.4), OpenSSL writes DER. */
static bool sign(const struct token_signer *signer, struct text_slice text, uint8_t out[2 * SCALAR_LEN])
{
    uint8_t der[CORE_SIGNATURE_MAX];
    size_t len = 0;
    struct bytes_reader r;
    if (!scheme()->sign(scheme(), &signer->key, (const uint8_t *)text.data, text.len, der, &len))
        return false;
    bytes_reader_init(&r, der, len);
    uint8_t tag = bytes_read_u8(&r);
    struct bytes_reader numbers = bytes_parse_block(&r, bytes_read_u8(&r));
    read_number(&numbers, out);
    read_number(&numbers, out + SCALAR_LEN);
    return tag == 0x30 && bytes_reader_done(&r) && bytes_reader_done(&numbers);
}

static int check_claims(const struct token *claims, const char *audience, uint64_t now_s)
{
    if (!token_id_is_valid(claims->room, strnlen(claims->room, TOKEN_ID_MAX)) ||
        !token_id_is_valid(claims->subject, strnlen(claims->subject, TOKEN_ID_MAX)) ||
        (audience && !token_id_is_valid(audience, strlen(audience))))
        return TOKEN_CLAIMS;
    if (claims->expires_s <= now_s)
        return TOKEN_EXPIRED;
    return claims->expires_s > now_s + TOKEN_LIFE_MAX_S ? TOKEN_LIFE : TOKEN_OK;
}

/* Every string in it is made of letters, digits, '-', '_', '.' and ':', so none needs escaping. */
static void write_claims(const struct token *claims, const char *audience, struct text_writer *w)
{
    const char *comma = "";
    text_printf(w, "{\"room\":\"%s\",\"sub\":\"%s\",\"allow\":[", claims->room, claims->subject);
    for (unsigned right = 1; right <= TOKEN_RIGHTS_ALL; right <<= 1) {
        if (claims->rights & right) {
            text_printf(w, "%s\"%s\"", comma, token_right_name(right));
            comma = ",";
        }
    }
    text_printf(w, "],\"exp\":%llu", (unsigned long long)claims->expires_s);
    if (audience)
        text_printf(w, ",\"aud\":\"%s\"", audience);
    if (claims->bound) {
        text_printf(w, ",\"fpr\":\"");
        for (size_t i = 0; i < TOKEN_FINGERPRINT_LEN; i++)
            text_printf(w, "%s%02X", i > 0 ? ":" : "", claims->fingerprint[i]);
        text_printf(w, "\"");
    }
    text_printf(w, "}");
}

int token_mint(const struct token_signer *signer, const struct token *claims, const char *audience, uint64_t now_s,
               char out[TOKEN_MAX + 1])
{
    static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";
    char json[CLAIMS_MAX];
    uint8_t signature[2 * SCALAR_LEN];
    struct text_writer body;
    struct text_writer w;
    int error = check_claims(claims, audience, now_s);
    if (error)
        return error;
    text_writer_init(&body, json, sizeof(json));
    write_claims(claims, audience, &body);
    text_writer_init(&w, out, TOKEN_MAX + 1);
    base64url_write(&w, (const uint8_t *)header, sizeof(header) - 1);
    text_printf(&w, ".");
    base64url_write(&w, (const uint8_t *)json, body.len);
    if (body.failed || w.failed || !sign(signer, (struct text_slice){w.data, w.len}, signature)) {
        core_wipe(out, TOKEN_MAX + 1);
        return TOKEN_NO_KEY;
    }
    text_printf(&w, ".");
    base64url_write(&w, signature, sizeof(signature));
    return TOKEN_OK;
}
