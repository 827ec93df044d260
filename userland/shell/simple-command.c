/*
 * Simple commands, function definitions and redirections: tokens to a tree.
 */
#include "parser.h"

bool is_redirection(struct lexer *lexer) {
  return peek_token(lexer) == IO_NUMBER || (lexer->token == OPERATOR && (*lexer->text == '<' || *lexer->text == '>'));
}

/* A delimiter with any quote in it keeps the text as it is. */
static const char *unquoted(struct lexer *lexer, const char *raw, bool *was_quoted) {
  struct text text = {0};
  text_add(&text, "", 0);
  for (; *raw; raw++) {
    if (*raw == '\\' || *raw == '\'' || *raw == '"') *was_quoted = true;
    if (*raw == '\\' && raw[1]) raw++;
    else if (*raw == '\'' || *raw == '"') continue;
    text_char(&text, *raw);
  }
  const char *copy = arena_copy(lexer->arena, text.at, text.length);
  release(text.at);
  return copy;
}

void parse_redirection(struct lexer *lexer, struct redirect **list) {
  long number = -1;
  if (peek_token(lexer) == IO_NUMBER) {
    parse_number(lexer->text, &number);
    next_token(lexer);
    peek_token(lexer);
  }
  const char *operator = lexer->text;
  struct redirect *redirect = arena_take(lexer->arena, sizeof *redirect);
  redirect->fd = number >= 0 ? (int)number : *operator == '<' ? 0 : 1;
  bool here = strncmp(operator, "<<", 2) == 0;
  if (here) redirect->kind = HERE;
  else if (operator[1] == '&') redirect->kind = DUPLICATE;
  else if (same(operator, "<>")) redirect->kind = READ_WRITE;
  else if (same(operator, ">>")) redirect->kind = APPEND;
  else redirect->kind = *operator == '<' ? FROM_FILE : TO_FILE;
  next_token(lexer);
  if (peek_token(lexer) != WORD) return unexpected(lexer);
  redirect->target = lexer->text;
  if (here) {
    const char *delimiter = unquoted(lexer, lexer->text, &redirect->literal);
    expect_here(lexer, redirect, delimiter, operator[2] == '-');
  }
  next_token(lexer);
  while (*list) list = &(*list)->next;
  *list = redirect;
}

struct word **add_word(struct lexer *lexer, struct word **at) {
  struct word *word = arena_take(lexer->arena, sizeof *word);
  word->raw = lexer->text;
  *at = word;
  next_token(lexer);
  return &word->next;
}

static bool is_assignment(const char *raw) {
  const char *equals = strchr(raw, '=');
  return equals && is_name(raw, (size_t)(equals - raw));
}

struct node *parse_simple(struct lexer *lexer) {
  struct node *node = new_node(lexer, SIMPLE);
  struct word **assigns = &node->assigns, **words = &node->words;
  for (;;) {
    if (is_redirection(lexer)) {
      parse_redirection(lexer, &node->redirects);
    } else if (peek_token(lexer) == WORD) {
      if (!node->words && is_assignment(lexer->text)) assigns = add_word(lexer, assigns);
      else words = add_word(lexer, words);
    } else if (at_operator(lexer, "(") && node->words && !node->words->next && !node->assigns && !node->redirects) {
      next_token(lexer);
      if (!at_operator(lexer, ")")) unexpected(lexer);
      next_token(lexer);
      skip_newlines(lexer);
      node->kind = FUNCTION;
      node->name = node->words->raw;
      if (!is_name(node->name, strlen(node->name))) syntax_error(lexer, "bad function name");
      lexer->defined = true;
      node->left = parse_command(lexer);
      return node;
    } else {
      break;
    }
  }
  if (!node->words && !node->assigns && !node->redirects) unexpected(lexer);
  return node;
}
