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
/* A description, and a function that a condition may call. */
#define PLUGIN(members)                                                                            \
    "const struct moult_plugin moult_plugin = { .abi = 0, " members " .before_tool = hook, };\n"
#define PURE_FUNCTION(name, body)                                                                  \
    "static bool " name "(moult_turn *turn, moult_call *call)\n{\n" body "}\n"
#define NEW_HOOK(body) "<+static moult_action look(moult_turn *turn)\n{\n" body "}+>\n"

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
    { "braces around one statement that was there",
        TOP HOOK("if (call->failed)\n<+{ if (<?" PAST "?>)" DENY "+> state->n = 2; <+}+>\n") },
    { "braces in an else, and behind it",
        TOP HOOK("if (call->failed) state->n = 1; else <+{+> state->n = 2; <+if (<?" PAST "?>)" DENY
                 "}+>\n") },
    { "braces around an if with its else",
        TOP HOOK("for (int i = 0; i < 3; i++) <+{ if (<?" PAST
                 "?>) break;+> if (call->failed) state->n = 1; else state->n = 2; <+}+>\n") },
    { "a condition by a pure function of the file",
        TOP PURE_FUNCTION("many",
            "    for (moult_it it = { 0 }; moult_calls(turn, &it);) {\n        if "
            "(it.call->failed)\n            continue;\n        if (call->raw.size > FEW)\n         "
            "   "
            "return true;\n        else\n            break;\n    }\n    bool none = !turn->step;\n "
            "   "
            "return none;\n") HOOK("<+if (<?many(turn, call)?>)" DENY "+>\n") },
    { "a condition by a pure function that it puts in",
        TOP "static uint32_t twice(uint32_t n)\n{\n    return n * 2;\n}\n<+" PURE_FUNCTION("many",
            "    if (twice(call->raw.size) > FEW)\n        return true;\n    return "
            "false;\n") "+>" HOOK("<+if (<?many(turn, call)?>)" DENY "+>\n") },
    { "a hook that it puts in",
        TOP HOOK("") NEW_HOOK(
            "    if (<?turn->step > FEW?>)\n        return MOULT_FINISH;\n    return MOULT_PASS;\n")
            PLUGIN("<+.reply = look,+>") },
    { "a hook that leaves early",
        TOP HOOK("")
            NEW_HOOK("    bool late = turn->step > FEW;\n    if (<!late!>)\n        return "
                     "MOULT_PASS;\n    moult_wait(turn, 3);\n    return MOULT_PASS;\n")
                PLUGIN("<+.reply = look,+>") },
    { "a condition that ends with what acts",
        TOP HOOK("<+if (<?call->failed && state->n == 2?> && moult_wait(turn, 3))" DENY "+>\n") },
    { "a condition that there is none to walk over",
        TOP HOOK("<+if (<?!moult_calls(turn, &(moult_it){ 0 })?>)" DENY "+>\n") },
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
        TOP "static uint32_t f(struct state *state)\n{\n    return state->n++;\n}\n" HOOK(
            "<+if (<?f(state)?>)" DENY "+>\n"),
        "it may do something" },
    { "a function that asks the model to wait",
        TOP PURE_FUNCTION("f", "    bool waits = moult_wait(turn, 3);\n    return waits;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "a call that may do something" },
    { "a function that does more than it answers",
        TOP PURE_FUNCTION("f", "    moult_cut(turn, (moult_span){ 0, 1 });\n    return true;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "a function that may do something" },
    { "a function that comes back to itself by another",
        TOP "static bool g(moult_turn *turn, moult_call *call);\n" PURE_FUNCTION(
            "f", "    return call->failed || h(turn, call);\n") PURE_FUNCTION("h",
            "    return f(turn, call);\n") HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "comes back to itself" },
    { "a function with a loop of its own",
        TOP PURE_FUNCTION("f", "    while (call->failed)\n        continue;\n    return true;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "a function that may do something" },
    { "a function with a loop that does not walk",
        TOP PURE_FUNCTION("f", "    for (;;)\n        continue;\n    return true;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "no iterator" },
    { "a function that keeps something",
        TOP PURE_FUNCTION("f", "    static bool seen = false;\n    return seen;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "something that lasts" },
    { "a function whose local begins with anything",
        TOP PURE_FUNCTION("f", "    bool seen;\n    return seen;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "without a first value" },
    { "a function that may end without an answer",
        TOP PURE_FUNCTION("f", "    if (call->failed)\n        return true;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "without an answer" },
    { "a function that follows what leads nowhere",
        TOP PURE_FUNCTION("f", "    return call->failed;\n")
            HOOK("<+if (<?f(turn, 0)?>)" DENY "+>\n"),
        "may lead nowhere" },
    { "a function that calls what it is given",
        TOP "static bool f(bool (*g)(void))\n{\n    return true;\n}\n" HOOK(
            "<+if (<?f(0)?>)" DENY "+>\n"),
        "an argument that is called" },
    { "what acts before the condition",
        TOP HOOK("<+if (moult_wait(turn, 3) && <?" PAST "?>)" DENY "+>\n"),
        "a call that may do something" },
    { "what acts in the middle of it",
        TOP HOOK("<+if (<?call->failed && moult_wait(turn, 3) && " PAST "?>)" DENY "+>\n"),
        "a call that may do something" },
    { "what acts where the condition does not hold",
        TOP HOOK("<+if (<?" PAST "?> || moult_wait(turn, 3))" DENY "+>\n"),
        "a call that may do something" },
    { "a way out that acts",
        TOP
        "<+static void mend(moult_turn *turn)\n{\n    if (<!turn->step!> && moult_wait(turn, 3))\n"
        "        return;\n    moult_wait(turn, 1);\n}+>\n" HOOK("<+mend(turn);+>\n"),
        "a call that may do something" },
    { "an iterator that begins with an edit",
        TOP HOOK("<+if (<?moult_calls(turn, &(moult_it){ moult_wait(turn, 3) })?>)" DENY "+>\n"),
        "a call that may do something" },
    { "a variable that is called like a function behind it",
        TOP HOOK("bool (*f)(moult_turn *, moult_call *) = other;\n<+if (<?f(turn, call)?>)" DENY
                 "+>\n") PURE_FUNCTION("f", "    return true;\n"),
        "a call that may do something" },
    { "a function that others may have, too",
        TOP "extern bool f(moult_call *call)\n{\n    return true;\n}\n" HOOK(
            "<+if (<?f(call)?>)" DENY "+>\n"),
        "not this file's own" },
    { "a function that is handed an edit",
        TOP
        "static bool f()\n{\n    return true;\n}\n" HOOK("<+if (<?f(state->n++)?>)" DENY "+>\n"),
        "other arguments" },
    { "a function with an edit in a condition",
        TOP PURE_FUNCTION("f", "    if (moult_wait(turn, 3))\n        return true;\n    return "
                               "false;\n") HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "a call that may do something" },
    { "a function with an edit in an else",
        TOP PURE_FUNCTION("f", "    if (call->failed)\n        return true;\n    else\n        "
                               "moult_wait(turn, 3);\n    return false;\n")
            HOOK("<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "a function that may do something" },
    { "a variable that is called like a function",
        TOP PURE_FUNCTION("f", "    return true;\n") HOOK(
            "bool (*f)(moult_turn *, moult_call *) = other;\n<+if (<?f(turn, call)?>)" DENY "+>\n"),
        "a call that may do something" },
    { "braces that take an else along",
        TOP HOOK("if (call->failed) <+{ if (<?" PAST "?>)" DENY
                 "+> if (state->n) state->n = 1; <+}+> else state->n = 2;\n"),
        "something else of what was there" },
    { "braces around two statements that were there",
        TOP HOOK("if (call->failed) <+{ if (<?" PAST "?>)" DENY
                 "+> state->n = 1; state->n = 2; <+}+>\n"),
        "more than one statement" },
    { "braces with something unguarded in them",
        TOP HOOK("if (call->failed) <+{ if (<?" PAST "?>)" DENY
                 " state->n = 7;+> state->n = 1; <+}+>\n"),
        "without a condition" },
    { "braces with a local that hides another",
        TOP HOOK("if (call->failed) <+{ struct state *state = 0; if (<?" PAST "?>)" DENY
                 "+> state->n = 1; <+}+>\n"),
        "without a condition" },
    { "braces that end a local's time",
        TOP HOOK("<+{ if (<?" PAST "?>)" DENY "+> bool late = true; <+}+>\n"), "" },
    { "braces with an else behind them",
        TOP HOOK("if (call->failed) <+{ if (<?" PAST "?>)" DENY
                 "+> state->n = 1; <+} else state->n = 2;+>\n"),
        "" },
    { "braces that put a condition in front",
        TOP HOOK("if (call->failed) <+{ if (<?" PAST "?>)+> state->n = 1; <+}+>\n"),
        "more than one statement" },
    { "a hook that does something unguarded",
        TOP HOOK("") NEW_HOOK("    moult_wait(turn, 3);\n    if (<?turn->step > FEW?>)\n        "
                              "return MOULT_FINISH;\n    "
                              "return MOULT_PASS;\n") PLUGIN("<+.reply = look,+>"),
        "without a condition" },
    { "a hook that answers something unguarded",
        TOP HOOK("") NEW_HOOK(
            "    if (<?turn->step > FEW?>)\n        return MOULT_DENY;\n    return MOULT_FINISH;\n")
            PLUGIN("<+.reply = look,+>"),
        "does not pass at its end" },
    { "a hook whose answer is another's word",
        TOP HOOK("") NEW_HOOK("    moult_action MOULT_PASS = MOULT_FINISH;\n    if (<?turn->step > "
                              "FEW?>)\n        return "
                              "MOULT_FINISH;\n    return MOULT_PASS;\n")
            PLUGIN("<+.reply = look,+>"),
        "a name of the SDK's" },
    { "a hook in the place of one that it has",
        TOP HOOK("") "<+static moult_action look(moult_turn *turn, moult_call *call)\n{\n    if "
                     "(<?turn->step > FEW?>)\n        return MOULT_DENY;\n    return "
                     "MOULT_PASS;\n}+>\nconst struct moult_plugin moult_plugin = { .abi = 0, . "
                     "before_tool = hook, <+.before_tool = look,+> };\n",
        "a hook that it has" },
    { "a hook that was there before, at another place",
        TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\n") PLUGIN("<+.after_tool = hook,+>"),
        "not put in with it" },
    { "another member of the description",
        TOP HOOK("<+if (<?" PAST "?>)" DENY "+>\n") PLUGIN("<+.state_size = 4,+>"), "no hook" },
    { "a hook as a member that is none",
        TOP HOOK("") NEW_HOOK("    if (<?turn->step > FEW?>)\n        return MOULT_DENY;\n    "
                              "return MOULT_PASS;\n") PLUGIN("<+.tools = look,+>"),
        "no hook" },
    { "a hook before members without names",
        TOP HOOK("")
            NEW_HOOK("    if (<?turn->step > FEW?>)\n        return MOULT_FINISH;\n    "
                     "return MOULT_PASS;\n") "const struct moult_plugin moult_plugin = { 0, "
                                             "<+.reply = look,+> 4 };\n",
        "have no names" },
    { "a hook of another description",
        TOP HOOK("")
            NEW_HOOK("    if (<?turn->step > FEW?>)\n        return MOULT_FINISH;\n    "
                     "return MOULT_PASS;\n") "const struct moult_plugin other = { .abi = 0, "
                                             "<+.reply = look,+> };\n",
        "in no block" },
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
        "not put in with it" },
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
