#include "rtp/error.h"

#include <stddef.h>

const char *rtp_error_text(enum rtp_error error)
{
#define RTP_ERROR_TEXT(name, text) [name] = (text),
    static const char *const texts[] = {RTP_ERRORS(RTP_ERROR_TEXT)};
#undef RTP_ERROR_TEXT
    size_t index = (size_t)error;
    return index < sizeof texts / sizeof texts[0] ? texts[index] : "unknown error";
}
