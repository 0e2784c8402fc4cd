/* tell_source - see tell_source.h. */
#include "promote/tell_source.h"

#include "base/json.h"

#include <stdio.h>

void tell_finding_json(struct buf *out, const char *rule, const char *file, uint32_t line,
    uint32_t column, struct str message)
{
    bool first = out->size == 0 || out->at[out->size - 1] == '[';
    buf_format(out, "%s{\"rule\":\"%s\",\"severity\":\"error\",\"file\":", first ? "" : ",", rule);
    json_quote(out, str_of(file));
    buf_format(out, ",\"line\":%u,\"column\":%u,\"message\":", line, column);
    json_quote(out, message);
    buf_char(out, '}');
}

void tell_source_json(struct buf *out, const struct check_source_result *result, const char *file)
{
    for (unsigned i = 0; i < result->findings_count; i++) {
        const struct check_finding *finding = &result->findings[i];
        tell_finding_json(
            out, finding->rule, file, finding->line, finding->column, str_of(finding->message));
    }
}

void tell_source(const struct check_source_result *result, const char *file)
{
    for (unsigned i = 0; i < result->findings_count; i++) {
        const struct check_finding *finding = &result->findings[i];
        if (finding->line)
            printf("%s:%u:%u: %s: %s\n", file, finding->line, finding->column, finding->rule,
                finding->message);
        else
            printf("%s: %s: %s\n", file, finding->rule, finding->message);
    }
    if (result->findings_more)
        printf("%s: and %u more\n", file, result->findings_more);
}
