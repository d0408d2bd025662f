/* Making tokens: an issuer's key pair, and what token_check (daemon/token.h) accepts under its public half.
 *
 * For `sotto token` and for a daemon's --dev. Who issues tokens in service does it elsewhere, with a key that no daemon
 * ever sees. */
#ifndef DAEMON_TOKEN_MINT_H
#define DAEMON_TOKEN_MINT_H

#include "core/public_key.h"
#include "daemon/token.h"

/* Secret: wipe it. */
struct token_signer {
    struct core_signing_key key; /* of core_libcrypto_ecdsa_p256 */
};

enum { TOKEN_PEM_MAX = 512 }; /* bytes of either half in PEM, with the terminating NUL */

/* A fresh key pair. TOKEN_NO_KEY if the system makes none. */
SOTTO_MUST_CHECK int token_signer_new(struct token_signer *signer);
/* From a private key on P-256 in PEM: PKCS#8 ("PRIVATE KEY") or SEC 1 ("EC PRIVATE KEY"), each with its public half, as
 * OpenSSL and `sotto token new-key` write them. TOKEN_BAD_PRIVATE_KEY for anything else, also where the halves differ.
 */
SOTTO_MUST_CHECK int token_signer_read(struct token_signer *signer, const char *pem, size_t len);
/* The same from a file; TOKEN_KEY_FILE, with errno, if it cannot be read. */
SOTTO_MUST_CHECK int token_signer_load(struct token_signer *signer, const char *path);
void token_signer_wipe(struct token_signer *signer);

/* Writes the private half to path, readable by its owner alone, and the public half to public_path. Files that exist
 * are never written over. TOKEN_KEY_SAVE, with errno, if one cannot be written: then neither is left, and *failed names
 * it. */
SOTTO_MUST_CHECK int token_signer_save(const struct token_signer *signer, const char *path, const char *public_path,
                                       const char **failed);
/* The public half, for token_keys_add. */
void token_signer_write_public(const struct token_signer *signer, struct text_writer *w);

/* Writes a token that says what claims says, for audience ("aud"; NULL for any daemon), terminated. What token_check
 * would refuse at now_s is not made: TOKEN_CLAIMS, TOKEN_EXPIRED, TOKEN_LIFE. A token is a secret for as long as it
 * lives. */
SOTTO_MUST_CHECK int token_mint(const struct token_signer *signer, const struct token *claims, const char *audience,
                                uint64_t now_s, char out[TOKEN_MAX + 1]);

#endif
