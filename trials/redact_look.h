/* redact_look - where in a text may something begin that one of the redactor's rules cuts? Inside
 * trials only. */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct redact_glance {
    bool vector;                     /* the processor can look at sixteen places at a time */
    uint8_t pairs[8192];             /* bits, by two bytes: something begins with them */
    uint8_t low[3][16], high[3][16]; /* by half of each of three bytes: bits, a class each */
};
void redact_glance_init(struct redact_glance *glance);
/* Something begins with these three bytes. class: beginnings that are alike share one of eight;
 * the fewer in a class, the fewer places are passed on for nothing. */
void redact_glance_mark(struct redact_glance *glance, unsigned class, const char begin[3]);
/* Asks closer of each place where something may begin, three bytes at least before the end. True:
 * it said so of one. */
typedef bool (*redact_closer)(const void *with, struct str json, size_t at);
bool redact_glance(
    const struct redact_glance *glance, struct str json, redact_closer closer, const void *with);
