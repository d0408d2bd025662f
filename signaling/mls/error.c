#include "sotto/mls.h"

const char *mls_strerror(int error)
{
    switch (error) {
#define MLS_ERROR_TEXT(name, value, text)                                                                              \
    case MLS_##name:                                                                                                   \
        return text;
        MLS_ERROR_MAP(MLS_ERROR_TEXT)
#undef MLS_ERROR_TEXT
    default:
        return "unknown error";
    }
}
