/* patch_words - a patch at a model error in words: when it acts, and what is asked then. For the
 * comment's reader and for who reviews it, who should not have to know the verbs. */
#include "propose/printer.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *how, *word, *opposite;
} comparisons[] = {
    { "==", "is", "is not" },
    { ">=", "is at least", "is less than" },
    { "<=", "is at most", "is more than" },
    { "<", "is less than", "is at least" },
};

/* "rate limit" of MOULT_RATE_LIMIT; numbers as they are. */
static void plain(struct buf *out, struct str value)
{
    struct str prefix = STR("MOULT_");
    for (size_t i = str_starts(value, prefix) ? prefix.size : 0; i < value.size; i++)
        buf_char(out, value.at[i] == '_' ? ' ' : (char)tolower((unsigned char)value.at[i]));
}

/* What a number is, by the flag that asks for it. */
static const struct flag *asked_for(const struct printer *p, uint16_t of)
{
    const struct expr *expr = &p->pool->at[of];
    for (unsigned i = 0; expr->kind == EXPR_VERB && i < expr->verb->count; i++)
        for (unsigned k = 0; k < vocabulary_flags_count; k++)
            if (str_equal(p->pool->at[expr->args[i]].text, str_of(vocabulary_flags[k].name)))
                return &vocabulary_flags[k];
    return NULL;
}

static void literal(const struct printer *p, struct buf *out, uint32_t at)
{
    const struct atom *atom = &p->patch->atoms[p->patch->condition.at[at].atom];
    const struct flag *what = asked_for(p, atom->expr);
    for (size_t i = 0; what && atom->how && i < COUNT_OF(comparisons); i++)
        if (strcmp(comparisons[i].how, atom->how) == 0) {
            bool negated = p->patch->condition.at[at].negated;
            buf_format(
                out, "%s %s ", what->word, negated ? comparisons[i].opposite : comparisons[i].word);
            plain(out, str_of(atom->value));
            buf_text(out, strstr(what->name, "_MS") ? " ms" : "");
        }
}

static void number(const struct printer *p, struct buf *out, uint16_t expr, const char *unit)
{
    const struct flag *what = asked_for(p, expr);
    struct str text = p->pool->at[expr].text;
    if (what)
        buf_text(out, what->word);
    else
        buf_format(out, "%.*s%s", (int)text.size, text.at, unit);
}

/* The number that the patch gives to an edit, or UINT16_MAX. */
static uint16_t given_to(const struct printer *p, const char *edit)
{
    for (unsigned way = 0; way < 2; way++) {
        const uint16_t *at = printer_way(p->patch, way);
        if (at[0] && strcmp(p->actions->at[at[0]]->name, edit) == 0)
            return at[1];
    }
    return UINT16_MAX;
}

void words_of_way_on(const struct printer *p, struct buf *out)
{
    const char *action = p->pool->hook->returns[p->patch->body.holes[HOLE_RETURN] - 1];
    uint16_t model = given_to(p, "use_model"), pause = given_to(p, "wait");
    if (strcmp(action, "MOULT_RETRY") != 0) {
        buf_text(out, "the turn ends here");
        return;
    }
    buf_text(out, model == UINT16_MAX ? "the model" : "model ");
    if (model != UINT16_MAX)
        number(p, out, model, "");
    buf_text(out, model == UINT16_MAX ? " is asked again" : " is asked");
    if (pause == UINT16_MAX)
        return;
    buf_text(out, " after ");
    number(p, out, pause, " ms");
}

const char *words_of_error(const struct printer *p)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "After a model request that failed");
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        buf_text(&out, i ? " and " : ", where ");
        literal(p, &out, i);
    }
    buf_text(&out, ": ");
    words_of_way_on(p, &out);
    buf_text(&out, given_to(p, "use_model") == UINT16_MAX ? "." : ", if there is one.");
    return arena_string(p->arena, out.at, out.size);
}
