/* source - see source.h. */
#include "patch/source.h"

int source_check(struct findings *findings, struct syntax **ret, const char *file, struct str text,
    struct err *err)
{
    struct place fault = { 0 };
    struct err why = { 0 };
    *ret = NULL;
    if (text.size > SYNTAX_SOURCE_MAX) {
        rule_refuse(findings, RULE_SIZE, fault, STR("the source"));
        return 0;
    }
    source_check_text(findings, text);
    if (finding_has(findings, rules[RULE_UTF8].name))
        return 0;
    source_check_words(findings, text);
    if (syntax_parse(ret, file, text, &fault, &why) == 0)
        return source_check_tree(findings, *ret, err);
    if (why.code == ERR_DEFECT) {
        *err = why;
        return -ERR_DEFECT;
    }
    rule_refuse(findings, RULE_PARSE, fault, str_of(why.text));
    return 0;
}
