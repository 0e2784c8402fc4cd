/* decisions - see decisions.h. */
#include "trials/decisions.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLE_MAX = 300, SHOWN_MAX = 1600 };

/* --- one */

static bool same_call(const struct effects_call *a, const struct effects_call *b)
{
    const struct effects one = { .calls = (struct effects_call *)a, .calls_count = 1 };
    const struct effects other = { .calls = (struct effects_call *)b, .calls_count = 1 };
    return effects_equal(&one, &other);
}

static const char *said(const struct effects_call *call)
{
    return !call ? "not called" : call->denied ? "denied" : "called";
}

/* Of another tool it is: that one was called, and is not any more. */
static struct decision of_call(const struct effects_call *was, const struct effects_call *is)
{
    struct decision ret = { .tool = was ? was->name : is->name };
    if (was && is && !str_equal(was->name, is->name))
        is = NULL;
    ret.was = said(was);
    ret.is = was && is && was->denied == is->denied ? "called with other arguments" : said(is);
    return ret;
}

struct decision decision_of(const struct effects *was, const struct effects *is)
{
    uint32_t count = was->calls_count > is->calls_count ? was->calls_count : is->calls_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct effects_call *a = i < was->calls_count ? &was->calls[i] : NULL;
        const struct effects_call *b = i < is->calls_count ? &is->calls[i] : NULL;
        if (!a || !b || !same_call(a, b))
            return of_call(a, b);
    }
    struct decision ret = { .was = effects_end_words[was->end], .is = effects_end_words[is->end] };
    if (was->end != is->end)
        return ret;
    ret.is = !effects_equal(was, is) ? "another text" : "another request";
    return ret;
}

/* --- groups */

static struct str keep(struct decisions *decisions, struct str text)
{
    return (struct str){ arena_string(&decisions->arena, text.size ? text.at : "", text.size),
        text.size };
}

static struct str example(struct decisions *decisions, const struct effects *effects)
{
    CLEANUP(buf_done) struct buf out = { .max = EXAMPLE_MAX };
    effects_say(&out, effects);
    return keep(decisions, buf_view(&out));
}

/* The index of its group, or of none: count. */
static unsigned find(const struct decisions *decisions, const struct decision *decision)
{
    unsigned i = 0;
    for (; i < decisions->count; i++) {
        const struct decision *at = &decisions->at[i].decision;
        if (str_equal(at->tool, decision->tool) && strcmp(at->was, decision->was) == 0 &&
            strcmp(at->is, decision->is) == 0)
            break;
    }
    return i;
}

bool decisions_has(
    const struct decisions *decisions, const struct effects *was, const struct effects *is)
{
    const struct decision decision = decision_of(was, is);
    unsigned at = find(decisions, &decision);
    return at < decisions->count || at == DECISIONS_MAX;
}

static void take_example(struct decisions *decisions, struct decision_group *group,
    const struct effects *was, const struct effects *is, const struct decision_example *of)
{
    group->session = keep(decisions, of->session);
    group->step = of->step;
    group->shows = of->shows;
    if (!of->shows)
        return;
    group->was = example(decisions, was);
    group->is = example(decisions, is);
}

void decisions_add(struct decisions *decisions, const struct effects *was, const struct effects *is,
    const struct decision_example *of, bool resolved)
{
    const struct decision decision = decision_of(was, is);
    unsigned at = find(decisions, &decision);
    if (at == DECISIONS_MAX) {
        decisions->others++;
        return;
    }
    struct decision_group *group = &decisions->at[at];
    if (at == decisions->count) {
        decisions->count++;
        *group = (struct decision_group){ .decision = decision };
        group->decision.tool = keep(decisions, decision.tool);
    }
    if (group->count == 0 || (of->shows && !group->shows))
        take_example(decisions, group, was, is, of);
    group->count++;
    group->resolved += resolved;
}

/* Of equally many the one whose example has the smaller id: the same each time. */
static int by_count(const void *left, const void *right)
{
    const struct decision_group *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return str_compare(a->session, b->session);
}

/* --- telling */

static void member(struct buf *out, const char *name, struct str text)
{
    buf_format(out, ",\"%s\":", name);
    json_quote(out, text);
}

void decisions_json(struct buf *out, struct decisions *decisions)
{
    qsort(decisions->at, decisions->count, sizeof decisions->at[0], by_count);
    buf_char(out, '[');
    for (unsigned i = 0; i < decisions->count; i++) {
        const struct decision_group *group = &decisions->at[i];
        buf_text(out, i ? ",{\"tool\":" : "{\"tool\":");
        if (group->decision.tool.size)
            json_quote(out, group->decision.tool);
        else
            buf_text(out, "null");
        buf_format(out, ",\"was\":\"%s\",\"is\":\"%s\",\"count\":%" PRIu64 ",\"resolved\":%" PRIu64,
            group->decision.was, group->decision.is, group->count, group->resolved);
        buf_text(out, ",\"example\":{\"session\":");
        json_quote(out, group->session);
        buf_format(out, ",\"step\":%u", group->step);
        if (group->shows) {
            member(out, "was", group->was);
            member(out, "is", group->is);
        } else {
            buf_text(out, ",\"was\":null,\"is\":null");
        }
        buf_text(out, "}}");
    }
    buf_char(out, ']');
}

static void printable(struct buf *out, struct str text)
{
    char shown[SHOWN_MAX];
    buf_text(out, str_printable(shown, sizeof shown, text, false));
}

void decisions_text(struct buf *out, struct decisions *decisions)
{
    qsort(decisions->at, decisions->count, sizeof decisions->at[0], by_count);
    for (unsigned i = 0; i < decisions->count; i++) {
        const struct decision_group *group = &decisions->at[i];
        buf_format(out, "%6" PRIu64 "  ", group->count);
        printable(out, group->decision.tool.size ? group->decision.tool : STR("the step"));
        buf_format(out, ": %s, then: %s", group->decision.was, group->decision.is);
        if (group->resolved > 0)
            buf_format(out, "; %" PRIu64 " resolved", group->resolved);
        buf_text(out, "\n        such as ");
        printable(out,
            (struct str){ group->session.at, group->session.size < 12 ? group->session.size : 12 });
        buf_format(out, ", step %u\n", group->step);
        if (!group->shows) {
            buf_text(
                out, "          held out: moult trace shows it, and makes its group held-in\n");
            continue;
        }
        buf_text(out, "          was  ");
        printable(out, group->was);
        buf_text(out, "\n          is   ");
        printable(out, group->is);
        buf_char(out, '\n');
    }
    if (decisions->others > 0)
        buf_format(out, "%6" PRIu64 "  of more kinds than are told\n", decisions->others);
}

void decisions_done(struct decisions *decisions)
{
    arena_done(&decisions->arena);
    *decisions = (struct decisions){ 0 };
}
