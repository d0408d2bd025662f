/* Which build this is. */
#ifndef SFU_VERSION_H
#define SFU_VERSION_H

/* The project's version. */
const char *sfu_version(void);
/* The linker's build id of the running program as hex (it names the exact bytes); "unknown" without one. */
const char *sfu_build_id(void);

#endif
