/* junit - results as JUnit XML, the form that CI systems read.
 *
 * A suite's counts stand before its cases, so cases are gathered first. Every text may be
 * anybody's. */
#pragma once

#include "trials/report.h"

enum junit_end {
    JUNIT_PASSED,
    JUNIT_FAILED,
    JUNIT_ERROR,   /* nothing can be said: it never counts as passed */
    JUNIT_SKIPPED, /* nothing was wanted of it, or nothing happened */
    JUNIT_ENDS
};
struct junit_counts {
    unsigned cases, by[JUNIT_ENDS];
    double seconds;
};
/* A zeroed struct is valid and empty. */
struct junit {
    struct buf suites, cases, properties; /* cases, properties: of the suite that is gathered */
    struct junit_counts all, suite;
    const char *name; /* its name */
};
struct junit_case {
    struct str name;
    enum junit_end end;
    const char *type; /* of what is no pass: "loss"; NULL: none */
    struct str message, text;
    uint64_t ms;
};
/* What is added from now on is of that suite. One without a case is left out. */
void junit_suite(struct junit *junit, const char *name);
/* Of the suite, for people and for who compares runs. */
void junit_property(struct junit *junit, const char *name, struct str value);
void junit_add(struct junit *junit, const struct junit_case *one);
/* The cases of a stored report: a suite each. Of held-out groups nothing but how many there are:
 * what a CI system shows is read by whoever proposes the next patch, too. */
void junit_report(struct junit *junit, const struct report *report);
/* The document; nothing can be added behind it. */
void junit_print(struct buf *out, struct junit *junit, struct str name);
void junit_done(struct junit *junit);
