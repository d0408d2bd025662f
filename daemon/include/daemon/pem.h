/* Base64 and what wraps it here: PEM (RFC 7468) for keys, base64url (RFC 7515) for tokens. No branch and no index
 * depends on what is encoded: a private key goes through here. */
#ifndef DAEMON_PEM_H
#define DAEMON_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/text.h"
#include "sotto/export.h"

/* The bytes of the first block of that label ("PUBLIC KEY") in a terminated text, if they are exactly len. False
 * otherwise, and out is zeroed. */
SOTTO_MUST_CHECK bool pem_read(const char *text, const char *label, uint8_t *out, size_t len);
/* A block of that label, lines of 64 characters. */
void pem_write(struct text_writer *w, const char *label, const uint8_t *data, size_t len);

/* Base64url without padding. */
void base64url_write(struct text_writer *w, const uint8_t *data, size_t len);

#endif
