/* What the tests of restarts have in common: a call whose clients keep their state, and programs that die. */
#ifndef TESTS_SIM_RESTART_H
#define TESTS_SIM_RESTART_H

#include "gather.h"

/* Of every test here, but for the number of clients. */
extern const struct sim_config restart_usual;

/* A call of n that has settled, and is past its newcomers' trials. */
struct sim *restart_call_of(unsigned n, struct sim_config config);
/* Client i dies, and starts again after so long. */
void restart(struct sim *sim, unsigned i, uint64_t after_ms);
/* Whether it is in its own place: it has not asked, and has not come in from outside. */
bool restart_came_back(const struct sim_client *client);

struct held {
    uint8_t *commit;
    size_t len;
};

/* Client 0 makes a commit that is kept, and never leaves: the test has it. It dies. The caller frees the commit. */
struct held restart_hold_commit(struct sim *sim);
/* What it keeps now; the caller frees it. */
uint8_t *restart_copy_state(const struct sim_client *client, size_t *len);

#endif
