/* certificate_print - a certificate as part of an answer: written by one, checked by another. */
#include "patch/certificate.h"
#include "patch/outline_names.h"

#include "base/json.h"
#include "base/mem.h"

static void write_guards(
    struct buf *out, const struct syntax *now, const struct certificate *certificate)
{
    for (uint32_t i = 0; i < certificate->guards_count; i++) {
        const struct certificate_guard *guard = &certificate->guards[i];
        uint32_t function =
            syntax_around(now, syntax_covering(now, guard->span), "function_definition");
        struct declared declared = { .declaration = function };
        buf_format(out, "%s{\"line\":%u,\"function\":", i ? "," : "",
            syntax_place(now, guard->span.from).line);
        json_quote(out, function && outline_next_declared(now, &declared)
                            ? syntax_text(now, declared.name)
                            : STR(""));
        buf_format(out, ",\"holds\":%s,\"condition\":", guard->holds ? "true" : "false");
        json_quote(out, syntax_slice(now, guard->span));
        buf_char(out, '}');
    }
}

void certificate_print(struct buf *out, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena)
{
    CLEANUP(buf_done) struct buf off = { 0 };
    struct certificate certificate;
    struct place place = { 0 };
    const char *why = certify(&certificate, was, now, diff, arena)
                          ? certificate_check(was, now, &certificate, &place)
                          : "it changes what was there, or acts without a condition";
    if (why) {
        const char *text = place.line ? arena_format(arena, "line %u: %s", place.line, why) : why;
        buf_text(out, ",\"uncertified\":");
        json_quote(out, str_of(text));
        return;
    }
    buf_text(out, ",\"certificate\":{\"guards\":[");
    write_guards(out, now, &certificate);
    buf_format(out, "],\"traits\":%s,\"off\":", certificate.traits ? "true" : "false");
    certificate_off(&off, now, &certificate);
    json_quote(out, buf_view(&off));
    buf_char(out, '}');
}
