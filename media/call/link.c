#include "link.h"

#include <stdio.h>
#include <string.h>

#include "core/secret.h"
#include "sotto/call.h"

static const char USAGE[] =
    "sotto link HOST ROOM\n"
    "\n"
    "Prints a link for a room, with a secret that no server gets. Whoever has the link can join: send it to\n"
    "those you invite and to nobody else. HOST is the delivery service's, with its port: call.example:7900.\n";

int link_command(int argc, char **argv)
{
    struct call_link link;
    char text[CALL_LINK_MAX];
    int error;

    if (argc == 3 && strcmp(argv[2], "--help") == 0) {
        fputs(USAGE, stdout);
        return 0;
    }
    if (argc != 4) {
        fputs(USAGE, stderr);
        return 2;
    }
    error = call_link_new(argv[2], argv[3], &link);
    if (error == CALL_OK)
        error = call_link_format(&link, text, sizeof(text));
    if (error == CALL_OK)
        puts(text);
    else if (error != CALL_INVALID)
        fprintf(stderr, "sotto: no link for %s and %s: %s\n", argv[2], argv[3], call_strerror(error));
    else if (!call_room_name_ok(argv[3]))
        fprintf(stderr, "sotto: %s: a room's name has 1 to %d letters, digits, '-', '_' or '.'\n", argv[3],
                CALL_ROOM_MAX);
    else
        fprintf(stderr, "sotto: %s: expected the delivery service's address, like call.example:7900\n", argv[2]);
    core_wipe(&link, sizeof(link));
    core_wipe(text, sizeof(text));
    return error == CALL_OK ? 0 : 1;
}
