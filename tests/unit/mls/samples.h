/* One of every structure, all of its fields filled, written field by field with the numbers of the RFC and not with the
 * code under test. */
#ifndef TESTS_MLS_SAMPLES_H
#define TESTS_MLS_SAMPLES_H

#include "core/bytes.h"
#include "mls/messages.h"

void sample_extensions(struct bytes_writer *w);
void sample_credential(struct bytes_writer *w, uint16_t type);
void sample_leaf_node(struct bytes_writer *w, uint8_t source);
void sample_key_package(struct bytes_writer *w);
void sample_parent_node(struct bytes_writer *w);
/* Leaf, parent, leaf, blank, leaf. */
void sample_ratchet_tree(struct bytes_writer *w);
void sample_psk_id(struct bytes_writer *w, uint8_t type);
void sample_proposal(struct bytes_writer *w, uint16_t type);
void sample_update_path(struct bytes_writer *w);
void sample_commit(struct bytes_writer *w, bool path);
void sample_content(struct bytes_writer *w, uint8_t sender, uint8_t content_type);
void sample_public_message(struct bytes_writer *w, uint8_t sender, uint8_t content_type);
void sample_private_message(struct bytes_writer *w);
void sample_group_context(struct bytes_writer *w);
void sample_group_info(struct bytes_writer *w);
void sample_group_secrets(struct bytes_writer *w, bool path);
void sample_welcome(struct bytes_writer *w);

/* The kinds of whole MLSMessages; false past the last. */
bool sample_message(struct bytes_writer *w, unsigned kind);

#endif
