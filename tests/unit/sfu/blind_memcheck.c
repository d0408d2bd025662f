/* The router under memcheck, with every payload byte undefined from the moment it comes in: a branch or an index that
 * depends on one is an error. Usage: blind_memcheck [control-in | control-out]; the controls look at a payload byte on
 * purpose, before and after the router, and must be caught. Runs only under valgrind (exit code 2 without it). */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "blind.h"

static size_t marked;
static size_t looked_at;

static void undefine(uint8_t *payload, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(payload, len);
    marked += len;
}

static void look(const uint8_t *payload, size_t len)
{
    if (len > 0 && payload[len / 2] == 0x42)
        looked_at++;
}

static void undefine_and_look(uint8_t *payload, size_t len)
{
    undefine(payload, len);
    look(payload, len);
}

int main(int argc, char **argv)
{
    static struct sim sim;
    const char *control = argc > 1 ? argv[1] : "";
    if (!RUNNING_ON_VALGRIND) {
        fprintf(stderr, "blind_memcheck: not running under valgrind\n");
        return 2;
    }
    sim_open(&sim);
    sim.on_payload_in = strcmp(control, "control-in") == 0 ? undefine_and_look : undefine;
    if (strcmp(control, "control-out") == 0)
        sim.on_payload_out = look;
    blind_run(&sim);
    size_t packets = 0;
    for (size_t i = 0; i < sim.peer_count; i++)
        packets += sim.peers[i].rtp_count;
    sim_close(&sim);
    printf("%zu packets forwarded, %zu payload bytes undefined\n", packets, marked);
    /* nothing forwarded would prove nothing */
    return packets > 1000 && marked > 1000000 ? 0 : 1;
}
