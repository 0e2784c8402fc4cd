/* changes_print - the trial source of a list of changes: each use of each is wrapped into a choice.
 * Wraps nest as the tree does, so that one build holds them all; a candidate makes one choice. */
#include "propose/changes.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { TOLD = 3 }; /* counters of a number: how often it was compared, the least, the most */

/* Text at a place. Of those at one place what closes stands first, then what stands by itself, then
 * what opens; inner ones are nearer to what they wrap. */
struct mark {
    uint32_t at;
    enum { MARK_CLOSES, MARK_STANDS, MARK_OPENS } how;
    uint32_t size;  /* of what is wrapped */
    uint32_t order; /* of two that wrap the same the later one is inside */
    uint32_t skip;  /* bytes of the source that it takes the place of */
    struct str text;
};
struct marks {
    struct arena *arena;
    const struct target *target;
    struct mark *at;
    uint32_t count, max;
};

uint32_t changes_cover(uint32_t count)
{
    return TOLD * count;
}

static void put(struct marks *marks, uint32_t at, int how, uint32_t size, const char *text)
{
    if (marks->count == marks->max) {
        struct mark *more = arena_alloc(marks->arena, 2 * (marks->max + 64) * sizeof(*more));
        if (marks->count > 0)
            memcpy(more, marks->at, marks->count * sizeof(*more));
        marks->at = more;
        marks->max = 2 * (marks->max + 64);
    }
    marks->at[marks->count] = (struct mark){
        .at = at, .how = how, .size = size, .order = marks->count, .text = str_of(text)
    };
    marks->count++;
}

static void wrap(struct marks *marks, struct span at, const char *opens, const char *closes)
{
    put(marks, at.from, MARK_OPENS, at.to - at.from, opens);
    put(marks, at.to, MARK_CLOSES, at.to - at.from, closes);
}

static int by_place(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    if (x->at != y->at)
        return x->at > y->at ? 1 : -1;
    if (x->how != y->how)
        return x->how > y->how ? 1 : -1;
    bool later = x->size != y->size ? x->size > y->size : x->order < y->order;
    if (x->how == MARK_STANDS)
        return x->order > y->order ? 1 : -1;
    return (x->how == MARK_CLOSES) == later ? 1 : -1;
}

/* --- the choices; number: of the change, from 1 */

static const char *held(const struct marks *marks, const struct buf *text)
{
    return arena_string(marks->arena, text->at, text->size);
}

/* "search_holes[3] == 7 && search_holes[4] == 2" */
static const char *is_way(const struct marks *marks, uint32_t number, uint32_t way)
{
    return arena_format(marks->arena, "search_holes[%d] == %u && search_holes[%d] == %u",
        HOLE_CHANGE, number, HOLE_VALUE, way);
}

static void choose_expression(
    struct marks *marks, const struct change *change, struct span at, uint32_t number)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    bool condition = change->kind == CHANGE_CONDITION;
    const char *as = condition ? "!!" : ""; /* whatever type it has */
    buf_char(&out, '(');
    for (uint32_t i = 0; i < change->values_count; i++)
        buf_format(&out, "%s ? %s(%.*s) : ", is_way(marks, number, i + 1), as,
            (int)change->values[i].size, change->values[i].at);
    bool branch = condition && change->turn;
    if (branch)
        buf_format(&out, "search_branch(%u, ", number);
    buf_format(&out, "%s(", as);
    wrap(marks, at, held(marks, &out),
        !branch ? "))"
                : arena_format(marks->arena, "), %s, %s))", change->turn,
                      change->call ? arena_format(marks->arena, "(moult_call *)%s", change->call)
                                   : "NULL"));
}

/* The other side is worked out twice where it is told, and only there. */
static void choose_number(
    struct marks *marks, const struct change *change, uint32_t use, uint32_t number)
{
    wrap(marks, change->uses[use],
        arena_format(marks->arena, "(search_holes[%d] == %u ? (int)search_number() : (",
            HOLE_CHANGE, number),
        "))");
    struct span seen = change->seen[use];
    struct str other = syntax_slice(marks->target->syntax, seen);
    if (seen.from < seen.to)
        wrap(marks, seen,
            arena_format(marks->arena,
                "(search_see(%u, search_holes[%d] == %d ? (int64_t)(%.*s) : 0), (",
                TOLD * (number - 1), HOLE_PROBE, PROBE_CHANGES, (int)other.size, other.at),
            "))");
}

static void choose_left_out(struct marks *marks, const struct change *change, uint32_t number)
{
    wrap(marks, change->uses[0],
        arena_format(marks->arena, "{ if (search_holes[%d] != %u) { ", HOLE_CHANGE, number),
        " } }");
}

/* The statement where it stands, and a copy of it where it could stand. */
static void choose_place(struct marks *marks, const struct change *change, uint32_t number)
{
    choose_left_out(marks, change, number);
    for (uint32_t i = 0; i < change->values_count; i++) {
        const struct change_way *way = &change->ways[i];
        const struct target_edit *to =
            way->edits[0].from == way->edits[0].to ? &way->edits[0] : &way->edits[1];
        put(marks, to->from, MARK_STANDS, 0,
            arena_format(marks->arena, " { if (%s) { %.*s } } ", is_way(marks, number, i + 1),
                (int)change->was.size, change->was.at));
    }
}

/* Each way of a table is a table of its own in the same declaration. */
static void choose_table(struct marks *marks, const struct change *change, uint32_t number)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str before = change->before, behind = change->behind;
    for (uint32_t i = 0; i < change->values_count; i++)
        buf_format(&out, ", %.*ssearch_table_%u_%u%.*s = %.*s", (int)before.size, before.at, number,
            i + 1, (int)behind.size, behind.at, (int)change->values[i].size, change->values[i].at);
    buf_format(&out, ", %.*s*const search_table_%u[] = { %.*s", (int)before.size, before.at, number,
        (int)change->name.size, change->name.at);
    for (uint32_t i = 0; i < change->values_count; i++)
        buf_format(&out, ", search_table_%u_%u", number, i + 1);
    buf_text(&out, " }");
    put(marks, change->end, MARK_STANDS, 0, held(marks, &out));
    for (uint32_t k = 0; k < change->uses_count; k++) {
        CLEANUP(buf_done) struct buf use = { 0 };
        buf_char(&use, '(');
        if (!str_starts(syntax_slice(marks->target->syntax, change->uses[k]), STR("sizeof")))
            buf_format(&use,
                "search_holes[%d] == %u ? search_table_%u[search_holes[%d]] : ", HOLE_CHANGE,
                number, number, HOLE_VALUE);
        else
            for (uint32_t i = 0; i < change->values_count; i++)
                buf_format(&use, "%s ? sizeof(search_table_%u_%u) : ", is_way(marks, number, i + 1),
                    number, i + 1);
        wrap(marks, change->uses[k], held(marks, &use), ")");
    }
}

static void choose(struct marks *marks, const struct change *change, uint32_t number)
{
    switch (change->kind) {
    case CHANGE_NUMBER:
        for (uint32_t k = 0; k < change->uses_count; k++)
            choose_number(marks, change, k, number);
        return;
    case CHANGE_DELETE:
        choose_left_out(marks, change, number);
        return;
    case CHANGE_MOVE:
        choose_place(marks, change, number);
        return;
    case CHANGE_TABLE:
        choose_table(marks, change, number);
        return;
    default:
        for (uint32_t k = 0; k < change->uses_count; k++)
            choose_expression(marks, change, change->uses[k], number);
    }
}

/* --- the source */

/* Behind the last directive at the top: the types are known there, and no function has begun. */
static uint32_t top_of(const struct syntax *syntax)
{
    SYNTAX_EACH_CHILD(child, syntax, 0)
    if (strncmp(syntax->nodes[child].kind, "preproc", 7) != 0 &&
        !syntax_is(syntax, child, "comment"))
        return syntax->nodes[child].span.from;
    return 0;
}

static void put_insertion(struct marks *marks, const struct insertion *insertion)
{
    struct target_edit edits[TARGET_EDITS_MAX];
    uint32_t count = target_edits(marks->target, marks->arena, insertion, edits);
    for (uint32_t i = 0; i < count; i++) {
        put(marks, edits[i].from, MARK_STANDS, 0,
            arena_string(marks->arena, edits[i].text.at, edits[i].text.size));
        marks->at[marks->count - 1].skip = edits[i].to - edits[i].from;
    }
}

static const char head[] =
    "static uint16_t search_holes[%d];\n"
    "static bool search_branch(unsigned, bool, moult_turn *, moult_call *);\n"
    "static int64_t search_number(void);\n"
    "static void search_see(unsigned, int64_t);\n";

/* What a condition says that is narrowed is no where the bits take it, and that is widened yes:
 * they are looked at only where that can matter. A number's other side is told where nothing else
 * is. */
static const char tail[] =
    "\nstatic bool search_branch(unsigned n, bool held, moult_turn *turn, moult_call *call)\n"
    "{\n"
    "    bool narrowed = search_holes[%d] == %d, widened = search_holes[%d] == %d;\n"
    "    if (search_holes[%d] != n || (!narrowed && !widened) || held != narrowed)\n"
    "        return held;\n"
    "    struct search_scope scope = { .turn = turn, .call = call };\n"
    "%s"
    "    return search_taken(&scope) != narrowed;\n"
    "}\n"
    "static int64_t search_number(void)\n"
    "{\n"
    "    return (int64_t)((uint32_t)search_holes[%d] << 16 | search_holes[%d]);\n"
    "}\n"
    "static void search_see(unsigned at, int64_t number)\n"
    "{\n"
    "    uint32_t told = number < 0 ? 0 : number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;\n"
    "    if (search_holes[%d] != %d)\n"
    "        return;\n"
    "    if (search_cover[at]++ == 0 || told < search_cover[at + 1])\n"
    "        search_cover[at + 1] = told;\n"
    "    if (told > search_cover[at + 2])\n"
    "        search_cover[at + 2] = told;\n"
    "}\n";

void changes_print(struct buf *out, const struct target *target, struct arena *arena,
    const struct change *changes, uint32_t count, const struct insertion *insertion,
    struct str behind)
{
    struct marks marks = { .arena = arena, .target = target };
    const struct judged_hook *hook = vocabulary_hook(str_of(target->hook));
    const char *body = hook && hook->body ? "    scope.body = moult_body(turn);\n" : "";
    put(&marks, top_of(target->syntax), MARK_STANDS, 0, arena_format(arena, head, HOLES));
    put_insertion(&marks, insertion);
    for (uint32_t i = 0; i < count; i++)
        choose(&marks, &changes[i], i + 1);
    qsort(marks.at, marks.count, sizeof(*marks.at), by_place);
    struct str source = target->plugin->source;
    size_t from = 0;
    for (uint32_t i = 0; i < marks.count; i++) {
        buf_str(out, (struct str){ source.at + from, marks.at[i].at - from });
        buf_str(out, marks.at[i].text);
        from = marks.at[i].at + marks.at[i].skip;
    }
    buf_str(out, (struct str){ source.at + from, source.size - from });
    buf_format(out, tail, HOLE_VALUE, CHANGE_NARROWED, HOLE_VALUE, CHANGE_WIDENED, HOLE_CHANGE,
        body, HOLE_HIGH, HOLE_VALUE, HOLE_PROBE, PROBE_CHANGES);
    buf_str(out, behind);
}
