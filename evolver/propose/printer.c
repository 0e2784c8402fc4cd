/* printer - see printer.h. */
#include "propose/printer.h"

#include "base/mem.h"
#include "propose/spell.h"

#include <string.h>

enum { COLUMNS = 100 };

static const struct {
    char type;
    const char *code;
} types[] = {
    { 'T', "moult_text " },
    { 'J', "const moult_json *" },
    { 'S', "const moult_schema *" },
    { 'P', "moult_span " },
    { 'C', "moult_call *" },
    { 'N', "int64_t " },
    { 'B', "bool " },
};

/* --- lines */

/* Where a line of at most `room` bytes may end: behind a comma or an operator that is not inside a
 * literal; best behind && between conditions. 0: nowhere. */
static size_t break_at(struct str text, size_t room)
{
    size_t best = 0, best_and = 0;
    bool quoted = false;
    for (size_t i = 1; i < text.size && i < room; i++) {
        quoted ^= text.at[i - 1] == '"' && (i < 2 || text.at[i - 2] != '\\');
        if (quoted || text.at[i] != ' ' || !strchr(",&|", text.at[i - 1]))
            continue;
        best = i + 1;
        if (text.at[i - 1] == '&')
            best_and = best;
    }
    return best_and ? best_and : best;
}

/* One statement, broken where it is too long. */
void printer_line(struct buf *out, unsigned indent, struct str text)
{
    for (unsigned more = 0; text.size > 0; more = 4) {
        size_t room = COLUMNS - indent - more;
        size_t size = text.size > room ? break_at(text, room) : text.size;
        if (size == 0)
            size = text.size;
        buf_format(out, "%*s", (int)(indent + more), "");
        buf_str(out, str_trim((struct str){ text.at, size }));
        buf_char(out, '\n');
        text.at += size;
        text.size -= size;
    }
}

/* A comment in front of a function. */
void printer_comment(struct buf *out, struct str text)
{
    const char *begin = "/* ";
    while (text.size > 0) {
        size_t room = COLUMNS - 6, size = text.size;
        if (size > room)
            for (size = room; size > 1 && text.at[size - 1] != ' ';)
                size--;
        buf_text(out, begin);
        buf_str(out, str_trim((struct str){ text.at, size }));
        text.at += size;
        text.size -= size;
        buf_text(out, text.size ? "\n" : " */\n");
        begin = " * ";
    }
}

/* --- expressions */

static const char *local_name(const struct printer *p, uint16_t expr)
{
    for (uint32_t i = 0; i < p->locals_count; i++)
        if (p->locals[i].expr == expr)
            return p->locals[i].name;
    return NULL;
}

void printer_call(const struct printer *p, struct buf *out, const struct verb *verb,
    const uint16_t args[VERB_PARAMS_MAX], const char *last)
{
    buf_format(out, "moult_%s(%s", verb->name, p->turn);
    for (unsigned i = 0; i < verb->count; i++) {
        if (verb->params[i].type == 'I')
            continue;
        buf_text(out, ", ");
        printer_expr(p, out, args[i], false);
    }
    buf_format(out, "%s)", last);
}

static void print_part(const struct printer *p, struct buf *out, const struct part *part)
{
    bool named = false;
    for (uint32_t i = 0; i < p->locals_count; i++)
        named |= strcmp(p->locals[i].name, "text") == 0;
    if (strcmp(part->of, "local") == 0) {
        buf_text(out, printer_given(p, part));
        return;
    }
    bool result = strcmp(part->of, "result") == 0;
    if (!named && (result || part->of[0] == '\0')) {
        buf_format(out, "moult_body(%s)%s", p->turn, result ? ".size" : "");
        return;
    }
    if (strcmp(part->of, "call") == 0)
        buf_format(out, "%s%s", p->call, part->name + strlen("call"));
    else
        buf_text(out, part->name);
}

/* whole: not by the name of its local. */
void printer_expr(const struct printer *p, struct buf *out, uint16_t number, bool whole)
{
    const struct expr *expr = &p->pool->at[number];
    const char *name = whole ? NULL : local_name(p, number);
    if (name) {
        buf_text(out, name);
        return;
    }
    switch (expr->kind) {
    case EXPR_NOTHING:
        buf_text(out, expr->type == 'T' ? "moult_str(\"\")" : "NULL");
        break;
    case EXPR_CONSTANT:
        buf_text(out, "moult_str(");
        spell_literal(out, expr->text);
        buf_char(out, ')');
        break;
    case EXPR_FLAG:
    case EXPR_NUMBER:
        buf_str(out, expr->text);
        break;
    case EXPR_PART:
        print_part(p, out, expr->part);
        break;
    case EXPR_ANY:
        printer_call(p, out, p->pool->iterators[expr->args[0]].verb,
            p->pool->iterators[expr->args[0]].args, ", &(moult_it){ 0 }");
        break;
    case EXPR_VERB:
        printer_call(p, out, expr->verb, expr->args, "");
        break;
    }
}

/* --- locals */

static void visit(const struct pool *pool, uint16_t number, uint16_t *uses)
{
    const struct expr *expr = &pool->at[number];
    if (uses[number]++ > 0 || expr->kind != EXPR_VERB)
        return; /* what it is made of is counted once */
    for (unsigned i = 0; i < expr->verb->count; i++) {
        const struct expr *arg = &pool->at[expr->args[i]];
        visit(pool, expr->args[i], uses);
        if (arg->kind == EXPR_VERB && arg->verb == expr->verb)
            uses[expr->args[i]]++; /* a verb inside itself reads badly: it gets a name */
    }
}

const uint16_t *printer_way(const struct patch *patch, unsigned number)
{
    return patch->body.holes + HOLE_WAY + number * HOLES_WAY;
}

const struct iterator *printer_iterator(const struct printer *p)
{
    return &p->pool->iterators[p->patch->body.holes[HOLE_ITERATOR]];
}

/* --- names of the source */

const char *printer_given(const struct printer *p, const struct part *local)
{
    static const char *const taken[] = { "turn", "call", "it", "text" };
    for (size_t i = 0; !p->inside && i < COUNT_OF(taken); i++)
        if (strcmp(local->name, taken[i]) == 0)
            return arena_format(p->arena, "%s_given", local->name);
    return local->name;
}

static bool is_made_with(const struct pool *pool, uint16_t number, const struct part *local)
{
    const struct expr *expr = &pool->at[number];
    const struct iterator *any = expr->kind == EXPR_ANY ? &pool->iterators[expr->args[0]] : NULL;
    const struct verb *verb = any ? any->verb : expr->kind == EXPR_VERB ? expr->verb : NULL;
    for (unsigned i = 0; verb && i < verb->count; i++)
        if (verb->params[i].type != 'I' &&
            is_made_with(pool, any ? any->args[i] : expr->args[i], local))
            return true;
    return expr->kind == EXPR_PART && expr->part == local;
}

bool printer_has(const struct printer *p, const struct part *local)
{
    const struct iterator *iterator = printer_iterator(p);
    bool has = false;
    for (unsigned i = 0; iterator->verb && i < iterator->verb->count; i++)
        has |= is_made_with(p->pool, iterator->args[i], local);
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = printer_way(p->patch, w);
        for (unsigned i = 0; at[0] && i < p->actions->at[at[0]]->count; i++)
            has |= is_made_with(p->pool, at[1 + i], local);
    }
    for (uint32_t i = 0; i < p->patch->condition.count; i++)
        has |= is_made_with(p->pool, p->patch->atoms[p->patch->condition.at[i].atom].expr, local);
    return has;
}

void printer_params(const struct printer *p, struct buf *out, bool with_types)
{
    for (uint32_t i = 0; i < p->pool->locals_count; i++) {
        const struct part *local = &p->pool->locals[i];
        if (!printer_has(p, local))
            continue;
        buf_text(out, ", ");
        for (size_t t = 0; with_types && t < COUNT_OF(types); t++)
            if (types[t].type == local->type)
                buf_text(out, types[t].code);
        buf_text(out, with_types ? printer_given(p, local) : local->name);
    }
}

/* How often each expression stands in the patch; a direct argument of an edit counts for two, so
 * that it gets a name. */
static void count_uses(const struct printer *p, uint16_t *uses)
{
    const struct iterator *iterator = printer_iterator(p);
    for (unsigned i = 0; iterator->verb && i < iterator->verb->count; i++)
        visit(p->pool, iterator->args[i], uses);
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = printer_way(p->patch, w);
        for (unsigned i = 0; at[0] && i < p->actions->at[at[0]]->count; i++) {
            visit(p->pool, at[1 + i], uses);
            if (p->pool->at[at[1 + i]].type != 'P')
                uses[at[1 + i]]++;
        }
    }
    for (uint32_t i = 0; i < p->patch->condition.count; i++)
        visit(p->pool, p->patch->atoms[p->patch->condition.at[i].atom].expr, uses);
}

const char *printer_free_name(const struct printer *p, const char *word)
{
    const char *name = word;
    for (unsigned n = 2;; n++) {
        bool taken = false;
        for (uint32_t i = 0; i < p->locals_count; i++)
            taken |= strcmp(p->locals[i].name, name) == 0;
        for (uint32_t i = 0; i < p->pool->locals_count; i++)
            taken |= strcmp(printer_given(p, &p->pool->locals[i]), name) == 0;
        if (!taken)
            return name;
        name = arena_format(p->arena, "%s_%u", word, n);
    }
}

/* The key that a value is found under, or what its verb makes. */
static const char *word_for(const struct printer *p, const struct expr *expr)
{
    static const struct {
        const char *verb, *word;
    } by_verb[] = { { "get", "member" }, { "parse", "value" }, { "text_of", "string" },
        { "text_after", "rest" }, { "json_set", "changed" }, { "schema_of", "schema" },
        { "text_grow", "span" }, { "text_head", "head" } };
    for (unsigned i = 0; i < expr->verb->count; i++) {
        const struct expr *arg = &p->pool->at[expr->args[i]];
        if (arg->kind == EXPR_CONSTANT && arg->role == ROLE_KEY && spell_is_name(arg->text))
            return arena_string(p->arena, arg->text.at, arg->text.size);
        if (strcmp(expr->verb->name, "text_of") == 0 && arg->kind == EXPR_VERB &&
            strcmp(arg->verb->name, "get") == 0)
            return word_for(p, arg);
    }
    for (size_t i = 0; i < COUNT_OF(by_verb); i++)
        if (strcmp(by_verb[i].verb, expr->verb->name) == 0)
            return by_verb[i].word;
    return "found";
}

/* Parts that are dear to write get a name too: the text in hand. */
void printer_choose_locals(struct printer *p)
{
    CLEANUP(mem_freep) uint16_t *uses = mem_zero(p->pool->count, sizeof(*uses));
    count_uses(p, uses);
    for (uint32_t i = 0; i < p->pool->count && p->locals_count < PRINTER_LOCALS_MAX; i++) {
        const struct expr *expr = &p->pool->at[i];
        bool body = expr->kind == EXPR_PART && expr->part->of[0] == '\0';
        if (uses[i] == 0 || (expr->kind != EXPR_VERB && !body))
            continue;
        if (!body && (uses[i] < 2 || !strchr("TJSP", expr->type)))
            continue;
        const char *name = body ? "text" : printer_free_name(p, word_for(p, expr));
        p->locals[p->locals_count++] = (struct local){ (uint16_t)i, name };
    }
}

/* Those of a scope: what does not hang on the loop stands above it. */
void printer_locals(const struct printer *p, struct buf *out, unsigned indent, bool inside)
{
    for (uint32_t i = 0; i < p->locals_count; i++) {
        const struct expr *expr = &p->pool->at[p->locals[i].expr];
        CLEANUP(buf_done) struct buf text = { 0 };
        if ((expr->iterator > 0) != inside)
            continue;
        for (size_t t = 0; t < COUNT_OF(types); t++)
            if (types[t].type == expr->type)
                buf_text(&text, types[t].code);
        buf_format(&text, "%s = ", p->locals[i].name);
        if (expr->kind == EXPR_PART)
            buf_format(&text, "moult_body(%s)", p->turn);
        else
            printer_expr(p, &text, p->locals[i].expr, true);
        buf_char(&text, ';');
        printer_line(out, indent, buf_view(&text));
    }
}
