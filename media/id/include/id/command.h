/* `sotto id`: a user's identity from the command line. */
#ifndef ID_COMMAND_H
#define ID_COMMAND_H

/* argv as main got it: argv[2] is what to do. Answers go to standard output, questions to the terminal, reasons to
 * standard error. Returns the exit code: 0, 1 if it cannot be done, 2 if the command line is wrong. */
int id_command(int argc, char **argv);

#endif
