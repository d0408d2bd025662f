/* A folder for what a client keeps of people, made for one test. */
#ifndef TESTS_UNIT_CALL_HOME_H
#define TESTS_UNIT_CALL_HOME_H

enum { HOME_MAX = 64 };

void home_make(char folder[HOME_MAX]);
/* With the pins and locks in it. */
void home_remove(const char *folder);

#endif
