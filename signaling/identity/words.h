/* Words for reading numbers aloud: 11 bits each. */
#ifndef IDENTITY_WORDS_H
#define IDENTITY_WORDS_H

enum { IDENTITY_WORDS = 2048, IDENTITY_WORD_MAX = 8 /* letters */ };

extern const char identity_words[IDENTITY_WORDS][IDENTITY_WORD_MAX + 1];

#endif
