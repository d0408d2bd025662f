/* Two devices that are linked, and what goes between them. */
#ifndef TESTS_IDENTITY_LINKING_H
#define TESTS_IDENTITY_LINKING_H

#include "people.h"

struct linking_message {
    uint8_t data[IDENTITY_LINK_MESSAGE_MAX];
    size_t len;
};

/* Anna's certificate for whoever asks, and her revocation list 7 (of device 3). */
int linking_answer(struct identity_link *link, struct linking_message *out);
/* As identity_link_receive. */
int linking_pass(struct identity_link *link, const struct linking_message *in, struct linking_message *out);
/* Root 1's list with this number, of device 3. */
size_t linking_list(uint64_t number, uint8_t *out);

#endif
