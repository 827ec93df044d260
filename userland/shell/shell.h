/*
 * sh: the map of the shell. One section per file; the order is the order in which a command flows through.
 *
 *   source -> lexer -> parser -> tree -> exec -> (expand, redirect, builtins, jobs) -> kernel
 *
 * Memory: trees live in the arena of their parse and go with it; what expansion makes lives in the scratch arena, which
 * every command leaves as it found it; variables and functions are blocks of their own. Nothing unwinds the C stack:
 * break, continue, return and a keyboard interrupt travel as shell.jump, and every loop looks at it.
 */
#pragma once
#include "../runtime/runtime.h"

/* arena.c */
struct chunk;
struct arena {
  struct chunk *last;
};
struct mark {
  struct chunk *chunk;
  size_t used;
};
extern struct arena scratch;
void *arena_take(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *s, size_t length);
void arena_free(struct arena *arena);
struct mark scratch_mark(void);
void scratch_release(struct mark mark);

/* The tree. Words stay as written, quotes included, until they are expanded. */
struct word {
  struct word *next;
  const char *raw;
};
enum redirect_kind { TO_FILE, APPEND, FROM_FILE, READ_WRITE, DUPLICATE, HERE };
struct redirect {
  struct redirect *next;
  enum redirect_kind kind;
  int fd;
  const char *target; /* raw word; for HERE the text */
  bool literal;       /* HERE with a quoted delimiter: no expansion */
};
struct case_item {
  struct case_item *next;
  struct word *patterns;
  struct node *body;
};
enum node_kind { SIMPLE, PIPELINE, AND, OR, SEQUENCE, BACKGROUND, SUBSHELL, GROUP, IF, WHILE, UNTIL, FOR, CASE, FUNCTION };
struct node {
  enum node_kind kind;
  bool negate;              /* PIPELINE: `!` */
  bool in;                  /* FOR: has a word list */
  struct node *next;        /* PIPELINE: next stage */
  struct node *left, *right, *other;
  struct word *assigns, *words;
  struct redirect *redirects;
  struct case_item *items;
  const char *name;         /* FOR variable, CASE word, FUNCTION name */
};

/* source.c: where program text comes from */
struct source {
  const char *string; /* text in memory, or null for fd */
  int fd;
  bool tty, by_byte; /* by_byte: commands may read the same fd, so take no more than is used */
  bool midline;
  bool more;         /* inside a command: the next prompt is PS2 */
  bool last;         /* of a string: the process ends after it */
  size_t at, end;
  char *buffer;
};
int source_byte(struct source *source); /* -1 at the end */
void source_file(struct source *source, int fd, bool shared);

/* lexer.c, words.c */
enum token { END, NEWLINE, WORD, IO_NUMBER, OPERATOR };
struct recording;
struct lexer {
  struct source *source;
  struct arena *arena;
  int byte; /* one byte ahead; -2 when none was read */
  bool ready;
  enum token token;
  char *text; /* of WORD, IO_NUMBER and OPERATOR */
  struct recording *recording;
  struct pending_here *here;
  const char *error;
  bool defined; /* a function was defined: its tree must stay */
};
enum token peek_token(struct lexer *lexer);
void next_token(struct lexer *lexer);
void syntax_error(struct lexer *lexer, const char *what);
void expect_here(struct lexer *lexer, struct redirect *redirect, const char *delimiter, bool strip);
/* After "$(": the byte after the matching ")". */
const char *end_of_command(const char *text);
const char *end_of_braces(const char *text, bool quoted); /* after "${" */
const char *end_of_arithmetic(const char *text); /* after "$((" */
bool is_name(const char *s, size_t length);

/* parser.c, simple-command.c: the next complete command, null when there was none; sets lexer->error */
struct node *parse_line(struct lexer *lexer);
struct node *parse_list(struct lexer *lexer);

/* variables.c */
void variables_start(void);
const char *get_variable(const char *name);
bool set_variable(const char *name, const char *value); /* false: read-only */
void unset_variable(const char *name);
void mark_variable(const char *name, bool export, bool readonly);
void print_variables(bool exported_only);
char **environment_block(void);
void make_local(const char *name);
size_t locals_depth(void);
void restore_locals(size_t depth);

/* expand.c, parameter.c, fields.c, match.c, arithmetic.c */
struct expansion {
  struct text bytes, marks;
};
enum { QUOTED = 'q', LITERAL = 'l', RESULT = 'e', EMPTY = 'n', BREAK = 'b' };
void add_bytes(struct expansion *to, const char *s, size_t length, char mark);
void expand_raw(struct expansion *to, const char *raw, const char *end, bool quoted, char literal);
const char *expand_parameter(struct expansion *to, const char *at, bool quoted, char literal);
char *number_text(long value);         /* in scratch, like all of these */
char *expand_single(const char *raw);  /* no splitting, no globbing; in scratch */
char *expand_here(const char *text);
char *expand_pattern(const char *raw); /* quoted bytes carry a backslash */
char *pattern_of(const struct expansion *from, size_t start, size_t end);
char **expand_words(struct word *words, int *count);
char **split_fields(const char *line, int most, bool backslash, int *count); /* for read */
bool match(const char *pattern, const char *s);
void glob(const char *pattern, void (*found)(const char *path));
long arithmetic(const char *text);
char *run_substitution(const char *text, size_t length);
__attribute__((format(printf, 1, 2))) void expansion_error(const char *format, ...);

/* exec.c */
enum jump { NO_JUMP, JUMP_BREAK, JUMP_CONTINUE, JUMP_RETURN, JUMP_TOP };
struct shell {
  int status;           /* $? */
  int pid;              /* $$ */
  int last_background;  /* $! */
  int argc;             /* positional parameters, without $0 */
  char **argv;
  void *parameters; /* block that holds them, if they are the shell's own */
  const char *name; /* $0 */
  enum jump jump;
  int jump_levels, loops, functions;
  int substitution_status; /* of the last $( ), -1 if none since it was reset */
  bool interactive, job_control, subshell;
  bool exit_on_error, trace, no_unset, no_glob;
  int tested; /* > 0 while a failing command does not end `set -e` */
};
extern struct shell shell;
int run(struct node *node, bool last); /* last: the process ends afterwards, so no fork is needed */
int run_source(struct source *source);
int run_text(const char *text, bool last);
int run_file(const char *path);
__attribute__((noreturn)) void run_external(char **argv); /* execve, or exit with the status of its failure */
int run_tested(struct node *node); /* a failure does not end `set -e` */
char *find_program(const char *name);                      /* full path in scratch, or null */
struct node *find_function(const char *name);
void remove_function(const char *name);
__attribute__((noreturn)) void shell_exit(int status);

/* compound.c, command.c */
int run_compound(struct node *node, bool last);
int run_simple(struct node *node, bool last);

/* describe.c */
void describe(const struct node *node, struct text *to);

/* redirect.c */
struct saved_fd {
  struct saved_fd *next;
  int fd, copy;
};
bool redirect(struct redirect *list, struct saved_fd **saved); /* saved null: for good */
void restore_fds(struct saved_fd *saved);

/* jobs.c, job-control.c */
struct job;
void jobs_start(void); /* takes the terminal; starts the traps at the right moment */
struct job *new_job(void);
int spawn(struct job *job, bool background); /* fork; 0 in the child */
int wait_for(struct job *job);
void background_job(struct job *job, int pid, const struct node *node);
void job_text(struct job *job, const struct node *node);
void report_jobs(bool all);
int exit_status(int wait_status);
int builtin_bg(int argc, char **argv);
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_wait(int argc, char **argv);
int job_group(const char *id); /* "%1" to a process group; -1 if there is none */

/* traps.c */
extern volatile bool trap_pending, interrupted;
void traps_start(void);
void traps_in_child(bool background);
void run_traps(void);
void run_exit_trap(void);
bool has_exit_trap(void);
int first_pending_signal(void);
int builtin_trap(int argc, char **argv);

/* builtins.c, read.c */
typedef int (*builtin)(int argc, char **argv);
struct builtin_entry {
  const char *name;
  builtin run;
  bool special; /* assignments before it stay, and its failure ends a script */
};
const struct builtin_entry *find_builtin(const char *name);
int builtin_read(int argc, char **argv);

/* settings.c */
int set_options(int argc, char **argv); /* how many arguments were options; -1 for a bad one */
void set_parameters(int count, char **values);
int builtin_export(int argc, char **argv);
int builtin_readonly(int argc, char **argv);
int builtin_local(int argc, char **argv);
int builtin_unset(int argc, char **argv);
int builtin_set(int argc, char **argv);
int builtin_shift(int argc, char **argv);
int builtin_umask(int argc, char **argv);

/* ../toolbox: shared with the stand-alone tools */
int tool_echo(int argc, char **argv);
int tool_printf(int argc, char **argv);
int tool_test(int argc, char **argv);
int tool_true(int argc, char **argv);
int tool_false(int argc, char **argv);
int tool_kill(int argc, char **argv);
