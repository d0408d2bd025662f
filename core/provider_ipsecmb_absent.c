/* A build without ipsec-mb: another architecture, or the library was not installed. */
#include "core/provider.h"

const struct core_provider *core_provider_ipsecmb(const char **refusal)
{
    if (refusal)
        *refusal = "not built in";
    return NULL;
}
