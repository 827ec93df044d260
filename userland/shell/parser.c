/*
 * Tokens to a tree, by recursive descent; the grammar is that of the POSIX shell.
 */
#include "parser.h"

struct node *new_node(struct lexer *lexer, enum node_kind kind) {
  struct node *node = arena_take(lexer->arena, sizeof *node);
  node->kind = kind;
  return node;
}

bool at_word(struct lexer *lexer, const char *text) {
  return peek_token(lexer) == WORD && same(lexer->text, text);
}

bool at_operator(struct lexer *lexer, const char *text) {
  return peek_token(lexer) == OPERATOR && same(lexer->text, text);
}

void unexpected(struct lexer *lexer) {
  peek_token(lexer);
  struct text text = {0};
  text_add(&text, "unexpected ", 11);
  text_add(&text, lexer->text, strlen(lexer->text));
  const char *message = arena_copy(lexer->arena, text.at, text.length);
  release(text.at);
  syntax_error(lexer, message);
}

static void expect_word(struct lexer *lexer, const char *text) {
  if (at_word(lexer, text)) next_token(lexer);
  else unexpected(lexer);
}

void skip_newlines(struct lexer *lexer) {
  while (peek_token(lexer) == NEWLINE) next_token(lexer);
}

/* A reserved word in the place of a command that ends the list around it. */
static bool ends_list(struct lexer *lexer) {
  static const char *const ENDS[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};
  enum token token = peek_token(lexer);
  if (token == END || at_operator(lexer, ")") || at_operator(lexer, ";;")) return true;
  for (size_t i = 0; token == WORD && i < sizeof ENDS / sizeof *ENDS; i++) {
    if (same(lexer->text, ENDS[i])) return true;
  }
  return false;
}

static struct node *parse_if(struct lexer *lexer) {
  struct node *node = new_node(lexer, IF);
  next_token(lexer);
  node->left = parse_list(lexer);
  expect_word(lexer, "then");
  node->right = parse_list(lexer);
  if (at_word(lexer, "elif")) {
    node->other = parse_if(lexer);
    return node;
  }
  if (at_word(lexer, "else")) {
    next_token(lexer);
    node->other = parse_list(lexer);
  }
  expect_word(lexer, "fi");
  return node;
}

static struct node *parse_body(struct lexer *lexer) {
  expect_word(lexer, "do");
  struct node *body = parse_list(lexer);
  expect_word(lexer, "done");
  return body;
}

static struct node *parse_for(struct lexer *lexer) {
  struct node *node = new_node(lexer, FOR);
  next_token(lexer);
  if (peek_token(lexer) != WORD || !is_name(lexer->text, strlen(lexer->text))) {
    unexpected(lexer);
    return node;
  }
  node->name = lexer->text;
  next_token(lexer);
  skip_newlines(lexer);
  if (at_word(lexer, "in")) {
    node->in = true;
    next_token(lexer);
    struct word **words = &node->words;
    while (peek_token(lexer) == WORD) words = add_word(lexer, words);
  }
  if (at_operator(lexer, ";")) next_token(lexer);
  skip_newlines(lexer);
  node->left = parse_body(lexer);
  return node;
}

static struct node *parse_case(struct lexer *lexer) {
  struct node *node = new_node(lexer, CASE);
  next_token(lexer);
  if (peek_token(lexer) != WORD) unexpected(lexer);
  node->name = lexer->text;
  next_token(lexer);
  skip_newlines(lexer);
  expect_word(lexer, "in");
  struct case_item **items = &node->items;
  for (skip_newlines(lexer); !at_word(lexer, "esac") && !lexer->error; skip_newlines(lexer)) {
    struct case_item *item = arena_take(lexer->arena, sizeof *item);
    *items = item;
    items = &item->next;
    if (at_operator(lexer, "(")) next_token(lexer);
    struct word **patterns = &item->patterns;
    for (;;) {
      if (peek_token(lexer) != WORD) unexpected(lexer);
      if (lexer->error) return node;
      patterns = add_word(lexer, patterns);
      if (!at_operator(lexer, "|")) break;
      next_token(lexer);
    }
    if (!at_operator(lexer, ")")) unexpected(lexer);
    next_token(lexer);
    item->body = parse_list(lexer);
    if (!at_operator(lexer, ";;")) break;
    next_token(lexer);
  }
  expect_word(lexer, "esac");
  return node;
}

static struct node *parse_enclosed(struct lexer *lexer, enum node_kind kind) {
  struct node *node = new_node(lexer, kind);
  next_token(lexer);
  node->left = parse_list(lexer);
  if (!node->left && !lexer->error) unexpected(lexer);
  if (kind == GROUP) {
    expect_word(lexer, "}");
  } else {
    if (!at_operator(lexer, ")")) unexpected(lexer);
    next_token(lexer);
  }
  return node;
}

struct node *parse_command(struct lexer *lexer) {
  struct node *node;
  if (at_operator(lexer, "(")) node = parse_enclosed(lexer, SUBSHELL);
  else if (at_word(lexer, "{")) node = parse_enclosed(lexer, GROUP);
  else if (at_word(lexer, "if")) node = parse_if(lexer);
  else if (at_word(lexer, "for")) node = parse_for(lexer);
  else if (at_word(lexer, "case")) node = parse_case(lexer);
  else if (at_word(lexer, "while") || at_word(lexer, "until")) {
    node = new_node(lexer, *lexer->text == 'w' ? WHILE : UNTIL);
    next_token(lexer);
    node->left = parse_list(lexer);
    node->right = parse_body(lexer);
  } else if (ends_list(lexer)) {
    unexpected(lexer);
    return NULL;
  } else {
    return parse_simple(lexer);
  }
  while (is_redirection(lexer) && !lexer->error) parse_redirection(lexer, &node->redirects);
  return node;
}

static struct node *parse_pipeline(struct lexer *lexer) {
  bool negate = false;
  for (; at_word(lexer, "!"); negate = !negate) next_token(lexer);
  struct node *first = parse_command(lexer);
  if (!negate && !at_operator(lexer, "|")) return first;
  struct node *pipeline = new_node(lexer, PIPELINE);
  pipeline->negate = negate;
  pipeline->left = first;
  for (struct node *stage = first; stage && at_operator(lexer, "|"); stage = stage->next) {
    next_token(lexer);
    skip_newlines(lexer);
    stage->next = parse_command(lexer);
  }
  return pipeline;
}

static struct node *parse_and_or(struct lexer *lexer) {
  struct node *left = parse_pipeline(lexer);
  while (at_operator(lexer, "&&") || at_operator(lexer, "||")) {
    struct node *node = new_node(lexer, *lexer->text == '&' ? AND : OR);
    next_token(lexer);
    skip_newlines(lexer);
    node->left = left;
    node->right = parse_pipeline(lexer);
    left = node;
  }
  return left;
}

/* One and-or list with the separator after it; *more says if another may follow on the same line. */
static struct node *parse_separated(struct lexer *lexer, bool *more) {
  struct node *node = parse_and_or(lexer);
  *more = false;
  if (at_operator(lexer, "&")) {
    struct node *background = new_node(lexer, BACKGROUND);
    background->left = node;
    node = background;
  } else if (!at_operator(lexer, ";")) {
    return node;
  }
  next_token(lexer);
  *more = true;
  return node;
}

static struct node *in_sequence(struct lexer *lexer, struct node *left, struct node *right) {
  if (!left) return right;
  struct node *node = new_node(lexer, SEQUENCE);
  node->left = left;
  node->right = right;
  return node;
}

struct node *parse_list(struct lexer *lexer) {
  struct node *list = NULL;
  for (skip_newlines(lexer); !ends_list(lexer); skip_newlines(lexer)) {
    bool more;
    list = in_sequence(lexer, list, parse_separated(lexer, &more));
    if (!more && peek_token(lexer) != NEWLINE) break;
  }
  return list;
}

struct node *parse_line(struct lexer *lexer) {
  struct node *line = NULL;
  bool more = peek_token(lexer) != NEWLINE && lexer->token != END;
  while (more && !lexer->error) {
    line = in_sequence(lexer, line, parse_separated(lexer, &more));
    if (peek_token(lexer) == NEWLINE || lexer->token == END) break;
    if (!more) unexpected(lexer);
  }
  next_token(lexer);
  return line;
}
