/* docs/reference/sdk.md: its tables are those of the code. When one differs, the test
 * prints what belongs there; MOULT_WRITE_DOCS=1 writes it. */
#include "worker/hooks.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const action_words[] = { "PASS", "DONE", "RETRY", "DENY", "FINISH", "WAIT" };
static const struct {
    uint16_t bit;
    const char *word;
} edit_words[] = { { MAY_CALLS, "calls" }, { MAY_CALL, "the call in hand" }, { MAY_TEXT, "text" },
    { MAY_MSGS, "messages" }, { MAY_ROUTE, "model" }, { MAY_TIME, "wait" } };

static void print_hooks(struct buf *out)
{
    buf_text(out, "| hook | may return | may edit | its failure | rounds |\n| --- | --- | --- | "
                  "--- | --- |\n");
    for (int i = 0; i < MOULT_HOOKS; i++) {
        const struct hook_rule *rule = &hook_rules[i];
        buf_format(out, "| `%s` |", rule->word);
        for (size_t a = 0; a < COUNT_OF(action_words); a++)
            if (rule->actions >> a & 1)
                buf_format(out, " %s", action_words[a]);
        buf_text(out, " |");
        const char *separator = " ";
        for (size_t e = 0; e < COUNT_OF(edit_words); e++)
            if (rule->edits & edit_words[e].bit) {
                buf_format(out, "%s%s", separator, edit_words[e].word);
                separator = ", ";
            }
        buf_format(out, " | %s | ", rule->closed ? "closed" : "open");
        buf_format(out, rule->rounds ? "%u |\n" : "|\n", rule->rounds);
    }
}

static void print_verbs(struct buf *out)
{
    buf_text(out, "| verb | kind | touches | cost | does |\n| --- | --- | --- | --- | --- |\n");
#define ROW(returns, name, params, args, sig, purity, effect, cost, summary)                       \
    buf_format(out, "| `moult_%s` `%s` | %s | %s | %d | %s |\n", #name, sig,                       \
        strcmp(#purity, "EDIT") == 0 ? "edit" : "look",                                            \
        strcmp(#effect, "NONE") == 0 ? "" : #effect, cost, summary);
    MOULT_VERBS(ROW)
#undef ROW
}

/* Replaces what stands between the two marks of `name`. */
static void put_table(struct buf *page, const char *name, struct str table)
{
    char from[64], to[64];
    snprintf(from, sizeof(from), "<!-- table: %s -->\n", name);
    snprintf(to, sizeof(to), "<!-- end: %s -->", name);
    char *start = strstr(page->at, from), *end = strstr(page->at, to);
    if (!start || !end)
        fail_msg("the page has no place for the table %s", name);
    struct buf made = { 0 };
    buf_add(&made, page->at, (size_t)(start - page->at) + strlen(from));
    buf_str(&made, table);
    buf_text(&made, end);
    buf_done(page);
    *page = made;
}

static void check_page(const char *path, struct buf *page, const struct buf *before)
{
    if (str_equal(buf_view(page), buf_view(before)))
        return;
    if (getenv("MOULT_WRITE_DOCS"))
        assert_int_equal(file_write(path, buf_view(page), 0644, NULL), 0);
    else
        fail_msg("%s is not what the code says; MOULT_WRITE_DOCS=1 writes:\n%s", path, page->at);
}

static void the_page_of_the_sdk_has_the_tables_of_the_code(void **state)
{
    (void)state;
    static const char path[] = MOULT_SOURCE_DIR "/docs/reference/sdk.md";
    struct buf page = { 0 }, before = { 0 }, table = { 0 };
    struct err err;
    if (file_read(path, &page, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    buf_str(&before, buf_view(&page));
    print_hooks(&table);
    put_table(&page, "hooks", buf_view(&table));
    buf_clear(&table);
    print_verbs(&table);
    put_table(&page, "verbs", buf_view(&table));
    check_page(path, &page, &before);
    buf_done(&page);
    buf_done(&before);
    buf_done(&table);
}

static void no_hook_and_no_action_lacks_a_row(void **state)
{
    (void)state;
    for (int i = 0; i < MOULT_HOOKS; i++) {
        assert_non_null(hook_rules[i].word);
        assert_true(hook_rules[i].actions & 1 << MOULT_PASS);
        assert_true(hook_rules[i].actions & 1 << MOULT_WAIT);
        if (hook_rules[i].actions & 1 << MOULT_RETRY)
            assert_true(hook_rules[i].rounds > 0);
        if (hook_rules[i].actions & 1 << MOULT_DENY)
            assert_true(hook_rules[i].closed); /* who decides fails closed */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_the_sdk_has_the_tables_of_the_code),
        cmocka_unit_test(no_hook_and_no_action_lacks_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
