/* Certificates of guarded insertions: honest ones hold, and each lie is refused by the checker,
 * which the writer's word does not move. */
#include "patch/certificate.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* <+ and +> are around what a certificate says is put in, <? and ?> around a condition that must
 * hold, <! and !> around one that must not. What stands between < - and - > is only in the old. */
static const char *const marks[] = { "<+", "+>", "<?", "?>", "<!", "!>", "<-", "->>" };

struct written {
    struct syntax *was, *now;
    struct certificate certificate;
    struct span insertions[8];
    struct certificate_guard guards[8];
};

static bool takes(const char **at, const char *mark)
{
    size_t size = strlen(mark);
    bool found = !strncmp(*at, mark, size);
    *at += found ? size : 0;
    return found;
}

/* Reads the marked text into two sources and what it claims of them. */
static void write_down(struct written *ret, const char *text)
{
    CLEANUP(buf_done) struct buf was = { 0 }, now = { 0 };
    struct err err;
    bool in = false, out = false;
    *ret = (struct written){ 0 };
    struct certificate *claim = &ret->certificate;
    claim->insertions = ret->insertions;
    claim->guards = ret->guards;
    for (const char *at = text; *at;) {
        uint32_t here = (uint32_t)now.size;
        if (takes(&at, marks[0])) {
            ret->insertions[claim->insertions_count].from = here;
            in = true;
        } else if (takes(&at, marks[1])) {
            ret->insertions[claim->insertions_count++].to = here;
            in = false;
        } else if (takes(&at, marks[2]) || takes(&at, marks[4])) {
            ret->guards[claim->guards_count] =
                (struct certificate_guard){ { here, 0 }, at[-1] == '?' };
        } else if (takes(&at, marks[3]) || takes(&at, marks[5])) {
            ret->guards[claim->guards_count++].span.to = here;
        } else if (takes(&at, marks[6])) {
            out = true;
        } else if (takes(&at, marks[7])) {
            out = false;
        } else {
            if (!in)
                buf_char(&was, *at);
            if (!out)
                buf_char(&now, *at);
            at++;
        }
    }
    if (syntax_parse(&ret->was, "was.c", buf_view(&was), NULL, &err) < 0 ||
        syntax_parse(&ret->now, "now.c", buf_view(&now), NULL, &err) < 0)
        fail_msg("%s\n%s\n%s", err.text, was.at, now.at);
}

static void written_done(struct written *written)
{
    syntax_free(written->was);
    syntax_free(written->now);
}

#define TOP "#include \"moult.h\"\nenum { FEW = 3 };\nstruct state { uint32_t n; };\n"
#define HOOK(body)                                                                                 \
    "static moult_action hook(moult_turn *turn, moult_call *call)\n{\n"                            \
    "    struct state *state = moult_state(turn);\n" body                                          \
    "    state->n++;\n    return MOULT_PASS;\n}\n"
#define DENY " return MOULT_DENY; "
#define PAST "moult_past(turn, call, MOULT_SAME_ARGS) >= FEW"

static const struct {
    const char *name, *text;
} honest[] = {
    { "a guard", TOP HOOK("<+if (<?" PAST "?>) {" DENY "}+>\n") },
    { "two guards",
        TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\n if (call->failed) return 0;\n"
                 "<+if (<?state->n == 2 && call->raw.size > FEW?>) { moult_wait(turn, 3); "
                 "}+>\n") },
    { "a function that leaves early, and its call",
        TOP "<+static void mend(moult_turn *turn)\n{\n    moult_text text = moult_body(turn);\n"
            "    if (<!moult_text_is(turn, text, MOULT_HAS, moult_str(\"x\"))!>)\n        return;\n"
            "    moult_cut(turn, (moult_span){ 0, 1 });\n}+>\n" HOOK("<+mend(turn);+>\n") },
    { "a loop over an iterator, with a way on", TOP
        "<+static void mend(moult_turn *turn)\n{\n"
        "    for (moult_it it = { 0 }; moult_calls(turn, &it);) {\n"
        "        if (<!moult_kind(turn, it.call->args) == MOULT_OBJECT!>)\n            continue;\n"
        "        moult_call_set(turn, it.call, it.call->name, 0);\n    }\n}+>\n" HOOK(
            "<+mend(turn);+>\n") },
    { "a loop that acts on all there is",
        TOP HOOK("<+for (moult_it it = { 0 }; <?moult_each(turn, call->args, &it)?>;)\n"
                 "        moult_arg_set(turn, call, it.key, it.value);+>\n") },
    { "a constant", TOP "<+enum { MANY = 4 };+>\n" HOOK("<+if (<?state->n > MANY?>)" DENY "+>\n") },
    { "comments elsewhere", TOP HOOK("<-/* a */->><+if (<?" PAST "?>)" DENY "+>\n") },
    { "a break and a return within the guard",
        TOP HOOK("for (int i = 0; i < 3; i++) { <+if (<?call->failed?>) break;+>\n"
                 "<+if (<?state->n > 7?>) goto out;+>\n } out:\n") },
};

static const struct {
    const char *name, *text, *says;
} lies[] = {
    { "a condition with an edit in it", TOP HOOK("<+if (<?moult_wait(turn, 3)?>)" DENY "+>\n"),
        "a call that may do something" },
    { "a condition that uses up chance", TOP HOOK("<+if (<?moult_random(turn) > 3?>)" DENY "+>\n"),
        "a call that may do something" },
    { "a condition that assigns", TOP HOOK("<+if (<?(state->n = 0)?>)" DENY "+>\n"),
        "it may do something" },
    { "a condition that counts", TOP HOOK("<+if (<?state->n++ > 3?>)" DENY "+>\n"),
        "it may do something" },
    { "a condition that moves the loop's own iterator",
        TOP HOOK("for (moult_it it = { 0 }; moult_calls(turn, &it);) { <+if (<?moult_calls(turn, "
                 "&it)?>)" DENY "+> }\n"),
        "a call that may do something" },
    { "a condition by a function of the file",
        TOP "static bool f(void)\n{\n    return true;\n}\n" HOOK("<+if (<?f()?>)" DENY "+>\n"),
        "a call that may do something" },
    { "a condition that divides by what it finds", TOP HOOK("<+if (<?7 / state->n?>)" DENY "+>\n"),
        "divide" },
    { "a condition that follows a pointer of its own",
        TOP HOOK("moult_call *other = 0;\n<+if (<?other->failed?>)" DENY "+>\n"), "nowhere" },
    { "a condition that follows what was put in the call's place",
        TOP HOOK("call = 0;\n<+if (<?call->failed?>)" DENY "+>\n"), "nowhere" },
    { "an index", TOP HOOK("<+if (<?call->tool[99999]?>)" DENY "+>\n"), "it may do something" },
    { "another edit beside it", TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\n<-state->n = 1;->>"),
        "not as it was" },
    { "another constant", "enum { <-B, ->>A };\n" TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\n"), "" },
    { "another edit within it", TOP HOOK("<+if (<?" PAST "?>)" DENY "state->n = 9;+>\n"),
        "without a condition" },
    { "an else", TOP HOOK("<+if (<?" PAST "?>)" DENY "else state->n = 7;+>\n"), "an else" },
    { "a return behind it", TOP HOOK("<+if (<?" PAST "?>) { }\n return MOULT_PASS;+>\n"),
        "without a condition" },
    { "a break behind it",
        TOP HOOK("for (int i = 0; i < 3; i++) { <+if (<?" PAST "?>) { }\n break;+> "
                 "}\n"),
        "without a condition" },
    { "a label", TOP HOOK("goto in;\n<+if (<?" PAST "?>) { in: state->n = 3; }+>\n"), "a label" },
    { "a case within the guard",
        TOP HOOK(
            "switch (state->n) { case 1: ; <+if (<?" PAST "?>) { case 2: state->n = 3; }+> }\n"),
        "a label" },
    { "a macro", "#define call turn\n" TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\n"), "a directive" },
    { "a macro that it puts in",
        TOP "<+#define moult_past(a, b, c) f(a)+>\n" HOOK("<+if (<?" PAST "?>)" DENY "+>\n"),
        "a directive" },
    { "a verb of its own",
        TOP HOOK("uint32_t (*moult_past)(moult_turn *, moult_call *, int) = f;\n<+if (<?" PAST
                 "?>)" DENY "+>\n"),
        "a name of the SDK's" },
    { "a local that hides another", TOP HOOK("<+int call = 1;\nif (<?" PAST "?>)" DENY "+>\n"),
        "without a condition" },
    { "an iterator that hides a variable",
        TOP HOOK("moult_it it = { 0 };\n<+for (moult_it it = { 0 }; <?moult_calls(turn, &it)?>;) { "
                 "moult_wait(turn, 1); }+>\n"),
        "not this loop's own" },
    { "an iterator of the others",
        TOP HOOK(
            "moult_it it = { 0 };\n<+for (; <?moult_calls(turn, &it)?>;) { moult_wait(turn, 1); "
            "}+>\n"),
        "no iterator" },
    { "a function under an old name",
        "enum { mend };\n" TOP "<+static void mend(moult_turn *turn)\n{\n if (<!turn->step!>) "
        "return;\n moult_wait(turn, 1);\n}+>\n" HOOK("<+mend(turn);+>\n"),
        "there before" },
    { "a local of its function that hides another",
        TOP "<+static void mend(moult_turn *turn)\n{\n if (<!turn->step!>) { bool turn = true; "
            "return; }\n bool text = true;\n for (moult_it it = { 0 }; moult_calls(turn, &it);) {\n"
            " bool text = false;\n if (<!text!>) continue;\n moult_wait(turn, 1);\n }\n}+>\n" HOOK(
                "<+mend(turn);+>\n"),
        "" },
    { "a loop's local that hides another",
        TOP HOOK("bool many = true;\n<+for (moult_it it = { 0 }; moult_calls(turn, &it);) {\n bool "
                 "many = moult_length(turn, it.call->args) > 3;\n if (<!many!>) continue;\n "
                 "moult_wait(turn, 1);\n }+>\n"),
        "" },
    { "a function that acts before it leaves",
        TOP "<+static void mend(moult_turn *turn)\n{\n moult_wait(turn, 1);\n if (<!turn->step!>) "
            "return;\n}+>\n" HOOK("<+mend(turn);+>\n"),
        "without a condition" },
    { "a function that was there before",
        TOP "static void mend(moult_turn *turn)\n{\n moult_wait(turn, 1);\n}\n" HOOK(
            "<+mend(turn);\nif (<?" PAST "?>)" DENY "+>\n"),
        "without a condition" },
    { "a call with what leads nowhere",
        TOP "<+static void mend(moult_call *call)\n{\n if (<!call->failed!>) return;\n "
            "moult_wait(0, 1);\n}+>\n" HOOK("<+mend(0);+>\n"),
        "an argument" },
    { "a condition that guards nothing",
        TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\nif (<?call->failed?>) return 0;\n"),
        "guards nothing" },
    { "the other way round", TOP HOOK("<+if (<!" PAST "!>)" DENY "+>\n"), "does not name" },
    { "half a statement", TOP HOOK("if (call->failed) <+if (<?" PAST "?>)+>" DENY "\n"), "" },
    { "a branch without braces", TOP HOOK("if (call->failed)\n<+if (<?" PAST "?>)" DENY "+> ; \n"),
        "" },
    { "a hook that it puts in",
        TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\n") "const struct moult_plugin moult_plugin = { "
                                                    ".abi = 0, <+.before_tool = hook+> };\n",
        "in no block" },
};

static const char *check(const char *text)
{
    struct written written;
    struct place place;
    write_down(&written, text);
    const char *why = certificate_check(written.was, written.now, &written.certificate, &place);
    written_done(&written);
    return why;
}

static void the_honest_ones_hold(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(honest); i++) {
        const char *why = check(honest[i].text);
        if (why)
            print_error("%s: %s\n", honest[i].name, why);
        failed |= why != NULL;
    }
    assert_false(failed);
}

static void every_lie_is_refused(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        const char *why = check(lies[i].text);
        if (why && strstr(why, lies[i].says))
            continue;
        print_error("%s: %s\n", lies[i].name, why ? why : "it holds");
        failed = true;
    }
    assert_false(failed);
}

/* The writer says what a person would: the same insertions and conditions. */
static void the_writer_is_honest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(honest); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf off = { 0 };
        CLEANUP(syntax_freep) struct syntax *switched = NULL;
        struct written written;
        struct certificate made;
        struct place place;
        struct err err;
        write_down(&written, honest[i].text);
        struct diff diff = diff_trees(written.was, written.now, &arena);
        if (!certify(&made, written.was, written.now, &diff, &arena))
            fail_msg("%s: it writes none", honest[i].name);
        const char *why = certificate_check(written.was, written.now, &made, &place);
        if (why || made.guards_count != written.certificate.guards_count)
            fail_msg("%s: %s", honest[i].name, why ? why : "other conditions");
        certificate_off(&off, written.now, &made);
        if (syntax_parse(&switched, "off.c", buf_view(&off), NULL, &err) < 0)
            fail_msg("%s: %s", honest[i].name, off.at);
        written_done(&written);
    }
}

/* What the plugin says of itself may become less, not more. */
static void promises_are_only_taken_back(void **state)
{
    (void)state;
#define SAYS(was, now)                                                                             \
    TOP HOOK("<+if (<?" PAST "?>)" DENY                                                            \
             "+>\n") "const struct moult_plugin moult_plugin = { .abi = 0, <-" was "->><+" now     \
                     "+> .size = 1 };\n"
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        { SAYS(".traits = MOULT_ONLY_LOOKS,", ""), true },
        { SAYS("", ".traits = MOULT_REWRITES_CALLS,"), true },
        { SAYS("", ".traits = MOULT_ONLY_LOOKS,"), false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct written written;
        struct place place;
        write_down(&written, rows[i].text);
        written.certificate.insertions_count = 1;
        assert_non_null(certificate_check(written.was, written.now, &written.certificate, &place));
        written.certificate.traits = true;
        const char *why = certificate_check(written.was, written.now, &written.certificate, &place);
        if ((why == NULL) != rows[i].holds)
            fail_msg("%zu: %s", i, why ? why : "it holds");
        written_done(&written);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_honest_ones_hold),
        cmocka_unit_test(every_lie_is_refused),
        cmocka_unit_test(the_writer_is_honest),
        cmocka_unit_test(promises_are_only_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
