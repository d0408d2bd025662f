/* Which build this is. */
#ifndef DAEMON_VERSION_H
#define DAEMON_VERSION_H

/* The project's version. */
const char *daemon_version(void);
/* The linker's build id of the running program as hex (it names the exact bytes); "unknown" without one. */
const char *daemon_build_id(void);

#endif
