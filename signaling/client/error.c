#include "sotto/call.h"

const char *call_strerror(int error)
{
    switch (error) {
#define CALL_ERROR_TEXT(name, value, text)                                                                             \
    case CALL_##name:                                                                                                  \
        return text;
        CALL_ERROR_MAP(CALL_ERROR_TEXT)
#undef CALL_ERROR_TEXT
    default:
        return "unknown error";
    }
}
