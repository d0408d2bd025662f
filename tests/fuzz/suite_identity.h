/* An MLS suite that encrypts and signs nothing, so that a fuzzer gets past signatures and tags: a signature is genuine
 * if it is eight zeros, a ciphertext if its tag is zeros, and KEM secrets are zeros. Hashes are checksums. Test-only.
 */
#ifndef TESTS_SUITE_IDENTITY_H
#define TESTS_SUITE_IDENTITY_H

#include "mls/suite.h"

enum { SUITE_IDENTITY = 0xf001, IDENTITY_KEY_LEN = 32, IDENTITY_SIGNATURE_LEN = 8 };

/* Fills the row. */
void suite_identity_init(struct mls_suite *suite);
/* The same, but that membership and confirmation tags, tree and transcript hashes are zeros, and references one of
 * 64, so that a fuzzer gets past them too. Parent hashes stay checksums: a valid tree has each in one place. */
void suite_untagged_init(struct mls_suite *suite);

#endif
