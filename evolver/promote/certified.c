/* certified - see certified.h. */
#include "promote/certified.h"

#include "base/json.h"
#include "base/mem.h"
#include "promote/differential.h"

static void print_none(struct buf *out, struct str why)
{
    buf_text(out, ",\"certificate\":null,\"uncertified\":");
    json_quote(out, why);
}

static void print_guards(struct buf *out, const struct check_certificate *certificate)
{
    for (unsigned i = 0; i < certificate->guards_count; i++) {
        const struct check_guard *guard = &certificate->guards[i];
        buf_format(out, "%s{\"line\":%u,\"function\":", i ? "," : "", guard->line);
        json_quote(out, guard->function);
        buf_format(out, ",\"holds\":%s,\"condition\":", guard->holds ? "true" : "false");
        json_quote(out, guard->condition);
        buf_char(out, '}');
    }
}

static void print(
    struct buf *out, const struct check_certificate *certificate, const struct differential *seen)
{
    buf_text(out, ",\"certificate\":{\"guards\":[");
    print_guards(out, certificate);
    buf_format(out,
        "],\"traits\":%s,\"differential\":{\"runs\":%u,\"steps\":%u,\"parted\":%u,\"why\":",
        certificate->traits ? "true" : "false", seen->runs, seen->steps, seen->parted);
    if (seen->why)
        json_quote(out, str_of(seen->why));
    else
        buf_text(out, "null");
    buf_format(out, ",\"seed\":%u}},\"uncertified\":null", DIFFERENTIAL_SEED);
}

int certified_print(struct buf *out, struct driver *driver, const struct harness_source *old,
    const struct check_source_result *checked, const struct run *const *runs, uint32_t count,
    unsigned workers, struct err *err)
{
    const struct check_certificate *certificate = &checked->certificate;
    struct differential seen;
    if (!certificate->there) {
        print_none(out, certificate->uncertified);
        return 0;
    }
    const struct harness_source off = { old->name, old->path, certificate->off };
    int rc = differential_run(&seen, driver, &off, runs, count, workers, err);
    if (rc < 0)
        return rc;
    if (seen.parted > 0) {
        CLEANUP(mem_freep)
        char *why = mem_format("with its conditions switched off %u of %u steps come out otherwise",
            seen.parted, seen.steps);
        print_none(out, str_of(why));
    } else
        print(out, certificate, &seen);
    return 0;
}

/* --- in the report */

static struct digest digest_of(const struct json *patch)
{
    const struct json *of = json_get(patch, "certificate");
    return json_is(of, JSON_OBJECT) ? hash_of(of->raw) : (struct digest){ { 0 } };
}

static uint32_t number(const struct json *object, const char *name)
{
    return (uint32_t)json_int(json_get(object, name), 0);
}

static void take_guards(
    struct report_certificate *ret, const struct json *list, struct arena *arena)
{
    ret->guards = arena_alloc(arena, REPORT_GUARDS_MAX * sizeof *ret->guards);
    JSON_EACH(guard, list)
    if (ret->guards_count < REPORT_GUARDS_MAX)
        ret->guards[ret->guards_count++] = (struct report_guard){ .line = number(guard, "line"),
            .function = json_string(arena, json_get(guard, "function")),
            .condition = json_string(arena, json_get(guard, "condition")),
            .holds = json_bool(json_get(guard, "holds"), true) };
}

const struct report_certificate *certified_of(const struct json *patch, struct arena *arena)
{
    const struct json *of = json_get(patch, "certificate"), *seen = json_get(of, "differential");
    struct report_certificate *ret = arena_alloc(arena, sizeof *ret);
    if (!json_is(of, JSON_OBJECT))
        return NULL;
    *ret = (struct report_certificate){ .digest = digest_of(patch) };
    take_guards(ret, json_get(of, "guards"), arena);
    ret->tried = !json_is(json_get(seen, "why"), JSON_STRING);
    if (ret->tried) {
        ret->runs = number(seen, "runs");
        ret->steps = number(seen, "steps");
        ret->seed = number(seen, "seed");
        ret->differences = number(seen, "parted");
    }
    return ret;
}

bool certified_is_of(const struct report *report, const struct json *patch)
{
    struct digest digest = digest_of(patch), none = { { 0 } };
    return hash_equal(&digest, report->certificate ? &report->certificate->digest : &none);
}

/* A report of before it had a certificate names none, whatever its patch has. */
static int check_one(struct journal *journal, const struct candidate *candidate, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct report report;
    struct str text;
    if (hash_zero(&candidate->report) || hash_zero(&candidate->patch))
        return 0;
    int rc = journal_get(journal, "report", &candidate->report, &arena, &text, err);
    if (rc == 0)
        rc = report_read(&report, text, &arena, err);
    if (rc == 0 && report.certificate)
        rc = journal_get(journal, "patch", &candidate->patch, &arena, &text, err);
    if (rc < 0 || !report.certificate)
        return rc;
    const struct json *patch = json_read(&arena, text, NULL, NULL);
    return certified_is_of(&report, patch)
               ? 0
               : err_set(err, ERR_VERIFY,
                     "candidate %.12s: its report names another certificate than its patch has",
                     candidate->id.at);
}

int certified_check(struct journal *journal, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct candidate *list;
    uint32_t count;
    int rc = candidate_list(journal, &arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = check_one(journal, &list[i], err);
    return rc;
}

/* --- for people */

void certified_tell_report(struct buf *out, const struct report *report)
{
    const struct report_certificate *of = report->certificate;
    char hex[DIGEST_HEX];
    if (!of)
        return;
    buf_format(out, "  %-12s %.12s, of %u conditions; ", "certificate", hash_hex(hex, &of->digest),
        of->guards_count);
    if (of->tried)
        buf_format(out, "%u of %u steps differ with them off (%u made conversations, seed %u)\n",
            of->differences, of->steps, of->runs, of->seed);
    else
        buf_text(out, "not tried on made conversations\n");
}

static void untrusted(struct buf *out, struct str text)
{
    enum { SHOWN_MAX = 400 };
    char shown[SHOWN_MAX];
    buf_text(out, str_printable(shown, sizeof shown, text, false));
}

static void tell_guard(struct buf *out, struct arena *arena, const struct json *guard)
{
    bool holds = json_bool(json_get(guard, "holds"), true);
    buf_format(out, "  - it acts only where this %s, ", holds ? "holds" : "does not hold");
    untrusted(out, json_string(arena, json_get(guard, "function")));
    buf_format(out, ", line %lld: `", (long long)json_int(json_get(guard, "line"), 0));
    untrusted(out, json_string(arena, json_get(guard, "condition")));
    buf_text(out, "`\n");
}

static void tell_seen(struct buf *out, struct arena *arena, const struct json *seen)
{
    const struct json *why = json_get(seen, "why");
    if (json_is(why, JSON_STRING)) {
        buf_text(out, "  - not tried on made conversations: ");
        untrusted(out, json_string(arena, why));
        buf_char(out, '\n');
        return;
    }
    buf_format(out,
        "  - with these switched off, %lld steps of %lld made conversations came out as without "
        "the patch\n",
        (long long)json_int(json_get(seen, "steps"), 0),
        (long long)json_int(json_get(seen, "runs"), 0));
}

void certified_tell(struct buf *out, const struct json *patch)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *certificate = json_get(patch, "certificate");
    if (!certificate) /* of a time when there were none */
        return;
    buf_text(out, "\nOutside its conditions\n");
    if (!json_is(certificate, JSON_OBJECT)) {
        buf_text(out, "  not certified: ");
        untrusted(out, json_string(&arena, json_get(patch, "uncertified")));
        buf_char(out, '\n');
        return;
    }
    buf_text(out, "  certified: without what it puts in, the old source is left, token for token, "
                  "and that looks\n  and does nothing but behind these conditions\n");
    JSON_EACH(guard, json_get(certificate, "guards"))
    tell_guard(out, &arena, guard);
    if (json_bool(json_get(certificate, "traits"), false))
        buf_text(out, "  - what the plugin says of itself (.traits) is otherwise, and promises no "
                      "more than before\n");
    tell_seen(out, &arena, json_get(certificate, "differential"));
}
