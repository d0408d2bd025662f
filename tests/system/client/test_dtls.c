#include "test_dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_identity {
    EVP_PKEY *key;
    X509 *certificate;
};

struct test_dtls {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO_METHOD *method;
    struct test_dtls_config config;
    const uint8_t *in;
    size_t in_len;
    enum test_dtls_state state;
};

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "test peer: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

struct test_identity *test_identity_new(void)
{
    struct test_identity *identity = calloc(1, sizeof *identity);
    need(identity, "memory");
    identity->key = EVP_EC_gen("P-256");
    identity->certificate = X509_new();
    need(identity->key && identity->certificate, "certificate");
    X509 *x509 = identity->certificate;
    X509_NAME *name = X509_get_subject_name(x509);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test peer", -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_set_pubkey(x509, identity->key);
    need(X509_sign(x509, identity->key, EVP_sha256()) > 0, "signing a certificate");
    return identity;
}

void test_identity_free(struct test_identity *identity)
{
    if (!identity)
        return;
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    free(identity);
}

void test_identity_fingerprint(const struct test_identity *identity, uint8_t out[32])
{
    unsigned int len = 32;
    need(X509_digest(identity->certificate, EVP_sha256(), out, &len) == 1, "fingerprint");
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    struct test_dtls *dtls = BIO_get_data(bio);
    dtls->config.send(dtls->config.user, (const uint8_t *)data, (size_t)len);
    return len;
}

static int bio_read(BIO *bio, char *out, int cap)
{
    struct test_dtls *dtls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!dtls->in) {
        BIO_set_retry_read(bio);
        return -1;
    }
    int len = dtls->in_len < (size_t)cap ? (int)dtls->in_len : cap;
    memcpy(out, dtls->in, (size_t)len);
    dtls->in = NULL;
    return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int check_server(X509_STORE_CTX *store, void *user)
{
    const struct test_dtls *dtls = user;
    uint8_t digest[32];
    unsigned int len = sizeof digest;
    if (!dtls->config.remote_fingerprint)
        return 1;
    if (X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), digest, &len) == 1 &&
        memcmp(digest, dtls->config.remote_fingerprint, sizeof digest) == 0)
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

struct test_dtls *test_dtls_new(const struct test_dtls_config *config)
{
    struct test_dtls *dtls = calloc(1, sizeof *dtls);
    need(dtls, "memory");
    dtls->config = *config;
    dtls->ctx = SSL_CTX_new(DTLS_client_method());
    dtls->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "test datagram");
    need(dtls->ctx && dtls->method, "SSL_CTX");
    BIO_meth_set_create(dtls->method, bio_create);
    BIO_meth_set_write(dtls->method, bio_write);
    BIO_meth_set_read(dtls->method, bio_read);
    BIO_meth_set_ctrl(dtls->method, bio_ctrl);
    SSL_CTX_set_min_proto_version(dtls->ctx, DTLS1_2_VERSION);
    SSL_CTX_set_options(dtls->ctx, SSL_OP_NO_QUERY_MTU);
    if (config->without_extended_master_secret)
        SSL_CTX_set_options(dtls->ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    SSL_CTX_set_verify(dtls->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(dtls->ctx, check_server, dtls);
    if (config->profiles)
        need(SSL_CTX_set_tlsext_use_srtp(dtls->ctx, config->profiles) == 0, "use_srtp");
    if (config->identity)
        need(SSL_CTX_use_certificate(dtls->ctx, config->identity->certificate) == 1 &&
                 SSL_CTX_use_PrivateKey(dtls->ctx, config->identity->key) == 1,
             "certificate");
    dtls->ssl = SSL_new(dtls->ctx);
    BIO *bio = BIO_new(dtls->method);
    need(dtls->ssl && bio, "SSL");
    BIO_set_data(bio, dtls);
    SSL_set_bio(dtls->ssl, bio, bio);
    SSL_set_mtu(dtls->ssl, 1200);
    SSL_set_connect_state(dtls->ssl);
    return dtls;
}

void test_dtls_free(struct test_dtls *dtls)
{
    if (!dtls)
        return;
    SSL_free(dtls->ssl);
    SSL_CTX_free(dtls->ctx);
    BIO_meth_free(dtls->method);
    free(dtls);
}

static enum test_dtls_state advance(struct test_dtls *dtls)
{
    uint8_t unwanted[1500];
    int result = 0;
    ERR_clear_error();
    if (dtls->state == TEST_DTLS_HANDSHAKE) {
        result = SSL_do_handshake(dtls->ssl);
        if (result == 1)
            dtls->state = TEST_DTLS_UP;
    }
    if (dtls->state == TEST_DTLS_UP)
        do
            result = SSL_read(dtls->ssl, unwanted, sizeof unwanted);
        while (result > 0);
    int error = SSL_get_error(dtls->ssl, result);
    if (error == SSL_ERROR_ZERO_RETURN)
        dtls->state = TEST_DTLS_CLOSED;
    else if (error != SSL_ERROR_WANT_READ)
        dtls->state = TEST_DTLS_FAILED;
    ERR_clear_error();
    return dtls->state;
}

enum test_dtls_state test_dtls_start(struct test_dtls *dtls)
{
    return advance(dtls);
}

enum test_dtls_state test_dtls_receive(struct test_dtls *dtls, const uint8_t *datagram, size_t len)
{
    if (dtls->state == TEST_DTLS_CLOSED || dtls->state == TEST_DTLS_FAILED || len == 0)
        return dtls->state;
    dtls->in = datagram;
    dtls->in_len = len;
    advance(dtls);
    dtls->in = NULL;
    return dtls->state;
}

enum test_dtls_state test_dtls_tick(struct test_dtls *dtls)
{
    if (dtls->state == TEST_DTLS_HANDSHAKE && DTLSv1_handle_timeout(dtls->ssl) < 0)
        dtls->state = TEST_DTLS_FAILED;
    return dtls->state;
}

enum test_dtls_state test_dtls_state(const struct test_dtls *dtls)
{
    return dtls->state;
}

void test_dtls_write(struct test_dtls *dtls)
{
    if (dtls->state == TEST_DTLS_UP)
        (void)SSL_write(dtls->ssl, "x", 1);
    ERR_clear_error();
}

void test_dtls_close(struct test_dtls *dtls)
{
    if (dtls->state == TEST_DTLS_UP)
        SSL_shutdown(dtls->ssl);
    ERR_clear_error();
    dtls->state = TEST_DTLS_CLOSED;
}

bool test_dtls_keys(struct test_dtls *dtls, struct test_srtp_keys *keys)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
    if (dtls->state != TEST_DTLS_UP || !profile)
        return false;
    size_t salt = profile->id == SRTP_AEAD_AES_128_GCM ? 12 : 14;
    uint8_t material[60];
    if (SSL_export_keying_material(dtls->ssl, material, 2 * (16 + salt), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
        return false;
    keys->profile = (enum test_profile)profile->id;
    keys->len = 16 + salt;
    memcpy(keys->client, material, 16);
    memcpy(keys->server, material + 16, 16);
    memcpy(keys->client + 16, material + 32, salt);
    memcpy(keys->server + 16, material + 32 + salt, salt);
    return true;
}
