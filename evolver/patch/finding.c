/* finding - see finding.h. */
#include "patch/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void finding_add(
    struct findings *findings, const char *rule, struct place place, const char *format, ...)
{
    if (findings->count == FINDINGS_MAX) {
        findings->more++;
        return;
    }
    struct finding *finding = &findings->at[findings->count++];
    finding->rule = rule;
    finding->place = place;
    va_list args;
    va_start(args, format);
    vsnprintf(finding->message, sizeof(finding->message), format, args);
    va_end(args);
}

bool finding_has(const struct findings *findings, const char *rule)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (!strcmp(findings->at[i].rule, rule))
            return true;
    return false;
}
