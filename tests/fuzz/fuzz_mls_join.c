/* Welcomes, past HPKE, AEAD, the GroupInfo's signature and the confirmation tag; the tree inside or apart.
 * Held throughout: mls_scene.c. */
#include "mls_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)scene_take_welcome(data, size);
    return 0;
}
