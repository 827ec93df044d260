/*
 * What lexer.c and words.c share.
 */
#pragma once
#include "shell.h"

/* While $( ) is parsed, every byte taken goes here too. */
struct recording {
  struct recording *outer;
  struct text text;
};

int peek_byte(struct lexer *lexer);
int take_byte(struct lexer *lexer);
void read_escape(struct lexer *lexer, struct text *to); /* a backslash and what it protects; nothing for a joined line */
void read_word(struct lexer *lexer);
