#include "sotto/sframe.h"

const char *sframe_strerror(int error)
{
    switch (error) {
#define SFRAME_ERROR_TEXT(name, value, text)                                                                           \
    case SFRAME_##name:                                                                                                \
        return text;
        SFRAME_ERROR_MAP(SFRAME_ERROR_TEXT)
#undef SFRAME_ERROR_TEXT
    default:
        return "unknown error";
    }
}
