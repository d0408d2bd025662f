/* Any bytes as a header: what is read is written back as the same bytes, so no header has two encodings. */
#include <stdlib.h>
#include <string.h>

#include "sotto/sframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sframe_header header;
    uint8_t again[SFRAME_HEADER_MAX];
    size_t len = 0;
    if (sframe_header_read(data, size, &header) != SFRAME_OK)
        return 0;
    if (header.len > size || sframe_header_write(header.kid, header.ctr, again, sizeof again, &len) != SFRAME_OK ||
        len != header.len || len != sframe_header_len(header.kid, header.ctr) || memcmp(again, data, len) != 0)
        abort();
    return 0;
}
