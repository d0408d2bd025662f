/* A client that does not accept its removal: it stays connected, and keeps every key that it ever had. */
#ifndef KEEPER_H
#define KEEPER_H

/* From now on, for calls that begin later. */
void keeper_enable(void);

#endif
