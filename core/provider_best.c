#include "core/provider.h"

const struct core_provider *core_provider_best(void)
{
    const struct core_provider *fastest = core_provider_ipsecmb(NULL);
    return fastest ? fastest : &core_provider_libcrypto;
}
