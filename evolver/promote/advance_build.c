/* advance_build - the steps of a candidate before anything of it runs: the source gate, the build,
 * the scan. */
#include "promote/advance.h"

#include "base/mem.h"
#include "promote/batch_texts.h"
#include "promote/builds.h"
#include "promote/certified.h"
#include "promote/check_source.h"
#include "promote/judging.h"
#include "promote/past.h"
#include "promote/proposal.h"
#include "promote/runs.h"
#include "promote/statement.h"
#include "promote/suite.h"
#include "sandbox/elf.h"
#include "trials/policy_home.h"
#include "wire/words.h"

#include <stdio.h>
#include <string.h>

static int put(struct advancing *advancing, const char *kind, const struct buf *text,
    struct digest *ret, struct err *err)
{
    return journal_put(advancing->driver->journal, kind, buf_view(text), ret, err);
}

/* --- proposed -> patched */

static void finding_json(struct buf *out, bool first, const char *rule, struct str file,
    uint32_t line, uint32_t column, struct str message)
{
    buf_format(out, "%s{\"rule\":\"%s\",\"severity\":\"error\",\"file\":", first ? "" : ",", rule);
    json_quote(out, file);
    buf_format(out, ",\"line\":%u,\"column\":%u,\"message\":", line, column);
    json_quote(out, message);
    buf_char(out, '}');
}

static int refuse_source(
    struct advancing *advancing, const struct check_source_result *result, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct candidate *candidate = advancing->candidate;
    buf_text(&out, "{\"schema\":1,\"stage\":\"source\",\"findings\":[");
    for (unsigned i = 0; i < result->findings_count; i++)
        finding_json(&out, i == 0, result->findings[i].rule, candidate->path,
            result->findings[i].line, result->findings[i].column,
            str_of(result->findings[i].message));
    buf_text(&out, "]}");
    int rc = put(advancing, "diagnostics", &out, &candidate->diagnostics, err);
    if (rc < 0)
        return rc;
    return advance_refuse(advancing, "source gate, %s: line %u: %s", result->findings[0].rule,
        result->findings[0].line, result->findings[0].message);
}

/* The lines of a buffer as a JSON array. */
static void lines_json(struct buf *out, struct str text)
{
    bool first = true;
    buf_char(out, '[');
    while (text.size > 0) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end ? (size_t)(end - text.at) : text.size;
        if (size > 0) {
            buf_text(out, first ? "" : ",");
            json_quote(out, (struct str){ text.at, size });
            first = false;
        }
        size += end != NULL;
        text = (struct str){ text.at + size, text.size - size };
    }
    buf_char(out, ']');
}

/* What the patcher has read of both orders; the gate's claim rests on it. */
static void less_print(struct buf *out, const struct check_less *less)
{
    const char *between = "";
    if (!*less->plugin)
        return;
    buf_format(out, ",\"less\":{\"plugin\":\"%s\",\"hooks\":[", less->plugin);
    for (int hook = 0; hook < WORDS_HOOKS; hook++)
        if (less->hooks & 1u << hook) {
            buf_format(out, "%s\"%s\"", between, words_hook[hook]);
            between = ",";
        }
    buf_text(out, "]}");
}

/* What was patched, as a document: an approval names it. */
static int put_patch(struct advancing *advancing, const struct check_source_result *result,
    const struct runs *runs, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct candidate *candidate = advancing->candidate;
    char hex[DIGEST_HEX];
    buf_text(&out, "{\"schema\":1,\"path\":");
    json_quote(&out, candidate->path);
    buf_format(&out, ",\"parent\":\"%.*s\",\"source\":\"%s\"", (int)candidate->parent.size,
        candidate->parent.at, hash_hex(hex, &candidate->source));
    buf_format(&out, ",\"shape\":\"%s\",\"lines\":%u,\"kinds\":", hash_hex(hex, &result->shape),
        result->lines);
    lines_json(&out, buf_view(&result->kinds));
    buf_text(&out, ",\"description\":");
    lines_json(&out, buf_view(&result->description));
    less_print(&out, &result->less);
    int rc = certified_print(&out, advancing->driver,
        harness_find(&advancing->driver->harness, candidate->plugin), result,
        (const struct run *const *)runs->at, runs->count, advancing->advance->workers, err);
    if (rc < 0)
        return rc;
    buf_char(&out, '}');
    return put(advancing, "patch", &out, &candidate->patch, err);
}

static int commit(struct advancing *advancing, const struct check_source_result *result,
    const struct runs *runs, struct err *err)
{
    struct candidate *candidate = advancing->candidate;
    struct driver *driver = advancing->driver;
    struct harness *harness = arena_alloc(&advancing->arena, sizeof *harness);
    struct lineage_id made;
    candidate->source = hash_of(buf_view(&result->source)); /* the text itself is in git */
    int rc = put_patch(advancing, result, runs, err);
    if (rc == 0)
        rc = lineage_candidate(driver->lineage, candidate->id.at, &driver->active,
            candidate->path.at, buf_view(&result->source), candidate->made_s, &made, err);
    if (rc == 0)
        rc = harness_read(harness, driver->lineage, &made, &advancing->arena, err);
    if (rc < 0)
        return rc;
    candidate->commit = str_of(arena_string(&driver->arena, made.hex, strlen(made.hex)));
    candidate->tree = harness->tree;
    return ADVANCE_ON;
}

static int load_cases(
    struct runs *runs, struct driver *driver, const struct batch *batch, struct err *err)
{
    CLEANUP(id_set_done) struct id_set named = { 0 };
    const struct runs_want want = { .splits = RUNS_HELD_IN, .named = &named, .named_only = true };
    int rc = runs_name_batch(&named, batch, err);
    id_set_seal(&named);
    return rc < 0 ? rc : runs_load(runs, driver->journal, &want, err);
}

/* What its failing cases say, so that a repair made of their words is seen as one. None where no
 * batch speaks for it. */
static int take_texts(
    struct batch_texts *ret, struct runs *runs, struct advancing *advancing, struct err *err)
{
    struct journal *journal = advancing->driver->journal;
    struct str text;
    struct batch batch;
    *ret = (struct batch_texts){ 0 };
    if (hash_zero(&advancing->candidate->batch))
        return 0;
    int rc =
        journal_get(journal, "batch", &advancing->candidate->batch, &advancing->arena, &text, err);
    if (rc == 0)
        rc = batch_read(&batch, text, &advancing->arena, err);
    if (rc == 0)
        rc = load_cases(runs, advancing->driver, &batch, err);
    if (rc == 0)
        batch_texts_take(
            ret, &batch, (const struct run *const *)runs->at, runs->count, &advancing->arena);
    return rc;
}

int advance_patch(struct advancing *advancing, struct err *err)
{
    struct candidate *candidate = advancing->candidate;
    struct driver *driver = advancing->driver;
    struct proposal proposal;
    struct str text;
    struct check_source_result result;
    CLEANUP(runs_done) struct runs runs = { 0 };
    struct batch_texts texts;
    int rc = journal_get(
        driver->journal, "proposal", &candidate->proposal, &advancing->arena, &text, err);
    if (rc == 0)
        rc = proposal_read(&proposal, text, &advancing->arena, err);
    if (rc < 0)
        return rc;
    const struct harness_source *old = harness_find(&driver->harness, candidate->plugin);
    if (!old)
        return advance_refuse(advancing, "no plugin of that name is active");
    if ((rc = take_texts(&texts, &runs, advancing, err)) < 0)
        return rc;
    struct policy policy;
    if ((rc = policy_of_home(&policy, &driver->home, &driver->config, err)) < 0)
        return rc;
    bool all = proposal_is_whole(&proposal, old->text);
    const struct check_source_plan plan = { .path = candidate->path,
        .old = old->text,
        .source = all ? proposal.edits[0].text : (struct str){ 0 },
        .edits = all ? NULL : proposal.edits,
        .edits_count = all ? 0 : proposal.edits_count,
        .sdk = driver->sdk,
        .tier = driver->config.tier,
        .strict = policy_is_strict(&policy, candidate->plugin),
        .literals = texts.at,
        .literals_count = texts.count };
    if ((rc = check_source_run(&result, &plan, err)) < 0)
        return rc;
    rc =
        result.ok ? commit(advancing, &result, &runs, err) : refuse_source(advancing, &result, err);
    check_source_done(&result);
    return rc;
}

/* --- patched -> built */

/* The first line that says what is wrong; before it stand lines that say where. */
static struct str first_error(struct str text)
{
    ptrdiff_t at = str_find(text, STR("error: "));
    if (at > 0)
        text = (struct str){ text.at + at, text.size - (size_t)at };
    const char *end = text.size ? memchr(text.at, '\n', text.size) : NULL;
    return end ? (struct str){ text.at, (size_t)(end - text.at) } : text;
}

static struct str build_reason(const struct compile_result *result)
{
    if (result->stage == COMPILE_LIMIT)
        return str_of(sandbox_limit_words[result->limit]);
    if (result->stage == COMPILE_ELF && result->findings.count)
        return str_of(result->findings.list[0].message);
    return first_error(buf_view(&result->diagnostics));
}

static int refuse_build(
    struct advancing *advancing, const struct compile_result *result, struct err *err)
{
    char said[160];
    CLEANUP(buf_done) struct buf out = { 0 };
    struct candidate *candidate = advancing->candidate;
    const char *stage = compile_stage_words[result->stage];
    buf_format(&out, "{\"schema\":1,\"stage\":\"%s\",\"findings\":[", stage);
    if (result->stage == COMPILE_ELF)
        for (unsigned i = 0; i < result->findings.count; i++)
            finding_json(&out, i == 0, result->findings.list[i].rule, candidate->path, 0, 0,
                str_of(result->findings.list[i].message));
    else
        finding_json(&out, true, stage, candidate->path, 0, 0,
            result->stage == COMPILE_LIMIT ? str_of(sandbox_limit_words[result->limit])
                                           : buf_view(&result->diagnostics));
    buf_text(&out, "]}");
    int rc = put(advancing, "diagnostics", &out, &candidate->diagnostics, err);
    return rc < 0 ? rc
                  : advance_refuse(advancing, "it does not build (%s): %s", stage,
                        str_printable(said, sizeof said, build_reason(result), false));
}

/* Whoever proposes without a person is not let try the same twice: the look would be lost, and
 * under a mandate it would go live again. A person knows what was left, and may. */
static int check_left(struct advancing *advancing, struct err *err)
{
    const struct candidate *candidate = advancing->candidate;
    struct candidate left;
    if (str_equal(candidate->proposer, STR("hand")))
        return 0;
    int rc =
        past_left(&left, advancing->driver->journal, candidate, &advancing->driver->arena, err);
    if (rc <= 0)
        return rc;
    return advance_refuse(advancing, "the same code as candidate %.12s, which was %s", left.id.at,
        left.stage == STAGE_ROLLED_BACK ? "taken back" : "quarantined");
}

int advance_build(struct advancing *advancing, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct candidate *candidate = advancing->candidate;
    struct driver *driver = advancing->driver;
    struct compile_result result;
    int rc = advance_source(advancing, &text, err);
    const struct harness_source source = { candidate->plugin, candidate->path, buf_view(&text) };
    if (rc == 0)
        rc = driver_compile(&result, driver, &source, ELF_RELEASE, err);
    if (rc < 0)
        return rc;
    rc = result.stage == COMPILE_OK
             ? builds_put(&driver->home, buf_view(&result.image), &candidate->build, err)
             : refuse_build(advancing, &result, err);
    compile_result_done(&result);
    if (rc != 0)
        return rc;
    const struct generation_build *before = generation_find(&driver->generation, candidate->plugin);
    if (before && hash_equal(&before->build, &candidate->build))
        return advance_refuse(advancing, "it builds to the same code as what is active");
    if ((rc = check_left(advancing, err)) != 0)
        return rc;
    if (before)
        candidate->build_before = before->build;
    return statement_provenance(&candidate->provenance, driver, candidate, err);
}

/* --- built -> scanned: what is in the store is what is checked, a locked worker takes it, and the
 * smoke suite passes on it */

static int smoke(struct advancing *advancing, const struct driver_builds *builds, struct err *err)
{
    struct suites_smoke seen;
    int rc = suite_smoke(&seen, advancing->driver, builds, err);
    if (rc < 0 || !seen.failed)
        return rc;
    return advance_refuse(advancing, "smoke: %s does not pass: %s", seen.id, seen.why);
}

int advance_scan(struct advancing *advancing, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    struct candidate *candidate = advancing->candidate;
    struct driver *driver = advancing->driver;
    struct elf_findings findings = { 0 };
    struct driver_builds builds;
    struct err why = { 0 };
    int rc = builds_get(&driver->home, &candidate->build, &image, err);
    if (rc < 0)
        return rc;
    if (elf_check(buf_view(&image), ELF_RELEASE, &findings, &why) < 0)
        return advance_refuse(
            advancing, "ELF gate: %s", findings.count ? findings.list[0].message : why.text);
    if ((rc = driver_builds(&builds, driver, &driver->generation, err)) < 0)
        return rc;
    rc = driver_builds_swap(&builds, candidate->plugin, buf_view(&image), err);
    if (rc == 0 && judging_refused(rc = driver_probe(driver, &builds, &why)))
        rc = advance_refuse(advancing, "a worker does not load it: %s", why.text);
    else if (rc < 0 && why.code)
        *err = why;
    if (rc == 0)
        rc = smoke(advancing, &builds, err);
    driver_builds_done(&builds);
    return rc;
}
