/* rules - see rules.h. */
#include "patch/rules.h"

#include "base/str.h"

/* clang-format off */
const struct rule_row rules[RULES] = {
    [RULE_UTF8] = { "utf8", "a source is UTF-8: save it as that" },
    [RULE_CONTROL] = { "control", "a control character, which editors do not show: take it out" },
    [RULE_BIDI] = { "bidi", "it changes the order in which a reviewer sees the text: take it out" },
    [RULE_INVISIBLE] = { "invisible", "a reviewer cannot see it: take it out" },
    [RULE_LOOKALIKE] = { "lookalike", "a letter that looks like another one, in a word of those: write that one" },
    [RULE_ASCII] = { "ascii", "outside strings and comments a source is ASCII: use another name" },
    [RULE_TRIGRAPH] = { "trigraph", "the compiler reads another character here: write that one" },
    [RULE_SPLICE] = { "splice", "it joins two lines, which a reviewer reads as two: write one line, or two strings" },
    [RULE_BLANKS] = { "blanks", "what stands behind is out of sight in a review: put it on the next line" },
    [RULE_SIZE] = { "size", "a source may have 262144 bytes: make it smaller" },
    [RULE_TOKEN] = { "token", "no token of C begins or ends here: close the string or comment" },
    [RULE_COMMENT] = { "comment", "a comment seems to begin or to end within another: end the first" },
    [RULE_DIGRAPH] = { "digraph", "it stands for another character: write that one" },
    [RULE_INCLUDE] = { "include", "a plugin includes \"moult.h\", <stdint.h>, <stddef.h> and <stdbool.h> only" },
    [RULE_MACRO] = { "macro", "what is reviewed is what is compiled: use an enum, a constant or a function" },
    [RULE_BRANCH] = { "branch", "code that is compiled or not cannot be reviewed: keep what is compiled" },
    [RULE_DIRECTIVE] = { "directive", "#include is the only directive of a plugin: take it out" },
    [RULE_ATTRIBUTE] = { "attribute", "of the attributes a plugin may use MOULT_EXPORT and __attribute__((unused)) only" },
    [RULE_ASM] = { "asm", "a plugin is C alone: write it in C" },
    [RULE_THREAD] = { "thread", "a plugin keeps nothing in threads: what lasts goes into moult_state" },
    [RULE_BUILTIN] = { "builtin", "not a builtin that plugins may use: see docs/reference/patch.md for those" },
    [RULE_RESERVED] = { "reserved", "names that begin with _ are the compiler's and the linker's: use another" },
    [RULE_ADDRESS] = { "address", "an address is another in each run, and a replay would differ: compare what it points to" },
    [RULE_COMPUTED_GOTO] = { "computed_goto", "where it jumps cannot be reviewed: use switch" },
    [RULE_PARSE] = { "parse", "mend the syntax here, or in the lines before" },
    [RULE_STORAGE] = { "storage", "of the storage classes a plugin uses static only" },
    [RULE_WRITABLE] = { "writable", "a variable that outlives the hook: make it const, or keep it in moult_state" },
    [RULE_EXTERN] = { "extern", "a plugin calls its own static functions and the SDK's: define it here as static" },
    [RULE_EXPORT] = { "export", "MOULT_EXPORT stands before moult_plugin or moult_pipeline only" },
    [RULE_VLA] = { "vla", "an array's size is a number or an enum's constant: use that, or moult_alloc" },
    [RULE_UNION] = { "union", "a union turns a number into an address: use a struct" },
    [RULE_CAST] = { "cast", "a cast goes to an arithmetic type or void: name such a one" },
    [RULE_POINTER_CAST] = { "pointer_cast", "a cast could make a pointer of a number: assign it (void * needs no cast)" },
    [RULE_POINTER_STEP] = { "pointer_step", "a pointer that can be written through leads to one object: index an array, or what moult_alloc gave" },
    [RULE_STATEMENT_EXPRESSION] = { "statement_expression", "statements within an expression are not C11: use a function" },
    [RULE_NESTED_FUNCTION] = { "nested_function", "a function within a function is not C11: put it above" },
    [RULE_KIND] = { "kind", "a construct that plugins do not use: write it in plainer C" },
    [RULE_PREPROCESS] = { "preprocess", "mend the source so that the preprocessor takes it" },
    [RULE_TOKENS] = { "tokens", "the compiler sees something else than what stands here: write it out" },
    [RULE_PATH] = { "path", "a patch changes plugins/NAME/NAME.c or pipeline/order.c only" },
    [RULE_EDIT] = { "edit", "edits are in ascending order, apart, and within the old source" },
    [RULE_NODE] = { "node", "an edit replaces, removes or inserts whole syntax nodes: take in the rest of it" },
    [RULE_BUDGET] = { "budget", "a patch is small: make it smaller, or two" },
    [RULE_NOTHING] = { "nothing", "a patch that changes no token of the program is none: change something" },
    [RULE_LONG] = { "long", "a function is read in one piece: make two of it" },
    [RULE_COMPLEX] = { "complex", "nobody follows so many: take a part out as a function, or write a table" },
    [RULE_NESTED] = { "nested", "leave early, or take the inner part out as a function" },
    [RULE_RECURSION] = { "recursion", "how deep it goes cannot be read off: use a loop over a counter" },
    [RULE_LOOP] = { "loop", "use for with a counter up to a constant or a count, or an iterator of the SDK" },
};
/* clang-format on */

enum { WHAT_MAX = 60 };

void rule_refuse(struct findings *findings, enum rule rule, struct place place, struct str what)
{
    char shown[4 * WHAT_MAX];
    bool cut = what.size > WHAT_MAX;
    if (cut)
        what.size = WHAT_MAX;
    str_printable(shown, sizeof(shown) / 2, what, false);
    finding_add(
        findings, rules[rule].name, place, "%s%s: %s", shown, cut ? "..." : "", rules[rule].advice);
}

int rule_find(struct str name)
{
    for (int i = 0; i < RULES; i++)
        if (str_equal(name, str_of(rules[i].name)))
            return i;
    return -1;
}
