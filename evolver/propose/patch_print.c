/* patch_print - a found patch as C that a person will read: named locals, one check a line, an
 * early continue. The trial build and this have the grammar in common and nothing else, so the
 * driver's replay of the clean build is what says that both do the same. */
#include "propose/printer.h"

#include "base/mem.h"
#include "propose/spell.h"

#include <string.h>

enum { INGREDIENTS_MAX = 64 };

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
    { "msg_drop", "is left out of what the model sees", "leave_out" },
};

/* --- conditions */

void printer_literal(const struct printer *p, struct buf *out, uint32_t number, bool negated)
{
    static const char *const opposite[][2] = { { ">=", "<" }, { "<", ">=" }, { "<=", ">" },
        { "==", "!=" }, { "!=", "==" } };
    const struct atom *atom = &p->patch->atoms[p->patch->condition.at[number].atom];
    negated ^= p->patch->condition.at[number].negated;
    const char *how = atom->how;
    for (size_t i = 0; how && negated && i < COUNT_OF(opposite); i++)
        if (strcmp(opposite[i][0], atom->how) == 0)
            how = opposite[i][1];
    if (!how && negated)
        buf_char(out, '!');
    printer_expr(p, out, atom->expr, false);
    if (how)
        buf_format(out, " %s %s", how, atom->value);
}

static void print_checks(
    const struct printer *p, struct buf *out, unsigned indent, const char *leave)
{
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        buf_text(&text, "if (");
        printer_literal(p, &text, i, true);
        buf_char(&text, ')');
        printer_line(out, indent, buf_view(&text));
        printer_line(out, indent + 4, str_of(leave));
    }
}

static void print_edits(const struct printer *p, struct buf *out, unsigned indent)
{
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = printer_way(p->patch, w);
        CLEANUP(buf_done) struct buf text = { 0 };
        if (!at[0])
            continue;
        printer_call(p, &text, p->actions->at[at[0]], at + 1, "");
        buf_char(&text, ';');
        printer_line(out, indent, buf_view(&text));
    }
}

/* --- words */

/* "message (results, without their other half)" */
static const char *messages_of(const struct printer *p, const struct iterator *iterator)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str filter = p->pool->at[iterator->args[0]].text;
    buf_text(&out, "message");
    for (unsigned i = 0; i < vocabulary_flags_count; i++)
        if (str_find(filter, str_of(vocabulary_flags[i].name)) >= 0)
            buf_format(&out, "%s%s", out.size > 7 ? ", " : " (", vocabulary_flags[i].word);
    buf_char(&out, ')');
    return arena_string(p->arena, out.at, out.size);
}

static const char *finds_of(const struct printer *p, const struct iterator *iterator)
{
    for (size_t i = 0; iterator->verb && i < COUNT_OF(iterators); i++)
        if (strcmp(iterators[i].verb, iterator->verb->name) == 0)
            return iterators[i].finds;
    bool messages = iterator->verb && strcmp(iterator->verb->name, "msgs") == 0;
    return messages ? messages_of(p, iterator) : NULL;
}

static size_t words_of(const struct printer *p, unsigned number)
{
    const uint16_t *at = printer_way(p->patch, number);
    for (size_t i = 0; at[0] && i < COUNT_OF(words); i++)
        if (strcmp(words[i].verb, p->actions->at[at[0]]->name) == 0)
            return i;
    return COUNT_OF(words);
}

/* What a decision does, for people, and says to the model where nothing more is known. */
static const struct decision {
    const char *action;
    bool call; /* about a call */
    const char *does, *says;
} decisions[] = {
    { "MOULT_DENY", true, "is not let through", "not run: what it asks for has failed before" },
    { "MOULT_DENY", false, "is not let through", "this answer was held back" },
    { "MOULT_RETRY", false, "is asked for once more",
        "this could not be used as it is: once more" },
    { "MOULT_FINISH", true, "ends the turn", "the turn ends before this call" },
    { "MOULT_FINISH", false, "ends the turn", "the turn ends here" },
};

static const struct decision *decision_of(const struct printer *p)
{
    const char *action = p->pool->hook->returns[p->patch->body.holes[HOLE_RETURN] - 1];
    size_t i = 0;
    while (i + 1 < COUNT_OF(decisions) &&
           (strcmp(decisions[i].action, action) != 0 || decisions[i].call != p->pool->hook->call))
        i++;
    return &decisions[i];
}

static const char *whole_of(const struct printer *p)
{
    if (p->patch->whole == 0)
        return "";
    if (p->patch->whole == WHOLE_ANY)
        return ", if all pass the checks";
    return arena_format(p->arena, ", if all pass the checks, %u at most", p->patch->whole);
}

static const char *summary_of(const struct printer *p)
{
    if (p->pool->hook->error)
        return words_of_error(p);
    const char *finds = finds_of(p, printer_iterator(p)), *first = NULL, *second = NULL;
    const char *condition =
        p->patch->condition.count && !p->patch->whole ? " that passes the checks" : "";
    const char *whole = whole_of(p);
    if (words_of(p, 0) < COUNT_OF(words))
        first = words[words_of(p, 0)].does;
    if (words_of(p, 1) < COUNT_OF(words))
        second = words[words_of(p, 1)].does;
    if (!first)
        return arena_format(p->arena, "What meets the condition %s.", decision_of(p)->does);
    return arena_format(p->arena, "%s%s%s %s%s%s%s.", finds ? "Each " : "What ",
        finds                    ? finds
        : p->pool->hook->numbers ? "a tool answered"
                                 : "the hook has in hand",
        condition, first, second ? ", and " : "", second ? second : "", whole);
}

/* --- loops */

static bool in_checks(const struct printer *p, uint16_t expr)
{
    for (uint32_t i = 0; i < p->patch->condition.count; i++)
        if (pool_uses(p->pool, p->patch->atoms[p->patch->condition.at[i].atom].expr, expr))
            return true;
    return false;
}

static bool in_edits(const struct printer *p, uint16_t expr)
{
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = printer_way(p->patch, w);
        for (unsigned i = 0; at[0] && i < p->actions->at[at[0]]->count; i++)
            if (pool_uses(p->pool, at[1 + i], expr))
                return true;
    }
    return false;
}

/* The printer of one of two walks: with those locals of the loop that it uses. */
static struct printer walk_of(
    const struct printer *p, bool (*uses)(const struct printer *p, uint16_t expr))
{
    struct printer walk = *p;
    walk.locals_count = 0;
    for (uint32_t i = 0; i < p->locals_count; i++)
        if (p->pool->at[p->locals[i].expr].iterator == 0 || uses(p, p->locals[i].expr))
            walk.locals[walk.locals_count++] = p->locals[i];
    return walk;
}

static void print_head(const struct printer *p, struct buf *out)
{
    CLEANUP(buf_done) struct buf loop = { 0 };
    const struct iterator *iterator = printer_iterator(p);
    buf_text(&loop, "for (moult_it it = { 0 }; ");
    printer_call(p, &loop, iterator->verb, iterator->args, ", &it");
    buf_text(&loop, ";) {");
    printer_line(out, 4, buf_view(&loop));
    printer_locals(p, out, 8, true);
}

static void print_each(const struct printer *p, struct buf *out)
{
    print_head(p, out);
    print_checks(p, out, 8, "continue;");
    print_edits(p, out, 8);
    buf_text(out, "    }\n");
}

/* All or none: one walk looks and counts, the other edits. */
static void print_whole(const struct printer *p, struct buf *out)
{
    const struct printer looks = walk_of(p, in_checks), edits = walk_of(p, in_edits);
    const char *count = printer_free_name(p, "count");
    bool bound = p->patch->whole != WHOLE_ANY;
    if (bound)
        buf_format(out, "    uint32_t %s = 0;\n", count);
    print_head(&looks, out);
    print_checks(&looks, out, 8, "return;");
    if (bound)
        buf_format(out, "        %s++;\n", count);
    buf_text(out, "    }\n");
    if (bound)
        buf_format(out, "    if (%s > %u)\n        return;\n", count, p->patch->whole);
    print_head(&edits, out);
    print_edits(&edits, out, 8);
    buf_text(out, "    }\n");
}

/* --- the three shapes */

static void print_function(struct printer *p, struct printed *ret, const struct target *target)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct iterator *iterator = printer_iterator(p);
    size_t word = words_of(p, 0);
    const char *name =
        target_name(target, p->arena, word < COUNT_OF(words) ? words[word].name : "mend");
    bool call = target->call && p->pool->hook->call;
    printer_choose_locals(p);
    printer_comment(&out, str_of(summary_of(p)));
    buf_format(&out, "static void %s(moult_turn *turn%s", name, call ? ", moult_call *call" : "");
    printer_params(p, &out, true);
    buf_text(&out, ")\n{\n");
    printer_locals(p, &out, 4, false);
    if (iterator->verb && p->patch->whole) {
        print_whole(p, &out);
    } else if (iterator->verb) {
        print_each(p, &out);
    } else {
        print_checks(p, &out, 4, "return;");
        print_edits(p, &out, 4);
    }
    buf_text(&out, "}\n\n");
    ret->insertion.above = str_of(arena_string(p->arena, out.at, out.size));
    out.size = 0;
    buf_format(
        &out, "\n    %s(%s%s%s", name, target->turn, call ? ", " : "", call ? target->call : "");
    printer_params(p, &out, false);
    buf_text(&out, ");");
    ret->insertion.entry = str_of(arena_string(p->arena, out.at, out.size));
}

/* Why it is decided so, for the model that reads it as the call's result: two literals. */
static void print_reason(const struct printer *p, struct buf *out, int indent)
{
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        const struct atom *atom = &p->patch->atoms[p->patch->condition.at[i].atom];
        const struct expr *expr = &p->pool->at[atom->expr];
        if (p->patch->condition.at[i].negated || expr->kind != EXPR_VERB || !atom->how ||
            strcmp(expr->verb->name, "past") != 0)
            continue;
        const char *between = "";
        buf_format(out, "%*s\"%snot run: %s or more earlier calls were like it: \"\n%*s\"", indent,
            "", p->call ? "%s " : "", atom->value, indent, "");
        for (unsigned k = 0; k < vocabulary_flags_count; k++)
            if (str_find(p->pool->at[expr->args[1]].text, str_of(vocabulary_flags[k].name)) >= 0) {
                buf_format(out, "%s%s", between, vocabulary_flags[k].word);
                between = ", ";
            }
        buf_char(out, '"');
        return;
    }
    buf_format(out, "%*s\"%s%s\"", indent, "", p->call ? "%s " : "", decision_of(p)->says);
}

static void print_explained(const struct printer *p, struct buf *out, int indent)
{
    buf_format(out, "%*smoult_explain(%s,\n", indent, "", p->turn);
    print_reason(p, out, indent + 4);
    if (p->call)
        buf_format(out, ",\n%*s%s->tool", indent + 4, "", p->call);
    buf_text(out, ");\n");
}

/* For the trace: the model hears nothing of it. */
static void print_way_on(const struct printer *p, struct buf *out)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_format(&text, "moult_explain(%s, \"", p->turn);
    words_of_way_on(p, &text);
    buf_text(&text, "\");");
    printer_line(out, 8, buf_view(&text));
}

/* Edits whose success is a condition of the decision. How many. */
static uint32_t print_doing(const struct printer *p, struct buf *out)
{
    uint32_t count = 0;
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = printer_way(p->patch, w);
        if (!at[0])
            continue;
        buf_text(out, p->patch->condition.count + count++ ? " && " : "");
        printer_call(p, out, p->actions->at[at[0]], at + 1, "");
    }
    return count;
}

/* Where the place itself is the condition. */
static void print_leave(const struct printer *p, struct printed *ret, const char *action)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_char(&out, '\n');
    print_explained(p, &out, 4);
    buf_format(&out, "    return %s;", action);
    ret->insertion =
        (struct insertion){ .entry = { arena_string(p->arena, out.at, out.size), out.size },
            .leaves = true };
}

static void print_guard(struct printer *p, struct printed *ret, const struct target *target)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    const char *action = p->pool->hook->returns[p->patch->body.holes[HOLE_RETURN] - 1];
    p->turn = target->turn;
    p->call = target->call;
    p->inside = true;
    buf_char(&out, '\n');
    if (target->last && p->patch->condition.count == 0 && !p->pool->hook->error) {
        print_leave(p, ret, action);
        return;
    }
    buf_text(&text, "if (");
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        buf_text(&text, i ? " && " : "");
        printer_literal(p, &text, i, false);
    }
    bool decides = p->pool->hook->error;
    uint32_t conditions = p->patch->condition.count + (decides ? print_doing(p, &text) : 0);
    buf_text(&text, conditions ? ") {" : "true) {");
    printer_line(&out, 4, buf_view(&text));
    if (decides)
        print_way_on(p, &out);
    else
        print_explained(p, &out, 8);
    buf_format(&out, "        return %s;\n    }", action);
    ret->insertion.above = (struct str){ 0 };
    ret->insertion.entry = str_of(arena_string(p->arena, out.at, out.size));
}

/* --- what it is made of */

void printer_ingredient(struct printer *p, const char *name)
{
    if (!p->ingredients)
        p->ingredients = arena_alloc(p->arena, INGREDIENTS_MAX * sizeof(*p->ingredients));
    for (uint32_t i = 0; i < p->ingredients_count; i++)
        if (strcmp(p->ingredients[i], name) == 0)
            return;
    if (p->ingredients_count < INGREDIENTS_MAX)
        p->ingredients[p->ingredients_count++] = name;
}

void printer_ingredients_of(struct printer *p, uint16_t number)
{
    const struct expr *expr = &p->pool->at[number];
    if (expr->kind == EXPR_CONSTANT) {
        CLEANUP(buf_done) struct buf text = { 0 };
        spell_literal(&text, expr->text);
        printer_ingredient(p, arena_string(p->arena, text.at, text.size));
    }
    if (expr->kind == EXPR_PART && strcmp(expr->part->of, "local") == 0)
        printer_ingredient(p, expr->part->name);
    for (unsigned i = 0; expr->kind == EXPR_FLAG && i < vocabulary_flags_count; i++)
        if (str_find(expr->text, str_of(vocabulary_flags[i].name)) >= 0)
            printer_ingredient(p, vocabulary_flags[i].name);
    if (expr->kind == EXPR_ANY)
        printer_ingredient(p, p->pool->iterators[expr->args[0]].verb->name);
    if (expr->kind != EXPR_VERB)
        return;
    printer_ingredient(p, expr->verb->name);
    for (unsigned i = 0; i < expr->verb->count; i++)
        printer_ingredients_of(p, expr->args[i]);
}

static void list_ingredients(struct printer *p, struct printed *ret)
{
    const struct iterator *iterator = printer_iterator(p);
    if (iterator->verb) {
        printer_ingredient(p, iterator->verb->name);
        for (unsigned i = 0; i < iterator->verb->count; i++)
            printer_ingredients_of(p, iterator->args[i]);
    }
    for (unsigned w = 0; w < 2; w++) {
        const uint16_t *at = printer_way(p->patch, w);
        if (!at[0])
            continue;
        printer_ingredient(p, p->actions->at[at[0]]->name);
        for (unsigned i = 0; i < p->actions->at[at[0]]->count; i++)
            printer_ingredients_of(p, at[1 + i]);
    }
    if (p->patch->body.holes[HOLE_RETURN])
        printer_ingredient(p, p->pool->hook->returns[p->patch->body.holes[HOLE_RETURN] - 1]);
    for (uint32_t i = 0; i < p->patch->condition.count; i++)
        printer_ingredients_of(p, p->patch->atoms[p->patch->condition.at[i].atom].expr);
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
        change_print_patch(&p, ret, target);
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
