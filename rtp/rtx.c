#include "rtp/rtx.h"

#include <string.h>

enum rtp_error rtp_rtx_parse(const struct rtp_packet *packet, struct rtp_rtx *out)
{
    struct bytes_reader r;
    bytes_reader_init(&r, packet->payload, packet->payload_len);
    uint16_t osn = bytes_read_u16(&r);
    size_t left = bytes_reader_left(&r);
    const uint8_t *payload = bytes_parse(&r, left);
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    *out = (struct rtp_rtx){.osn = osn, .payload = payload, .payload_len = left};
    return RTP_OK;
}

enum rtp_error rtp_rtx_write(const struct rtp_header *header, uint16_t osn, const uint8_t *payload, size_t payload_len,
                             uint8_t *out, size_t cap, size_t *len)
{
    size_t header_len = rtp_header_size(header);
    if (header_len == 0)
        return RTP_ERR_ARGUMENT;
    if (header_len > cap || RTP_RTX_OSN_LEN > cap - header_len || payload_len > cap - header_len - RTP_RTX_OSN_LEN)
        return RTP_ERR_SPACE;
    /* first the payload, which may lie in out where the header and the OSN go */
    if (payload_len > 0)
        memmove(out + header_len + RTP_RTX_OSN_LEN, payload, payload_len);
    struct bytes_writer w;
    bytes_writer_init(&w, out + header_len, RTP_RTX_OSN_LEN);
    bytes_write_u16(&w, osn);
    enum rtp_error error = rtp_header_write(header, out, header_len, &header_len);
    if (error == RTP_OK)
        *len = header_len + RTP_RTX_OSN_LEN + payload_len;
    return error;
}
