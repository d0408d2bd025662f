#include "qr.h"

#include <qrencode.h>

enum { QUIET = 4 /* modules around it, as the standard wants */ };

static bool is_light(const QRcode *code, int row, int column)
{
    row -= QUIET;
    column -= QUIET;
    if (row < 0 || column < 0 || row >= code->width || column >= code->width)
        return true;
    return (code->data[row * code->width + column] & 1) == 0;
}

bool id_qr_draw(FILE *out, const char *text, bool colours)
{
    static const char *const blocks[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}}; /* upper light, lower light */
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!code)
        return false;
    const int size = code->width + 2 * QUIET;
    for (int row = 0; row < size; row += 2) {
        if (colours)
            fputs("\033[97;40m", out);
        for (int column = 0; column < size; column++)
            fputs(blocks[is_light(code, row, column)][row + 1 < size && is_light(code, row + 1, column)], out);
        fputs(colours ? "\033[0m\n" : "\n", out);
    }
    QRcode_free(code);
    return true;
}
