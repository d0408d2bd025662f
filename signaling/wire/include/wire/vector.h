/* RFC 9420's presentation language (section 2.1) over core's cursors: vectors whose length takes 1, 2 or 4 bytes, and
 * optional values. A length in more bytes than it needs is malformed, so every value has one encoding only.
 *
 * Errors are the cursor's own and stick: test bytes_reader_ok() or bytes_reader_done() once at the end. */
#ifndef WIRE_VECTOR_H
#define WIRE_VECTOR_H

#include "core/bytes.h"
#include "core/provider.h"

enum { WIRE_VECTOR_MAX = (1 << 30) - 1 }; /* bytes of a vector's content */

/* Bytes that the length itself takes: 1, 2 or 4; 0 for a length over WIRE_VECTOR_MAX. */
size_t wire_length_size(size_t len);

size_t wire_read_length(struct bytes_reader *r);
/* The vector's content, borrowed; never a NULL pointer after success. */
struct core_slice wire_parse_vector(struct bytes_reader *r);
/* A reader over the vector's content, which has to be consumed exactly by the caller. */
struct bytes_reader wire_parse_block(struct bytes_reader *r);
/* An optional value's presence byte: true if the value follows. */
bool wire_read_present(struct bytes_reader *r);

void wire_write_length(struct bytes_writer *w, size_t len);
void wire_write_vector(struct bytes_writer *w, struct core_slice content);
void wire_write_present(struct bytes_writer *w, bool present);

/* A vector whose length is not known yet: its content is what is written between begin and end. They nest. */
size_t wire_begin_vector(struct bytes_writer *w);
void wire_end_vector(struct bytes_writer *w, size_t begin);

#endif
