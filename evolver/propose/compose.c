/* compose - see compose.h. The second list says which stretches of the middle source stay. Of each
 * such stretch some bytes were in the first source and the rest the first list put in; what was in
 * the first source and did not come through is what the joined edits take out. */
#include "propose/compose.h"

#include "base/mem.h"

struct composing {
    struct target_edit *ret;
    struct arena *arena;
    struct buf text; /* put in since the last byte that stays */
    uint32_t at;     /* of the first source: what stands before is told */
    uint32_t count;
    bool over;
};

/* Ends the edit that is under way: the first source goes on at `at`. */
static void end_edit(struct composing *c, uint32_t at)
{
    if (at == c->at && c->text.size == 0)
        return;
    c->over |= c->count == COMPOSE_EDITS_MAX;
    if (!c->over)
        c->ret[c->count++] = (struct target_edit){ c->at, at,
            { arena_string(c->arena, c->text.size ? c->text.at : "", c->text.size),
                c->text.size } };
    c->at = at;
    buf_clear(&c->text);
}

/* These bytes of the first source stay. */
static void keep(struct composing *c, uint32_t from, uint32_t to)
{
    if (from == to)
        return;
    end_edit(c, from);
    c->at = to;
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A stretch of the middle source stays: which bytes of it are whose. */
static void keep_middle(
    struct composing *c, struct compose_list first, uint32_t size, uint32_t from, uint32_t to)
{
    uint32_t old = 0, middle = 0;
    for (uint32_t i = 0; i <= first.count; i++) {
        uint32_t kept = (i < first.count ? first.at[i].from : size) - old;
        uint32_t begin = greater(from, middle), end = lesser(to, middle + kept);
        if (begin < end)
            keep(c, old + begin - middle, old + end - middle);
        middle += kept;
        if (i == first.count)
            return;
        struct str text = first.at[i].text;
        begin = greater(from, middle);
        end = lesser(to, middle + (uint32_t)text.size);
        if (begin < end)
            buf_add(&c->text, text.at + (begin - middle), end - begin);
        middle += (uint32_t)text.size;
        old = first.at[i].to;
    }
}

/* 0 and the size of what comes of it. */
static int check(struct compose_list list, uint32_t size, uint32_t *ret_size, struct err *err)
{
    uint32_t at = 0;
    uint64_t after = size;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct target_edit *edit = &list.at[i];
        if (edit->from < at || edit->to < edit->from || edit->to > size)
            return err_set(err, ERR_INPUT, "edit %u is out of its place", i);
        after = after - (edit->to - edit->from) + edit->text.size;
        at = edit->to;
    }
    if (after > UINT32_MAX)
        return err_set(err, ERR_INPUT, "edits that make a source of 4 GiB");
    *ret_size = (uint32_t)after;
    return 0;
}

int compose_edits(struct target_edit ret[COMPOSE_EDITS_MAX], struct arena *arena, uint32_t size,
    struct compose_list first, struct compose_list second, struct err *err)
{
    struct composing c = { .ret = ret, .arena = arena };
    uint32_t middle, end;
    int r = check(first, size, &middle, err);
    if (r == 0)
        r = check(second, middle, &end, err);
    if (r < 0)
        return r;
    uint32_t at = 0;
    for (uint32_t i = 0; i < second.count; i++) {
        keep_middle(&c, first, size, at, second.at[i].from);
        buf_str(&c.text, second.at[i].text);
        at = second.at[i].to;
    }
    keep_middle(&c, first, size, at, middle);
    end_edit(&c, size);
    buf_done(&c.text);
    if (c.over)
        return err_set(err, ERR_LIMIT, "two patches of more than %d edits", COMPOSE_EDITS_MAX);
    return (int)c.count;
}
