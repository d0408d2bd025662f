/* mls_vectors PATH...: runs files of MLS test vectors (a folder: every .json in it) against sotto's MLS.
 *
 * A file is an array of cases; its schema is known by the names of their members. One line per file and suite says how
 * many cases passed. Anything malformed, unknown or empty is a failure. Ends with "N passed, N failed" and exit code 0
 * only if cases were run and none failed. */
#include <stdio.h>
#include <string.h>

#include "mls_case.h"
#include "vector_runner.h"

static const struct mls_schema *const schemas[] = {
    &mls_schema_crypto_basics,     &mls_schema_deserialization,
    &mls_schema_key_schedule,      &mls_schema_message_protection,
    &mls_schema_messages,          &mls_schema_passive_client,
    &mls_schema_psk_secret,        &mls_schema_secret_tree,
    &mls_schema_transcript_hashes, &mls_schema_tree_math,
    &mls_schema_tree_operations,   &mls_schema_tree_validation,
    &mls_schema_treekem,           &mls_schema_welcome,
};

enum { SUITES_MAX = 64 };

struct count {
    uint64_t suite; /* 0: the case names none */
    size_t passed;
    size_t cases;
};

static bool is_of(const struct mls_schema *schema, const json_t *object)
{
    size_t count = 0;
    for (; schema->members[count]; count++)
        if (!json_object_get(object, schema->members[count]))
            return false;
    return json_object_size(object) == count;
}

static const struct mls_schema *find_schema(const json_t *object)
{
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        if (is_of(schemas[i], object))
            return schemas[i];
    return NULL;
}

static struct count *count_of(struct count *counts, const json_t *object)
{
    const json_t *member = json_object_get(object, "cipher_suite");
    uint64_t suite = json_is_integer(member) ? (uint64_t)json_integer_value(member) : 0;
    for (size_t i = 0; i < SUITES_MAX; i++)
        if (counts[i].suite == suite || counts[i].cases == 0) {
            counts[i].suite = suite;
            return &counts[i];
        }
    return NULL;
}

static bool run_case(const struct mls_schema *schema, const json_t *object)
{
    static struct mls_case c;
    const json_t *suite = json_object_get(object, "cipher_suite");
    c = (struct mls_case){.json = object};
    if (!is_of(schema, object)) {
        mls_case_fail(&c, "not of the file's schema");
    } else if (suite) {
        json_int_t id = json_integer_value(suite);
        c.suite = json_is_integer(suite) && id > 0 && id <= UINT16_MAX ? mls_suite_find(NULL, (uint16_t)id) : NULL;
        mls_case_check(&c, "unknown cipher suite", c.suite != NULL);
    }
    if (!c.failed)
        schema->run(&c);
    for (size_t i = 0; i < c.allocations; i++)
        free(c.memory[i]);
    return !c.failed;
}

static void run_cases(const char *path, const struct mls_schema *schema, const json_t *root, struct tally *tally)
{
    struct count counts[SUITES_MAX] = {0};
    const json_t *object = NULL;
    size_t i = 0;
    json_array_foreach(root, i, object)
    {
        struct count *count = count_of(counts, object);
        bool passed = count && run_case(schema, object);
        if (!passed)
            fprintf(stderr, "%s: %s[%zu] failed\n", path, schema->name, i);
        if (count) {
            count->cases++;
            count->passed += passed;
        }
        *(passed ? &tally->passed : &tally->failed) += 1;
    }
    for (size_t j = 0; j < SUITES_MAX && counts[j].cases; j++) {
        if (counts[j].suite)
            printf("%s: %s, suite %llu: %zu of %zu\n", path, schema->name, (unsigned long long)counts[j].suite,
                   counts[j].passed, counts[j].cases);
        else
            printf("%s: %s: %zu of %zu\n", path, schema->name, counts[j].passed, counts[j].cases);
    }
}

static void run_file(const char *path, struct tally *tally)
{
    json_error_t error = {0};
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    const struct mls_schema *schema = json_is_array(root) ? find_schema(json_array_get(root, 0)) : NULL;
    if (schema) {
        run_cases(path, schema, root, tally);
    } else {
        fprintf(stderr, "%s: %s\n", path, root ? "of no known schema, or empty" : error.text);
        tally->failed++;
    }
    json_decref(root);
}

int main(int argc, char **argv)
{
    return vector_runner(argc, argv, run_file);
}
