/* patch_print - a found patch as C that a person will read: named locals, one check a line, an
 * early continue. The trial build and this have the grammar in common and nothing else, so the
 * driver's replay of the clean build is what says that both do the same. */
#include "propose/search.h"

#include "base/mem.h"
#include "propose/spell.h"

#include <string.h>

enum { COLUMNS = 100, LOCALS_MAX = 24, INGREDIENTS_MAX = 64 };

/* Words for the comment and the function's name. */
static const struct {
    const char *verb, *finds; /* an iterator: what it walks over */
} iterators[] = {
    { "text_json", "JSON object in the text" },
    { "text_between", "stretch of the text between the marks" },
    { "each", "member" },
    { "calls", "call of the reply" },
};
static const struct {
    const char *verb, *does, *name;
} words[] = {
    { "call_add", "becomes a call", "add_calls" },
    { "call_set", "is made the call", "rewrite_call" },
    { "arg_set", "is set as an argument", "set_arguments" },
    { "arg_rename", "gets its argument under another name", "rename_arguments" },
    { "cut", "is cut from the text", "cut_text" },
    { "body_set", "becomes the text", "replace_text" },
};
static const struct {
    char type;
    const char *code;
} types[] = {
    { 'T', "moult_text " },
    { 'J', "const moult_json *" },
    { 'S', "const moult_schema *" },
    { 'P', "moult_span " },
};

struct local {
    uint16_t expr;
    const char *name;
};
struct printer {
    struct arena *arena;
    const struct pool *pool;
    const struct actions *actions;
    const struct patch *patch;
    const char *turn, *call;
    struct local locals[LOCALS_MAX];
    uint32_t locals_count;
    const char **ingredients;
    uint32_t ingredients_count;
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
static void line(struct buf *out, unsigned indent, struct str text)
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
static void comment(struct buf *out, struct str text)
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

static void print_expr(const struct printer *p, struct buf *out, uint16_t number, bool whole);

static void print_call(const struct printer *p, struct buf *out, const struct verb *verb,
    const uint16_t args[VERB_PARAMS_MAX], const char *last)
{
    buf_format(out, "moult_%s(%s", verb->name, p->turn);
    for (unsigned i = 0; i < verb->count; i++) {
        if (verb->params[i].type == 'I')
            continue;
        buf_text(out, ", ");
        print_expr(p, out, args[i], false);
    }
    buf_format(out, "%s)", last);
}

static void print_part(const struct printer *p, struct buf *out, const struct part *part)
{
    if (strcmp(part->of, "call") == 0)
        buf_format(out, "%s%s", p->call, part->name + strlen("call"));
    else
        buf_text(out, part->name);
}

/* whole: not by the name of its local. */
static void print_expr(const struct printer *p, struct buf *out, uint16_t number, bool whole)
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
        buf_str(out, expr->text);
        break;
    case EXPR_PART:
        print_part(p, out, expr->part);
        break;
    case EXPR_VERB:
        print_call(p, out, expr->verb, expr->args, "");
        break;
    }
}

/* --- locals */

static void visit(const struct pool *pool, uint16_t number, uint16_t *uses)
{
    const struct expr *expr = &pool->at[number];
    if (uses[number]++ > 0 || expr->kind != EXPR_VERB)
        return; /* what it is made of is counted once */
    for (unsigned i = 0; i < expr->verb->count; i++)
        visit(pool, expr->args[i], uses);
}

static const uint16_t *way(const struct patch *patch, unsigned number)
{
    return patch->body.holes + HOLE_WAY + number * HOLES_WAY;
}

static const struct iterator *iterator_of(const struct printer *p)
{
    return &p->pool->iterators[p->patch->body.holes[HOLE_ITERATOR]];
}

/* How often each expression stands in the patch; a direct argument of an edit counts for two, so
 * that it gets a name. */
static void count_uses(const struct printer *p, uint16_t *uses)
{
    const struct iterator *iterator = iterator_of(p);
    for (unsigned i = 0; iterator->verb && i < iterator->verb->count; i++)
        visit(p->pool, iterator->args[i], uses);
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = way(p->patch, w);
        for (unsigned i = 0; at[0] && i < p->actions->at[at[0]]->count; i++) {
            visit(p->pool, at[1 + i], uses);
            if (p->pool->at[at[1 + i]].type != 'P')
                uses[at[1 + i]]++;
        }
    }
    for (uint32_t i = 0; i < p->patch->condition.count; i++)
        visit(p->pool, p->patch->atoms[p->patch->condition.at[i].atom].expr, uses);
}

static const char *free_name(struct printer *p, const char *word)
{
    const char *name = word;
    for (unsigned n = 2;; n++) {
        bool taken = false;
        for (uint32_t i = 0; i < p->locals_count; i++)
            taken |= strcmp(p->locals[i].name, name) == 0;
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
        { "text_grow", "span" } };
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
static void choose_locals(struct printer *p)
{
    CLEANUP(mem_freep) uint16_t *uses = mem_zero(p->pool->count, sizeof(*uses));
    count_uses(p, uses);
    for (uint32_t i = 0; i < p->pool->count && p->locals_count < LOCALS_MAX; i++) {
        const struct expr *expr = &p->pool->at[i];
        bool body = expr->kind == EXPR_PART && expr->part->of[0] == '\0';
        if (uses[i] == 0 || (expr->kind != EXPR_VERB && !body))
            continue;
        if (!body && (uses[i] < 2 || !strchr("TJSP", expr->type)))
            continue;
        const char *name = body ? "text" : free_name(p, word_for(p, expr));
        p->locals[p->locals_count++] = (struct local){ (uint16_t)i, name };
    }
}

/* Those of a scope: what does not hang on the loop stands above it. */
static void print_locals(const struct printer *p, struct buf *out, unsigned indent, bool inside)
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
            print_expr(p, &text, p->locals[i].expr, true);
        buf_char(&text, ';');
        line(out, indent, buf_view(&text));
    }
}

/* --- conditions */

/* negated: what is printed holds where the literal does not. */
static void print_literal(const struct printer *p, struct buf *out, uint32_t number, bool negated)
{
    static const char *const opposite[][2] = { { ">=", "<" }, { "==", "!=" }, { "!=", "==" } };
    const struct atom *atom = &p->patch->atoms[p->patch->condition.at[number].atom];
    negated ^= p->patch->condition.at[number].negated;
    const char *how = atom->how;
    for (size_t i = 0; how && negated && i < COUNT_OF(opposite); i++)
        if (strcmp(opposite[i][0], atom->how) == 0)
            how = opposite[i][1];
    if (!how && negated)
        buf_char(out, '!');
    print_expr(p, out, atom->expr, false);
    if (how)
        buf_format(out, " %s %s", how, atom->value);
}

static void print_checks(
    const struct printer *p, struct buf *out, unsigned indent, const char *leave)
{
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        buf_text(&text, "if (");
        print_literal(p, &text, i, true);
        buf_char(&text, ')');
        line(out, indent, buf_view(&text));
        line(out, indent + 4, str_of(leave));
    }
}

static void print_edits(const struct printer *p, struct buf *out, unsigned indent)
{
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = way(p->patch, w);
        CLEANUP(buf_done) struct buf text = { 0 };
        if (!at[0])
            continue;
        print_call(p, &text, p->actions->at[at[0]], at + 1, "");
        buf_char(&text, ';');
        line(out, indent, buf_view(&text));
    }
}

/* --- words */

static const char *finds_of(const struct iterator *iterator)
{
    for (size_t i = 0; iterator->verb && i < COUNT_OF(iterators); i++)
        if (strcmp(iterators[i].verb, iterator->verb->name) == 0)
            return iterators[i].finds;
    return NULL;
}

static size_t words_of(const struct printer *p, unsigned number)
{
    const uint16_t *at = way(p->patch, number);
    for (size_t i = 0; at[0] && i < COUNT_OF(words); i++)
        if (strcmp(words[i].verb, p->actions->at[at[0]]->name) == 0)
            return i;
    return COUNT_OF(words);
}

static const char *summary_of(const struct printer *p)
{
    const char *finds = finds_of(iterator_of(p)), *first = NULL, *second = NULL;
    const char *condition = p->patch->condition.count ? " that passes the checks" : "";
    if (words_of(p, 0) < COUNT_OF(words))
        first = words[words_of(p, 0)].does;
    if (words_of(p, 1) < COUNT_OF(words))
        second = words[words_of(p, 1)].does;
    if (!first)
        return "What meets the condition is not let through.";
    return arena_format(p->arena, "%s%s%s %s%s%s.", finds ? "Each " : "What ",
        finds ? finds : "the hook has in hand", condition, first, second ? ", and " : "",
        second ? second : "");
}

/* --- the three shapes */

static void print_function(struct printer *p, struct printed *ret, const struct target *target)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct iterator *iterator = iterator_of(p);
    size_t word = words_of(p, 0);
    const char *name =
        target_name(target, p->arena, word < COUNT_OF(words) ? words[word].name : "mend");
    bool call = target->call && p->pool->hook->call;
    choose_locals(p);
    comment(&out, str_of(summary_of(p)));
    buf_format(
        &out, "static void %s(moult_turn *turn%s)\n{\n", name, call ? ", moult_call *call" : "");
    print_locals(p, &out, 4, false);
    if (iterator->verb) {
        CLEANUP(buf_done) struct buf loop = { 0 };
        buf_text(&loop, "for (moult_it it = { 0 }; ");
        print_call(p, &loop, iterator->verb, iterator->args, ", &it");
        buf_text(&loop, ";) {");
        line(&out, 4, buf_view(&loop));
        print_locals(p, &out, 8, true);
        print_checks(p, &out, 8, "continue;");
        print_edits(p, &out, 8);
        buf_text(&out, "    }\n");
    } else {
        print_checks(p, &out, 4, "return;");
        print_edits(p, &out, 4);
    }
    buf_text(&out, "}\n\n");
    ret->insertion.above = str_of(arena_string(p->arena, out.at, out.size));
    ret->insertion.entry = str_of(arena_format(p->arena, "\n    %s(%s%s%s);", name, target->turn,
        call ? ", " : "", call ? target->call : ""));
}

/* Why a call is not run, for the model that reads it as the call's result: two literals. */
static void print_reason(const struct printer *p, struct buf *out)
{
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        const struct atom *atom = &p->patch->atoms[p->patch->condition.at[i].atom];
        const struct expr *expr = &p->pool->at[atom->expr];
        if (p->patch->condition.at[i].negated || expr->kind != EXPR_VERB || !atom->how ||
            strcmp(expr->verb->name, "past") != 0)
            continue;
        const char *between = "";
        buf_format(out, "            \"%snot run: %s or more earlier calls were like it: \"\n",
            p->call ? "%s " : "", atom->value);
        buf_text(out, "            \"");
        for (unsigned k = 0; k < vocabulary_flags_count; k++)
            if (str_find(p->pool->at[expr->args[1]].text, str_of(vocabulary_flags[k].name)) >= 0) {
                buf_format(out, "%s%s", between, vocabulary_flags[k].word);
                between = ", ";
            }
        buf_char(out, '"');
        return;
    }
    buf_format(
        out, "            \"%snot run: what it asks for has failed before\"", p->call ? "%s " : "");
}

static void print_guard(struct printer *p, struct printed *ret, const struct target *target)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    const char *action = p->pool->hook->returns[p->patch->body.holes[HOLE_RETURN] - 1];
    p->turn = target->turn;
    p->call = target->call;
    buf_char(&out, '\n');
    buf_text(&text, "if (");
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        buf_text(&text, i ? " && " : "");
        print_literal(p, &text, i, false);
    }
    buf_text(&text, p->patch->condition.count ? ") {" : "true) {");
    line(&out, 4, buf_view(&text));
    buf_format(&out, "        moult_explain(%s,\n", target->turn);
    print_reason(p, &out);
    if (target->call)
        buf_format(&out, ",\n            %s->tool", target->call);
    buf_text(&out, ");\n");
    buf_format(&out, "        return %s;\n    }", action);
    ret->insertion.above = (struct str){ 0 };
    ret->insertion.entry = str_of(arena_string(p->arena, out.at, out.size));
}

/* --- what it is made of */

static void ingredient(struct printer *p, const char *name)
{
    for (uint32_t i = 0; i < p->ingredients_count; i++)
        if (strcmp(p->ingredients[i], name) == 0)
            return;
    if (p->ingredients_count < INGREDIENTS_MAX)
        p->ingredients[p->ingredients_count++] = name;
}

static void ingredient_of(struct printer *p, uint16_t number)
{
    const struct expr *expr = &p->pool->at[number];
    if (expr->kind == EXPR_CONSTANT) {
        CLEANUP(buf_done) struct buf text = { 0 };
        spell_literal(&text, expr->text);
        ingredient(p, arena_string(p->arena, text.at, text.size));
    }
    for (unsigned i = 0; expr->kind == EXPR_FLAG && i < vocabulary_flags_count; i++)
        if (str_find(expr->text, str_of(vocabulary_flags[i].name)) >= 0)
            ingredient(p, vocabulary_flags[i].name);
    if (expr->kind != EXPR_VERB)
        return;
    ingredient(p, expr->verb->name);
    for (unsigned i = 0; i < expr->verb->count; i++)
        ingredient_of(p, expr->args[i]);
}

static void list_ingredients(struct printer *p, struct printed *ret)
{
    const struct iterator *iterator = iterator_of(p);
    p->ingredients = arena_alloc(p->arena, INGREDIENTS_MAX * sizeof(*p->ingredients));
    if (iterator->verb) {
        ingredient(p, iterator->verb->name);
        for (unsigned i = 0; i < iterator->verb->count; i++)
            ingredient_of(p, iterator->args[i]);
    }
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = way(p->patch, w);
        if (!at[0])
            continue;
        ingredient(p, p->actions->at[at[0]]->name);
        for (unsigned i = 0; i < p->actions->at[at[0]]->count; i++)
            ingredient_of(p, at[1 + i]);
    }
    if (p->patch->body.holes[HOLE_RETURN])
        ingredient(p, p->pool->hook->returns[p->patch->body.holes[HOLE_RETURN] - 1]);
    for (uint32_t i = 0; i < p->patch->condition.count; i++)
        ingredient_of(p, p->patch->atoms[p->patch->condition.at[i].atom].expr);
    ret->ingredients = p->ingredients;
    ret->ingredients_count = p->ingredients_count;
}

/* --- a change of what is there */

static const char *function_at(const struct printer *p, const struct target *target, uint32_t at)
{
    struct outline_functions functions = outline_functions(target->syntax, p->arena);
    for (uint32_t i = 0; i < functions.count; i++)
        if (functions.at[i].span.from <= at && at < functions.at[i].span.to)
            return arena_format(
                p->arena, " in %.*s", (int)functions.at[i].name.size, functions.at[i].name.at);
    return "";
}

static void print_change(struct printer *p, struct printed *ret, const struct target *target)
{
    const struct change *change = p->patch->change;
    struct str value = change->values[p->patch->value];
    ret->edits[ret->edits_count++] = (struct target_edit){ change->at.from, change->at.to, value };
    struct str subject = change->name.size ? change->name : change->was;
    ret->summary = arena_format(p->arena, "%.*s%s becomes %.*s%s%.*s.", (int)subject.size,
        subject.at, function_at(p, target, change->at.from), (int)value.size, value.at,
        change->name.size ? ", it was " : "", change->name.size ? (int)change->was.size : 0,
        change->was.at);
    p->ingredients = arena_alloc(p->arena, INGREDIENTS_MAX * sizeof(*p->ingredients));
    ingredient(p, arena_format(p->arena, "literal %.*s", (int)value.size, value.at));
    ret->ingredients = p->ingredients;
    ret->ingredients_count = p->ingredients_count;
}

void patch_print(struct printed *ret, struct arena *arena, const struct pool *pool,
    const struct actions *actions, const struct target *target, const struct patch *patch)
{
    struct printer p = { .arena = arena,
        .pool = pool,
        .actions = actions,
        .patch = patch,
        .turn = "turn",
        .call = "call" };
    *ret = (struct printed){ 0 };
    if (patch->change) {
        print_change(&p, ret, target);
        return;
    }
    ret->summary = summary_of(&p);
    if (patch->body.holes[HOLE_RETURN])
        print_guard(&p, ret, target);
    else
        print_function(&p, ret, target);
    ret->edits_count = target_edits(target, arena, &ret->insertion, ret->edits);
    list_ingredients(&p, ret);
}
