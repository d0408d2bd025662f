/* The program `sotto`. */
#include <gst/gst.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "args.h"
#include "call.h"
#include "core/secret.h"
#include "gstsotto/plugin.h"
#include "id/command.h"
#include "link.h"
#include "token.h"

static const char USAGE[] = "sotto call LINK --server URL [options]   join a call (--help)\n"
                            "sotto id COMMAND                         who you are in calls (--help)\n"
                            "sotto link HOST ROOM                     make a room's link (--help)\n"
                            "sotto key                                make a secret, for calls without a link\n"
                            "sotto token --key FILE --room ROOM       make an admission token (--help)\n"
                            "sotto --version\n";

/* What does not come with GStreamer's core, and which Debian package brings it. */
static const struct requirement {
    const char *element;
    const char *package;
} REQUIREMENTS[] = {
    {"webrtcbin", "gstreamer1.0-plugins-bad"}, {"dtlssrtpenc", "gstreamer1.0-plugins-bad"},
    {"srtpenc", "gstreamer1.0-plugins-bad"},   {"nicesrc", "gstreamer1.0-nice"},
    {"rtpbin", "gstreamer1.0-plugins-good"},   {"vp8enc", "gstreamer1.0-plugins-good"},
    {"opusenc", "gstreamer1.0-plugins-base"},  {"videotestsrc", "gstreamer1.0-plugins-base"},
};

/* No core file of ours may hold keys, pictures or sound. */
static void forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static bool elements_present(void)
{
    bool ok = true;

    for (size_t i = 0; i < G_N_ELEMENTS(REQUIREMENTS); i++) {
        GstElementFactory *factory = gst_element_factory_find(REQUIREMENTS[i].element);

        if (factory == NULL) {
            fprintf(stderr, "sotto: GStreamer's element %s is missing; Debian has it in %s\n", REQUIREMENTS[i].element,
                    REQUIREMENTS[i].package);
            ok = false;
        } else {
            gst_object_unref(factory);
        }
    }
    return ok;
}

static int call(int argc, char **argv)
{
    struct call_args args;
    int exit_code = 2;

    switch (call_args_parse(&args, argc, argv)) {
    case CALL_ARGS_DONE:
        exit_code = 0;
        break;
    case CALL_ARGS_BAD:
        break;
    case CALL_ARGS_RUN:
        gst_init(NULL, NULL);
        exit_code = elements_present() && sotto_gst_register() ? call_run(&args) : 1;
        gst_deinit();
        break;
    }
    call_args_wipe(&args);
    return exit_code;
}

static int make_secret(void)
{
    uint8_t secret[16];

    if (!core_random(secret, sizeof(secret))) {
        fprintf(stderr, "sotto: the system has no random bytes\n");
        return 1;
    }
    for (size_t i = 0; i < sizeof(secret); i++)
        printf("%02x", secret[i]);
    putchar('\n');
    core_wipe(secret, sizeof(secret));
    return 0;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    forbid_core_dumps();
    if (strcmp(command, "call") == 0)
        return call(argc, argv);
    if (strcmp(command, "id") == 0)
        return id_command(argc, argv);
    if (strcmp(command, "key") == 0 && argc == 2)
        return make_secret();
    if (strcmp(command, "link") == 0)
        return link_command(argc, argv);
    if (strcmp(command, "token") == 0)
        return call_token(argc, argv);
    if (strcmp(command, "--version") == 0) {
        puts("sotto " SOTTO_VERSION);
        return 0;
    }
    if (strcmp(command, "--help") == 0 || (strcmp(command, "key") == 0 && strcmp(argv[2], "--help") == 0)) {
        fputs(USAGE, stdout);
        return 0;
    }
    if (strcmp(command, "key") == 0)
        fprintf(stderr, "sotto: sotto key takes nothing else\n");
    else if (command[0] != '\0')
        fprintf(stderr, "sotto: %s: there is no such command\n", command);
    fputs(USAGE, stderr);
    return 2;
}
