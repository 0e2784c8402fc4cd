/* err - the one error type.
 * No pointers, so that it works when memory is gone and can cross a pipe from a forked child.
 * A fallible function returns 0 (or a useful number >= 0) or a negated enum err_code, and takes
 * `struct err *err` last; err may be NULL when the caller wants the code only. Functions here
 * return the negated code, so that a failure is one line. Libraries never log. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum err_code {
    ERR_NONE = 0,
    ERR_USAGE,   /* the caller's words are wrong: exit 2 */
    ERR_INPUT,   /* a document, trace, source or message is malformed: exit 1 */
    ERR_LIMIT,   /* larger, deeper or longer than allowed: exit 1 */
    ERR_DENIED,  /* a rule forbids it: exit 1 */
    ERR_MISSING, /* no such thing: exit 1 */
    ERR_STATE,   /* not possible now: another writer, a wrong stage, a moved ref: exit 1 */
    ERR_VERIFY,  /* a digest, signature or chain does not hold: exit 1 */
    ERR_LACKS,   /* the machine lacks something needed; hint says how to get it: exit 4 */
    ERR_SYS,     /* a system call failed; sys has errno: exit 1 */
    ERR_TIMEOUT, /* it took longer than allowed: exit 1 */
    ERR_PEER,    /* the other process ended or broke the protocol: exit 1 */
    ERR_DEFECT,  /* a mistake in moult itself: exit 5 */
    ERR_CODES
};

struct err {
    int code; /* enum err_code, not negated */
    int sys;  /* errno, or 0 */
    char text[240];
    char where[120]; /* "moult.json:$.models[0].name", "traces.jsonl:12", or empty */
    char hint[160];  /* what to do next, or empty */
};

/* Sets code and text, clears the rest. Returns -code. */
int err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* ERR_SYS with errno and its text behind ": ". Returns -ERR_SYS (ENOSPC, EDQUOT keep errno in sys).
 */
int err_sys(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts the caller's step in front: "STEP: old text". Returns -err->code. err must hold an error. */
int err_while(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Add the place in the input, or advice; both return -err->code so that they end a return line. */
int err_where(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A system call found no descriptor, process or memory left, whatever layer lacks for it: room may
 * come again, unlike on a full disk. */
bool err_full(const struct err *err);
/* "input", "limit", ...: the word used in JSON errors. Never NULL. */
const char *err_word(int code);
/* The exit status of the command line for a code (CONTRACT: 0 to 5). */
int err_exit(int code);
