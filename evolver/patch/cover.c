/* cover - puts the marks in. See cover.h.
 *
 * Marks are texts between bytes of the source: what stands in a macro's body is not touched, lines
 * keep their numbers, and nothing has to be printed from a tree. */
#include "patch/cover.h"

#include "base/mem.h"
#include "patch/cover_nodes.h"
#include "patch/cover_numbers.h"

#include <stdlib.h>
#include <string.h>

/* At one byte: what ends there comes before what begins there, and the outer begins first and ends
 * last. */
struct mark {
    uint32_t at, node;
    bool opens;
    struct str text; /* in the arena */
};
struct marking {
    const struct syntax *syntax;
    struct cover_changes changes;
    struct arena *arena;
    struct mark *marks;
    uint32_t marks_count;
    struct cover *cover;
    struct cover_numbers numbers;
    struct outline_functions functions;
    const struct outline_function *function; /* in work */
};

/* --- marks */

/* Its first bit. */
static uint32_t add_point(struct marking *m, uint32_t node, enum cover_what what, bool wanted)
{
    uint32_t bit = m->cover->bits;
    m->cover->at[m->cover->count++] = (struct cover_point){ .place = m->syntax->nodes[node].place,
        .function = m->function->name,
        .what = (uint8_t)what,
        .wanted = wanted };
    m->cover->bits += what == COVER_VARIED ? COVER_CLASSES : 1;
    return bit;
}

static void add_mark(struct marking *m, uint32_t node, bool opens, struct str text)
{
    const struct span span = m->syntax->nodes[node].span;
    m->marks[m->marks_count++] = (struct mark){ opens ? span.from : span.to, node, opens, text };
}

static void mark_statement(struct marking *m, uint32_t node)
{
    bool bare = cover_is_bare(m->syntax, node);
    uint32_t point = add_point(m, node, COVER_RAN, cover_wants(&m->changes, node));
    add_mark(m, node, true,
        str_of(arena_format(m->arena, "%smoult_cover_[%u] = 1; ", bare ? "{ " : "", point)));
    if (bare)
        add_mark(m, node, false, STR(" }"));
}

static void mark_condition(struct marking *m, uint32_t node)
{
    bool wanted = cover_wants(&m->changes, node);
    uint32_t point = add_point(m, node, COVER_TRUE, wanted);
    add_point(m, node, COVER_FALSE, wanted && cover_wants_false(&m->changes, node));
    add_mark(m, node, true, STR("(("));
    add_mark(m, node, false,
        str_of(arena_format(
            m->arena, ") ? (moult_cover_[%u] = 1) : !(moult_cover_[%u] = 1))", point, point + 1)));
}

/* The value before it is kept, whose size says whether it lost anything; empty: that is no matter.
 */
static struct str kept_of(const struct marking *m, uint32_t node, unsigned number)
{
    bool assigned = syntax_is(m->syntax, node, "assignment_expression");
    bool cast = syntax_is(m->syntax, node, "cast_expression");
    uint32_t from = assigned ? syntax_child(m->syntax, node, "right")
                    : cast   ? syntax_child(m->syntax, node, "value")
                             : node;
    return number & NUMBER_KEPT ? syntax_text(m->syntax, from) : (struct str){ 0 };
}

/* Empty: it need not vary. */
static const char *varied_text(struct marking *m, uint32_t node, unsigned number, uint32_t name)
{
    if (!(number & NUMBER_VARIES) || !cover_wants(&m->changes, node))
        return "";
    uint32_t bit = add_point(m, node, COVER_VARIED, true);
    struct str kept = kept_of(m, node, number);
    return arena_format(m->arena,
        "moult_varied_(%u, &moult_number_%u, sizeof moult_number_%u, "
        "__builtin_classify_type(moult_number_%u), %d, %s%.*s%s); ",
        bit, name, name, name, (number & NUMBER_OF_FILE) != 0,
        kept.size ? "sizeof(__extension__({ " : "0", (int)kept.size, kept.size ? kept.at : "",
        kept.size ? "; }))" : "");
}

/* Worked out once, as it was; only the marked build is written in words of the compiler. */
static void mark_number(struct marking *m, uint32_t node, unsigned number)
{
    const char *other = "";
    uint32_t name = m->cover->bits;
    if (number & NUMBER_NOT_ZERO) {
        uint32_t point = add_point(m, node, COVER_OTHER, cover_wants(&m->changes, node));
        other = arena_format(m->arena, "if (moult_number_%u) moult_cover_[%u] = 1; ", name, point);
    }
    const char *varied = varied_text(m, node, number, name);
    if (!*varied && !*other)
        return;
    struct str type = cover_kept_type(&m->numbers, node);
    add_mark(m, node, true,
        str_of(arena_format(m->arena, "__extension__({ %.*s moult_number_%u = (",
            type.size ? (int)type.size : 11, type.size ? type.at : "__auto_type", name)));
    add_mark(m, node, false,
        str_of(arena_format(m->arena, "); %s%smoult_number_%u; })", other, varied, name)));
}

static void mark_function(struct marking *m, const struct outline_function *function)
{
    const struct syntax *syntax = m->syntax;
    uint32_t end = function->body + syntax->nodes[function->body].next;
    m->function = function;
    for (uint32_t node = function->body + 1; node < end;) {
        unsigned number;
        if (cover_is_statement(syntax, node))
            mark_statement(m, node);
        uint32_t constant_nodes = cover_constant_size(syntax, node);
        if (!constant_nodes && cover_is_condition(syntax, node))
            mark_condition(m, node);
        else if (!constant_nodes && (number = cover_number(&m->numbers, node)) != 0)
            mark_number(m, node, number);
        node += constant_nodes ? constant_nodes : 1;
    }
}

static int by_place(const void *left, const void *right)
{
    const struct mark *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->opens != b->opens)
        return a->opens ? 1 : -1;
    bool first = a->opens ? a->node < b->node : a->node > b->node;
    return a->node == b->node ? 0 : first ? -1 : 1;
}

/* A number's class goes by its lower half, which is what the host takes of it. A pointer's is
 * another in each process, but for one into the file's own constants. What was kept whole needs not
 * vary: of it, and of what is no number, two classes are told at once. */
static const char preamble[] =
    "static inline void moult_varied_(uint32_t bit, const void *number, uint32_t size, int kind, "
    "int of_file, uint32_t kept) { "
    "enum { POINTER = 5, REAL = 8 }; uint64_t n = 0; "
    "for (uint32_t i = 0; i < size && i < 8; i++) "
    "n |= (uint64_t)((const unsigned char *)number)[i] << 8 * i; "
    "if (kind == POINTER && n != 0) n -= (uint64_t)(uintptr_t)moult_cover_; "
    "if (kind == REAL) n ^= n >> 32; "
    "uint32_t at = (uint32_t)n * 2654435769u >> 29; "
    "bool any = (kind > POINTER && kind != REAL) || (kind == POINTER && !of_file) || "
    "(kept != 0 && kept <= size); "
    "moult_cover_[bit + at] = 1; if (any) moult_cover_[bit + (at + 1) % 8] = 1; }\n";

static void write_marked(struct buf *out, const struct marking *m)
{
    uint32_t at = 0;
    struct str source = m->syntax->source;
    buf_format(out,
        "#include \"moult_trial.h\"\nstatic uint32_t moult_cover_[%u];\n%s#line 1 \"plugin.c\"\n",
        m->cover->bits + 1, preamble);
    for (uint32_t i = 0; i < m->marks_count; i++) {
        buf_add(out, source.at + at, m->marks[i].at - at);
        buf_str(out, m->marks[i].text);
        at = m->marks[i].at;
    }
    buf_add(out, source.at + at, source.size - at);
    buf_format(out,
        "\nMOULT_EXPORT const struct moult_trial moult_trial = { .size = sizeof(struct "
        "moult_trial), .cover_count = %u, .cover = moult_cover_ };\n",
        m->cover->bits);
}

int cover_source(struct buf *out, struct cover *ret, const struct syntax *was,
    const struct syntax *now, const struct diff *diff, struct arena *arena, struct err *err)
{
    struct marking m = { .syntax = now, .arena = arena, .cover = ret };
    *ret = (struct cover){ .at = arena_alloc(arena, (3 * now->count + 1) * sizeof *ret->at) };
    m.marks = arena_alloc(arena, (4 * now->count + 1) * sizeof *m.marks);
    m.functions = outline_functions(now, arena);
    cover_changes_of(&m.changes, was, now, diff, arena);
    cover_numbers_of(&m.numbers, now, &m.functions, arena);
    for (uint32_t i = 0; i < m.functions.count; i++)
        mark_function(&m, &m.functions.at[i]);
    if (ret->bits > COVER_BITS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d marks", COVER_BITS_MAX);
    qsort(m.marks, m.marks_count, sizeof *m.marks, by_place);
    write_marked(out, &m);
    return 0;
}
