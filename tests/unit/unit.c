#include "unit.h"

#include <CUnit/Basic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_UNKNOWN = 2, EXIT_SKIPPED = 77 };

static int skips;

/* The one test of that name, in place of all. False if there is none. */
static bool choose(const char *name, const struct unit_test **tests, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*tests)[i].name, name) == 0) {
            *tests += i;
            *count = 1;
            return true;
        }
    fprintf(stderr, "no test \"%s\"\n", name);
    return false;
}

int unit_main(const char *suite_name, const struct unit_test *tests, size_t count)
{
    const char *only = getenv("UNIT_TEST");
    if (getenv("UNIT_LIST")) {
        for (size_t i = 0; i < count; i++)
            printf("%s\n", tests[i].name);
        return EXIT_SUCCESS;
    }
    if (only && !choose(only, &tests, &count))
        return EXIT_UNKNOWN;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    if (!suite)
        return EXIT_FAILURE;
    for (size_t i = 0; i < count; i++)
        if (!CU_add_test(suite, tests[i].name, tests[i].run))
            return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_ErrorCode error = CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    unsigned run = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    if (error != CUE_SUCCESS || failures != 0 || run != count || count == 0)
        return EXIT_FAILURE;
    return skips ? EXIT_SKIPPED : EXIT_SUCCESS;
}

void unit_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("\nskipped: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    skips++;
}

static const char *shared_dir(char *path, size_t cap, const char *variable, const char *folder)
{
    const char *set = getenv(variable);
    const char *source = getenv("SOTTO_SOURCE_DIR");
    if (set && *set)
        snprintf(path, cap, "%s", set);
    else
        snprintf(path, cap, "%s/../shared/%s", source ? source : ".", folder);
    if (access(path, R_OK) == 0)
        return path;
    unit_skip("no %s at %s (set %s)", folder, path, variable);
    return NULL;
}

const char *unit_vectors_dir(void)
{
    static char path[4096];
    return shared_dir(path, sizeof path, "SOTTO_VECTORS", "vectors");
}

const char *unit_media_dir(void)
{
    static char path[4096];
    return shared_dir(path, sizeof path, "SOTTO_MEDIA", "media");
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t unit_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len = strlen(hex) / 2;
    if (strlen(hex) % 2 != 0 || len > cap)
        abort();
    for (size_t i = 0; i < len; i++) {
        int high = nibble(hex[2 * i]);
        int low = nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            abort();
        out[i] = (uint8_t)(high << 4 | low);
    }
    return len;
}

uint64_t unit_random(uint64_t *state)
{
    uint64_t x = *state ? *state : 0x9e3779b97f4a7c15u;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

static void print_bytes(const char *what, const uint8_t *data, size_t len)
{
    printf("\n    %s (%zu):", what, len);
    for (size_t i = 0; i < len && i < 256; i++)
        printf(" %02x", data[i]);
}

void unit_assert_bytes(const char *what, const uint8_t *got, size_t got_len, const uint8_t *want, size_t want_len)
{
    int equal = got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0);
    if (!equal) {
        printf("\n  %s differs", what);
        print_bytes("got ", got, got_len);
        print_bytes("want", want, want_len);
        printf("\n");
    }
    CU_ASSERT(equal);
}
