/* `sotto link`: a room's link with a fresh secret. */
#ifndef LINK_H
#define LINK_H

/* argv as main got it. Returns the exit code. */
int link_command(int argc, char **argv);

#endif
