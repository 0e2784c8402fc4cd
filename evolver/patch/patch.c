/* patch - see patch.h. */
#include "patch/patch.h"
#include "patch/lines.h"

#include <stdio.h>
#include <string.h>

static bool is_name(struct str text)
{
    if (!text.size || text.size > 64)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c != '_' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z'))
            return false;
    }
    return true;
}

bool patch_may_change(struct str path)
{
    static const struct str folder = { "plugins/", 8 };
    if (str_equal(path, STR("pipeline/order.c")))
        return true;
    if (!str_starts(path, folder))
        return false;
    struct str rest = { path.at + folder.size, path.size - folder.size };
    const char *slash = memchr(rest.at, '/', rest.size);
    if (!slash)
        return false;
    struct str name = { rest.at, (size_t)(slash - rest.at) };
    struct str file = { slash + 1, rest.size - name.size - 1 };
    return is_name(name) && file.size == name.size + 2 && str_starts(file, name) &&
           !memcmp(file.at + name.size, ".c", 2);
}

bool patch_apply(struct buf *out, struct str old, const struct patch_edit *edits, uint32_t count)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool again = i && edits[i].from == edits[i - 1].to && edits[i].to == edits[i - 1].from;
        if (edits[i].from < at || edits[i].to < edits[i].from || edits[i].to > old.size || again)
            return false;
        buf_add(out, old.at + at, edits[i].from - at);
        buf_str(out, edits[i].text);
        at = edits[i].to;
    }
    buf_add(out, old.at + at, old.size - at);
    return true;
}

/* Without the blanks at its ends. */
static struct span trimmed(const struct syntax *syntax, struct span span)
{
    struct str text = syntax_slice(syntax, span), part = str_trim(text);
    if (!part.size)
        return (struct span){ span.from, span.from };
    uint32_t from = span.from + (uint32_t)(part.at - text.at);
    return (struct span){ from, from + (uint32_t)part.size };
}

/* One node, or neighbours of one parent, from the first byte to the last. An empty span is none. */
static bool run_at(const struct syntax *syntax, struct span span, struct diff_run *ret)
{
    *ret = (struct diff_run){ .parent = syntax_covering(syntax, span) };
    if (span.from == span.to)
        return true;
    uint32_t exact = syntax_exact(syntax, span);
    if (exact) {
        *ret = (struct diff_run){ syntax->nodes[exact].parent, exact, exact, 1, 0 };
        return true;
    }
    SYNTAX_EACH_CHILD(child, syntax, ret->parent)
    {
        struct span have = syntax->nodes[child].span;
        if (have.from == span.from)
            ret->first = child;
        ret->count += ret->first != 0;
        if (ret->first && have.to == span.to) {
            ret->last = child;
            return true;
        }
    }
    return false;
}

static void add_run(struct buf *kinds, const struct syntax *syntax, const struct diff_run *run)
{
    uint32_t shown = 0;
    for (uint32_t node = run->first; node; node = syntax_after(syntax, node)) {
        if (shown < 4)
            buf_format(kinds, "%s%s", shown ? " " : "", syntax->nodes[node].kind);
        shown++;
        if (node == run->last)
            break;
    }
    if (shown > 4)
        buf_format(kinds, " and %u more", shown - 4);
}

/* "12: puts in if_statement, in compound_statement" */
static void add_kinds(
    struct buf *kinds, const struct patch *patch, const struct diff_change *change, uint32_t offset)
{
    const struct diff_run *was = &change->was, *now = &change->now;
    buf_format(kinds, "%u: ", syntax_place(patch->was, offset).line);
    if (was->first && now->first) {
        buf_text(kinds, "puts ");
        add_run(kinds, patch->now, now);
        buf_text(kinds, " in the place of ");
        add_run(kinds, patch->was, was);
    } else if (now->first) {
        buf_text(kinds, "puts in ");
        add_run(kinds, patch->now, now);
    } else {
        buf_text(kinds, "takes out ");
        add_run(kinds, patch->was, was);
    }
    const struct syntax *in = now->first ? patch->now : patch->was;
    const struct diff_run *run = now->first ? now : was;
    buf_format(kinds, ", in %s\n", in->nodes[run->parent].kind);
}

/* Each edit is whole nodes on both sides. */
static void check_edits(struct findings *findings, const struct patch *patch, struct buf *kinds)
{
    uint32_t shift = 0; /* what the edits so far moved the rest by; it may wrap */
    for (uint32_t i = 0; i < patch->count; i++) {
        const struct patch_edit *edit = &patch->edits[i];
        struct span was = { edit->from, edit->to };
        struct span now = { edit->from + shift, edit->from + shift + (uint32_t)edit->text.size };
        struct diff_change change;
        shift = now.to - was.to;
        was = trimmed(patch->was, was);
        now = trimmed(patch->now, now);
        if (was.from == was.to && now.from == now.to)
            continue;
        bool taken = run_at(patch->was, was, &change.was);
        bool put = run_at(patch->now, now, &change.now);
        if (!taken)
            rule_refuse(findings, RULE_NODE, syntax_place(patch->was, was.from),
                syntax_slice(patch->was, was));
        if (!put)
            rule_refuse(findings, RULE_NODE, syntax_place(patch->now, now.from),
                syntax_slice(patch->now, now));
        if (taken && put)
            add_kinds(kinds, patch, &change, was.from);
    }
}

static void check_budget(struct findings *findings, const char *what, uint32_t have, uint32_t most)
{
    char text[64];
    snprintf(text, sizeof(text), "%u %s, where %u are allowed", have, what, most);
    if (have > most)
        rule_refuse(findings, RULE_BUDGET, (struct place){ 0 }, str_of(text));
}

/* Of the runs that are new, whatever the edits wrote again. */
static uint32_t bytes_in(const struct syntax *now, const struct diff *diff)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < diff->count; i++) {
        struct span span = diff_span(now, &diff->at[i].now);
        bytes += span.to - span.from;
    }
    return bytes;
}

uint32_t patch_check(struct findings *findings, const struct patch *patch, const struct diff *diff,
    struct buf *kinds)
{
    const struct bounds_budget *budget = &bounds_budgets[patch->tier];
    uint32_t lines = lines_changed(patch->was->source, patch->now->source);
    uint32_t edits = patch->edits ? patch->count : diff->count;
    if (!patch_may_change(patch->path))
        rule_refuse(findings, RULE_PATH, (struct place){ 0 }, patch->path);
    check_budget(
        findings, "changed lines", lines, patch->lines_max ? patch->lines_max : budget->lines);
    check_budget(findings, "edits", edits, budget->edits);
    check_budget(findings, "bytes put in", bytes_in(patch->now, diff), budget->bytes);
    bounds_check(findings, patch->was, patch->now, patch->tier);
    if (patch->edits)
        check_edits(findings, patch, kinds);
    for (uint32_t i = 0; !patch->edits && i < diff->count && i < PATCH_EDITS_MAX; i++)
        add_kinds(kinds, patch, &diff->at[i], diff_span(patch->was, &diff->at[i].was).from);
    if (!diff->count)
        rule_refuse(findings, RULE_NOTHING, (struct place){ 0 }, STR("the patch"));
    return lines;
}
