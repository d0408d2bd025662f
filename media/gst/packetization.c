#include "packetization.h"

GType sotto_packetization_get_type(void)
{
    static gsize type;
    static const GEnumValue values[] = {
        {SOTTO_PACKETIZATION_RAW, "Bare fragments (SDP: a=packetization:<pt> raw)", "raw"},
        {SOTTO_PACKETIZATION_SFRAME, "A descriptor byte before each fragment (draft-ietf-avtcore-rtp-sframe)",
         "sframe"},
        {0, NULL, NULL},
    };
    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("SottoPacketization", values));
    return (GType)type;
}
