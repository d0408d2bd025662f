/* GroupInfos, past their signature and the tree's hashes, up to the external commit that answers them.
 * Held throughout: mls_scene.c. */
#include "mls_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)scene_take_info(data, size);
    return 0;
}
