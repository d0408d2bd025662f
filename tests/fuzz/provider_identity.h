/* A provider that encrypts nothing and derives zeros, so that a fuzzer gets past the tag: a frame is authentic if its
 * tag is all zeros. Test-only; nothing outside tests/ names it. */
#ifndef TESTS_PROVIDER_IDENTITY_H
#define TESTS_PROVIDER_IDENTITY_H

#include "core/provider.h"

extern const struct core_provider provider_identity;

#endif
