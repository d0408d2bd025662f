/* Any bytes as a decrypted frame: what is parsed is written back as the same bytes, and lies inside them. */
#include <stdlib.h>
#include <string.h>

#include "inner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sframe_inner inner;
    struct core_span payload;
    uint8_t again[SFRAME_HEAD_MAX];
    /* exactly as large as the text, so that a sanitizer sees a step beside it */
    uint8_t *text = malloc(size ? size : 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    if (sframe_inner_parse((struct core_span){text, size}, &inner, &payload) == SFRAME_OK) {
        const uint8_t *value = NULL;
        size_t value_len = 0;
        size_t len = sframe_inner_len(&inner);
        if (sframe_inner_check(&inner) != SFRAME_OK || len > sizeof again ||
            len + payload.len + inner.padding != size || payload.data != text + len)
            abort();
        sframe_inner_write(&inner, again);
        if (memcmp(again, text, len) != 0)
            abort();
        for (unsigned type = 0; type < 256; type++)
            if (sframe_tlv_find(&inner, (uint8_t)type, &value, &value_len) == SFRAME_OK &&
                (value < inner.tlv || value + value_len > inner.tlv + inner.tlv_len))
                abort();
    }
    free(text);
    return 0;
}
