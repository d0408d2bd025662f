/* A writer whose memory grows, up to a limit. What it outgrows and what is freed is wiped: it may have held secrets. */
#ifndef WIRE_BUFFER_H
#define WIRE_BUFFER_H

#include "core/bytes.h"
#include "core/provider.h"

/* Owns its memory from the first write on until wire_buffer_free(). max: bytes at most. */
void wire_buffer_init(struct bytes_writer *w, size_t max);
/* Wipes and frees; the writer is as after init. */
void wire_buffer_free(struct bytes_writer *w);
/* What was written, borrowed until the next write. */
struct core_slice wire_buffer_slice(const struct bytes_writer *w);

#endif
