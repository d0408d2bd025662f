/* mls_peer: drives the MLS library by lines of JSON, so that other implementations can be tried against it. See
 * docs/mls-peer.md. A test tool: it accepts every credential, and answers with secrets when asked for them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

static void help(void)
{
    puts(
        "usage: mls_peer [--help]\n"
        "\n"
        "Drives MLS clients (RFC 9420, cipher suites 1-7) by JSON: one request a line on stdin, one answer a line on\n"
        "stdout. A test tool: it accepts every credential. docs/mls-peer.md has all the fields.\n"
        "\n"
        "  {\"do\":\"client\",\"client\":\"alice\",\"suite\":1}     ->  {\"ok\":true,\"signature_key\":\"...\"}\n"
        "  {\"do\":\"create\",\"client\":\"alice\"}               ->  {\"ok\":true,\"group_id\":\"...\",\"epoch\":0}\n"
        "  {\"do\":\"merge\",\"client\":\"alice\"}                ->  "
        "{\"ok\":false,\"error\":\"STATE\",\"text\":\"...\"}\n"
        "\n"
        "Bytes are lower-case hex, messages are MLSMessages. FRAMING: public authenticated_data padding.\n"
        "Any request may have now_s, the time in seconds since 1970. Commands, what they take and what they answer:\n");
    for (const struct peer_command *command = peer_commands; command->name; command++)
        printf("  %-14s %s\n", command->name, command->help);
}

static const char *error_name(int rc)
{
    switch (rc) {
#define ERROR_CASE(name, value, text)                                                                                  \
    case value:                                                                                                        \
        return #name;
        MLS_ERROR_MAP(ERROR_CASE)
#undef ERROR_CASE
    default:
        return "UNKNOWN";
    }
}

static int run(struct peer_request *request)
{
    const struct peer_command *command = peer_commands;
    const char *name = peer_text(request, request->in, "do");
    request->now_s = peer_number(request, request->in, "now_s", (uint64_t)time(NULL), INT64_MAX);
    while (command->name && strcmp(command->name, name) != 0)
        command++;
    if (!command->name)
        peer_wrong(request, "do");
    if (request->wrong)
        return MLS_INVALID;
    if (command->needs_client) {
        request->client = peer_client_find(*request->clients, peer_text(request, request->in, "client"));
        if (!request->client)
            peer_wrong(request, "client");
        if (request->wrong)
            return MLS_INVALID;
    }
    if (command->needs_group && !request->client->group)
        return MLS_STATE;
    return command->run(request);
}

/* An answer for each line, whatever it is. False if stdout is closed. */
static bool answer(struct peer_client **clients, const char *line, size_t len)
{
    json_error_t error;
    json_t *in = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    struct peer_request request = {.in = in, .out = json_object(), .clients = clients};
    if (!json_is_object(in))
        request.wrong = "line";
    const int rc = request.wrong ? MLS_INVALID : run(&request);
    json_object_set_new(request.out, "ok", json_boolean(rc == MLS_OK));
    if (rc != MLS_OK) {
        json_object_set_new(request.out, "error", json_string(error_name(rc)));
        json_object_set_new(request.out, "text", json_string(mls_strerror(rc)));
    }
    if (request.wrong)
        json_object_set_new(request.out, "field", json_string(request.wrong));
    const bool written =
        json_dumpf(request.out, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
    peer_forget(&request);
    json_decref(request.out);
    json_decref(in);
    return written;
}

int main(int argc, char **argv)
{
    struct peer_client *clients = NULL;
    char *line = NULL;
    size_t size = 0;
    if (argc > 1) {
        const bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
        if (asked)
            help();
        else
            fputs("mls_peer: takes no arguments; see mls_peer --help\n", stderr);
        return asked ? 0 : 2;
    }
    bool going = true;
    for (ssize_t len = 0; going && (len = getline(&line, &size, stdin)) >= 0;)
        going = answer(&clients, line, (size_t)len);
    free(line);
    while (clients)
        peer_client_drop(&clients, clients);
    return going ? 0 : 1;
}
