/* Any bytes as a source, and after a line of ===== another one: as the source after a patch, and as
 * what the preprocessor made of the first. */
#include "patch/bounds.h"
#include "patch/certificate.h"
#include "patch/condition.h"
#include "patch/describe.h"
#include "patch/less.h"
#include "patch/lines.h"
#include "patch/node.h"
#include "patch/outline.h"
#include "patch/patch.h"
#include "patch/shape.h"
#include "patch/source.h"
#include "patch/tokens.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A node lies within its parent, behind its elder siblings. */
static void check_nodes(const struct syntax *syntax)
{
    for (uint32_t node = 1; node < syntax->count; node++) {
        const struct syntax_node *at = &syntax->nodes[node], *up = &syntax->nodes[at->parent];
        assert(at->parent < node && node + at->next <= at->parent + up->next);
        assert(at->span.from <= at->span.to && at->span.to <= syntax->source.size);
        uint32_t after = syntax_after(syntax, node);
        assert(!after || syntax->nodes[after].span.from >= at->span.to);
    }
}

static void look_around(const struct syntax *syntax, struct arena *arena)
{
    struct outline_functions functions = outline_functions(syntax, arena);
    outline_plugin(syntax, &functions, arena);
    outline_conditions(syntax, 0, arena);
    outline_literals(syntax, 0, arena);
    outline_tables(syntax, arena);
    for (uint32_t i = 0; i < functions.count; i++) {
        struct outline_points points = outline_points(syntax, &functions.at[i], arena);
        for (uint32_t n = 0; n < points.count && n < 8; n++)
            outline_scope(syntax, points.at[n].at, arena);
    }
}

/* What only takes a plugin out is no such change the other way round, and what takes all of its
 * rows out can be made of the order. */
static void take_out(const struct syntax *was, const struct syntax *now, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 }, without = { 0 };
    struct less less, back;
    assert(!less_of(&back, was, was, arena));
    if (!less_of(&less, was, now, arena))
        return;
    assert(!less_of(&back, now, was, arena));
    assert(less.hooks && (less.empty & ~less.hooks) == 0);
    less_tell(&out, &less);
    less_print(&out, &less);
    struct err err = { 0 };
    int rc = less_source(&without, was, less.plugin, &err);
    assert(rc != -ERR_DEFECT && (rc < 0 || without.size < was->source.size));
}

static void change(const struct syntax *was, const struct syntax *now, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    static const struct str literals[] = { { "1234 text", 9 } };
    struct diff diff = diff_trees(was, now, arena);
    const struct describe describe = { was, now, &diff, literals, COUNT_OF(literals) };
    describe_patch(&out, &describe);
    struct findings over = { .count = 0 }, same = { .count = 0 };
    struct certificate certificate;
    struct place place;
    if (certify(&certificate, was, now, &diff, arena) &&
        !certificate_check(was, now, &certificate, &place)) {
        CLEANUP(buf_done) struct buf off = { 0 };
        certificate_off(&off, now, &certificate);
        assert(off.size > now->source.size);
    }
    take_out(was, now, arena);
    bounds_check(&over, was, now, BOUNDS_STRICT);
    bounds_check(&same, was, was, BOUNDS_STRICT);
    assert(same.count == 0);
    assert(diff_trees(was, was, arena).count == 0);
    uint32_t lines = lines_changed(was->source, now->source);
    assert(lines == lines_changed(now->source, was->source));
}

/* Whatever may be named can be changed, and each change is an edit within the source. */
static void change_nodes(const struct syntax *syntax, struct arena *arena)
{
    enum { NODES = 64 };
    for (uint32_t node = 0, tried = 0; node < syntax->count && tried < NODES; node++) {
        tried += node_place(syntax, node) != NODE_NOWHERE;
        for (unsigned verb = 0; verb < NODE_VERBS; verb++) {
            CLEANUP(buf_done) struct buf out = { 0 };
            const struct node_change change = { (enum node_verb)verb, node,
                verb == NODE_DELETE ? STR("") : STR("x,") };
            struct patch_edit edit;
            if (node_edits(&edit, syntax, &change, 1, arena, NULL) == 0)
                assert(patch_apply(&out, syntax->source, &edit, 1));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str mark = { "\n=====\n", 7 };
    struct str text = { (const char *)data, size }, other = { 0 };
    ptrdiff_t at = str_find(text, mark);
    if (at >= 0) {
        other = (struct str){ text.at + at + mark.size, size - (size_t)at - mark.size };
        text.size = (size_t)at;
    }
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(syntax_freep) struct syntax *was = NULL, *now = NULL;
    struct findings findings = { .count = 0 };
    int rc = source_check(&findings, &was, "was.c", text, NULL);
    assert(rc == 0 && (was || findings.count));
    rc = source_check(&findings, &now, "now.c", other, NULL);
    assert(rc == 0);
    if (!was)
        return 0;
    check_nodes(was);
    struct digest shape = shape_of(was), again = shape_of(was);
    assert(hash_equal(&shape, &again) && !hash_zero(&shape));
    look_around(was, &arena);
    change_nodes(was, &arena);
    tokens_check(&findings, was, other);
    if (now)
        change(was, now, &arena);
    return 0;
}
