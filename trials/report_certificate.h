/* report_certificate - what a report says of the certificate of its patch (report.h). From schema
 * 7. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { REPORT_GUARDS_MAX = 64 };
struct report_guard {
    uint32_t line; /* of the new source */
    struct str function, condition;
    bool holds; /* it acts only where the condition holds; false: only where it does not */
};
struct report_certificate {
    struct digest digest; /* of what the patch's document has under "certificate" */
    struct report_guard *guards;
    uint32_t guards_count;
    bool tried;                              /* on made conversations, its conditions off; else: */
    uint32_t runs, steps, seed, differences; /* zeros */
};
/* NULL: there is none. */
void report_certificate_print(struct buf *out, const struct report_certificate *certificate);
int report_certificate_read(const struct report_certificate **ret, const struct json *root,
    struct arena *arena, struct err *err);
