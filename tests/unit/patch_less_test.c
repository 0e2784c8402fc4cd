/* Which change of an order says the same with less, and the order without a plugin. */
#include "base/mem.h"
#include "patch/less.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEAD "#include \"moult.h\"\nstatic const struct moult_place places[] = {\n"
#define ROW(hook, name) "    { MOULT_" hook ", \"" name "\" },\n"
#define TAIL                                                                                       \
    "};\nMOULT_EXPORT const struct moult_pipeline moult_pipeline = {\n    .abi = MOULT_ABI,\n"     \
    "    .size = sizeof(struct moult_pipeline),\n    .places = places,\n"                          \
    "    .places_count = sizeof(places) / sizeof(places[0]),\n};\n"
#define ALL ROW("CONTEXT", "a") ROW("REPLY", "b") ROW("BEFORE_TOOL", "a") ROW("BEFORE_TOOL", "c")
#define OTHER "static const int more[] = { 1, 2 };\n"
#define SECOND "static const struct moult_place spare[] = {\n" ROW("REPLY", "b") "};\n"

static struct syntax *parse(const char *text)
{
    struct syntax *syntax;
    struct err err = { 0 };
    if (syntax_parse(&syntax, "order.c", str_of(text), NULL, &err) < 0)
        fail_msg("%s: %s in %s", err.where, err.text, text);
    return syntax;
}

static const struct row {
    const char *name, *was, *now;
    const char *want; /* what is printed; NULL: it is no such change */
} rows[] = {
    { "a plugin's one row goes, and its hook with it", HEAD ALL TAIL,
        HEAD ROW("CONTEXT", "a") ROW("BEFORE_TOOL", "a") ROW("BEFORE_TOOL", "c") TAIL,
        ",\"less\":{\"plugin\":\"b\",\"hooks\":[\"reply\"],\"empty\":[\"reply\"],\"whole\":true}" },
    { "both of its rows", HEAD ALL TAIL, HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL,
        ",\"less\":{\"plugin\":\"a\",\"hooks\":[\"context\", "
        "\"before_tool\"],\"empty\":[\"context\"],"
        "\"whole\":true}" },
    { "one of its two", HEAD ALL TAIL,
        HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "a") ROW("BEFORE_TOOL", "c") TAIL,
        ",\"less\":{\"plugin\":\"a\",\"hooks\":[\"context\"],\"empty\":[\"context\"],\"whole\":"
        "false}" },
    { "comments and blanks are no change", HEAD ALL TAIL,
        HEAD "/* b is gone */" ROW("CONTEXT", "a") ROW("BEFORE_TOOL", "a") ROW("BEFORE_TOOL", "c")
            TAIL,
        ",\"less\":{\"plugin\":\"b\",\"hooks\":[\"reply\"],\"empty\":[\"reply\"],\"whole\":true}" },
    { "nothing goes", HEAD ALL TAIL, HEAD ALL TAIL, NULL },
    { "rows of two plugins", HEAD ALL TAIL, HEAD ROW("CONTEXT", "a") ROW("BEFORE_TOOL", "a") TAIL,
        NULL },
    { "all of a hook's, of two plugins", HEAD ALL TAIL,
        HEAD ROW("CONTEXT", "a") ROW("REPLY", "b") TAIL, NULL },
    { "all there are", HEAD ROW("REPLY", "b") TAIL, HEAD TAIL, NULL },
    { "a row goes, and comes back at another place", HEAD ALL TAIL,
        HEAD ROW("CONTEXT", "a") ROW("BEFORE_TOOL", "a") ROW("BEFORE_TOOL", "c") ROW("REPLY", "b")
            TAIL,
        NULL },
    { "two of the others change places beside it", HEAD ALL TAIL,
        HEAD ROW("CONTEXT", "a") ROW("BEFORE_TOOL", "c") ROW("BEFORE_TOOL", "a") TAIL, NULL },
    { "a row goes and another comes", HEAD ALL TAIL,
        HEAD ROW("CONTEXT", "a") ROW("REPLY", "d") ROW("BEFORE_TOOL", "a") ROW("BEFORE_TOOL", "c")
            TAIL,
        NULL },
    { "a row of another hook", HEAD ALL TAIL,
        HEAD ROW("CONTEXT", "a") ROW("ANSWER", "b") ROW("BEFORE_TOOL", "a") ROW("BEFORE_TOOL", "c")
            TAIL,
        NULL },
    { "a second change in front of it", OTHER HEAD ALL TAIL,
        "static const int more[] = { 1, 3 };\n" HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL,
        NULL },
    { "a second change behind it", HEAD ALL TAIL OTHER,
        HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL "static const int more[] = { 2 };\n",
        NULL },
    { "something that comes along", HEAD ALL TAIL,
        HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL OTHER, NULL },
    { "another directive", HEAD ALL TAIL,
        "#include <stdint.h>\n" HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL, NULL },
    { "two tables", SECOND HEAD ALL TAIL,
        SECOND HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL, NULL },
    { "two tables, the other one behind", HEAD ALL TAIL SECOND,
        HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL SECOND, NULL },
    { "a row that cannot be read", HEAD ALL "    { 4, \"d\" },\n" TAIL, HEAD ALL TAIL, NULL },
    { "a row with an escape", HEAD ALL ROW("REPLY", "\\x62") TAIL, HEAD ALL TAIL, NULL },
};

static void it_is_read_from_both_orders(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf out = { 0 };
        CLEANUP(syntax_freep) struct syntax *was = parse(rows[i].was), *now = parse(rows[i].now);
        struct less less;
        bool is = less_of(&less, was, now, &arena);
        if (is)
            less_print(&out, &less);
        if (is != (rows[i].want != NULL) || (is && strcmp(out.at, rows[i].want) != 0))
            fail_msg("%s: %s", rows[i].name, is ? out.at : "no such change");
    }
}

static void a_reader_is_told_who_stands_nowhere(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(syntax_freep) struct syntax *was = parse(rows[1].was), *now = parse(rows[1].now);
    struct less less;
    assert_true(less_of(&less, was, now, &arena));
    less_tell(&out, &less);
    assert_string_equal(out.at,
        "the same with less: `a` is not asked at context, before_tool any more, and nowhere else\n"
        "guard weaker: nobody is asked at context any more\n");
}

static void the_order_without_a_plugin(void **state)
{
    (void)state;
    static const struct {
        const char *name, *was, *plugin, *want, *why;
    } takes[] = {
        { "each of its rows", HEAD ALL TAIL, "a",
            HEAD ROW("REPLY", "b") ROW("BEFORE_TOOL", "c") TAIL, NULL },
        { "the last, which has no comma behind it",
            HEAD ROW("REPLY", "b") "    { MOULT_REPLY, \"c\" }\n" TAIL, "c", NULL, NULL },
        { "nobody of that name", HEAD ALL TAIL, "d", NULL, "no row of the order names d" },
        { "the only one", HEAD ROW("REPLY", "b") TAIL, "b", NULL,
            "no plugin would be asked at all" },
        { "an order that cannot be read", HEAD "    { 4, \"b\" },\n" TAIL, "b", NULL,
            "the order is no one table of { HOOK, \"plugin\" }: write the patch by hand" },
    };
    for (size_t i = 0; i < COUNT_OF(takes); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf out = { 0 };
        CLEANUP(syntax_freep) struct syntax *was = parse(takes[i].was), *now = NULL;
        struct err err = { 0 };
        struct less less;
        int rc = less_source(&out, was, str_of(takes[i].plugin), &err);
        if (takes[i].why) {
            if (rc == 0 || strcmp(err.text, takes[i].why) != 0)
                fail_msg("%s: %s", takes[i].name, err.text);
            continue;
        }
        if (rc < 0 || (takes[i].want && strcmp(out.at, takes[i].want) != 0))
            fail_msg("%s: %s%s", takes[i].name, err.text, rc == 0 ? out.at : "");
        now = parse(out.at);
        assert_true(less_of(&less, was, now, &arena) && less.whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_read_from_both_orders),
        cmocka_unit_test(a_reader_is_told_who_stands_nowhere),
        cmocka_unit_test(the_order_without_a_plugin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
