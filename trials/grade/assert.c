/* assert - graders as data: calls, their order, text, ends, and the floors that only look at these.
 */
#include "trials/grade/grade.h"

#include "base/mem.h"
#include "base/names.h"

#include <string.h>

static bool among(const struct str *list, uint32_t count, struct str text)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(list[i], text))
            return true;
    return false;
}

/* --- calls */

/* Each member that is wanted is there with that value. A call whose arguments are no object has no
 * members. */
static bool has_arguments(const struct facts_call *call, const struct json *wanted)
{
    static const struct json_limits lenient = { .duplicates = true };
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (!wanted)
        return true;
    const struct json *args = json_read(&arena, call->args, &lenient, NULL);
    JSON_EACH(member, wanted)
    {
        const struct json *value = json_get_str(args, json_key(&arena, member));
        if (!value || !json_equal(value, member))
            return false;
    }
    return json_is(args, JSON_OBJECT);
}

static bool counts(const struct facts_call *call, bool carried)
{
    return carried ? call->carried : !call->denied;
}

static bool knows_calls(struct grade_result *ret, const struct facts *facts, bool carried)
{
    return grade_knows(ret, facts, carried ? FACTS_CARRIED : FACTS_ASKED,
        carried ? "what was carried out" : "calls");
}

void grade_calls(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    uint32_t min, max, found = 0;
    if (!knows_calls(ret, facts, grade->carried))
        return;
    case_grade_bounds(grade, &min, &max);
    for (uint32_t i = 0; i < facts->calls_count; i++)
        found += counts(&facts->calls[i], grade->carried) &&
                 str_equal(facts->calls[i].tool, grade->tool) &&
                 has_arguments(&facts->calls[i], grade->arguments);
    if (found < min)
        grade_say(ret, GRADE_BROKEN, "%s: %u such calls, %u wanted", grade_show(grade->tool).text,
            found, min);
    else if (found > max)
        grade_say(ret, GRADE_BROKEN, "%s: %u such calls, at most %u allowed",
            grade_show(grade->tool).text, found, max);
}

void grade_order(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    uint32_t met = 0;
    if (!knows_calls(ret, facts, grade->carried))
        return;
    for (uint32_t i = 0; i < facts->calls_count && met < grade->tools_count; i++)
        met += counts(&facts->calls[i], grade->carried) &&
               str_equal(facts->calls[i].tool, grade->tools[met]);
    if (met < grade->tools_count)
        grade_say(
            ret, GRADE_BROKEN, "%s did not come in its turn", grade_show(grade->tools[met]).text);
}

/* What a hook has denied was not called. */
void grade_forbidden(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    if (!knows_calls(ret, facts, false))
        return;
    for (uint32_t i = 0; i < facts->calls_count; i++)
        if (counts(&facts->calls[i], false) &&
            among(grade->tools, grade->tools_count, facts->calls[i].tool)) {
            grade_say(ret, GRADE_BROKEN, "%s was called", grade_show(facts->calls[i].tool).text);
            return;
        }
}

/* --- text */

static void join_texts(struct buf *out, const struct facts *facts)
{
    for (uint32_t i = 0; i < facts->texts_count; i++) {
        buf_str(out, facts->texts[i].text);
        buf_char(out, '\n');
    }
}

/* Text that is compared loosely: "1,126.04" is told by "1126.04". */
static void fold(struct buf *text)
{
    size_t kept = 0;
    for (size_t i = 0; i < text->size; i++) {
        char c = text->at[i];
        if (c != ',')
            text->at[kept++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    text->size = kept;
}

static bool says(const struct buf *all, struct str part, bool loose)
{
    CLEANUP(buf_done) struct buf folded = { 0 };
    if (!loose)
        return str_find(buf_view(all), part) >= 0;
    buf_str(&folded, part);
    fold(&folded);
    return str_find(buf_view(all), buf_view(&folded)) >= 0;
}

void grade_text(struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    CLEANUP(buf_done) struct buf all = { 0 };
    if (!grade_knows(ret, facts, FACTS_TEXTS, "text"))
        return;
    join_texts(&all, facts);
    if (grade->loose)
        fold(&all);
    for (uint32_t i = 0; i < grade->has_count; i++)
        if (!says(&all, grade->has[i], grade->loose)) {
            grade_say(ret, GRADE_BROKEN, "the text lacks \"%s\"", grade_show(grade->has[i]).text);
            return;
        }
    for (uint32_t i = 0; i < grade->lacks_count; i++)
        if (says(&all, grade->lacks[i], grade->loose)) {
            grade_say(ret, GRADE_BROKEN, "the text has \"%s\"", grade_show(grade->lacks[i]).text);
            return;
        }
}

void grade_reply(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    if (!grade_knows(ret, facts, FACTS_TEXTS | FACTS_ADDRESSES, "where text went"))
        return;
    for (uint32_t i = 0; i < facts->texts_count; i++)
        if (!str_equal(facts->texts[i].address, grade->address)) {
            grade_say(
                ret, GRADE_BROKEN, "text went to %s", grade_show(facts->texts[i].address).text);
            return;
        }
}

/* --- ends, and money */

void grade_ends(struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    if (!grade_knows(ret, facts, FACTS_END, "how it ended"))
        return;
    const char *end = NAME_OF(case_end_words, facts->end);
    if (!among(grade->ends, grade->ends_count, str_of(end)))
        grade_say(ret, GRADE_BROKEN, "it ended %s", end);
}

void grade_money(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    if (!grade_knows(ret, facts, FACTS_COST, "what it cost"))
        return;
    /* Not "more than": a sum that is no number is above any limit. */
    if (!(facts->usd <= grade->usd))
        grade_say(ret, GRADE_BROKEN, "it cost %.6f, at most %.6f allowed", facts->usd, grade->usd);
}
