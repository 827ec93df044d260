/*
 * What parser.c and simple-command.c share.
 */
#pragma once
#include "shell.h"

struct node *new_node(struct lexer *lexer, enum node_kind kind);
bool at_word(struct lexer *lexer, const char *text);
bool at_operator(struct lexer *lexer, const char *text);
void unexpected(struct lexer *lexer);
void skip_newlines(struct lexer *lexer);
bool is_redirection(struct lexer *lexer);
void parse_redirection(struct lexer *lexer, struct redirect **list);
struct word **add_word(struct lexer *lexer, struct word **at); /* the word at hand; returns where the next one goes */
struct node *parse_simple(struct lexer *lexer);
struct node *parse_command(struct lexer *lexer);
