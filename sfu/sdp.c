#include "sfu/sdp.h"

#include <string.h>

const char *sdp_error_text(int error)
{
    switch (error) {
    case SDP_OK:
        return "no error";
#define X(name, value, text)                                                                                           \
    case name:                                                                                                         \
        return text;
        SDP_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

/* <media> <port>[/<count>] <proto> <fmt> ... (RFC 8866 section 5.14) */
static int parse_media_line(struct sdp_media *media, struct text_slice value)
{
    media->kind = text_take(&value, ' ');
    struct text_slice ports = text_take(&value, ' ');
    struct text_slice port = text_take(&ports, '/');
    media->proto = text_take(&value, ' ');
    uint64_t number;
    if (!text_is_made_of(media->kind, "-") || media->proto.len == 0 || !text_number(port, 65535, &number))
        return SDP_BAD_MEDIA;
    media->port = (uint16_t)number;
    while (value.len > 0) {
        struct text_slice format = text_take(&value, ' ');
        if (format.len == 0)
            return SDP_BAD_MEDIA;
        if (media->format_count == SDP_FORMATS_MAX)
            return SDP_TOO_MANY_FORMATS;
        media->formats[media->format_count++] = format;
    }
    return media->format_count > 0 ? SDP_OK : SDP_BAD_MEDIA;
}

static int parse_attribute(struct sdp *sdp, struct text_slice value)
{
    if (sdp->attribute_count == SDP_ATTRIBUTES_MAX)
        return SDP_TOO_MANY_ATTRIBUTES;
    struct sdp_attribute *attribute = &sdp->attributes[sdp->attribute_count];
    attribute->name = text_take(&value, ':');
    attribute->value = value;
    if (attribute->name.len == 0)
        return SDP_BAD_ATTRIBUTE;
    sdp->attribute_count++;
    if (sdp->media_count > 0)
        sdp->media[sdp->media_count - 1].attribute_count++;
    else
        sdp->session_attributes++;
    return SDP_OK;
}

static int parse_line(struct sdp *sdp, struct text_slice line, size_t *mandatory)
{
    static const char order[] = "vost";
    if (line.len < 2 || line.data[1] != '=' || line.data[0] < 'a' || line.data[0] > 'z')
        return SDP_BAD_LINE;
    struct text_slice value = {line.data + 2, line.len - 2};
    const char *known = strchr(order, line.data[0]);
    if (sdp->media_count == 0 && known) {
        size_t place = (size_t)(known - order);
        bool repeated_time = place == 3 && *mandatory == 4;
        if (place != *mandatory && !repeated_time)
            return SDP_BAD_ORDER;
        if (place == 0 && !text_equal(value, "0"))
            return SDP_BAD_ORDER;
        if (!repeated_time)
            (*mandatory)++;
        return SDP_OK;
    }
    switch (line.data[0]) {
    case 'a':
        /* RFC 8866 section 5: attributes follow t= */
        return *mandatory == 4 ? parse_attribute(sdp, value) : SDP_BAD_ORDER;
    case 'm':
        if (*mandatory != 4)
            return SDP_BAD_ORDER;
        if (sdp->media_count == SFU_MEDIA_MAX)
            return SDP_TOO_MANY_MEDIA;
        sdp->media[sdp->media_count] = (struct sdp_media){.first_attribute = sdp->attribute_count};
        return parse_media_line(&sdp->media[sdp->media_count++], value);
    case 'v':
    case 'o':
    case 's':
    case 't':
        return SDP_BAD_ORDER;
    default:
        /* i=, u=, e=, p=, c=, b=, r=, z=, k=: known or not, they decide nothing here */
        return SDP_OK;
    }
}

static int parse_lines(struct sdp *sdp, const char *text, size_t len, size_t mandatory)
{
    sdp->attribute_count = 0;
    sdp->session_attributes = 0;
    sdp->media_count = 0;
    if (len > SDP_TEXT_MAX)
        return SDP_TOO_LONG;
    struct text_slice rest = {text, len};
    while (rest.len > 0) {
        if (!memchr(rest.data, '\n', rest.len))
            return SDP_TRUNCATED;
        struct text_slice line = text_take(&rest, '\n');
        if (line.len > SDP_LINE_MAX)
            return SDP_LINE_TOO_LONG;
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len > 0 && (memchr(line.data, 0, line.len) || memchr(line.data, '\r', line.len)))
            return SDP_BAD_CHARACTER;
        int error = parse_line(sdp, line, &mandatory);
        if (error)
            return error;
    }
    return mandatory == 4 ? SDP_OK : SDP_BAD_ORDER;
}

int sdp_parse(struct sdp *sdp, const char *text, size_t len)
{
    return parse_lines(sdp, text, len, 0);
}

int sdp_parse_fragment(struct sdp *sdp, const char *text, size_t len)
{
    return parse_lines(sdp, text, len, 4);
}

struct sdp_list sdp_attributes(const struct sdp *sdp, const struct sdp_media *media)
{
    if (!media)
        return (struct sdp_list){sdp->attributes, sdp->session_attributes};
    return (struct sdp_list){sdp->attributes + media->first_attribute, media->attribute_count};
}

const struct sdp_attribute *sdp_find(struct sdp_list list, const char *name)
{
    for (size_t i = 0; i < list.count; i++)
        if (text_equal(list.items[i].name, name))
            return &list.items[i];
    return NULL;
}

const struct sdp_attribute *sdp_find_either(const struct sdp *sdp, const struct sdp_media *media, const char *name)
{
    const struct sdp_attribute *found = sdp_find(sdp_attributes(sdp, media), name);
    return found ? found : sdp_find(sdp_attributes(sdp, NULL), name);
}
