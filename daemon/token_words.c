/* What a token's words mean, for those who read tokens and those who make them. */
#include <string.h>

#include "daemon/token.h"

const char *token_error_text(int error)
{
    switch (error) {
    case TOKEN_OK:
        return "no error";
#define X(name, value, text)                                                                                           \
    case name:                                                                                                         \
        return text;
        TOKEN_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

bool token_id_is_valid(const char *text, size_t len)
{
    struct text_slice s = {text, len};
    return len < TOKEN_ID_MAX && text_is_made_of(s, "-_.") && !text_equal(s, ".") && !text_equal(s, "..");
}

static const struct {
    unsigned bit;
    const char *name;
} rights[] = {
#define X(name, bit, text) {name, text},
    TOKEN_RIGHTS(X)
#undef X
};

unsigned token_right_of(const char *name)
{
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
        if (strcmp(name, rights[i].name) == 0)
            return rights[i].bit;
    return 0;
}

const char *token_right_name(unsigned right)
{
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
        if (right == rights[i].bit)
            return rights[i].name;
    return NULL;
}
