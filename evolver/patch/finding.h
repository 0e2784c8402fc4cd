/* finding - why a source is refused, as a bounded list in the order in which it was found. */
#pragma once

#include "patch/syntax.h"

enum { FINDINGS_MAX = 64 };
struct finding {
    const char *rule; /* a name of docs/reference/patch.md; static */
    struct place place;
    char message[240];
};
struct findings {
    struct finding at[FINDINGS_MAX];
    uint32_t count, more; /* more: found, not listed */
};
/* place may be { 0, 0 }: of the whole file or patch. */
void finding_add(struct findings *findings, const char *rule, struct place place,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
bool finding_has(const struct findings *findings, const char *rule);
