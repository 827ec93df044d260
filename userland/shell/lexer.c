/*
 * Program text to tokens.
 *
 * A word keeps its quotes and substitutions as written. To find where $( ) ends, the parser runs over it and its tree is
 * dropped; the bytes it took are recorded meanwhile. After an error every token is END, so that the parser winds down.
 */
#include "shell.h"

struct recording {
  struct recording *outer;
  struct text text;
};

struct pending_here {
  struct pending_here *next;
  struct redirect *redirect;
  const char *delimiter;
  bool strip;
};

static void read_dollar(struct lexer *lexer, struct text *to, bool quoted);

static int peek(struct lexer *lexer) {
  if (lexer->byte == -2) lexer->byte = lexer->error ? -1 : source_byte(lexer->source);
  return lexer->byte;
}

static int take(struct lexer *lexer) {
  int byte = peek(lexer);
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

static void read_single(struct lexer *lexer, struct text *to) {
  int c;
  while ((c = take(lexer)) >= 0) {
    text_char(to, (char)c);
    if (c == '\'') return;
  }
  syntax_error(lexer, "unterminated quoted string");
}

/* A backslash and the byte after it; a backslash before a newline joins the lines. */
static void read_escape(struct lexer *lexer, struct text *to) {
  take(lexer);
  int c = take(lexer);
  if (c == '\n') return;
  text_char(to, '\\');
  if (c >= 0) text_char(to, (char)c);
}

static void read_backquote(struct lexer *lexer, struct text *to) {
  text_char(to, (char)take(lexer));
  while (peek(lexer) >= 0) {
    int c = take(lexer);
    text_char(to, (char)c);
    if (c == '`') return;
    if (c == '\\' && peek(lexer) >= 0) text_char(to, (char)take(lexer));
  }
  syntax_error(lexer, "unterminated backquote");
}

/* Up to and with the closing byte: of double quotes, or of ${ }. Within double quotes a single quote is a plain byte. */
static void read_until(struct lexer *lexer, struct text *to, char close, bool quoted) {
  int c;
  while ((c = peek(lexer)) >= 0) {
    if (c == '\\') {
      read_escape(lexer, to);
    } else if (c == '$') {
      read_dollar(lexer, to, quoted);
    } else if (c == '`') {
      read_backquote(lexer, to);
    } else {
      text_char(to, (char)take(lexer));
      if (c == close) return;
      if (close == '}' && c == '"') read_until(lexer, to, '"', true);
      if (c == '\'' && !quoted) read_single(lexer, to);
    }
  }
  syntax_error(lexer, close == '"' ? "unterminated quoted string" : "missing '}'");
}

static void read_arithmetic(struct lexer *lexer, struct text *to) {
  for (int depth = 2; depth > 0;) {
    int c = take(lexer);
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
  text_char(to, (char)take(lexer));
  int c = peek(lexer);
  if (c == '{') {
    text_char(to, (char)take(lexer));
    read_until(lexer, to, '}', quoted);
  } else if (c == '(') {
    text_char(to, (char)take(lexer));
    if (peek(lexer) == '(') {
      text_char(to, (char)take(lexer));
      read_arithmetic(lexer, to);
    } else {
      read_command(lexer, to);
    }
  }
}

static void read_word(struct lexer *lexer) {
  struct text word = {0};
  int c;
  text_add(&word, "", 0);
  while ((c = peek(lexer)) >= 0 && c != 0 && !strchr(" \t\n&|;<>()", c)) {
    if (c == '\\') {
      read_escape(lexer, &word);
    } else if (c == '\'') {
      text_char(&word, (char)take(lexer));
      read_single(lexer, &word);
    } else if (c == '"') {
      text_char(&word, (char)take(lexer));
      read_until(lexer, &word, '"', true);
    } else if (c == '$') {
      read_dollar(lexer, &word, false);
    } else if (c == '`') {
      read_backquote(lexer, &word);
    } else {
      text_char(&word, (char)take(lexer));
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
      while (here->strip && peek(lexer) == '\t') take(lexer);
      int c;
      while ((c = take(lexer)) >= 0 && c != '\n') text_char(&body, (char)c);
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
  char text[4] = {(char)take(lexer)};
  /* No look beyond a parenthesis: the byte after $( ) is not the lexer's to take. */
  for (int length = 1; length < 3 && *text != ')' && *text != '('; length++) {
    bool longer = false;
    if (peek(lexer) < 0) break;
    text[length] = (char)peek(lexer);
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) {
      longer = longer || strncmp(OPERATORS[i], text, (size_t)length + 1) == 0;
    }
    if (!longer) {
      text[length] = 0;
      break;
    }
    take(lexer);
  }
  lexer->token = OPERATOR;
  lexer->text = arena_copy(lexer->arena, text, strlen(text));
}

enum token peek_token(struct lexer *lexer) {
  if (lexer->ready) return lexer->token;
  lexer->ready = true;
  int c;
  for (;;) {
    c = peek(lexer);
    if (c == ' ' || c == '\t' || c == 0) {
      take(lexer);
    } else if (c == '#') {
      while ((c = peek(lexer)) >= 0 && c != '\n') take(lexer);
    } else if (c == '\\') {
      struct text joined = {0};
      read_escape(lexer, &joined);
      if (joined.length > 0) {
        /* Not a joined line but the start of a word: read the rest and put this before it. */
        if (peek(lexer) < 0 || strchr(" \t\n&|;<>()", peek(lexer))) {
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
    take(lexer);
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
