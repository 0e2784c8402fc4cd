/* verb - what the programs behind `moult` share: a table of commands, the global options, and how a
 * failure is told to a person or, with --json, to a program. */
#pragma once

#include "base/err.h"
#include "base/option.h"
#include "base/str.h"
#include "wire/home.h"

#include <stdbool.h>
#include <stdint.h>

struct verb_call {
    const char *program; /* "moult-trial" */
    const char *name;    /* "mine" */
    const char *dir;     /* -C, or NULL */
    bool json;
    int argc; /* of the command: argv[0] is its name */
    char **argv;
};
struct verb {
    const char *name;
    /* Returns the exit status (0, 1 or 3), or a negated ERR_ code with *err set: then verb_main
     * prints the error and exits as CONTRACT says. */
    int (*run)(const struct verb_call *call, struct err *err);
    const char *usage; /* "import FORMAT [--tools FILE] FILE..." */
    const char *about; /* one line */
};
/* Set by the service for its children: they end with it, also when it is killed. */
#define VERB_PARENT "MOULT_CHILD_OF"
/* Parses "[-C DIR] [--json] COMMAND ...", runs it, returns the exit status. --json is also taken
 * behind the command. table ends with name NULL. */
int verb_main(const char *program, const struct verb *table, int argc, char **argv);
/* The command's own options (table ends with name NULL). Returns the number of args, or an error;
 * -1000 when --help was given and printed (return 0 then). */
enum { VERB_HELPED = -1000 };
int verb_options(const struct verb_call *call, const struct verb *verb,
    const struct option *options, const char **args, int args_max, struct err *err);
/* What the command prints on stdout from here on is one document of JSON: it goes out when the
 * command has ended well, and is dropped when it fails, since the error is a document itself. For
 * who prints rows as they come; without --json nothing changes. */
void verb_document(const struct verb_call *call);
/* {"error": {...}} on stdout, or "moult: ..." on stderr. Returns the exit status. */
int verb_fail(const struct verb_call *call, const struct err *err);
/* Progress on stderr: a line that is written over itself, only when stderr is a terminal and the
 * work, which begins with the first call and with each that says 0, has lasted a second. all 0:
 * nobody knows how much it is. what: "sessions". */
void verb_progress_of(uint64_t done, uint64_t all, const char *what);
/* Would it be seen? Who must count first for `all` asks. */
bool verb_progress_seen(void);
/* Takes the line away, before other lines are written to the terminal. verb_main does at the end.
 */
void verb_progress_clear(void);
/* "120 of 612 sessions, 45 a second, 11 s left"; returns out. */
char *verb_progress_line(
    char *out, size_t size, uint64_t done, uint64_t all, const char *what, uint64_t elapsed_ms);
