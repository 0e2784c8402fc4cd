/* view_junit - a candidate's stored report for a CI system: a suite of the gate's rules, then the
 * report's own. A rule that speaks of held-out groups says only whether it holds. */
#include "promote/view.h"

#include "base/mem.h"
#include "trials/junit.h"
#include "trials/verdict.h"

static bool looks(struct str rule)
{
    for (unsigned i = 0; i < verdict_rules_count; i++)
        if (str_equal(rule, str_of(verdict_rules[i].name)))
            return verdict_rules[i].looks;
    return true; /* of another version: nobody knows what it tells */
}

static void gate(struct junit *junit, const struct json *verdict)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    junit_suite(junit, "gate");
    JSON_EACH(reason, json_get(verdict, "reasons"))
    {
        struct str rule = json_string(&arena, json_get(reason, "rule"));
        struct str holds = json_string(&arena, json_get(reason, "holds"));
        struct junit_case one = { .name = rule, .end = JUNIT_ERROR, .type = "inconclusive" };
        if (str_equal(holds, str_of(verdict_words[VERDICT_PASS])))
            one.end = JUNIT_PASSED;
        else if (str_equal(holds, str_of(verdict_words[VERDICT_FAIL])))
            one = (struct junit_case){ .name = rule, .end = JUNIT_FAILED, .type = "fail" };
        one.message = looks(rule) ? STR("it speaks of held-out groups: moult review says more")
                                  : json_string(&arena, json_get(reason, "text"));
        junit_add(junit, &one);
    }
}

int view_junit(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    struct junit junit = { 0 };
    struct report report;
    struct str text, verdict;
    int rc = view_document(&text, driver, "report", &candidate->report, err);
    if (rc == 0 && text.size == 0) {
        err_set(err, ERR_STATE, "candidate %.12s was not replayed: there is no report",
            candidate->id.at);
        return err_hint(err, "moult show %.12s says how far it came", candidate->id.at);
    }
    if (rc == 0)
        rc = report_read(&report, text, &driver->arena, err);
    if (rc == 0)
        rc = view_document(&verdict, driver, "verdict", &candidate->verdict, err);
    if (rc < 0)
        return rc;
    if (verdict.size)
        gate(&junit, json_read(&driver->arena, verdict, NULL, NULL));
    junit_report(&junit, &report);
    CLEANUP(mem_freep) char *name = mem_format("moult review %.12s", candidate->id.at);
    junit_print(out, &junit, str_of(name));
    junit_done(&junit);
    return 0;
}
