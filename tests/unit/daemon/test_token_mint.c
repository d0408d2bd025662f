#include "daemon/token_mint.h"
#include "token_test_keys.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1800000000ull

static struct token_signer signer;
static char minted[TOKEN_MAX + 1];

static struct token claims_of(unsigned rights)
{
    struct token claims = {.room = "blue", .subject = "p-1", .rights = rights, .expires_s = NOW + 600};
    return claims;
}

/* As a daemon would: only the public half in PEM goes over. */
static int check(const struct token_signer *of, const char *audience, uint64_t now_s, struct token *token)
{
    char pem[TOKEN_PEM_MAX];
    struct text_writer w;
    struct token_keys keys;
    text_writer_init(&w, pem, sizeof(pem));
    token_signer_write_public(of, &w);
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_add(&keys, pem, w.len), TOKEN_OK);
    int error = token_check(&keys, audience, minted, strlen(minted), now_s, token);
    token_keys_wipe(&keys);
    return error;
}

static void each_right_comes_back(void)
{
    for (unsigned rights = 0; rights <= TOKEN_RIGHTS_ALL; rights++) {
        struct token claims = claims_of(rights);
        struct token token = {.rights = 99};
        CU_ASSERT_EQUAL(token_mint(&signer, &claims, NULL, NOW, minted), TOKEN_OK);
        CU_ASSERT_EQUAL(check(&signer, "sotto-sfu", NOW, &token), TOKEN_OK);
        CU_ASSERT_EQUAL(token.rights, rights);
        CU_ASSERT_STRING_EQUAL(token.room, "blue");
        CU_ASSERT_STRING_EQUAL(token.subject, "p-1");
        CU_ASSERT_EQUAL(token.expires_s, NOW + 600);
        CU_ASSERT_FALSE(token.bound);
    }
}

static void a_bound_token_carries_its_fingerprint(void)
{
    struct token claims = claims_of(TOKEN_PUBLISH);
    struct token token;
    claims.bound = true;
    for (unsigned i = 0; i < TOKEN_FINGERPRINT_LEN; i++)
        claims.fingerprint[i] = (uint8_t)(i * 9);
    CU_ASSERT_EQUAL(token_mint(&signer, &claims, NULL, NOW, minted), TOKEN_OK);
    CU_ASSERT_EQUAL(check(&signer, "sotto-sfu", NOW, &token), TOKEN_OK);
    CU_ASSERT(token.bound);
    CU_ASSERT_EQUAL(memcmp(token.fingerprint, claims.fingerprint, TOKEN_FINGERPRINT_LEN), 0);
}

static void it_expires_and_is_of_one_key_and_one_audience(void)
{
    struct token claims = claims_of(TOKEN_SIGNAL);
    struct token token;
    struct token_signer other;
    CU_ASSERT_EQUAL(token_signer_new(&other), TOKEN_OK);
    CU_ASSERT_EQUAL(token_mint(&signer, &claims, "sotto-ds", NOW, minted), TOKEN_OK);
    CU_ASSERT_EQUAL(check(&signer, "sotto-ds", NOW + 599, &token), TOKEN_OK);
    CU_ASSERT_EQUAL(check(&signer, "sotto-ds", NOW + 600, &token), TOKEN_EXPIRED);
    CU_ASSERT_EQUAL(check(&signer, "sotto-sfu", NOW, &token), TOKEN_AUDIENCE);
    CU_ASSERT_EQUAL(check(&other, "sotto-ds", NOW, &token), TOKEN_SIGNATURE);
    token_signer_wipe(&other);
}

static void what_would_be_refused_is_not_made(void)
{
    static const struct {
        const char *room;
        const char *subject;
        const char *audience;
        uint64_t expires_s;
        int error;
    } rows[] = {
        {"r", "s", NULL, NOW + 1, TOKEN_OK},       {"r", "s", "sotto-ds", NOW + 3600, TOKEN_OK},
        {"r", "s", NULL, NOW + 3601, TOKEN_LIFE},  {"r", "s", NULL, NOW, TOKEN_EXPIRED},
        {"", "s", NULL, NOW + 1, TOKEN_CLAIMS},    {"r", "", NULL, NOW + 1, TOKEN_CLAIMS},
        {"r\"", "s", NULL, NOW + 1, TOKEN_CLAIMS}, {"r", "s/", NULL, NOW + 1, TOKEN_CLAIMS},
        {"r", "s", "a\"", NOW + 1, TOKEN_CLAIMS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct token claims = {.expires_s = rows[i].expires_s};
        strcpy(claims.room, rows[i].room);
        strcpy(claims.subject, rows[i].subject);
        CU_ASSERT_EQUAL(token_mint(&signer, &claims, rows[i].audience, NOW, minted), rows[i].error);
    }
}

/* Numbers of a signature that begin with zeros come one time in 128: each must still fill its 32 bytes. */
static void short_numbers_of_a_signature_are_filled_up(void)
{
    struct token claims = claims_of(TOKEN_PUBLISH);
    struct token token;
    for (unsigned i = 0; i < 400; i++) {
        CU_ASSERT_EQUAL(token_mint(&signer, &claims, NULL, NOW, minted), TOKEN_OK);
        CU_ASSERT_EQUAL(strlen(strrchr(minted, '.') + 1), 86);
        CU_ASSERT_EQUAL(check(&signer, "sotto-sfu", NOW, &token), TOKEN_OK);
    }
}

/* The same key as OpenSSL writes it with `openssl ecparam -genkey -noout`. */
static const char issuer_sec1[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                  "MHcCAQEEIAUGOqc9nhgaVqNcTtWgcw21p5Mm8nhWi+ZqXxcMU8pxoAoGCCqGSM49\n"
                                  "AwEHoUQDQgAEVxdvwvuBgfyVfIsGjXC6DnOWJAPLRtwvOBYtAzA2Mq4uuNgRRyIe\n"
                                  "/jEi3PiCPHQ8F+k85gDG5m1zOCe5jf1P+w==\n"
                                  "-----END EC PRIVATE KEY-----\n";

static void both_shapes_of_private_keys_are_read(void)
{
    const char *const keys[] = {issuer_private, issuer_sec1};
    for (size_t i = 0; i < 2; i++) {
        struct token_signer read;
        char pem[TOKEN_PEM_MAX];
        struct text_writer w;
        CU_ASSERT_EQUAL(token_signer_read(&read, keys[i], strlen(keys[i])), TOKEN_OK);
        text_writer_init(&w, pem, sizeof(pem));
        token_signer_write_public(&read, &w);
        CU_ASSERT_STRING_EQUAL(pem, issuer_public);
        token_signer_wipe(&read);
    }
}

static void what_is_no_private_key_on_p256_is_refused(void)
{
    struct token_signer read;
    char changed[sizeof(issuer_private)];
    const char *const others[] = {"", "hello", issuer_public, p384_public, rsa_public};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CU_ASSERT_EQUAL(token_signer_read(&read, others[i], strlen(others[i])), TOKEN_BAD_PRIVATE_KEY);
    /* any character changed: another structure, or a point that is not the scalar's (padding bits there are none) */
    const size_t first = strlen("-----BEGIN PRIVATE KEY-----\n");
    const size_t last = sizeof(issuer_private) - 1 - strlen("-----END PRIVATE KEY-----\n");
    for (size_t i = first; i < last; i++) {
        if (issuer_private[i] == '\n')
            continue;
        memcpy(changed, issuer_private, sizeof(changed));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CU_ASSERT_EQUAL(token_signer_read(&read, changed, sizeof(changed) - 1), TOKEN_BAD_PRIVATE_KEY);
    }
    for (size_t len = 0; len + 1 < sizeof(issuer_private) - 1; len++)
        CU_ASSERT_EQUAL(token_signer_read(&read, issuer_private, len), TOKEN_BAD_PRIVATE_KEY);
}

static void keys_are_saved_for_their_owner_alone(void)
{
    char folder[] = "/tmp/sotto-test-mint-XXXXXX";
    char path[64];
    char public_path[64];
    const char *failed = NULL;
    struct token_signer read;
    struct token_keys keys;
    struct stat st;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
    snprintf(public_path, sizeof(public_path), "%s/key.pub", folder);
    mode_t mask = umask(0);
    CU_ASSERT_EQUAL(token_signer_save(&signer, path, public_path, &failed), TOKEN_OK);
    umask(mask);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    CU_ASSERT_EQUAL(token_signer_load(&read, path), TOKEN_OK);
    CU_ASSERT_EQUAL(memcmp(read.key.private_key, signer.key.private_key, 32), 0);
    CU_ASSERT_EQUAL(memcmp(read.key.public_key, signer.key.public_key, 65), 0);
    token_signer_wipe(&read);
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_load(&keys, public_path), TOKEN_OK);
    token_keys_wipe(&keys);

    /* neither is written over, and half a pair is not left */
    CU_ASSERT_EQUAL(token_signer_save(&signer, path, public_path, &failed), TOKEN_KEY_SAVE);
    CU_ASSERT_EQUAL(errno, EEXIST);
    CU_ASSERT_PTR_EQUAL(failed, path);
    CU_ASSERT_EQUAL(token_signer_load(&read, path), TOKEN_OK);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_EQUAL(token_signer_save(&signer, path, public_path, &failed), TOKEN_KEY_SAVE);
    CU_ASSERT_PTR_EQUAL(failed, public_path);
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
    /* nor where a link leads */
    CU_ASSERT_EQUAL(unlink(public_path), 0);
    CU_ASSERT_EQUAL(symlink("elsewhere", path), 0);
    CU_ASSERT_EQUAL(token_signer_save(&signer, path, public_path, &failed), TOKEN_KEY_SAVE);
    CU_ASSERT_EQUAL(token_signer_load(&read, path), TOKEN_KEY_FILE);
    CU_ASSERT_EQUAL(errno, ENOENT);
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static const struct unit_test tests[] = {
    {"each right comes back", each_right_comes_back},
    {"a bound token carries its fingerprint", a_bound_token_carries_its_fingerprint},
    {"it expires and is of one key and one audience", it_expires_and_is_of_one_key_and_one_audience},
    {"what would be refused is not made", what_would_be_refused_is_not_made},
    {"short numbers of a signature are filled up", short_numbers_of_a_signature_are_filled_up},
    {"both shapes of private keys are read", both_shapes_of_private_keys_are_read},
    {"what is no private key on P-256 is refused", what_is_no_private_key_on_p256_is_refused},
    {"keys are saved for their owner alone", keys_are_saved_for_their_owner_alone},
};

int main(void)
{
    if (token_signer_new(&signer))
        return 1;
    return unit_main("daemon.token_mint", tests, sizeof(tests) / sizeof(tests[0]));
}
