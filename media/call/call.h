/* One participant's call from joining to leaving. */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "args.h"

/* Runs the call in the default main context until it ends; returns the program's exit code. args->secret is given up
 * (freed, set to NULL) once the keys are made. */
int call_run(struct call_args *args);

#endif
