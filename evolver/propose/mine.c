/* mine - see mine.h. Each thing is counted once a group and kept if a tenth of the groups have it,
 * so that what one customer wrote, however often, does not become a literal. */
#include "propose/mine.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

enum { COUNTED_MAX = 512, OBJECTS_MAX = 256, SHARE = 10 };

/* How many groups have it. */
struct counted {
    struct str text, close; /* close: of a pair */
    uint32_t groups, last;  /* last: number of the group that counted it last, from 1 */
};
struct tally {
    struct counted at[COUNTED_MAX];
    uint32_t count, group;
};
struct miner {
    struct arena *arena;
    struct tally keys, tokens, pairs;
};

bool mine_plain(struct str text)
{
    bool seen = false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < ' ' || c > '~')
            return false;
        seen |= c != ' ';
    }
    return seen && text.size <= MINE_TEXT_MAX;
}

static void count(struct tally *tally, struct str text, struct str close)
{
    uint32_t i = 0;
    while (i < tally->count &&
           !(str_equal(tally->at[i].text, text) && str_equal(tally->at[i].close, close)))
        i++;
    if (i == COUNTED_MAX || !mine_plain(text) || (close.size > 0 && !mine_plain(close)))
        return;
    if (i == tally->count)
        tally->at[tally->count++] = (struct counted){ .text = text, .close = close };
    if (tally->at[i].last == tally->group)
        return;
    tally->at[i].last = tally->group;
    tally->at[i].groups++;
}

static void count_keys(struct miner *miner, const struct json *object)
{
    if (!json_is(object, JSON_OBJECT))
        return;
    JSON_EACH(member, object)
    count(&miner->keys, json_key(miner->arena, member), (struct str){ 0 });
}

/* What stands directly before (to) or behind (from) a value: a run without blanks. */
static struct str mark_before(struct str text, size_t to)
{
    while (to > 0 && isspace((unsigned char)text.at[to - 1]))
        to--;
    size_t from = to;
    while (from > 0 && !isspace((unsigned char)text.at[from - 1]))
        from--;
    return (struct str){ text.at + from, to - from };
}

static struct str mark_behind(struct str text, size_t from)
{
    while (from < text.size && isspace((unsigned char)text.at[from]))
        from++;
    size_t to = from;
    while (to < text.size && !isspace((unsigned char)text.at[to]) && text.at[to] != '{')
        to++;
    return (struct str){ text.at + from, to - from };
}

/* A mark is no word of a sentence: it has a character that is neither of a word nor ends one. */
static bool marks(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum((unsigned char)text.at[i]) && !strchr(".,;!?'\"", text.at[i]))
            return true;
    return false;
}

static void count_marks(struct miner *miner, struct str text, const struct json *object)
{
    size_t from = (size_t)(object->raw.at - text.at);
    struct str open = mark_before(text, from), close = mark_behind(text, from + object->raw.size);
    if (marks(open))
        count(&miner->tokens, open, (struct str){ 0 });
    if (marks(open) && marks(close))
        count(&miner->pairs, open, close);
}

/* Each JSON object that stands in the text. */
static void mine_text(struct miner *miner, struct str text)
{
    const struct json_limits limits = { .prefix = true };
    unsigned objects = 0;
    for (size_t at = 0; at < text.size && objects < OBJECTS_MAX;) {
        const char *brace = memchr(text.at + at, '{', text.size - at);
        if (!brace)
            return;
        at = (size_t)(brace - text.at);
        const struct json *object =
            json_read(miner->arena, (struct str){ brace, text.size - at }, &limits, NULL);
        at += object ? object->raw.size : 1;
        objects++; /* attempts: each may read to the end of the text */
        if (!object)
            continue;
        count_keys(miner, object);
        count_marks(miner, text, object);
    }
}

/* What the tool requires and the call has not. */
static void count_lacking(struct miner *miner, const struct bundle_call *call)
{
    const struct json *parameters = json_get(call->tool, "parameters");
    JSON_EACH(name, json_get(parameters, "required"))
    {
        struct str key = json_string(miner->arena, name);
        if (json_is(call->args, JSON_OBJECT) && !json_get_str(call->args, key))
            count(&miner->keys, key, (struct str){ 0 });
    }
}

/* "functions.lookup" for "lookup": what stands in front of the name that is wanted. */
static void count_prefix(struct miner *miner, struct str written, struct str wanted)
{
    if (wanted.size == 0 || written.size <= wanted.size)
        return;
    size_t prefix = written.size - wanted.size;
    if (memcmp(written.at + prefix, wanted.at, wanted.size) == 0)
        count(&miner->tokens, (struct str){ written.at, prefix }, (struct str){ 0 });
}

static void mine_calls(struct miner *miner, const struct bundle_step *step)
{
    for (uint32_t i = 0; i < step->calls_count; i++) {
        count_keys(miner, step->calls[i].args);
        count_lacking(miner, &step->calls[i]);
        for (uint32_t k = 0; k < step->wanted_count; k++)
            count_prefix(miner, step->calls[i].name, step->wanted[k].name);
    }
    for (uint32_t i = 0; i < step->wanted_count; i++)
        count_lacking(miner, &step->wanted[i]);
}

/* Whether the group has a failing step. */
static bool mine_group(struct miner *miner, const struct bundle *bundle, uint32_t group)
{
    bool fails = false;
    miner->keys.group = miner->tokens.group = miner->pairs.group = group + 1;
    for (uint32_t i = 0; i < bundle->steps_count; i++) {
        const struct bundle_step *step = &bundle->steps[i];
        if (step->kind != BUNDLE_FAIL || step->group != group)
            continue;
        fails = true;
        mine_text(miner, step->text);
        mine_calls(miner, step);
    }
    return fails;
}

static uint32_t take(struct tally *tally, uint32_t groups, uint32_t max, struct counted *ret)
{
    uint32_t taken = 0;
    while (taken < max) {
        struct counted *best = NULL;
        for (uint32_t i = 0; i < tally->count; i++)
            if (tally->at[i].groups * SHARE >= groups && tally->at[i].groups > 0 &&
                (!best || tally->at[i].groups > best->groups))
                best = &tally->at[i];
        if (!best)
            break;
        ret[taken++] = *best;
        best->groups = 0;
    }
    return taken;
}

void mine(struct mined *ret, struct arena *arena, const struct bundle *bundle)
{
    CLEANUP(mem_freep) struct miner *miner = mem_zero(1, sizeof(*miner));
    miner->arena = arena;
    uint32_t groups = 0;
    for (uint32_t group = 0; group < bundle->groups_count; group++)
        groups += mine_group(miner, bundle, group);
    *ret = (struct mined){ 0 };
    struct counted best[MINE_KEYS_MAX];
    ret->keys_count = take(&miner->keys, groups, MINE_KEYS_MAX, best);
    for (uint32_t i = 0; i < ret->keys_count; i++)
        ret->keys[i] = best[i].text;
    ret->tokens_count = take(&miner->tokens, groups, MINE_TOKENS_MAX, best);
    for (uint32_t i = 0; i < ret->tokens_count; i++)
        ret->tokens[i] = best[i].text;
    ret->pairs_count = take(&miner->pairs, groups, MINE_PAIRS_MAX, best);
    for (uint32_t i = 0; i < ret->pairs_count; i++)
        ret->pairs[i] = (struct mine_pair){ best[i].text, best[i].close };
}
