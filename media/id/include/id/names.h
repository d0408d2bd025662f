/* Names that people could take for each other, by Unicode's technical standard 39 (ICU). */
#ifndef ID_NAMES_H
#define ID_NAMES_H

#include <stdbool.h>

/* For identity_pins_judge(): whether a and b look alike, capitals aside. context is not used. Names that cannot be
 * judged are taken to be alike. */
bool id_names_confusable(void *context, const char *a, const char *b);

#endif
