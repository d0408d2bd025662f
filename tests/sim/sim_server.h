/* The delivery service of a simulation. */
#ifndef TESTS_SIM_SERVER_H
#define TESTS_SIM_SERVER_H

#include "sim.h"

struct sim_bytes *sim_bytes_new(const uint8_t *data, size_t len);
struct sim_bytes *sim_bytes_hold(struct sim_bytes *bytes);
void sim_bytes_drop(struct sim_bytes *bytes);

/* A client's message has arrived. */
void sim_server_take(struct sim *sim, unsigned client, const uint8_t *data, size_t len);
/* A client's connection is gone. */
void sim_server_gone(struct sim *sim, unsigned client);
void sim_server_wipe(struct sim *sim, struct sim_server *server);
/* Sends to a client, with the network's delay. */
void sim_send_down(struct sim *sim, unsigned client, struct sim_bytes *bytes);

#endif
