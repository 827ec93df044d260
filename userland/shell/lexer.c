/*
 * Program text to tokens.
 *
 * Words are read by words.c. After an error every token is END, so that the parser winds down.
 */
#include "lexer.h"

struct pending_here {
  struct pending_here *next;
  struct redirect *redirect;
  const char *delimiter;
  bool strip;
};

int peek_byte(struct lexer *lexer) {
  if (lexer->byte == -2) lexer->byte = lexer->error ? -1 : source_byte(lexer->source);
  return lexer->byte;
}

int take_byte(struct lexer *lexer) {
  int byte = peek_byte(lexer);
  lexer->byte = -2;
  for (struct recording *r = lexer->recording; r && byte >= 0; r = r->outer) text_char(&r->text, (char)byte);
  return byte;
}

void syntax_error(struct lexer *lexer, const char *what) {
  if (!lexer->error) lexer->error = what;
  lexer->token = END;
  lexer->text = "end of input";
  lexer->ready = true;
}

bool is_name(const char *s, size_t length) {
  if (length == 0 || is_digit(*s)) return false;
  for (; length > 0; s++, length--) {
    if (!is_alpha(*s) && !is_digit(*s) && *s != '_') return false;
  }
  return true;
}

void expect_here(struct lexer *lexer, struct redirect *redirect, const char *delimiter, bool strip) {
  struct pending_here *here = arena_take(lexer->arena, sizeof *here);
  struct pending_here **at = &lexer->here;
  while (*at) at = &(*at)->next;
  *here = (struct pending_here){NULL, redirect, delimiter, strip};
  *at = here;
}

/* The bodies of here-documents follow the line that asks for them. */
static void read_here(struct lexer *lexer) {
  for (struct pending_here *here = lexer->here; here; here = here->next) {
    struct text body = {0};
    text_add(&body, "", 0);
    for (size_t start = 0;; start = body.length) {
      while (here->strip && peek_byte(lexer) == '\t') take_byte(lexer);
      int c;
      while ((c = take_byte(lexer)) >= 0 && c != '\n') text_char(&body, (char)c);
      if (same(body.at + start, here->delimiter) || (c < 0 && body.length == start)) {
        body.length = start;
        break;
      }
      text_char(&body, '\n');
      if (c < 0) break;
    }
    here->redirect->target = arena_copy(lexer->arena, body.at, body.length);
    release(body.at);
  }
  lexer->here = NULL;
}

static void read_operator(struct lexer *lexer) {
  static const char *const OPERATORS[] = {"<<-", "<<", "<&", "<>", ">>", ">&", ">|", "&&", "||", ";;"};
  char text[4] = {(char)take_byte(lexer)};
  /* No look beyond a parenthesis: the byte after $( ) is not the lexer's to take. */
  for (int length = 1; length < 3 && *text != ')' && *text != '('; length++) {
    bool longer = false;
    if (peek_byte(lexer) < 0) break;
    text[length] = (char)peek_byte(lexer);
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) {
      longer = longer || strncmp(OPERATORS[i], text, (size_t)length + 1) == 0;
    }
    if (!longer) {
      text[length] = 0;
      break;
    }
    take_byte(lexer);
  }
  lexer->token = OPERATOR;
  lexer->text = arena_copy(lexer->arena, text, strlen(text));
}

enum token peek_token(struct lexer *lexer) {
  if (lexer->ready) return lexer->token;
  lexer->ready = true;
  int c;
  for (;;) {
    c = peek_byte(lexer);
    if (c == ' ' || c == '\t' || c == 0) {
      take_byte(lexer);
    } else if (c == '#') {
      while ((c = peek_byte(lexer)) >= 0 && c != '\n') take_byte(lexer);
    } else if (c == '\\') {
      struct text joined = {0};
      read_escape(lexer, &joined);
      if (joined.length > 0) {
        /* Not a joined line but the start of a word: read the rest and put this before it. */
        if (peek_byte(lexer) < 0 || strchr(" \t\n&|;<>()", peek_byte(lexer))) {
          lexer->token = WORD;
          lexer->text = arena_copy(lexer->arena, joined.at, joined.length);
        } else {
          read_word(lexer);
          lexer->token = lexer->error ? END : WORD;
          if (!lexer->error) text_add(&joined, lexer->text, strlen(lexer->text));
          lexer->text = arena_copy(lexer->arena, joined.at, joined.length);
        }
        release(joined.at);
        lexer->ready = true;
        return lexer->token;
      }
    } else {
      break;
    }
  }
  if (c < 0) {
    if (lexer->here) read_here(lexer);
    lexer->token = END;
    lexer->text = "end of input";
  } else if (c == '\n') {
    take_byte(lexer);
    lexer->token = NEWLINE;
    lexer->text = "newline";
    if (lexer->here) read_here(lexer);
  } else if (strchr("&|;<>()", c)) {
    read_operator(lexer);
  } else {
    read_word(lexer);
  }
  /* A substitution inside the word has used the same place for its own tokens. */
  lexer->ready = true;
  return lexer->token;
}

void next_token(struct lexer *lexer) {
  if (!lexer->error) lexer->ready = false;
}
