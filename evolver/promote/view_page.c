/* view_page - a candidate's review as one HTML file: what flipped first, each case with both sides,
 * then the gate's rules, the change, and the review in words. Held-out cases are counts. */
#include "promote/view.h"

#include "base/markup.h"
#include "base/mem.h"
#include "promote/page.h"
#include "trials/tally.h"

#include <stdio.h>

enum { SHOWN_MAX = 40, OPEN_MAX = 5 }; /* of each kind: the rest is counted; is folded */

struct paging {
    struct buf *out;
    struct driver *driver;
    const struct candidate *candidate;
    struct report report; /* of cases 0 where there is none */
    const struct json *verdict;
};

static void fact(struct buf *out, const char *name, struct str value)
{
    if (value.size == 0)
        return;
    buf_format(out, "<tr><th scope=\"row\">%s</th><td>", name);
    markup_text(out, value);
    buf_text(out, "</td></tr>\n");
}

/* "pass", "fail", "inconclusive": a class of the sheet, whatever the document says. */
static const char *class_of(struct str word)
{
    static const char *const classes[] = { "pass", "fail", "inconclusive" };
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (str_equal(word, str_of(classes[i])))
            return classes[i];
    return "";
}

static void head(struct paging *p)
{
    const struct candidate *candidate = p->candidate;
    struct arena *arena = &p->driver->arena;
    struct str word = json_string(arena, json_get(p->verdict, "verdict"));
    buf_format(
        p->out, "<h1>Candidate %.12s: %s</h1>\n", candidate->id.at, stage_words[candidate->stage]);
    buf_text(p->out, "<table>\n");
    if (word.size) {
        buf_format(
            p->out, "<tr><th scope=\"row\">the gate</th><td class=\"%s\"><strong>", class_of(word));
        markup_text(p->out, word);
        buf_text(p->out, "</strong></td></tr>\n");
    }
    fact(p->out, "plugin", candidate->plugin);
    fact(p->out, "file", candidate->path);
    fact(p->out, "failure", candidate->cluster);
    fact(p->out, "proposed by", candidate->proposer);
    fact(p->out, "why", candidate->why);
    buf_text(p->out, "</table>\n");
}

/* The flips come first and may be long: what stands behind them is one step away. */
static void ways(const struct paging *p)
{
    bool cases = p->report.cases_count > 0;
    const struct {
        bool there;
        const char *name, *text;
    } parts[] = {
        { cases, "mended", "fail to pass" },
        { cases, "worse", "pass to fail" },
        { cases, "cases", "all cases" },
        { p->verdict != NULL, "rules", "the gate's rules" },
        { p->candidate->commit.size > 0, "change", "the change" },
        { true, "words", "in words" },
    };
    buf_text(p->out, "<nav>\n");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i].there)
            page_link(p->out, parts[i].name, parts[i].text);
    buf_text(p->out, "</nav>\n");
}

/* --- flips */

static unsigned choose(
    const struct paging *p, enum flip which, const struct report_case **ret, unsigned *ret_all)
{
    unsigned count = 0;
    *ret_all = 0;
    for (uint32_t i = 0; i < p->report.cases_count; i++) {
        const struct report_case *c = &p->report.cases[i];
        if (c->split != SPLIT_HELD_IN || tally_flip(c) != which)
            continue;
        (*ret_all)++;
        if (count < SHOWN_MAX)
            ret[count++] = c;
    }
    return count;
}

static void cases_of(struct paging *p, const struct sides *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i == OPEN_MAX)
            buf_format(p->out, "<details><summary>%u more</summary>\n", count - i);
        page_sides(p->out, &list[i]);
    }
    if (count > OPEN_MAX)
        buf_text(p->out, "</details>\n");
}

/* name: of the part; ": N" is put behind the title. */
static void flips(
    struct paging *p, enum flip which, const char *name, const char *title, const char *none)
{
    CLEANUP(trace_tools_done) struct trace_tools tools = { 0 };
    const struct report_case *cases[SHOWN_MAX];
    struct sides list[SHOWN_MAX];
    struct err err = { 0 };
    unsigned all, count = choose(p, which, cases, &all);
    CLEANUP(mem_freep) char *counted = mem_format("%s: %u", title, all);
    page_heading(p->out, name, counted);
    if (all == 0) {
        buf_format(p->out, "<p>%s</p>\n", none);
        return;
    }
    if (sides_run(list, cases, count, &tools, p->driver, p->candidate, &p->report, &err) < 0) {
        buf_text(p->out, "<p class=\"who\">The cases could not be seen again here: ");
        markup_text(p->out, str_of(err.text));
        buf_text(p->out, "</p>\n");
    }
    cases_of(p, list, count);
    if (all > count)
        buf_format(
            p->out, "<p>%u more are not shown: moult review --junit lists them</p>\n", all - count);
}

/* --- all cases, as counts */

static void counts(struct paging *p)
{
    page_heading(p->out, "cases", "All cases");
    buf_text(p->out, "<table>\n<tr><th>suite</th><th>cases</th><th>fail to "
                     "pass</th><th>pass to fail</th><th>neither</th></tr>\n");
    for (int suite = 0; suite < SUITES; suite++) {
        unsigned by[FLIPS] = { 0 };
        for (uint32_t i = 0; i < p->report.cases_count; i++)
            if (p->report.cases[i].suite == suite)
                by[tally_flip(&p->report.cases[i])]++;
        buf_format(p->out, "<tr><td>%s</td><td>%u</td><td>%u</td><td>%u</td><td>%u</td></tr>\n",
            suite_words[suite], by[FLIP_NONE] + by[FLIP_WORSE] + by[FLIP_MENDED], by[FLIP_MENDED],
            by[FLIP_WORSE], by[FLIP_NONE]);
    }
    buf_text(p->out, "</table>\n<p class=\"who\">Held-out cases are counted here and shown "
                     "nowhere.</p>\n");
}

/* --- the rest */

static void rules(struct paging *p)
{
    struct arena *arena = &p->driver->arena;
    page_heading(p->out, "rules", "The gate's rules");
    buf_text(p->out, "<table>\n");
    JSON_EACH(reason, json_get(p->verdict, "reasons"))
    {
        struct str holds = json_string(arena, json_get(reason, "holds"));
        buf_format(p->out, "<tr><td class=\"%s\">", class_of(holds));
        markup_text(p->out, holds);
        buf_text(p->out, "</td><td>");
        markup_text(p->out, json_string(arena, json_get(reason, "rule")));
        buf_text(p->out, "</td><td>");
        markup_text(p->out, json_string(arena, json_get(reason, "text")));
        buf_text(p->out, "</td></tr>\n");
    }
    buf_text(p->out, "</table>\n");
}

static int change(struct paging *p, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    if (p->candidate->commit.size == 0)
        return 0;
    const struct lineage_id from = lineage_id_of(p->candidate->parent),
                            to = lineage_id_of(p->candidate->commit);
    int rc = lineage_diff(p->driver->lineage, &from, &to, &text, err);
    page_heading(p->out, "change", "The change");
    page_diff(p->out, buf_view(&text));
    return rc;
}

static int words(struct paging *p, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    int rc = view_review_words(&text, p->driver, p->candidate, err);
    page_heading(p->out, "words", "In words");
    buf_text(p->out, "<details open><summary>the review as moult review prints "
                     "it</summary>\n<pre>");
    markup_lines(p->out, buf_view(&text));
    buf_text(p->out, "</pre></details>\n");
    return rc;
}

static int read_documents(struct paging *p, struct err *err)
{
    struct str report, verdict;
    int rc = view_document(&report, p->driver, "report", &p->candidate->report, err);
    if (rc == 0 && report.size)
        rc = report_read(&p->report, report, &p->driver->arena, err);
    if (rc == 0)
        rc = view_document(&verdict, p->driver, "verdict", &p->candidate->verdict, err);
    if (rc == 0 && verdict.size)
        p->verdict = json_read(&p->driver->arena, verdict, NULL, NULL);
    return rc;
}

int view_page(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    struct paging p = { .out = out, .driver = driver, .candidate = candidate };
    CLEANUP(mem_freep) char *title = mem_format("moult: candidate %.12s", candidate->id.at);
    int rc = read_documents(&p, err);
    if (rc < 0)
        return rc;
    page_begin(out, str_of(title));
    head(&p);
    ways(&p);
    if (p.report.cases_count > 0) {
        flips(&p, FLIP_MENDED, "mended", "Fail to pass", "Nothing that failed is mended.");
        flips(&p, FLIP_WORSE, "worse", "Pass to fail", "Nothing is worse than before.");
        counts(&p);
    }
    if (p.verdict)
        rules(&p);
    rc = change(&p, err);
    if (rc == 0)
        rc = words(&p, err);
    page_end(out);
    return rc;
}
