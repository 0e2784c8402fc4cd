/* docs/reference/patch.md: its tables are those of the code. When one differs, the test prints what
 * belongs there; MOULT_WRITE_DOCS=1 writes it. */
#include "patch/bounds.h"
#include "patch/source.h"
#include "patch/tokens.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Markdown would take for its own. */
static void print_plain(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<_*", *text))
            buf_char(out, '\\');
        buf_char(out, *text);
    }
}

static void print_rules(struct buf *out)
{
    buf_text(out, "| rule | refuses, and says |\n| --- | --- |\n");
    for (int i = 0; i < RULES; i++) {
        buf_format(out, "| `%s` | ", rules[i].name);
        print_plain(out, rules[i].advice);
        buf_text(out, " |\n");
    }
}

static void print_list(struct buf *out, const char *what, const char *const *list)
{
    buf_format(out, "| %s |", what);
    for (const char *separator = " "; *list; list++, separator = ", ")
        buf_format(out, "%s`%s`", separator, *list);
    buf_text(out, " |\n");
}

static void print_lists(struct buf *out)
{
    buf_text(out, "| a plugin may write | |\n| --- | --- |\n");
    print_list(out, "headers", source_headers);
    print_list(out, "attributes", source_attributes);
    print_list(out, "builtins", source_builtins);
    buf_text(out, "| macros of the SDK and of those headers |");
    for (const struct token_macro *macro = token_macros; macro->word; macro++)
        buf_format(out, "%s`%s`", macro == token_macros ? " " : ", ", macro->word);
    buf_text(out, " |\n");
}

static void print_bounds(struct buf *out)
{
    const struct bounds_budget *usual = &bounds_budgets[BOUNDS_USUAL],
                               *strict = &bounds_budgets[BOUNDS_STRICT];
    const struct {
        const char *what, *rule;
        uint32_t usual, strict;
    } rows[] = {
        { "changed lines of a patch", "budget", usual->lines, strict->lines },
        { "edits of a patch", "budget", usual->edits, strict->edits },
        { "bytes that a patch puts in", "budget", usual->bytes, strict->bytes },
        { "lines of a function", "long", usual->function_lines, strict->function_lines },
        { "branches of a function", "complex", usual->branches, strict->branches },
        { "choices and loops within one another", "nested", usual->nesting, strict->nesting },
        { "rounds of a loop by constants, those around it included", "loop", usual->rounds,
            strict->rounds },
    };
    buf_text(out, "| at most | rule | usual | strict |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_format(out, "| %s | `%s` | %u | %u |\n", rows[i].what, rows[i].rule, rows[i].usual,
            rows[i].strict);
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

static void the_page_has_the_tables_of_the_code(void **state)
{
    (void)state;
    static const char path[] = MOULT_SOURCE_DIR "/docs/reference/patch.md";
    CLEANUP(buf_done)
    struct buf page = { 0 }, before = { 0 }, made = { 0 }, lists = { 0 }, bounds = { 0 };
    struct err err;
    if (file_read(path, &page, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    buf_str(&before, buf_view(&page));
    print_rules(&made);
    print_lists(&lists);
    print_bounds(&bounds);
    put_table(&page, "rules", buf_view(&made));
    put_table(&page, "lists", buf_view(&lists));
    put_table(&page, "bounds", buf_view(&bounds));
    if (str_equal(buf_view(&page), buf_view(&before)))
        return;
    if (getenv("MOULT_WRITE_DOCS"))
        assert_int_equal(file_write(path, buf_view(&page), 0644, NULL), 0);
    else
        fail_msg("%s is not what the code says; MOULT_WRITE_DOCS=1 writes:\n%s", path, page.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_the_tables_of_the_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
