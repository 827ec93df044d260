/*
 * A tree back to text, roughly, for the list of jobs.
 */
#include "shell.h"

void describe(const struct node *node, struct text *to) {
  if (!node) return;
  static const char *const SHOWN[] = {[SUBSHELL] = "( ... )", [GROUP] = "{ ... }",     [IF] = "if ...",
                                      [WHILE] = "while ...",  [UNTIL] = "until ...", [FOR] = "for ...",
                                      [CASE] = "case ...",    [FUNCTION] = "function", [BACKGROUND] = "... &"};
  if (node->kind == SIMPLE) {
    for (int list = 0; list < 2; list++) {
      for (struct word *word = list ? node->words : node->assigns; word; word = word->next) {
        if (to->length > 0 && to->at[to->length - 1] != ' ') text_char(to, ' ');
        text_add(to, word->raw, strlen(word->raw));
      }
    }
  } else if (node->kind == PIPELINE) {
    for (struct node *stage = node->left; stage; stage = stage->next) {
      if (stage != node->left) text_add(to, " | ", 3);
      describe(stage, to);
    }
  } else if (node->kind == AND || node->kind == OR || node->kind == SEQUENCE) {
    describe(node->left, to);
    text_add(to, node->kind == AND ? " && " : node->kind == OR ? " || " : " ; ", node->kind == SEQUENCE ? 3 : 4);
    describe(node->right, to);
  } else {
    text_add(to, SHOWN[node->kind], strlen(SHOWN[node->kind]));
  }
}
