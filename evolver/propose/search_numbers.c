/* search_numbers - values for the numbers that a plugin compares with: what is on the other side at
 * failing steps and at others is told by the build, and where these lie apart a number between them
 * is tried, a round one first. */
#include "propose/search.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { OTHERS_MAX = 512, FIRST = 3, ROUND_BASE = 10 };

/* What one number was compared with. */
struct seen {
    bool any;
    uint32_t least, most;
};

static struct steps some_of(const struct steps *steps, struct arena *arena)
{
    uint32_t count = steps->count < OTHERS_MAX ? steps->count : OTHERS_MAX;
    struct steps ret = { arena_alloc(arena, (count + 1) * sizeof(uint32_t)), count };
    for (uint32_t i = 0; i < count; i++)
        ret.at[i] = steps->at[(size_t)i * steps->count / count];
    return ret;
}

static void fold(struct seen *seen, uint32_t number, struct str cover)
{
    uint32_t told[3];
    if ((size_t)(number + 1) * sizeof(told) > cover.size)
        return;
    memcpy(told, cover.at + (size_t)number * sizeof(told), sizeof(told));
    if (told[0] == 0)
        return;
    seen->least = !seen->any || told[1] < seen->least ? told[1] : seen->least;
    seen->most = !seen->any || told[2] > seen->most ? told[2] : seen->most;
    seen->any = true;
}

/* seen: one a change. */
static int probe(
    struct search *search, const struct steps *steps, struct seen *seen, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct candidate candidate = { .holes = { [HOLE_PROBE] = PROBE_CHANGES } };
    struct steps some = some_of(steps, &arena);
    struct verdicts verdicts;
    int r = judge_ask(&search->judge, &arena, &some, &candidate, 1, true, &verdicts, err);
    for (uint32_t s = 0; r == 0 && s < some.count; s++)
        for (uint32_t i = 0; i < search->changes.count; i++)
            fold(&seen[i], i, verdicts.cover[s]);
    return r;
}

/* The roundest number of a range. */
static uint32_t round_between(uint32_t from, uint32_t to)
{
    uint32_t best = from;
    for (uint64_t step = 1; step <= to; step *= ROUND_BASE) {
        uint64_t at = (from + step - 1) / step * step;
        if (at > to)
            break;
        best = (uint32_t)at;
    }
    return best;
}

struct values {
    uint32_t at[16];
    uint32_t count;
};

static void add(struct values *values, uint32_t value)
{
    if (value <= INT32_MAX && values->count < COUNT_OF(values->at))
        values->at[values->count++] = value;
}

/* Numbers that part the lower from the higher, whether they are reached or passed. */
static void add_between(struct values *values, uint32_t lower, uint32_t higher)
{
    if (higher - lower > 1) {
        add(values, round_between(lower + 1, higher - 1));
        add(values, lower + (higher - lower) / 2);
    }
    add(values, higher);
    add(values, lower);
}

static struct values values_of(const struct seen *failing, const struct seen *others)
{
    struct values values = { .count = 0 };
    if (!failing->any)
        return values;
    if (others->any && others->most < failing->least)
        add_between(&values, others->most, failing->least);
    if (others->any && failing->most < others->least)
        add_between(&values, failing->most, others->least);
    const uint32_t ends[] = { failing->least, failing->most };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        add(&values, ends[i]);
        add(&values, ends[i] + 1);
        if (ends[i] > 0)
            add(&values, ends[i] - 1);
    }
    return values;
}

/* Behind the first small numbers: those are the prior of thresholds. */
static void put_in(struct search *search, struct change *change, const struct values *values)
{
    struct str was[CHANGE_VALUES_MAX];
    uint32_t count = change->values_count;
    memcpy(was, change->values, count * sizeof(*was));
    change->values_count = count < FIRST ? count : FIRST;
    for (uint32_t i = 0; i < values->count; i++)
        change_value(change, str_of(arena_format(&search->arena, "%u", values->at[i])));
    for (uint32_t i = FIRST; i < count; i++)
        change_value(change, was[i]);
}

static bool is_compared(const struct change *change)
{
    for (uint32_t k = 0; k < change->uses_count; k++)
        if (change->kind == CHANGE_NUMBER && change->seen[k].from < change->seen[k].to)
            return true;
    return false;
}

int search_numbers(struct search *search, struct err *err)
{
    struct changes *changes = &search->changes;
    CLEANUP(mem_freep) struct seen *failing = mem_zero(changes->count + 1, sizeof(*failing));
    CLEANUP(mem_freep) struct seen *others = mem_zero(changes->count + 1, sizeof(*others));
    bool any = false;
    for (uint32_t i = 0; i < changes->count; i++)
        any |= is_compared(&changes->at[i]);
    int r = any ? probe(search, &search->fails, failing, err) : 0;
    if (any && r == 0)
        r = probe(search, &search->others, others, err);
    for (uint32_t i = 0; r == 0 && i < changes->count; i++) {
        struct values values = values_of(&failing[i], &others[i]);
        if (is_compared(&changes->at[i]))
            put_in(search, &changes->at[i], &values);
    }
    return r;
}
