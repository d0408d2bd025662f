/* What the command line asks for. */
#ifndef CALL_ARGS_H
#define CALL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CALL_NAME_MAX = 64,       /* bytes of a display name, without NUL (as the inner header carries it) */
    CALL_ROOM_MAX = 63,       /* bytes of a room's name */
    CALL_SECRET_MAX = 256,    /* bytes of a secret as it is typed */
    CALL_ARGS_LINK_MAX = 384, /* bytes of a room's link, without NUL */
    CALL_SECONDS_MAX = 7 * 24 * 3600,
};

enum call_codec { CALL_VP8, CALL_VP9, CALL_H264, CALL_AV1, CALL_CODECS };

enum call_source_type {
    CALL_SOURCE_NONE,
    CALL_SOURCE_TEST,   /* a moving scene, or a steady tone */
    CALL_SOURCE_COLOUR, /* one colour */
    CALL_SOURCE_FILE,
    CALL_SOURCE_DEVICE,
};

struct call_args {
    char room[CALL_ROOM_MAX + 1];
    char name[CALL_NAME_MAX + 1];
    char *server; /* base URL without a slash at its end */
    char *token;  /* NULL if there is none */
    char *link;   /* the room's, where members make the keys; in memory of core_secret_new, NUL-terminated. Else NULL */
    char *secret; /* where a shared secret does; in memory of core_secret_new, NUL-terminated. Else NULL */
    char *ds;     /* URL of the delivery service; NULL: from the link */
    char *home;   /* folder of the identity; NULL: the usual one */
    char *passphrase_file; /* of the identity; NULL: asked for */
    enum call_codec codec;
    enum call_source_type video;
    char *video_path;      /* of a file or device */
    uint32_t video_colour; /* 0xRRGGBB */
    enum call_source_type audio;
    char *audio_path;
    bool window;
    char *snapshot_path; /* NULL: none; also of those below */
    char *record_path;
    char *stats_path;
    uint32_t seconds; /* 0: until a signal */
};

enum call_args_result {
    CALL_ARGS_RUN,  /* go on with the call */
    CALL_ARGS_DONE, /* --help and the like: printed, leave with 0 */
    CALL_ARGS_BAD,  /* the reason was printed to stderr, leave with 2 */
};

/* Reads `call LINK OPTIONS` or `call ROOM OPTIONS`: argv[0] is the program, argv[1] the command. A link comes from the
 * command line or SOTTO_LINK, a secret from --key, --key-file or SOTTO_KEY, the token from --token or SOTTO_TOKEN; what
 * stood in argv is overwritten, so that ps shows it no longer. args is zeroed first; call_args_wipe() frees it in any
 * case. */
enum call_args_result call_args_parse(struct call_args *args, int argc, char **argv);
void call_args_wipe(struct call_args *args);

const char *call_codec_name(enum call_codec codec);
/* CALL_CODECS if there is none of that name. */
enum call_codec call_codec_from_name(const char *name);

#endif
