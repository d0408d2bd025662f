#include "mls_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mls_case_fail(struct mls_case *c, const char *what)
{
    fprintf(stderr, "    %s\n", what);
    c->failed = true;
}

bool mls_case_check(struct mls_case *c, const char *what, bool condition)
{
    if (!condition)
        mls_case_fail(c, what);
    return condition;
}

bool mls_case_ok(struct mls_case *c, const char *what, int rc)
{
    if (rc == MLS_OK)
        return true;
    fprintf(stderr, "    %s: %s\n", what, mls_strerror(rc));
    c->failed = true;
    return false;
}

bool mls_case_same(struct mls_case *c, const char *what, struct core_slice want, const uint8_t *got, size_t len)
{
    bool same = want.len == len && (len == 0 || memcmp(want.data, got, len) == 0);
    if (!same) {
        fprintf(stderr, "    %s differs\n", what);
        c->failed = true;
    }
    return same;
}

static void *keep(struct mls_case *c, void *memory)
{
    if (!memory || c->allocations == MLS_CASE_ALLOCATIONS) {
        fprintf(stderr, "out of memory\n");
        exit(EXIT_FAILURE);
    }
    c->memory[c->allocations++] = memory;
    return memory;
}

void *mls_case_alloc(struct mls_case *c, size_t len)
{
    return keep(c, calloc(1, len + 1));
}

struct core_slice mls_case_hex_value(struct mls_case *c, const char *what, const json_t *value)
{
    struct vector_bytes bytes;
    json_t *object = json_object();
    bool ok = object && value && json_object_set(object, "value", (json_t *)(uintptr_t)value) == 0 &&
              vector_bytes(object, "value", &bytes);
    json_decref(object);
    if (!ok) {
        fprintf(stderr, "    %s: absent or not hex\n", what);
        c->failed = true;
        return (struct core_slice){(const uint8_t *)"", 0};
    }
    keep(c, bytes.data);
    return (struct core_slice){bytes.data, bytes.len};
}

struct core_slice mls_case_hex(struct mls_case *c, const json_t *object, const char *name)
{
    return mls_case_hex_value(c, name, json_object_get(object, name));
}

struct core_slice mls_case_text(struct mls_case *c, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    if (!mls_case_check(c, name, json_is_string(member)))
        return (struct core_slice){(const uint8_t *)"", 0};
    return (struct core_slice){(const uint8_t *)json_string_value(member), json_string_length(member)};
}

uint64_t mls_case_u64(struct mls_case *c, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    if (!mls_case_check(c, name, json_is_integer(member) && json_integer_value(member) >= 0))
        return 0;
    return (uint64_t)json_integer_value(member);
}

const json_t *mls_case_object(struct mls_case *c, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    mls_case_check(c, name, json_is_object(member));
    return member;
}

const json_t *mls_case_array(struct mls_case *c, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    mls_case_check(c, name, json_is_array(member));
    return member;
}

const uint8_t *mls_case_secret(struct mls_case *c, const json_t *object, const char *name)
{
    struct core_slice secret = mls_case_hex(c, object, name);
    if (!mls_case_check(c, name, c->suite && secret.len == c->suite->hash->len))
        return NULL;
    return secret.data;
}
