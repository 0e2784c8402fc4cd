/* search_actions - actions that are right under some condition, whatever it will be.
 *
 * The condition is abstract: the trial build takes the guarded way at the times that a candidate's
 * bits name, so all conditions are tried without writing one. Effects have components (calls, text,
 * end): an action that is right for the calls and one that is right for the text are found apart
 * and then joined, so that pairs are few. */
#include "propose/search.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { COMBOS_MAX = 2000, PARTS_MAX = 16, TRIED_MAX = 30000, ALIKE_MAX = 3, FOUND_MAX = 64 };

struct list {
    struct body *at;
    uint32_t count;
};
struct listing {
    struct search *search;
    struct list *list;
    uint32_t iterator, action;
};

static void add_body(void *with, const uint16_t args[VERB_PARAMS_MAX])
{
    struct listing *l = with;
    if (l->list->count == TRIED_MAX)
        return;
    struct body *body = &l->list->at[l->list->count++];
    *body = (struct body){ .cost = 1 + (l->iterator > 0) };
    const struct verb *verb = l->search->actions.at[l->action];
    body->holes[HOLE_ITERATOR] = (uint16_t)l->iterator;
    body->holes[HOLE_WAY] = (uint16_t)l->action;
    for (unsigned i = 0; i < verb->count; i++) {
        body->holes[HOLE_WAY + 1 + i] = args[i];
        body->cost += l->search->pool.at[args[i]].cost;
    }
    for (unsigned i = 0; l->iterator > 0 && i < l->search->pool.iterators[l->iterator].verb->count;
         i++)
        body->cost += l->search->pool.at[l->search->pool.iterators[l->iterator].args[i]].cost;
}

/* Edits that do something only with a decision: each with each decision, alone and in twos. */
static void list_decided(struct search *search, struct list *list, uint32_t edits)
{
    const struct judged_hook *hook = search->pool.hook;
    for (uint16_t r = 0; r < COUNT_OF(hook->returns) && hook->returns[r]; r++)
        for (uint32_t i = 0; i < edits && !vocabulary_lacks(&search->vocabulary, hook->returns[r]);
             i++)
            for (uint32_t k = i; k < edits; k++) {
                struct body body = list->at[i];
                const uint16_t *second = list->at[k].holes + HOLE_WAY;
                bool alone = k == i, alike = second[0] == body.holes[HOLE_WAY];
                if ((alike && !alone) || list->count == TRIED_MAX)
                    continue;
                body.holes[HOLE_RETURN] = (uint16_t)(r + 1);
                body.cost += 1;
                if (!alone) {
                    memcpy(body.holes + HOLE_WAY + HOLES_WAY, second, HOLES_WAY * sizeof(*second));
                    body.cost += list->at[k].cost;
                }
                list->at[list->count++] = body;
            }
}

static void list_scope(struct search *search, struct list *list, uint32_t iterator)
{
    const struct judged_hook *hook = search->pool.hook;
    bool edits = !search_all_deny(search);
    for (uint32_t action = 1; edits && action < search->actions.count; action++) {
        struct listing listing = { search, list, iterator, action };
        pool_combine(&search->pool, search->actions.at[action], (uint8_t)iterator, COMBOS_MAX,
            add_body, &listing);
    }
    if (hook->error && !search->target.mute)
        list_decided(search, list, list->count);
    bool decides = iterator == 0 && !search->target.mute;
    for (size_t i = 0; decides && i < COUNT_OF(hook->returns) && hook->returns[i]; i++)
        if (!vocabulary_lacks(&search->vocabulary, hook->returns[i]))
            list->at[list->count++] = (struct body){
                .holes = { [HOLE_RETURN] = (uint16_t)(i + 1) },
                .cost = 1,
            };
}

/* --- the abstract condition */

uint32_t search_masks(uint32_t reached, uint64_t ret[SEARCH_MASKS_MAX])
{
    uint32_t count = 0;
    ret[count++] = UINT64_MAX;
    for (uint32_t i = 0; reached > 1 && i < reached && i < 8; i++)
        ret[count++] = 1ull << i;
    for (uint32_t i = 0; reached > 2 && i < reached && i < 5; i++)
        for (uint32_t k = i + 1; k < reached && k < 5; k++)
            ret[count++] = 1ull << i | 1ull << k;
    return count;
}

static struct candidate with_mask(const struct body *body, uint64_t mask)
{
    struct candidate candidate = { .decide = mask };
    memcpy(candidate.holes, body->holes, sizeof(candidate.holes));
    return candidate;
}

/* Verdicts on bodies times masks; caller's arena. */
static int ask(struct search *search, struct arena *arena, const struct steps *steps,
    const struct list *list, const uint64_t *masks, uint32_t masks_count, struct verdicts *ret,
    struct err *err)
{
    CLEANUP(mem_freep)
    struct candidate *candidates =
        mem_zero((size_t)list->count * masks_count + 1, sizeof(*candidates));
    for (uint32_t i = 0; i < list->count; i++)
        for (uint32_t m = 0; m < masks_count; m++)
            candidates[i * masks_count + m] = with_mask(&list->at[i], masks[m]);
    search->actions_tried += list->count * masks_count;
    return judge_ask(
        &search->judge, arena, steps, candidates, list->count * masks_count, false, ret, err);
}

static const struct proposer_verdict *verdict_of(
    const struct verdicts *verdicts, uint32_t step, uint32_t candidate)
{
    return &verdicts->at[(size_t)step * verdicts->count + candidate];
}

/* Keeps the bodies that change anything at all at one of the steps. */
static int leave_idle_out(
    struct search *search, struct list *list, const struct steps *steps, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint64_t all = UINT64_MAX;
    int r = ask(search, &arena, steps, list, &all, 1, &verdicts, err);
    uint32_t kept = 0;
    for (uint32_t i = 0; r == 0 && i < list->count; i++) {
        bool changes = false;
        for (uint32_t s = 0; s < steps->count && !changes; s++) {
            const struct proposer_verdict *v = verdict_of(&verdicts, s, i);
            changes = !v->abnormal && !judge_same(v, &search->unchanged[steps->at[s]]);
        }
        if (changes)
            list->at[kept++] = list->at[i];
    }
    list->count = kept;
    return r;
}

/* --- right by component */

enum { RIGHT_CALLS = 1, RIGHT_TEXT = 2, RIGHT_ALL = 4 };

static unsigned rightness(const struct proposer_verdict *v, const struct proposer_verdict *want,
    const struct proposer_verdict *now)
{
    if (v->abnormal)
        return 0;
    if (judge_same(v, want))
        return RIGHT_ALL;
    bool calls = want->calls != now->calls || want->end != now->end;
    if (calls && v->calls == want->calls && v->end == want->end && v->text == now->text)
        return RIGHT_CALLS;
    if (want->text != now->text && v->text == want->text && v->calls == now->calls)
        return RIGHT_TEXT;
    return 0;
}

struct scored {
    struct body body;
    uint32_t all, calls, text; /* steps */
    uint64_t digest;           /* of what it does under all masks */
};

static void score(struct search *search, struct scored *ret, const struct body *body,
    const struct steps *steps, const struct verdicts *verdicts, uint32_t from, uint32_t count)
{
    *ret = (struct scored){ .body = *body };
    for (uint32_t s = 0; s < steps->count; s++) {
        uint32_t place = steps->at[s];
        unsigned right = 0;
        for (uint32_t m = 0; m < count; m++) {
            const struct proposer_verdict *v = verdict_of(verdicts, s, from + m);
            const uint64_t seen[] = { v->calls, v->text, v->end };
            right |= rightness(v, &search->bundle->steps[place].want, &search->unchanged[place]);
            ret->digest = hash_fast(seen, sizeof(seen), ret->digest);
        }
        ret->all += (right & RIGHT_ALL) > 0;
        ret->calls += (right & RIGHT_CALLS) > 0;
        ret->text += (right & RIGHT_TEXT) > 0;
    }
    ret->body.right = ret->all;
}

static uint32_t reached_most(const struct verdicts *verdicts, uint32_t steps)
{
    uint32_t most = 0;
    for (size_t i = 0; i < (size_t)steps * verdicts->count; i++)
        if (verdicts->at[i].reached > most)
            most = verdicts->at[i].reached;
    return most;
}

/* Scores a list on the screen, under all masks that its loops need. */
static int screen(struct search *search, const struct list *list, const struct steps *steps,
    struct scored *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint64_t masks[SEARCH_MASKS_MAX] = { UINT64_MAX };
    int r = ask(search, &arena, steps, list, masks, 1, &verdicts, err);
    if (r < 0)
        return r;
    uint32_t count = search_masks(reached_most(&verdicts, steps->count), masks);
    if (count > 1)
        r = ask(search, &arena, steps, list, masks, count, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < list->count; i++)
        score(search, &ret[i], &list->at[i], steps, &verdicts, i * count, count);
    return r;
}

/* --- lists of the best */

static int by_all(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->all != y->all)
        return x->all < y->all ? 1 : -1;
    return (x->body.cost > y->body.cost) - (x->body.cost < y->body.cost);
}

static int by_calls(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->calls != y->calls)
        return x->calls < y->calls ? 1 : -1;
    return (x->body.cost > y->body.cost) - (x->body.cost < y->body.cost);
}

static int by_text(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->text != y->text)
        return x->text < y->text ? 1 : -1;
    return (x->body.cost > y->body.cost) - (x->body.cost < y->body.cost);
}

/* The first few of each behaviour. */
static uint32_t leave_doubles_out(struct scored *scored, uint32_t count, uint32_t alike)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t seen = 0;
        for (uint32_t k = 0; k < kept; k++)
            seen += scored[k].digest == scored[i].digest;
        if (seen < alike)
            scored[kept++] = scored[i];
    }
    return kept;
}

/* Joins what is right for the calls with what is right for the text. */
static void join(struct scored *scored, uint32_t count, struct list *ret)
{
    struct body calls[PARTS_MAX];
    uint32_t calls_count = 0;
    qsort(scored, count, sizeof(*scored), by_calls);
    for (uint32_t i = 0; i < count && scored[i].calls > 0 && calls_count < PARTS_MAX; i++)
        calls[calls_count++] = scored[i].body;
    qsort(scored, count, sizeof(*scored), by_text);
    for (uint32_t i = 0; i < count && scored[i].text > 0 && i < PARTS_MAX; i++)
        for (uint32_t k = 0; k < calls_count; k++) {
            struct body pair = calls[k];
            if (pair.holes[HOLE_RETURN] || scored[i].body.holes[HOLE_RETURN])
                continue;
            memcpy(pair.holes + HOLE_WAY + HOLES_WAY, scored[i].body.holes + HOLE_WAY,
                HOLES_WAY * sizeof(pair.holes[0]));
            pair.cost += scored[i].body.cost;
            ret->at[ret->count++] = pair;
        }
}

/* Adds the bodies of a list that are right somewhere. */
static int take_right(struct search *search, const struct list *list, struct scored *scored,
    struct list *found, struct err *err)
{
    int r = screen(search, list, &search->screen, scored, err);
    if (r < 0)
        return r;
    CLEANUP(mem_freep) struct scored *best = mem_zero(list->count + 1, sizeof(*best));
    uint32_t right = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (scored[i].all > 0)
            best[right++] = scored[i];
    qsort(best, right, sizeof(*best), by_all);
    right = leave_doubles_out(best, right, ALIKE_MAX);
    for (uint32_t i = 0; i < right && i < PARTS_MAX; i++)
        found->at[found->count++] = best[i].body;
    return 0;
}

/* A long list loses what is right in no component at the first half of the screen. */
static int leave_wrong_out(
    struct search *search, struct list *list, struct scored *scored, struct err *err)
{
    enum { LONG = 1000 };
    struct steps half = { search->screen.at, (search->screen.count + 1) / 2 };
    uint32_t kept = 0;
    if (list->count < LONG)
        return 0;
    int r = screen(search, list, &half, scored, err);
    for (uint32_t i = 0; r == 0 && i < list->count; i++)
        if (scored[i].all + scored[i].calls + scored[i].text > 0)
            list->at[kept++] = list->at[i];
    list->count = kept;
    return r;
}

static int search_scope(struct search *search, uint32_t iterator, struct list *list,
    struct scored *scored, struct list *found, struct err *err)
{
    CLEANUP(mem_freep) struct body *joined = mem_zero(PARTS_MAX * PARTS_MAX, sizeof(*joined));
    struct list pairs = { joined, 0 };
    list->count = 0;
    list_scope(search, list, iterator);
    uint32_t all = list->count;
    int r = leave_idle_out(search, list, &search->screen, err);
    uint32_t singles = list->count;
    if (r == 0)
        r = leave_wrong_out(search, list, scored, err);
    if (r == 0 && list->count > 0)
        r = take_right(search, list, scored, found, err);
    if (r == 0)
        join(scored, list->count, &pairs);
    if (r == 0 && pairs.count > 0)
        r = take_right(search, &pairs, scored, found, err);
    if (r == 0 && all > 0)
        judge_say(&search->judge, "actions in scope %u: %u, of which %u do something, %u pairs",
            iterator, all, singles, pairs.count);
    return r;
}

/* An action that is right at each step of the screen, and no loop is needed for it. */
static bool enough(const struct search *search, const struct list *found)
{
    for (uint32_t i = 0; i < found->count; i++)
        if (found->at[i].holes[HOLE_ITERATOR] == 0 && found->at[i].right == search->screen.count)
            return true;
    return false;
}

static int by_right(const void *a, const void *b)
{
    const struct body *x = a, *y = b;
    if (x->right != y->right)
        return x->right < y->right ? 1 : -1;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

/* Adds what the bodies do at the made steps to their behaviour: what is alike wherever something
 * fails may go too far in one way and not in the other. */
static int look_at_made(
    struct search *search, const struct list *found, struct scored *scored, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint64_t all = UINT64_MAX;
    int r = ask(search, &arena, &search->made, found, &all, 1, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < found->count; i++)
        for (uint32_t s = 0; s < search->made.count; s++) {
            const struct proposer_verdict *v = verdict_of(&verdicts, s, i);
            const uint64_t seen[] = { v->calls, v->text, v->end };
            scored[i].digest = hash_fast(seen, sizeof(seen), scored[i].digest);
        }
    return r;
}

/* On all failing steps: the first of each behaviour, the best of them. */
static int choose(struct search *search, struct list *found, struct scored *scored, struct err *err)
{
    qsort(found->at, found->count, sizeof(*found->at), by_right);
    if (found->count > FOUND_MAX)
        found->count = FOUND_MAX;
    int r = found->count ? screen(search, found, &search->fails, scored, err) : 0;
    if (r == 0 && found->count > 0)
        r = look_at_made(search, found, scored, err);
    if (r < 0)
        return r;
    qsort(scored, found->count, sizeof(*scored), by_all);
    uint32_t count = leave_doubles_out(scored, found->count, 1);
    for (uint32_t i = 0; i < count && search->bodies_count < SEARCH_BODIES_MAX; i++)
        if (scored[i].all > 0 && scored[i].all * 5 >= scored[0].all)
            search->bodies[search->bodies_count++] = scored[i].body;
    return 0;
}

int search_actions(struct search *search, struct err *err)
{
    size_t room = TRIED_MAX + 16;
    CLEANUP(mem_freep) struct body *bodies = mem_zero(room, sizeof(*bodies));
    CLEANUP(mem_freep) struct body *right = mem_zero(room, sizeof(*right));
    CLEANUP(mem_freep) struct scored *scored = mem_zero(room, sizeof(*scored));
    struct list list = { bodies, 0 }, found = { right, 0 };
    schema_actions(&search->actions, &search->pool);
    int r = search_build(search, err);
    for (uint32_t i = 0; r == 0 && i < search->pool.iterators_count; i++) {
        if (search->pool.iterators[i].idle || search_late(search))
            continue;
        if (i > 0 && !search->loops && enough(search, &found))
            search->left_out = true;
        else
            r = search_scope(search, i, &list, scored, &found, err);
    }
    if (r == 0)
        r = choose(search, &found, scored, err);
    if (r == 0)
        judge_say(&search->judge, "%u bodies are right under some condition", search->bodies_count);
    return r;
}
