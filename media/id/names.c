#include "id/names.h"

#include <string.h>
#include <unicode/ucasemap.h>
#include <unicode/uset.h>
#include <unicode/uspoof.h>

enum { NAME_MAX_LEN = 512 };

/* Without what does not show: skeletons keep it. False if the name is too long. */
static bool strip(const USet *hidden, const char *name, char out[NAME_MAX_LEN])
{
    const size_t len = strlen(name);
    int32_t done = 0;
    if (len >= NAME_MAX_LEN)
        return false;
    for (int32_t at = 0; at < (int32_t)len;) {
        const int32_t shown = uset_spanUTF8(hidden, name + at, (int32_t)len - at, USET_SPAN_NOT_CONTAINED);
        memcpy(out + done, name + at, (size_t)shown);
        done += shown;
        at += shown;
        at += uset_spanUTF8(hidden, name + at, (int32_t)len - at, USET_SPAN_CONTAINED);
    }
    out[done] = '\0';
    return true;
}

/* Without capitals, so that BEN is like Ben. */
static bool fold(const UCaseMap *map, const char *name, char out[NAME_MAX_LEN])
{
    UErrorCode error = U_ZERO_ERROR;
    ucasemap_utf8FoldCase(map, out, NAME_MAX_LEN, name, -1, &error);
    return U_SUCCESS(error) && error != U_STRING_NOT_TERMINATED_WARNING;
}

static bool alike(const USpoofChecker *checker, const char *a, const char *b)
{
    UErrorCode error = U_ZERO_ERROR;
    return strcmp(a, b) == 0 || uspoof_areConfusableUTF8(checker, a, -1, b, -1, &error) != 0 || U_FAILURE(error);
}

bool id_names_confusable(void *context, const char *a, const char *b)
{
    char shown_a[NAME_MAX_LEN];
    char shown_b[NAME_MAX_LEN];
    char folded_a[NAME_MAX_LEN];
    char folded_b[NAME_MAX_LEN];
    UErrorCode error = U_ZERO_ERROR;
    (void)context;
    USpoofChecker *checker = uspoof_open(&error);
    UCaseMap *map = ucasemap_open("", U_FOLD_CASE_DEFAULT, &error);
    USet *hidden = uset_openPattern(u"[:Default_Ignorable_Code_Point:]", -1, &error);
    bool result = true;
    if (U_SUCCESS(error) && strip(hidden, a, shown_a) && strip(hidden, b, shown_b) && fold(map, shown_a, folded_a) &&
        fold(map, shown_b, folded_b))
        result = alike(checker, shown_a, shown_b) || alike(checker, folded_a, folded_b);
    uset_close(hidden);
    ucasemap_close(map);
    uspoof_close(checker);
    return result;
}
