/* KeyPackages, past their signatures: proposed, then committed.
 * Held throughout: mls_scene.c. */
#include "mls_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)scene_take_key_package(data, size);
    return 0;
}
