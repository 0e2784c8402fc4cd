/* A review's page: whatever a proposer, a model or a session wrote is text in it and nothing else;
 * it loads nothing; and of a held-out case nothing but the count gets in. */
#include "promote/page.h"

#include "base/mem.h"
#include "broker_home.h"
#include "promote/view.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define HOSTILE                                                                                    \
    "</pre></details><script>alert(1)</script><img src=x onerror=\"alert(2)\"><style>*{}</style>"  \
    "<!--<base href='//evil'>&lt;b&gt;\033[2J\xe2\x80\xae\xff"
#define HELD_OUT "the-name-of-a-held-out-session"

static struct driver driver;

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static int begin(void **state)
{
    if (homes_begin(state) < 0)
        return -1;
    driver.home = home_fresh();
    driver.journal = home_as(&driver.home, JOURNAL_DRIVE);
    return 0;
}

static int end(void **state)
{
    journal_close(driver.journal);
    arena_done(&driver.arena);
    return homes_end(state);
}

/* Every tag that a page may have, as it is written. */
static const char *const tags[] = { "<!doctype html>", "<html lang=\"en\">", "<head>",
    "<meta charset=\"utf-8\">",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src",
    "<meta name=\"viewport\" ", "<meta name=\"referrer\" content=\"no-referrer\">", "<title>",
    "<style>\n:root{", "<body>", "<h1>", "<nav>", "<a href=\"#", "<h2 id=\"", "<h3>", "<table>",
    "<tr>", "<th>", "<th scope=\"row\">", "<td>", "<td class=\"pass\">", "<td class=\"fail\">",
    "<td class=\"inconclusive\">", "<td class=\"\">", "<strong>", "<p>", "<p class=\"who\">",
    "<p class=\"who inconclusive\">", "<pre>", "<pre class=\"\">", "<pre class=\"fail\">",
    "<pre class=\"diff\">", "<span class=\"\">", "<span class=\"add\">", "<span class=\"cut\">",
    "<article>", "<div>", "<div class=\"sides\">", "<details>", "<details open>", "<summary>" };

static const char *const pairs[] = { "html", "head", "title", "style", "body", "h1", "nav", "a",
    "h2", "h3", "table", "tr", "th", "td", "p", "pre", "span", "strong", "article", "div",
    "details", "summary" };

static bool is_ours(const char *at)
{
    for (size_t i = 0; at[1] == '/' && i < sizeof pairs / sizeof pairs[0]; i++)
        if (strncmp(at + 2, pairs[i], strlen(pairs[i])) == 0 && at[2 + strlen(pairs[i])] == '>')
            return true;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (strncmp(at, tags[i], strlen(tags[i])) == 0)
            return true;
    return false;
}

/* The end tags are as many as what they end, so none is a text's. */
static void balanced(const char *page, const char *name)
{
    char opens[32], closes[32];
    int depth = 0;
    snprintf(opens, sizeof opens, "<%s", name);
    snprintf(closes, sizeof closes, "</%s>", name);
    for (const char *at = page; (at = strchr(at, '<')); at++) {
        char after = at[strlen(opens)];
        depth += strncmp(at, opens, strlen(opens)) == 0 && (after == '>' || after == ' ');
        depth -= strncmp(at, closes, strlen(closes)) == 0;
        if (depth < 0)
            fail_msg("</%s> too many before: %.60s", name, at);
    }
    assert_int_equal(depth, 0);
}

static void has_only_our_tags(const struct buf *page)
{
    for (const char *at = page->at; (at = strchr(at, '<')); at++)
        if (!is_ours(at))
            fail_msg("a tag of somebody else: %.80s", at);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        balanced(page->at, pairs[i]);
    assert_null(strchr(page->at, '\033'));
    assert_null(strstr(page->at, "\xe2\x80\xae"));
    assert_true(str_utf8(buf_view(page)));
}

static struct digest put(const char *kind, const char *text)
{
    struct digest digest;
    struct err err;
    must(journal_put(driver.journal, kind, str_of(text), &digest, &err), &err);
    return digest;
}

/* The text as JSON, between what stands before and behind it. */
static const char *around(const char *before, const char *behind)
{
    CLEANUP(buf_done) struct buf quoted = { 0 };
    json_quote(&quoted, STR(HOSTILE));
    return arena_format(&driver.arena, "%s%s%s", before, quoted.at, behind);
}

static struct candidate candidate_of(struct digest report)
{
    return (struct candidate){ .id = STR("0123456789abcdef"),
        .stage = STAGE_REJECTED,
        .plugin = STR(HOSTILE),
        .path = STR(HOSTILE),
        .cluster = STR(HOSTILE),
        .proposer = STR(HOSTILE),
        .why = STR(HOSTILE),
        .report = report,
        .proposal = put("proposal", around("{\"edits\":[],\"contract\":{\"hypothesis\":", "}}")),
        .verdict = put("verdict",
            around("{\"verdict\":\"x\\\" onclick=\\\"\",\"reasons\":[{\"holds\":\"<b>\",\"rule\":"
                   "\"<i>\",\"text\":",
                "}]}")) };
}

static struct report_case case_of(const char *id, uint8_t suite, uint8_t split, uint8_t outcome)
{
    bool moved = outcome != OUTCOME_SAME;
    return (struct report_case){ .id = str_of(id),
        .group = STR("g"),
        .suite = suite,
        .split = split,
        .signature = suite <= SUITE_HELD_OUT,
        .new_outcome = outcome,
        .step = moved ? 1 : UINT32_MAX,
        .after_step = UINT32_MAX,
        .old_effects = { { 1 } },
        .new_effects = { { moved ? 2 : 1 } } };
}

static void a_page_is_ours(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 }, page = { 0 };
    struct err err = { 0 };
    struct report_case cases[] = {
        case_of("as before", SUITE_BATCH, SPLIT_HELD_IN, OUTCOME_SAME),
        case_of(HELD_OUT, SUITE_HELD_OUT, SPLIT_HELD_OUT, OUTCOME_RESOLVED),
        case_of(HELD_OUT "2", SUITE_REGRESSION, SPLIT_HELD_OUT, OUTCOME_UNEXPLAINED),
        case_of(HELD_OUT "3", SUITE_REGRESSION, SPLIT_TEST, OUTCOME_UNEXPLAINED),
    };
    const struct report report = { .detector = STR("leak_tagged"),
        .plugin = STR("replies"),
        .tier = STR(HOSTILE),
        .layers = STR(""),
        .cases = cases,
        .cases_count = sizeof cases / sizeof cases[0] };
    report_print(&text, &report);
    /* Bytes of no character are refused where a report is read, so they cannot be kept. */
    char *bad = strchr(text.at, '\xff');
    if (bad)
        *bad = '?';
    const struct candidate candidate = candidate_of(put("report", text.at));
    must(view_page(&page, &driver, &candidate, &err), &err);
    has_only_our_tags(&page);
    assert_null(strstr(page.at, HELD_OUT));
    assert_non_null(strstr(page.at, "<td>held-out</td><td>1</td><td>1</td>"));
    assert_non_null(strstr(page.at, "&lt;script&gt;alert(1)"));
    assert_non_null(strstr(page.at, "content=\"default-src 'none'; style-src 'unsafe-inline'; "
                                    "base-uri 'none'; form-action 'none'\""));
    assert_null(strstr(page.at, "://"));
}

static const struct run *hostile_run(void)
{
    struct run *run = run_new(&driver.arena);
    const struct str user = str_of(around("{\"role\":\"user\",\"content\":", "}"));
    const struct str reply = str_of(around("{\"role\":\"assistant\",\"content\":", "}"));
    struct err err = { 0 };
    must(run_add(run, user, false, &err), &err);
    must(run_add(run, reply, false, &err), &err);
    run_seal(run);
    assert_int_equal(run->steps_count, 1);
    return run;
}

static void both_sides_are_text(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf page = { 0 };
    CLEANUP(buf_done) struct buf long_text = { 0 };
    for (int i = 0; i < 400; i++)
        buf_text(&long_text, HOSTILE "\n");
    struct effects_call calls[] = { { STR(HOSTILE), STR(HOSTILE), false },
        { STR(HOSTILE), buf_view(&long_text), true } };
    struct report_case of = case_of(HOSTILE, SUITE_BATCH, SPLIT_HELD_IN, OUTCOME_UNEXPLAINED);
    of.step = 0;
    of.detail = STR(HOSTILE);
    const struct side side = { .there = true,
        .claim = { .text = STR(HOSTILE),
            .why = STR(HOSTILE),
            .calls = calls,
            .calls_count = 2,
            .end = EFFECTS_HANDED } };
    const struct sides sides = { &of, hostile_run(), { side, side } };
    const struct sides gone = { &of, NULL, { { 0 } } };
    page_begin(&page, STR(HOSTILE));
    page_sides(&page, &sides);
    page_sides(&page, &gone);
    page_diff(&page, STR("+" HOSTILE "\n-" HOSTILE "\n\n " HOSTILE));
    page_pre(&page, "", buf_view(&long_text));
    page_end(&page);
    has_only_our_tags(&page);
    assert_non_null(strstr(page.at, "bytes more are not shown"));
    assert_non_null(strstr(page.at, "<span class=\"cut\">-&lt;/pre&gt;"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_ours),
        cmocka_unit_test(both_sides_are_text),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
