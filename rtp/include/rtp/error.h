/* What can be wrong with RTP, a Dependency Descriptor or RTCP. */
#ifndef RTP_ERROR_H
#define RTP_ERROR_H

#include "sotto/export.h"

#define RTP_ERRORS(X)                                                                                                  \
    X(RTP_OK, "no error")                                                                                              \
    X(RTP_ERR_TRUNCATED, "the data ends before a field or a length it declares")                                       \
    X(RTP_ERR_VERSION, "the version is not 2")                                                                         \
    X(RTP_ERR_PADDING, "the padding is empty, misplaced or longer than what it stands in")                             \
    X(RTP_ERR_EXTENSION, "a header extension element runs past the extension")                                         \
    X(RTP_ERR_FORMAT, "a field has a value its format does not allow")                                                 \
    X(RTP_ERR_TYPE, "the packet is of another type")                                                                   \
    X(RTP_ERR_NO_STRUCTURE, "no template dependency structure is known")                                               \
    X(RTP_ERR_TEMPLATE, "the template id is not one of the structure's")                                               \
    X(RTP_ERR_LIMIT, "more elements than the limits allow")                                                            \
    X(RTP_ERR_ARGUMENT, "the value to be written cannot be expressed")                                                 \
    X(RTP_ERR_SPACE, "the output buffer is too small")

#define RTP_ERROR_NAME(name, text) name,
enum rtp_error { RTP_ERRORS(RTP_ERROR_NAME) };
#undef RTP_ERROR_NAME

/* The error's text, a constant; "unknown error" for a value that is none. */
const char *rtp_error_text(enum rtp_error error);

#endif
