#include "sframe_key_goal.h"
#include "sframe_ways.h"

static void *set_up(const struct ring *ring, const char **absence)
{
    (void)ring;
    *absence = "ipsec-mb is not built in";
    return NULL;
}

const struct way way_calls_ipsecmb = {"ipsec-mb calls", false, set_up, NULL, NULL, NULL};
const struct way way_lanes_ipsecmb = {"ipsec-mb, 16 lanes", false, set_up, NULL, NULL, NULL};
const struct way way_barest_ipsecmb = {"barest frame, ipsec-mb", false, set_up, NULL, NULL, NULL};

void sframe_key_goal_run(struct bench *bench)
{
    (void)bench;
}
