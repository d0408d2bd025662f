#include "sotto/sframe.h"
#include "unit.h"

#include <string.h>

static void every_error_has_its_own_text(void)
{
    static const int errors[] = {
#define VALUE(name, value, text) SFRAME_##name,
        SFRAME_ERROR_MAP(VALUE)
#undef VALUE
    };
    const size_t count = sizeof errors / sizeof errors[0];
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT(errors[i] == -(int)i); /* published numbers do not move */
        for (size_t j = 0; j < i; j++)
            CU_ASSERT(strcmp(sframe_strerror(errors[i]), sframe_strerror(errors[j])) != 0);
        CU_ASSERT(strcmp(sframe_strerror(errors[i]), sframe_strerror(1)) != 0);
    }
    CU_ASSERT_PTR_NOT_NULL(sframe_strerror(12345));
}

static const struct unit_test tests[] = {
    {"every error has its own text, and others have one too", every_error_has_its_own_text},
};

UNIT_MAIN("sframe.error", tests)
