/* sframe_vectors PATH...: runs files of SFrame test vectors (a folder: every .json in it) against libsotto-sframe.
 *
 * A file is an object of arrays: `header`, `aes_ctr_hmac`, `aes_256_ctr_hmac`, `sframe`, `sframe_aes_256_ctr_hmac` as
 * the working group publishes them; `sotto_frame`, `ratchet`, `kid_from_leaf`, `kid_from_start` as frame_format.py
 * makes them. Each element is a case. Anything malformed, unknown or empty is a failure. Ends with "N passed, N failed"
 * and exit code 0 only if cases were run and none failed. */
#include <stdio.h>
#include <string.h>

#include "sframe_cases.h"
#include "vector_file.h"
#include "vector_runner.h"

struct schema {
    const char *name;
    bool (*run)(const json_t *object);
};

static const struct schema schemas[] = {
    {"header", sframe_case_header},
    {"aes_ctr_hmac", sframe_case_ctr},
    {"aes_256_ctr_hmac", sframe_case_ctr},
    {"sframe", sframe_case_frame},
    {"sframe_aes_256_ctr_hmac", sframe_case_frame},
    {"sotto_frame", sotto_case_frame},
    {"ratchet", sotto_case_ratchet},
    {"kid_from_leaf", sotto_case_kid_from_leaf},
    {"kid_from_start", sotto_case_kid_from_start},
};

static const struct schema *find_schema(const char *name)
{
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        if (strcmp(schemas[i].name, name) == 0)
            return &schemas[i];
    return NULL;
}

static void run_array(const char *path, const char *name, const json_t *array, struct tally *tally)
{
    const struct schema *schema = find_schema(name);
    const json_t *object = NULL;
    size_t i = 0;
    size_t passed = 0;
    if (!schema || !json_is_array(array) || json_array_size(array) == 0) {
        fprintf(stderr, "%s: %s: unknown, empty or no array\n", path, name);
        tally->failed++;
        return;
    }
    json_array_foreach(array, i, object)
    {
        if (schema->run(object)) {
            passed++;
        } else {
            fprintf(stderr, "%s: %s[%zu] failed\n", path, name, i);
            tally->failed++;
        }
    }
    tally->passed += passed;
    printf("%s: %s: %zu of %zu\n", path, name, passed, i);
}

static void run_file(const char *path, struct tally *tally)
{
    json_t *root = vector_file_load(path);
    const char *name = NULL;
    json_t *array = NULL;
    if (!root || json_object_size(root) == 0) {
        fprintf(stderr, "%s: no cases\n", path);
        tally->failed++;
    }
    json_object_foreach(root, name, array) run_array(path, name, array, tally);
    json_decref(root);
}

int main(int argc, char **argv)
{
    return vector_runner(argc, argv, run_file);
}
