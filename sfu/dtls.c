#include "sfu/dtls.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "core/secret.h"

enum {
    CERTIFICATE_DAYS = 365, /* nobody checks: peers know it by its fingerprint */
    PEER_CHAIN_MAX = 16384, /* bytes of a peer's certificates */
    RECORDS_MAX = 64,       /* records read from one datagram */
};

struct sfu_certificate {
    SSL_CTX *ctx;
    BIO_METHOD *datagrams;
    uint8_t fingerprint[SFU_FINGERPRINT_LEN];
};

struct sfu_dtls {
    SSL *ssl;
    const struct sfu_dtls_ops *ops;
    void *user;
    const uint8_t *datagram; /* the one being read; NULL once it was */
    size_t datagram_len;
    uint64_t deadline_us;
    enum sfu_dtls_state state;
    bool mismatched; /* the peer showed another certificate than its offer named */
    uint8_t remote_fingerprint[SFU_FINGERPRINT_LEN];
};

/* --- datagrams between OpenSSL and the caller: one BIO_write is one datagram, one BIO_read takes one whole --- */

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    struct sfu_dtls *dtls = BIO_get_data(bio);
    if (len > 0)
        dtls->ops->send(dtls->user, (const uint8_t *)data, (size_t)len);
    return len;
}

static int bio_read(BIO *bio, char *out, int cap)
{
    struct sfu_dtls *dtls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!dtls->datagram) {
        BIO_set_retry_read(bio);
        return -1;
    }
    int len = dtls->datagram_len < (size_t)cap ? (int)dtls->datagram_len : cap;
    memcpy(out, dtls->datagram, (size_t)len);
    dtls->datagram = NULL;
    return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    /* SFU_DTLS_MTU counts bytes of a datagram, so the overhead below it is 0, as is everything else asked for */
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/* --- callbacks of the handshake --- */

static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned int *cookie_len)
{
    const struct sfu_dtls *dtls = SSL_get_app_data(ssl);
    *cookie_len = SFU_DTLS_COOKIE;
    return dtls->ops->make_cookie(dtls->user, cookie);
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned int cookie_len)
{
    const struct sfu_dtls *dtls = SSL_get_app_data(ssl);
    return cookie_len == SFU_DTLS_COOKIE && dtls->ops->check_cookie(dtls->user, cookie);
}

/* RFC 8827 section 6.5 has certificates judged by their fingerprint alone. */
static int check_certificate(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct sfu_dtls *dtls = SSL_get_app_data(ssl);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len = 0;
    if (!X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), digest, &digest_len) ||
        digest_len != SFU_FINGERPRINT_LEN || !core_equal(digest, dtls->remote_fingerprint, SFU_FINGERPRINT_LEN)) {
        dtls->mismatched = true;
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
        return 0;
    }
    return 1;
}

/* --- the daemon's certificate --- */

static X509 *self_sign(EVP_PKEY *key)
{
    uint64_t serial;
    X509 *certificate = X509_new();
    X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
    if (!name || !core_random((uint8_t *)&serial, sizeof serial) || !X509_set_version(certificate, X509_VERSION_3) ||
        /* RFC 5280 section 4.1.2.2: positive */
        !ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) ||
        !X509_gmtime_adj(X509_getm_notBefore(certificate), -86400L) ||
        !X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * CERTIFICATE_DAYS) ||
        !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"sotto-sfu", -1, -1, 0) ||
        !X509_set_issuer_name(certificate, name) || !X509_set_pubkey(certificate, key) ||
        !X509_sign(certificate, key, EVP_sha256())) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static bool configure(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_COOKIE_EXCHANGE | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cookie_generate_cb(ctx, make_cookie);
    SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, check_certificate, NULL);
    SSL_CTX_set_max_cert_list(ctx, PEER_CHAIN_MAX);
    return SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) && SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                                        "ECDHE-ECDSA-CHACHA20-POLY1305") &&
           SSL_CTX_set1_groups_list(ctx, "X25519:P-256") &&
           /* returns 0 on success */
           SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") == 0;
}

static bool make_bio_method(struct sfu_certificate *certificate)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram");
    certificate->datagrams = method;
    return method && BIO_meth_set_create(method, bio_create) && BIO_meth_set_write(method, bio_write) &&
           BIO_meth_set_read(method, bio_read) && BIO_meth_set_ctrl(method, bio_ctrl);
}

struct sfu_certificate *sfu_certificate_new(void)
{
    struct sfu_certificate *certificate = calloc(1, sizeof *certificate);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = key ? self_sign(key) : NULL;
    unsigned int digest_len = 0;
    bool ok = false;
    if (!certificate || !x509)
        goto out;
    certificate->ctx = SSL_CTX_new(DTLS_server_method());
    ok = certificate->ctx && configure(certificate->ctx) && SSL_CTX_use_certificate(certificate->ctx, x509) &&
         SSL_CTX_use_PrivateKey(certificate->ctx, key) && make_bio_method(certificate) &&
         X509_digest(x509, EVP_sha256(), certificate->fingerprint, &digest_len) && digest_len == SFU_FINGERPRINT_LEN;
out:
    X509_free(x509);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!ok) {
        sfu_certificate_free(certificate);
        return NULL;
    }
    return certificate;
}

void sfu_certificate_free(struct sfu_certificate *certificate)
{
    if (!certificate)
        return;
    SSL_CTX_free(certificate->ctx);
    BIO_meth_free(certificate->datagrams);
    free(certificate);
}

void sfu_certificate_fingerprint(const struct sfu_certificate *certificate, uint8_t out[SFU_FINGERPRINT_LEN])
{
    memcpy(out, certificate->fingerprint, SFU_FINGERPRINT_LEN);
}

/* --- one transport --- */

struct sfu_dtls *sfu_dtls_new(const struct sfu_certificate *certificate,
                              const uint8_t remote_fingerprint[SFU_FINGERPRINT_LEN], const struct sfu_dtls_ops *ops,
                              void *user)
{
    struct sfu_dtls *dtls = calloc(1, sizeof *dtls);
    if (!dtls)
        return NULL;
    dtls->ops = ops;
    dtls->user = user;
    dtls->deadline_us = UINT64_MAX;
    memcpy(dtls->remote_fingerprint, remote_fingerprint, SFU_FINGERPRINT_LEN);
    BIO *bio = BIO_new(certificate->datagrams);
    dtls->ssl = SSL_new(certificate->ctx);
    if (!bio || !dtls->ssl) {
        BIO_free(bio);
        sfu_dtls_free(dtls);
        return NULL;
    }
    BIO_set_data(bio, dtls);
    SSL_set_bio(dtls->ssl, bio, bio);
    SSL_set_app_data(dtls->ssl, dtls);
    SSL_set_mtu(dtls->ssl, SFU_DTLS_MTU);
    SSL_set_accept_state(dtls->ssl);
    return dtls;
}

void sfu_dtls_free(struct sfu_dtls *dtls)
{
    if (!dtls)
        return;
    SSL_free(dtls->ssl);
    core_wipe(dtls, sizeof *dtls);
    free(dtls);
}

enum sfu_dtls_state sfu_dtls_state(const struct sfu_dtls *dtls)
{
    return dtls->state;
}

uint64_t sfu_dtls_next_timeout(const struct sfu_dtls *dtls)
{
    return dtls->deadline_us;
}

static bool is_over(const struct sfu_dtls *dtls)
{
    return dtls->state != SFU_DTLS_HANDSHAKE && dtls->state != SFU_DTLS_UP;
}

static void set_deadline(struct sfu_dtls *dtls, uint64_t now_us)
{
    struct timeval left;
    dtls->deadline_us = UINT64_MAX;
    if (!is_over(dtls) && DTLSv1_get_timeout(dtls->ssl, &left) == 1 && left.tv_sec >= 0)
        dtls->deadline_us = now_us + (uint64_t)left.tv_sec * 1000000 + (uint64_t)left.tv_usec;
}

static void fail(struct sfu_dtls *dtls)
{
    dtls->state = dtls->mismatched ? SFU_DTLS_WRONG_FINGERPRINT : SFU_DTLS_FAILED;
}

/* True if the library only wants the next datagram; any other outcome ends the session. */
static bool wants_more(struct sfu_dtls *dtls, int result)
{
    int error = SSL_get_error(dtls->ssl, result);
    if (error == SSL_ERROR_WANT_READ)
        return true;
    /* Our BIO makes no system call. OpenSSL 3.0.20 says this of a protected record shorter than its tag, which anybody
     * can send, after dropping it as RFC 6347 section 4.1.2.7 asks. */
    if (error == SSL_ERROR_SYSCALL && dtls->state == SFU_DTLS_UP && ERR_peek_error() == 0)
        return true;
    if (error == SSL_ERROR_ZERO_RETURN)
        dtls->state = SFU_DTLS_CLOSED;
    else
        fail(dtls);
    return false;
}

static void advance(struct sfu_dtls *dtls)
{
    if (dtls->state == SFU_DTLS_HANDSHAKE) {
        int result = SSL_do_handshake(dtls->ssl);
        if (result != 1) {
            (void)wants_more(dtls, result);
            return;
        }
        /* without RFC 7627 the exported keys are not bound to the certificates that were compared */
        if (!SSL_get_extms_support(dtls->ssl) || !SSL_get_selected_srtp_profile(dtls->ssl)) {
            fail(dtls);
            return;
        }
        dtls->state = SFU_DTLS_UP;
    }
    for (int i = 0; i < RECORDS_MAX; i++) {
        uint8_t unwanted[SFU_DTLS_MTU];
        int result = SSL_read(dtls->ssl, unwanted, sizeof unwanted);
        if (result <= 0) {
            (void)wants_more(dtls, result);
            return;
        }
    }
}

enum sfu_dtls_state sfu_dtls_receive(struct sfu_dtls *dtls, const uint8_t *datagram, size_t len, uint64_t now_us)
{
    if (is_over(dtls) || len == 0)
        return dtls->state;
    ERR_clear_error();
    dtls->datagram = datagram;
    dtls->datagram_len = len;
    advance(dtls);
    dtls->datagram = NULL;
    ERR_clear_error();
    set_deadline(dtls, now_us);
    return dtls->state;
}

enum sfu_dtls_state sfu_dtls_tick(struct sfu_dtls *dtls, uint64_t now_us)
{
    if (is_over(dtls))
        return dtls->state;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(dtls->ssl) < 0)
        fail(dtls);
    ERR_clear_error();
    set_deadline(dtls, now_us);
    return dtls->state;
}

bool sfu_dtls_keys(struct sfu_dtls *dtls, struct sfu_srtp_keys *keys)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    const SRTP_PROTECTION_PROFILE *profile =
        dtls->state == SFU_DTLS_UP ? SSL_get_selected_srtp_profile(dtls->ssl) : NULL;
    if (!profile || (profile->id != SRTP_AEAD_AES_128_GCM && profile->id != SRTP_AES128_CM_SHA1_80))
        return false;
    enum sfu_srtp_profile id =
        profile->id == SRTP_AEAD_AES_128_GCM ? SFU_SRTP_AEAD_AES_128_GCM : SFU_SRTP_AES128_CM_SHA1_80;
    size_t salt_len = sfu_srtp_salt_len(id);
    uint8_t material[2 * (SFU_SRTP_KEY_LEN + SFU_SRTP_SALT_MAX)];
    size_t material_len = 2 * (SFU_SRTP_KEY_LEN + salt_len);
    bool ok = SSL_export_keying_material(dtls->ssl, material, material_len, label, sizeof label - 1, NULL, 0, 0) == 1;
    if (ok) {
        /* RFC 5764 section 4.2: client key, server key, client salt, server salt */
        memset(keys, 0, sizeof *keys);
        keys->profile = id;
        memcpy(keys->inbound.key, material, SFU_SRTP_KEY_LEN);
        memcpy(keys->outbound.key, material + SFU_SRTP_KEY_LEN, SFU_SRTP_KEY_LEN);
        memcpy(keys->inbound.salt, material + 2 * SFU_SRTP_KEY_LEN, salt_len);
        memcpy(keys->outbound.salt, material + 2 * SFU_SRTP_KEY_LEN + salt_len, salt_len);
    }
    core_wipe(material, sizeof material);
    ERR_clear_error();
    return ok;
}

void sfu_dtls_close(struct sfu_dtls *dtls)
{
    if (dtls->state != SFU_DTLS_UP)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(dtls->ssl);
    ERR_clear_error();
    dtls->state = SFU_DTLS_CLOSED;
    dtls->deadline_us = UINT64_MAX;
}
