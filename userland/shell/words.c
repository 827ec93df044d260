/*
 * Words, with their quotes and substitutions as written.
 *
 * To find where $( ) ends, the parser runs over it and its tree is dropped; the bytes it took are recorded meanwhile.
 */
#include "lexer.h"

static void read_dollar(struct lexer *lexer, struct text *to, bool quoted);

static void read_single(struct lexer *lexer, struct text *to) {
  int c;
  while ((c = take_byte(lexer)) >= 0) {
    text_char(to, (char)c);
    if (c == '\'') return;
  }
  syntax_error(lexer, "unterminated quoted string");
}

/* A backslash and the byte after it; a backslash before a newline joins the lines. */
void read_escape(struct lexer *lexer, struct text *to) {
  take_byte(lexer);
  int c = take_byte(lexer);
  if (c == '\n') return;
  text_char(to, '\\');
  if (c >= 0) text_char(to, (char)c);
}

static void read_backquote(struct lexer *lexer, struct text *to) {
  text_char(to, (char)take_byte(lexer));
  while (peek_byte(lexer) >= 0) {
    int c = take_byte(lexer);
    text_char(to, (char)c);
    if (c == '`') return;
    if (c == '\\' && peek_byte(lexer) >= 0) text_char(to, (char)take_byte(lexer));
  }
  syntax_error(lexer, "unterminated backquote");
}

/* Up to and with the closing byte: of double quotes, or of ${ }. Within double quotes a single quote is a plain byte. */
static void read_until(struct lexer *lexer, struct text *to, char close, bool quoted) {
  int c;
  while ((c = peek_byte(lexer)) >= 0) {
    if (c == '\\') {
      read_escape(lexer, to);
    } else if (c == '$') {
      read_dollar(lexer, to, quoted);
    } else if (c == '`') {
      read_backquote(lexer, to);
    } else {
      text_char(to, (char)take_byte(lexer));
      if (c == close) return;
      if (close == '}' && c == '"') read_until(lexer, to, '"', true);
      if (c == '\'' && !quoted) read_single(lexer, to);
    }
  }
  syntax_error(lexer, close == '"' ? "unterminated quoted string" : "missing '}'");
}

static void read_arithmetic(struct lexer *lexer, struct text *to) {
  for (int depth = 2; depth > 0;) {
    int c = take_byte(lexer);
    if (c < 0) return syntax_error(lexer, "missing '))'");
    text_char(to, (char)c);
    if (c == '(') depth++;
    if (c == ')') depth--;
  }
}

static void read_command(struct lexer *lexer, struct text *to) {
  struct recording recording = {lexer->recording, {0}};
  struct lexer outer = *lexer;
  struct arena arena = {0};
  lexer->recording = &recording;
  lexer->arena = &arena;
  lexer->ready = false;
  lexer->here = NULL;
  parse_list(lexer);
  if (peek_token(lexer) != OPERATOR || !same(lexer->text, ")")) syntax_error(lexer, "missing ')'");
  arena_free(&arena);
  lexer->recording = outer.recording;
  lexer->arena = outer.arena;
  lexer->here = outer.here;
  lexer->ready = false;
  lexer->defined = outer.defined;
  if (recording.text.at) text_add(to, recording.text.at, recording.text.length);
  release(recording.text.at);
}

static void read_dollar(struct lexer *lexer, struct text *to, bool quoted) {
  text_char(to, (char)take_byte(lexer));
  int c = peek_byte(lexer);
  if (c == '{') {
    text_char(to, (char)take_byte(lexer));
    read_until(lexer, to, '}', quoted);
  } else if (c == '(') {
    text_char(to, (char)take_byte(lexer));
    if (peek_byte(lexer) == '(') {
      text_char(to, (char)take_byte(lexer));
      read_arithmetic(lexer, to);
    } else {
      read_command(lexer, to);
    }
  }
}

void read_word(struct lexer *lexer) {
  struct text word = {0};
  int c;
  text_add(&word, "", 0);
  while ((c = peek_byte(lexer)) >= 0 && c != 0 && !strchr(" \t\n&|;<>()", c)) {
    if (c == '\\') {
      read_escape(lexer, &word);
    } else if (c == '\'') {
      text_char(&word, (char)take_byte(lexer));
      read_single(lexer, &word);
    } else if (c == '"') {
      text_char(&word, (char)take_byte(lexer));
      read_until(lexer, &word, '"', true);
    } else if (c == '$') {
      read_dollar(lexer, &word, false);
    } else if (c == '`') {
      read_backquote(lexer, &word);
    } else {
      text_char(&word, (char)take_byte(lexer));
    }
  }
  if (lexer->error) {
    release(word.at);
    return;
  }
  bool number = word.length > 0 && (c == '<' || c == '>');
  for (size_t i = 0; i < word.length; i++) number = number && is_digit(word.at[i]);
  lexer->token = number ? IO_NUMBER : WORD;
  lexer->text = arena_copy(lexer->arena, word.at, word.length);
  release(word.at);
}

/* The same rules over text that was accepted before: run a lexer over it and see how far it got. */
static const char *end_by(const char *text, void (*reader)(struct lexer *, struct text *)) {
  struct source source = {.string = text};
  struct arena arena = {0};
  struct lexer lexer = {.source = &source, .arena = &arena, .byte = -2};
  struct text dropped = {0};
  reader(&lexer, &dropped);
  release(dropped.at);
  arena_free(&arena);
  return source.string;
}

static void read_braces(struct lexer *lexer, struct text *to) { read_until(lexer, to, '}', false); }
static void read_quoted_braces(struct lexer *lexer, struct text *to) { read_until(lexer, to, '}', true); }

const char *end_of_command(const char *text) { return end_by(text, read_command); }
const char *end_of_braces(const char *text, bool quoted) {
  return end_by(text, quoted ? read_quoted_braces : read_braces);
}
const char *end_of_arithmetic(const char *text) { return end_by(text, read_arithmetic); }
