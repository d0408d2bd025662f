/* A member under any sequence of messages: proposals, commits and application data of members, external senders, new
 * members and joiners, public and private, past signatures, tags and hashes.
 * Held throughout: mls_scene.c. */
#include "mls_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)scene_take_messages(data, size);
    return 0;
}
