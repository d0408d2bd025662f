/* QR codes in half blocks. */
#include "qr.h"

#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { QUIET = 4 };

static const char TEXT[] = "SOTTO1:635677103014459742499569096229850298427524894266355656872604";

/* The lines as they are drawn; free() them. */
static char *draw(bool colours)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT(id_qr_draw(out, TEXT, colours));
    fclose(out);
    return text;
}

/* Two modules of one character: bit 0 the upper is light, bit 1 the lower. Steps over it. */
static unsigned read_block(const char **at)
{
    static const char *const blocks[] = {" ", "\u2580", "\u2584", "\u2588"};
    for (unsigned i = 0; i < 4; i++) {
        if (strncmp(*at, blocks[i], strlen(blocks[i])) == 0) {
            *at += strlen(blocks[i]);
            return i;
        }
    }
    CU_FAIL_FATAL("not a block");
    return 0;
}

static void every_module_is_drawn(void)
{
    char *text = draw(false);
    const char *at = text;
    QRcode *code = QRcode_encodeString(TEXT, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    const int size = code->width + 2 * QUIET;
    for (int row = 0; row < size; row += 2) {
        for (int column = 0; column < size; column++) {
            const unsigned block = read_block(&at);
            for (int half = 0; half < 2 && row + half < size; half++) {
                const int y = row + half - QUIET;
                const int x = column - QUIET;
                const bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
                const bool light = !inside || !(code->data[y * code->width + x] & 1);
                CU_ASSERT_EQUAL(block >> half & 1, light);
            }
        }
        CU_ASSERT_EQUAL(*at++, '\n');
    }
    CU_ASSERT_EQUAL(*at, '\0');
    QRcode_free(code);
    free(text);
}

static void colours_end_with_each_line(void)
{
    char *plain = draw(false);
    char *coloured = draw(true);
    size_t lines = 0;
    for (const char *c = plain; *c; c++)
        lines += *c == '\n';
    CU_ASSERT_PTR_NULL(strchr(plain, '\033'));
    CU_ASSERT_EQUAL(strlen(coloured), strlen(plain) + lines * (strlen("\033[97;40m") + strlen("\033[0m")));
    for (const char *c = strchr(coloured, '\n'); c; c = strchr(c + 1, '\n'))
        CU_ASSERT_EQUAL(strncmp(c - 4, "\033[0m", 4), 0);
    free(plain);
    free(coloured);
}

static const struct unit_test tests[] = {
    {"every module is drawn, with four of light around", every_module_is_drawn},
    {"colours end with each line", colours_end_with_each_line},
};

UNIT_MAIN("id.qr", tests)
