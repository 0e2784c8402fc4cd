/* option - a command line from a table. The table also prints --help. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_LIST };
/* OPTION_FLAG: bool *; OPTION_TEXT: const char **; OPTION_NUMBER: uint64_t *;
 * OPTION_LIST: struct option_list * (the option may be repeated). */
struct option {
    const char *name; /* "--json" */
    char letter;      /* 'C' or 0 */
    enum option_kind kind;
    const char *value; /* "FILE" in the help, or NULL */
    const char *help;
    void *to;
};
struct option_list {
    const char *at[64];
    unsigned count;
};
/* Parses argv[1..]; what is not an option goes to args (at most args_max, ERR_USAGE beyond).
 * "--" ends options: all behind it are args. "--help" sets *ret_help. table ends with name NULL.
 * "--name=value" and "--name value". Returns the number of args or -ERR_USAGE. With stop_at_arg the
 * first argument ends the options (a front that execs others). */
int option_parse(const struct option *table, int argc, char **argv, bool stop_at_arg,
    const char **args, int args_max, bool *ret_help, struct err *err);
/* The value of an option that is a length of time: days, hours, minutes, seconds ("7d", "12h",
 * "30m", "45s"), at most ten years. ERR_USAGE names the option. */
int option_span(const char *name, const char *value, uint64_t *ret_ms, struct err *err);
/* "usage: ..." and a line an option, aligned, to stdout. */
void option_help(const char *usage, const char *about, const struct option *table);
