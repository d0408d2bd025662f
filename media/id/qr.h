/* QR codes on a terminal. */
#ifndef ID_QR_H
#define ID_QR_H

#include <stdbool.h>
#include <stdio.h>

/* Draws the text in half blocks; in black on white where `colours`. False: it cannot. */
bool id_qr_draw(FILE *out, const char *text, bool colours);

#endif
