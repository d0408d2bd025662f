/* The parts of envelopes that lists share: what envelope.c checks with. Private to the folder. */
#ifndef WIRE_ENVELOPE_LIST_H
#define WIRE_ENVELOPE_LIST_H

#include "wire/envelope.h"

bool wire_use_is_valid(uint8_t use);
bool wire_entry_is_valid(const struct wire_entry *entry);
bool wire_key_package_is_valid(const struct wire_key_package *package);
void wire_entry_parse(struct bytes_reader *r, struct wire_entry *entry);

/* Well-formed to the last byte, every element within its limits, and not more of them than may be. */
bool wire_seqs_are_valid(struct core_slice list); /* rising */
bool wire_ids_are_valid(struct core_slice list);
bool wire_entries_are_valid(struct core_slice list, uint64_t head); /* without gaps, none after head */
bool wire_key_packages_are_valid(struct core_slice list);

#endif
