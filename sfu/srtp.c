#include "sfu/srtp.h"

size_t sfu_srtp_salt_len(enum sfu_srtp_profile profile)
{
    return profile == SFU_SRTP_AEAD_AES_128_GCM ? 12 : 14;
}
