/* What a runner of one schema of MLS vectors is made of. To add a schema: a file with a `const struct mls_schema`, its
 * declaration below, and its line in mls_vectors.c's table. */
#ifndef TESTS_MLS_CASE_H
#define TESTS_MLS_CASE_H

#include <jansson.h>

#include "core/provider.h"
#include "mls/crypto.h"
#include "vector_file.h"

enum { MLS_CASE_ALLOCATIONS = 4096 };

/* One case. The first check that fails marks it failed, says what, and the rest may go on or stop. */
struct mls_case {
    const json_t *json;
    const struct mls_suite *suite; /* of the case's cipher_suite; NULL if it has none */
    bool failed;
    void *memory[MLS_CASE_ALLOCATIONS]; /* freed after the case */
    size_t allocations;
};

struct mls_schema {
    const char *name;
    /* The names of a case's members, NULL after the last: a file is of this schema if its cases have exactly these. */
    const char *const *members;
    void (*run)(struct mls_case *c);
};

extern const struct mls_schema mls_schema_crypto_basics;
extern const struct mls_schema mls_schema_deserialization;
extern const struct mls_schema mls_schema_key_schedule;
extern const struct mls_schema mls_schema_message_protection;
extern const struct mls_schema mls_schema_messages;
extern const struct mls_schema mls_schema_passive_client;
extern const struct mls_schema mls_schema_psk_secret;
extern const struct mls_schema mls_schema_secret_tree;
extern const struct mls_schema mls_schema_transcript_hashes;
extern const struct mls_schema mls_schema_tree_math;
extern const struct mls_schema mls_schema_tree_operations;
extern const struct mls_schema mls_schema_tree_validation;
extern const struct mls_schema mls_schema_treekem;
extern const struct mls_schema mls_schema_welcome;

/* Fails the case, saying why. */
void mls_case_fail(struct mls_case *c, const char *what);
/* Fails the case unless the condition holds; gives it back. */
bool mls_case_check(struct mls_case *c, const char *what, bool condition);
/* Fails the case unless rc is MLS_OK, with the error's text. */
bool mls_case_ok(struct mls_case *c, const char *what, int rc);
/* Fails the case unless both are equal. */
bool mls_case_same(struct mls_case *c, const char *what, struct core_slice want, const uint8_t *got, size_t len);

/* Zeroed memory that lives until the case ends; never NULL (the program ends instead). */
void *mls_case_alloc(struct mls_case *c, size_t len);
/* A member that is hex, text, a number or an object; absent or of another kind fails the case and gives an empty one.
 */
struct core_slice mls_case_hex(struct mls_case *c, const json_t *object, const char *name);
struct core_slice mls_case_text(struct mls_case *c, const json_t *object, const char *name);
uint64_t mls_case_u64(struct mls_case *c, const json_t *object, const char *name);
const json_t *mls_case_object(struct mls_case *c, const json_t *object, const char *name);
const json_t *mls_case_array(struct mls_case *c, const json_t *object, const char *name);
/* A hex string that is no member. */
struct core_slice mls_case_hex_value(struct mls_case *c, const char *what, const json_t *value);
/* A secret: as hex, but it must have the suite's hash length. NULL (and the case failed) if not. */
const uint8_t *mls_case_secret(struct mls_case *c, const json_t *object, const char *name);

#endif
