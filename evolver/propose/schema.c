/* schema - see schema.h. Names begin with search_, so that they meet none of the plugin's. */
#include "propose/schema.h"

#include "base/mem.h"
#include "propose/spell.h"

#include <string.h>

static const struct {
    char type;
    const char *code, *nothing, *print; /* print: one value as a number, 0 for nothing */
} types[] = {
    { 'T', "moult_text", "(moult_text){ 0 }", "search_print_text(search_T(s, %u))" },
    { 'J', "const moult_json *", "NULL", "search_print_value(s->turn, search_J(s, %u))" },
    { 'S', "const moult_schema *", "NULL", "(uint32_t)((uintptr_t)search_S(s, %u) >> 3)" },
    { 'P', "moult_span", "(moult_span){ 0 }", "search_print_span(search_P(s, %u))" },
    { 'C', "moult_call *", "NULL", "search_C(s, %u) != NULL" },
    { 'N', "int64_t", "0", "search_print_number(search_N(s, %u))" },
    { 'B', "bool", "false", NULL },
};

/* A role is of no type that expressions have: what a new message should say nobody can mine. */
static bool has_types(const struct verb *verb)
{
    for (unsigned i = 0; i < verb->count; i++) {
        bool has = false;
        for (size_t t = 0; t < COUNT_OF(types); t++)
            has |= types[t].type == verb->params[i].type;
        if (!has)
            return false;
    }
    return true;
}

void schema_actions(struct actions *ret, const struct pool *pool)
{
    *ret = (struct actions){ .count = 1 };
    for (uint32_t i = 0; i < pool->vocabulary->count && ret->count < ACTIONS_MAX; i++) {
        const struct verb *verb = &pool->vocabulary->at[i];
        bool may = false;
        for (size_t k = 0; k < COUNT_OF(pool->hook->effects); k++)
            may |= pool->hook->effects[k] && strcmp(pool->hook->effects[k], verb->effect) == 0;
        if (verb->edit && may && has_types(verb))
            ret->at[ret->count++] = verb;
    }
}

uint32_t schema_atoms_bits(const struct schema_plan *plan)
{
    uint32_t most = 8;
    for (size_t i = 0; i < POOL_ITERATORS_MAX; i++)
        if (plan->atoms_count[i] > most)
            most = plan->atoms_count[i];
    return (most + 7) / 8 * 8;
}

/* --- expressions */

static void print_argument(struct buf *out, const struct pool *pool, uint16_t number)
{
    const struct expr *expr = &pool->at[number];
    if (expr->kind == EXPR_FLAG)
        buf_str(out, expr->text);
    else
        buf_format(out, "search_%c(s, %u)", expr->type, number);
}

/* The next one of an iterator. */
static void print_next(
    struct buf *out, const struct pool *pool, const struct iterator *iterator, const char *it)
{
    buf_format(out, "moult_%s(s->turn", iterator->verb->name);
    for (unsigned k = 0; k < iterator->verb->count; k++) {
        buf_text(out, ", ");
        print_argument(out, pool, iterator->args[k]);
    }
    buf_format(out, ", %s)", it);
}

static void print_expr(struct buf *out, const struct pool *pool, const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_CONSTANT:
        buf_text(out, "moult_str(");
        spell_literal(out, expr->text);
        buf_char(out, ')');
        break;
    case EXPR_NUMBER:
        buf_str(out, expr->text);
        break;
    case EXPR_PART:
        buf_text(out, expr->part->code);
        break;
    case EXPR_ANY:
        print_next(out, pool, &pool->iterators[expr->args[0]], "&(moult_it){ 0 }");
        break;
    default:
        buf_format(out, "moult_%s(s->turn", expr->verb->name);
        for (unsigned i = 0; i < expr->verb->count; i++) {
            buf_text(out, ", ");
            print_argument(out, pool, expr->args[i]);
        }
        buf_char(out, ')');
    }
}

static void print_type(struct buf *out, const struct pool *pool, size_t type)
{
    buf_format(out,
        "static %s search_%c(struct search_scope *s, unsigned n)\n{\n    switch (n) {\n",
        types[type].code, types[type].type);
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct expr *expr = &pool->at[i];
        if (expr->type != types[type].type || expr->kind == EXPR_NOTHING)
            continue;
        buf_format(out, "    case %u: return ", i);
        print_expr(out, pool, expr);
        buf_text(out, ";\n");
    }
    buf_format(out, "    }\n    return %s;\n}\n", types[type].nothing);
}

/* --- what is told about a scope */

static const char prints[] =
    "static uint32_t search_hash(const char *at, uint32_t size)\n"
    "{\n"
    "    uint32_t hash = 2166136261u ^ size;\n"
    "    for (uint32_t i = 0; i < size && i < 8192; i++)\n"
    "        hash = (hash ^ (unsigned char)at[i]) * 16777619u;\n"
    "    return hash | 1;\n"
    "}\n"
    "static uint32_t search_print_text(moult_text text)\n"
    "{\n"
    "    return text.size ? search_hash(text.at, text.size) : 0;\n"
    "}\n"
    "static uint32_t search_print_value(moult_turn *turn, const moult_json *value)\n"
    "{\n"
    "    if (!value)\n"
    "        return 0;\n"
    "    moult_text text = moult_text_of(turn, value);\n"
    "    return (search_hash(text.at, text.size) * 31 + moult_kind(turn, value)) | 1;\n"
    "}\n"
    "static uint32_t search_print_number(int64_t number)\n"
    "{\n"
    "    return number ? (uint32_t)number * 65599u | 1 : 0;\n"
    "}\n"
    "static uint32_t search_print_span(moult_span span)\n"
    "{\n"
    "    return span.from == span.to ? 0 : (span.from * 65599u + span.to) | 1;\n"
    "}\n";

/* Only what is new: the prints of the others are known. */
static bool told(const struct expr *expr, uint32_t scope)
{
    bool subject = expr->kind == EXPR_PART || expr->kind == EXPR_VERB;
    return subject && expr->iterator == scope && expr->print == 0 && expr->round != UINT8_MAX;
}

static void print_probe(struct buf *out, const struct pool *pool, uint32_t scope)
{
    buf_format(out, "static void search_probe_%u(struct search_scope *s)\n{\n", scope);
    for (uint32_t i = 0; i < pool->count; i++)
        for (size_t t = 0; told(&pool->at[i], scope) && t < COUNT_OF(types); t++)
            if (types[t].type == pool->at[i].type && types[t].print) {
                buf_format(out, "    search_cover[%u] = search_cover[%u] * 16777619u + (", i, i);
                for (const char *p = types[t].print; *p; p++)
                    if (p[0] == '%' && p[1] == 'u') {
                        buf_format(out, "%u", i);
                        p++;
                    } else {
                        buf_char(out, *p);
                    }
                buf_text(out, ");\n");
            }
    buf_text(out, "    (void)s;\n}\n");
}

static void print_atoms(struct buf *out, const struct schema_plan *plan, uint32_t scope)
{
    buf_format(
        out, "static void search_atoms_%u(struct search_scope *s, uint8_t *row)\n{\n", scope);
    for (uint32_t i = 0; i < plan->atoms_count[scope]; i++) {
        const struct atom *atom = &plan->atoms[scope][i];
        buf_format(out, "    row[%u] |= (uint8_t)((", i / 8);
        print_argument(out, plan->pool, atom->expr);
        if (atom->how)
            buf_format(out, " %s %s", atom->how, atom->value);
        buf_format(out, ") << %u);\n", i % 8);
    }
    buf_text(out, "    (void)s, (void)row;\n}\n");
}

/* A switch over the scope that calls what was printed for each; args stand behind the scope. */
static void print_dispatch(
    struct buf *out, const struct pool *pool, const char *call, const char *args)
{
    buf_text(out, "    switch (search_holes[0]) {\n");
    for (uint32_t i = 0; i < pool->iterators_count; i++)
        buf_format(out, "    case %u: %s_%u(s%s); break;\n", i, call, i, args);
    buf_text(out, "    }\n");
}

static void print_taken(struct buf *out, const struct pool *pool)
{
    buf_text(out, "static bool search_taken(struct search_scope *s)\n{\n"
                  "    uint32_t time = search_reached++;\n"
                  "    if (search_want && time < 64) {\n");
    print_dispatch(out, pool, "search_atoms", ", search_atoms[time]");
    buf_text(out, "    }\n    return time < 64 && (search_decide >> time & 1);\n}\n");
}

/* --- what a candidate does */

static void print_ways(struct buf *out, const struct actions *actions)
{
    buf_text(out, "static bool search_way(struct search_scope *s, const uint16_t *way)\n{\n"
                  "    switch (way[0]) {\n");
    for (uint32_t i = 1; i < actions->count; i++) {
        const struct verb *verb = actions->at[i];
        buf_format(out, "    case %u: return moult_%s(s->turn", i, verb->name);
        for (unsigned k = 0; k < verb->count; k++)
            buf_format(out, ", search_%c(s, way[%u])", verb->params[k].type, k + 1);
        buf_text(out, ");\n");
    }
    buf_text(out, "    }\n    return true;\n}\n");
}

static void print_return(struct buf *out, const struct judged_hook *hook)
{
    buf_text(out, "static moult_action search_return(void)\n{\n");
    for (size_t i = 0; i < COUNT_OF(hook->returns) && hook->returns[i]; i++)
        buf_format(out, "    if (search_holes[%d] == %zu)\n        return %s;\n", HOLE_RETURN,
            i + 1, hook->returns[i]);
    buf_text(out, "    return MOULT_PASS;\n}\n");
}

/* An edit that comes to nothing (no such model, no pause) leaves a decision that rests on it
 * unmade. */
static void print_once(struct buf *out, const struct pool *pool)
{
    bool decides = pool->hook->error;
    buf_format(out,
        "static moult_action search_once(struct search_scope *s)\n{\n"
        "    if (search_holes[%d]) {\n        search_reached++;\n",
        HOLE_PROBE);
    print_dispatch(out, pool, "search_probe", "");
    buf_text(out, "        return MOULT_PASS;\n    }\n"
                  "    if (!search_taken(s))\n        return MOULT_PASS;\n");
    const char *way =
        decides ? "    if (!search_way(s, search_holes + %d))\n        return MOULT_PASS;\n"
                : "    search_way(s, search_holes + %d);\n";
    buf_format(out, way, HOLE_WAY);
    buf_format(out, way, HOLE_WAY + HOLES_WAY);
    buf_text(out, "    return search_return();\n}\n");
}

/* Names of the source at the place, each with its type between two texts. */
static void print_locals(
    struct buf *out, const struct pool *pool, const char *before, const char *behind)
{
    for (uint32_t i = 0; i < pool->locals_count; i++)
        for (size_t t = 0; t < COUNT_OF(types); t++)
            if (types[t].type == pool->locals[i].type)
                buf_format(
                    out, "%s%s local_%s%s", before, types[t].code, pool->locals[i].name, behind);
}

static void print_run(struct buf *out, const struct pool *pool)
{
    buf_text(out, "static bool search_next(struct search_scope *s)\n{\n"
                  "    switch (search_holes[0]) {\n");
    for (uint32_t i = 1; i < pool->iterators_count; i++) {
        buf_format(out, "    case %u: return ", i);
        print_next(out, pool, &pool->iterators[i], "&s->it");
        buf_text(out, ";\n");
    }
    buf_text(out, "    }\n    return false;\n}\n"
                  "static moult_action search_run(moult_turn *turn, moult_call *call");
    print_locals(out, pool, ", ", "");
    buf_text(out, ")\n{\n    struct search_scope scope = { .turn = turn, .call = call };\n");
    for (uint32_t i = 0; i < pool->locals_count; i++)
        buf_format(
            out, "    scope.local_%s = local_%s;\n", pool->locals[i].name, pool->locals[i].name);
    if (pool->hook->body)
        buf_text(out, "    scope.body = moult_body(turn);\n");
    buf_format(out,
        "    if (search_holes[%d] || search_holes[%d] > %d)\n        return MOULT_PASS;\n",
        HOLE_CHANGE, HOLE_PROBE, PROBE_VALUES);
    buf_text(out,
        "    if (search_holes[0] == 0)\n        return search_once(&scope);\n"
        "    moult_action action = MOULT_PASS;\n"
        "    while (action == MOULT_PASS && search_reached <= 64 && search_next(&scope))\n"
        "        action = search_once(&scope);\n"
        "    return action;\n}\n");
}

/* A counter an expression, or as many as something else needs. */
static uint32_t covers(const struct schema_plan *plan)
{
    return plan->pool->count > plan->cover_min ? plan->pool->count : plan->cover_min;
}

void schema_print(struct buf *out, const struct schema_plan *plan)
{
    const struct pool *pool = plan->pool;
    buf_text(out, "#include \"moult_trial.h\"\n"
                  "struct search_scope {\n    moult_turn *turn;\n    moult_call *call;\n"
                  "    moult_text body;\n    moult_it it;\n");
    print_locals(out, pool, "    ", ";\n");
    buf_format(out,
        "};\n"
        "static uint16_t search_holes[%d];\nstatic uint32_t search_cover[%u];\n"
        "static uint64_t search_decide;\nstatic uint32_t search_reached, search_want;\n"
        "static uint8_t search_atoms[64][%u];\n",
        HOLES, covers(plan), schema_atoms_bits(plan) / 8);
    for (size_t i = 0; i < COUNT_OF(types); i++)
        buf_format(out, "static %s search_%c(struct search_scope *s, unsigned n);\n", types[i].code,
            types[i].type);
    for (size_t i = 0; i < COUNT_OF(types); i++)
        print_type(out, pool, i);
    buf_text(out, prints);
    for (uint32_t i = 0; i < pool->iterators_count; i++) {
        print_probe(out, pool, i);
        print_atoms(out, plan, i);
    }
    print_taken(out, pool);
    print_ways(out, plan->actions);
    print_return(out, pool->hook);
    print_once(out, pool);
    print_run(out, pool);
}

void schema_print_export(struct buf *out, const struct schema_plan *plan)
{
    buf_format(out,
        "\nMOULT_EXPORT const struct moult_trial moult_trial = {\n"
        "    .size = sizeof(struct moult_trial),\n    .holes_count = %d,\n"
        "    .cover_count = %u,\n    .atoms_count = %u,\n    .decisions_count = 1,\n"
        "    .holes = search_holes,\n    .cover = search_cover,\n    .decide = &search_decide,\n"
        "    .reached = &search_reached,\n    .atoms = &search_atoms[0][0],\n"
        "    .want_atoms = &search_want,\n};\n",
        HOLES, covers(plan), schema_atoms_bits(plan));
}
