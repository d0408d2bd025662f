#include "sotto/identity.h"

const char *identity_strerror(int error)
{
    switch (error) {
#define IDENTITY_ERROR_TEXT(name, value, text)                                                                         \
    case IDENTITY_##name:                                                                                              \
        return text;
        IDENTITY_ERROR_MAP(IDENTITY_ERROR_TEXT)
#undef IDENTITY_ERROR_TEXT
    default:
        return "unknown error";
    }
}
