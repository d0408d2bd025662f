/* SDP (RFC 8866): the lines of a description as borrowed slices, within bounds that hold for any input.
 * It knows the grammar of lines and of `m=`, not what attributes mean: offer.c does. Nothing here allocates. */
#ifndef SFU_SDP_H
#define SFU_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/text.h"
#include "sfu/session.h"
#include "sotto/export.h"

enum {
    SDP_TEXT_MAX = 64 * 1024,  /* bytes of a description */
    SDP_LINE_MAX = 4096,       /* bytes of a line */
    SDP_ATTRIBUTES_MAX = 4096, /* of a whole description */
    SDP_FORMATS_MAX = 128,     /* payload types of an m-line */
};

#define SDP_ERRORS(X)                                                                                                  \
    X(SDP_TOO_LONG, -1, "the description is longer than 64 KiB")                                                       \
    X(SDP_LINE_TOO_LONG, -2, "a line is longer than 4096 bytes")                                                       \
    X(SDP_BAD_LINE, -3, "a line is not of the form <letter>=<value>")                                                  \
    X(SDP_BAD_CHARACTER, -4, "a line holds a NUL or a bare carriage return")                                           \
    X(SDP_BAD_ORDER, -5, "the lines v=, o=, s= and t= are missing or out of order")                                    \
    X(SDP_BAD_MEDIA, -6, "an m= line is not of the form <media> <port> <proto> <fmt> ...")                             \
    X(SDP_BAD_ATTRIBUTE, -7, "an a= line has no name")                                                                 \
    X(SDP_TOO_MANY_MEDIA, -8, "there are more than 32 m= lines")                                                       \
    X(SDP_TOO_MANY_ATTRIBUTES, -9, "there are more than 4096 a= lines")                                                \
    X(SDP_TOO_MANY_FORMATS, -10, "an m= line has more than 128 formats")                                               \
    X(SDP_TRUNCATED, -11, "the last line does not end with a line break")

enum sdp_error {
    SDP_OK = 0,
#define X(name, value, text) name = value,
    SDP_ERRORS(X)
#undef X
};
/* A sentence for an error; never NULL. */
const char *sdp_error_text(int error);

/* `a=name:value`, or `a=name` with an empty value. */
struct sdp_attribute {
    struct text_slice name;
    struct text_slice value;
};

struct sdp_media {
    struct text_slice kind; /* audio, video, application, ... */
    uint16_t port;
    struct text_slice proto;
    struct text_slice formats[SDP_FORMATS_MAX];
    size_t format_count;
    size_t first_attribute; /* its attributes in struct sdp's array */
    size_t attribute_count;
};

/* Some 450 KiB: keep it on the heap. */
struct sdp {
    struct sdp_attribute attributes[SDP_ATTRIBUTES_MAX];
    size_t attribute_count;
    size_t session_attributes; /* how many of them stand before the first m= */
    struct sdp_media media[SFU_MEDIA_MAX];
    size_t media_count;
};

/* Reads text[0..len), which must outlive sdp. Lines end with CRLF or LF. Returns an sdp_error; sdp may be used only
 * after SDP_OK. */
SOTTO_MUST_CHECK int sdp_parse(struct sdp *sdp, const char *text, size_t len);
/* The same for a fragment as PATCH carries it (application/trickle-ice-sdpfrag, RFC 8840 section 9): v=, o=, s= and t=
 * are not demanded. */
SOTTO_MUST_CHECK int sdp_parse_fragment(struct sdp *sdp, const char *text, size_t len);

/* The attributes of one m= section; of the session if media is NULL. */
struct sdp_list {
    const struct sdp_attribute *items;
    size_t count;
};
struct sdp_list sdp_attributes(const struct sdp *sdp, const struct sdp_media *media);
/* The first attribute of this name in a list, or NULL. */
const struct sdp_attribute *sdp_find(struct sdp_list list, const char *name);
/* The first in the m= section, else the session's (for what RFC 8866 lets stand in either); or NULL. */
const struct sdp_attribute *sdp_find_either(const struct sdp *sdp, const struct sdp_media *media, const char *name);

#endif
