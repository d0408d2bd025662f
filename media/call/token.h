/* `sotto token`: an issuer's key pair, and admission tokens of it, for trying servers out. */
#ifndef SOTTO_CALL_TOKEN_H
#define SOTTO_CALL_TOKEN_H

/* argv as main got it. Writes a token, or what a new key is for, to standard output, reasons to standard error. Returns
 * the exit code: 0, 1 if it cannot be done, 2 if the command line is wrong. */
int call_token(int argc, char **argv);

#endif
