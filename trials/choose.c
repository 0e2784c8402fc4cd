/* choose - see choose.h. */
#include "trials/choose.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP_SHARE = 16, PRINCIPAL_SHARE = 4 };

/* How many were taken of each group or principal. */
struct shares {
    uint64_t *keys; /* in order, each once */
    uint32_t *taken;
    uint32_t count, most;
};

struct choosing {
    const struct choose_item *items;
    uint32_t count, room; /* room: that may still be taken beside the named ones */
    bool *taken, shared;
    struct shares groups, principals;
    uint32_t *drawn; /* all, in the order of their ids */
    uint32_t newest, next_drawn;
    uint32_t *order, order_count;
};

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void shares_make(struct shares *ret, uint64_t *keys, uint32_t count, uint32_t most)
{
    uint32_t kept = 0;
    qsort(keys, count, sizeof *keys, by_number);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || keys[kept - 1] != keys[i])
            keys[kept++] = keys[i];
    *ret = (struct shares){ keys, mem_zero(kept + 1, sizeof *ret->taken), kept, most };
}

static uint32_t *share_of(const struct shares *shares, uint64_t key)
{
    const uint64_t *at = bsearch(&key, shares->keys, shares->count, sizeof key, by_number);
    return &shares->taken[at - shares->keys];
}

static bool has_had_its_share(const struct choosing *c, const struct choose_item *it)
{
    return c->shared &&
           (*share_of(&c->groups, it->group) >= c->groups.most ||
               (it->principal && *share_of(&c->principals, it->principal) >= c->principals.most));
}

static void take(struct choosing *c, uint32_t index)
{
    c->taken[index] = true;
    ++*share_of(&c->groups, c->items[index].group);
    ++*share_of(&c->principals, c->items[index].principal);
    c->order[c->order_count++] = index;
}

/* The next one of either order that may be taken; false: there is none. */
static bool take_newest(struct choosing *c)
{
    while (c->newest > 0) {
        uint32_t index = --c->newest;
        if (c->taken[index] || has_had_its_share(c, &c->items[index]))
            continue;
        take(c, index);
        return true;
    }
    return false;
}

static bool take_drawn(struct choosing *c)
{
    while (c->next_drawn < c->count) {
        uint32_t index = c->drawn[c->next_drawn++];
        if (c->taken[index] || has_had_its_share(c, &c->items[index]))
            continue;
        take(c, index);
        return true;
    }
    return false;
}

static void take_by_turns(struct choosing *c)
{
    bool newest = true, drawn = true;
    c->newest = c->count;
    c->next_drawn = 0;
    while (c->room > 0 && (newest || drawn)) {
        c->room -= newest = take_newest(c);
        if (c->room > 0)
            c->room -= drawn = take_drawn(c);
    }
}

static int by_id(const void *a, const void *b, void *with)
{
    const struct choose_item *items = with;
    return memcmp(
        &items[*(const uint32_t *)a].id, &items[*(const uint32_t *)b].id, sizeof(struct digest));
}

static void draw(struct choosing *c)
{
    c->drawn = mem_zero(c->count + 1, sizeof *c->drawn);
    for (uint32_t i = 0; i < c->count; i++)
        c->drawn[i] = i;
    if (c->count > 0)
        qsort_r(c->drawn, c->count, sizeof *c->drawn, by_id, (void *)(uintptr_t)c->items);
}

static void share_out(struct choosing *c, uint32_t most)
{
    uint64_t *groups = mem_zero(c->count + 1, sizeof *groups);
    uint64_t *principals = mem_zero(c->count + 1, sizeof *principals);
    for (uint32_t i = 0; i < c->count; i++) {
        groups[i] = c->items[i].group;
        principals[i] = c->items[i].principal;
    }
    shares_make(&c->groups, groups, c->count, most / GROUP_SHARE + 1);
    shares_make(&c->principals, principals, c->count, most / PRINCIPAL_SHARE + 1);
}

static void choosing_done(struct choosing *c)
{
    free(c->taken);
    free(c->drawn);
    free(c->groups.keys);
    free(c->groups.taken);
    free(c->principals.keys);
    free(c->principals.taken);
}

void choose_order(uint32_t **ret, uint32_t *ret_count, const struct choose_item *items,
    uint32_t count, uint32_t most)
{
    CLEANUP(choosing_done)
    struct choosing c = { .items = items,
        .count = count,
        .room = most,
        .shared = true,
        .taken = mem_zero(count + 1, sizeof(bool)),
        .order = mem_zero(count + 1, sizeof(uint32_t)) };
    share_out(&c, most);
    for (uint32_t i = 0; i < count; i++)
        if (items[i].named)
            take(&c, i);
    draw(&c);
    take_by_turns(&c);
    c.shared = false;
    take_by_turns(&c);
    *ret = c.order;
    *ret_count = c.order_count;
}
