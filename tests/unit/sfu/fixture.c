#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const fixture_names[] = {
    "chromium_whip.sdp",      "chromium_whip_simulcast.sdp", "chromium_whip_raw.sdp",    "chromium_whep_slots.sdp",
    "webrtcbin_whip_vp8.sdp", "webrtcbin_whip_h264.sdp",     "webrtcbin_whep_slots.sdp",
};
const size_t fixture_count = sizeof(fixture_names) / sizeof(fixture_names[0]);

char *fixture_read(const char *name, size_t *len)
{
    char path[4096];
    const char *root = getenv("SOTTO_SOURCE_DIR");
    snprintf(path, sizeof(path), "%s/tests/unit/sfu/offers/%s", root ? root : ".", name);
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 65537);
    if (!file || !text) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    *len = fread(text, 1, 65536, file);
    fclose(file);
    return text;
}

char *fixture_replace(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    if (!at || !out) {
        fprintf(stderr, "fixture has no \"%s\"\n", from);
        exit(1);
    }
    size_t head = (size_t)(at - text);
    memcpy(out, text, head);
    strcpy(out + head, to);
    strcat(out, at + strlen(from));
    return out;
}
