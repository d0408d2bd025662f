/* The call code, made beside the main loop, which has media and messages to serve meanwhile: on a busy machine the
 * tenths of a second that it takes become whole ones. One thread at a time, and never for more than one digest that
 * waits. In the main context. */
#ifndef CODE_H
#define CODE_H

#include "sotto/identity.h"

struct code_maker;

/* The code of the digest that was wanted last; NULL: there is no memory for it. Of digests before it nothing is told.
 */
typedef void (*code_made)(void *user, const struct identity_call_digest *digest, const struct identity_call_code *code);

struct code_maker *code_maker_new(code_made made, void *user);
/* Waits for a code that is being made: nothing can stop it. Nothing is called any more. NULL is allowed. */
void code_maker_free(struct code_maker *maker);
/* Has it made. Once for each digest: asking again while it is being made changes nothing. */
void code_maker_want(struct code_maker *maker, const struct identity_call_digest *digest);

#endif
