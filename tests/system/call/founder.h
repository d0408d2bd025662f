/* A client that founds rooms no client should be in: frames sealed by RFC 9605 alone, without the inner header. It
 * stays in them, as if they were like others. */
#ifndef FOUNDER_H
#define FOUNDER_H

/* From now on, for rooms that are founded later. */
void founder_enable(void);

#endif
