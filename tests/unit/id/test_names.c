/* Names that can be taken for each other. */
#include "id/names.h"

#include <string.h>

#include "unit.h"

static void alike(void)
{
    static const char *const pairs[][2] = {
        {"Ben", "Ben"},
        {"Ben", "BEN"},
        {"Ben", "B\u0435n"},            /* Cyrillic e */
        {"paypal", "p\u0430yp\u0430l"}, /* Cyrillic a */
        {"Otto", "0tto"},
        {"Bill", "Bi1l"},
        {"Ren\u00e9", "Rene\u0301"}, /* composed, and not */
        {"Anna", "A\u200cnna"},      /* with something that does not show */
        {"STRASSE", "stra\u00dfe"},
        {"\u0391nna", "anna"}, /* Greek capital alpha */
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        CU_ASSERT(id_names_confusable(NULL, pairs[i][0], pairs[i][1]));
        CU_ASSERT(id_names_confusable(NULL, pairs[i][1], pairs[i][0]));
    }
}

static void unlike(void)
{
    static const char *const pairs[][2] = {
        {"Ben", "Benn"}, {"Anna", "Hanna"}, {"Anna", "Anne"}, {"Ren\u00e9", "Rene"}, {"A", ""}, {"\u674e", "\u738b"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        CU_ASSERT_FALSE(id_names_confusable(NULL, pairs[i][0], pairs[i][1]));
}

static void what_cannot_be_judged(void)
{
    char longest[1024];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CU_ASSERT(id_names_confusable(NULL, longest, "Ben"));
}

static const struct unit_test tests[] = {
    {"names that look alike, capitals aside, are alike", alike},
    {"names that do not are not", unlike},
    {"names that cannot be judged count as alike", what_cannot_be_judged},
};

UNIT_MAIN("id.names", tests)
