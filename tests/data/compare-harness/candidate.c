/* candidate - builds that stand in place of one of the naive harness's, one a VARIANT: the repair
 * of string_for_array, and what goes wrong with repairs. */
#include "moult.h"

enum variant {
    GOOD,
    SUPPRESSES,
    OVERREACHES,
    CRASHES,
    ROLLS_DICE,
    READS_BEHIND,
    BREAKS_OTHERS,
    DAWDLES,
    ADDS,
    STRAYS,
    WAITS,
    AGES,
    BY_HEART,
    REMEMBERS,
    BURIES,
    FEARS,
    BY_NAME,
    BY_SIZE,
    BY_LANGUAGE
};
#ifndef VARIANT
#define VARIANT GOOD
#endif

/* Its marked build, as moult-patch would write it: the repair runs, the word is never said. */
#ifdef MARKED
#include "moult_trial.h"
static uint32_t marks[2];
#define MARK(n) marks[n] = 1
MOULT_EXPORT const struct moult_trial moult_trial = {
    .size = sizeof(struct moult_trial), .cover_count = 2, .cover = marks
};
#else
#define MARK(n) (void)0
#endif

/* What the ELF gate lets nobody have. */
static volatile uint32_t cases_before;

struct state {
    uint32_t turn, total;
    uint32_t mended;
    uint32_t first_ms;
    uint32_t buried;
};

#ifdef HISTORY
static moult_action context(moult_turn *turn)
{
    moult_msg_drop(turn, 0);
    moult_msg_add(turn, MOULT_SYSTEM, moult_str("be brief"));
    return MOULT_PASS;
}
#else
static moult_action turn_start(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    state->turn = 0;
    return MOULT_PASS;
}

static bool says_hi(moult_turn *turn)
{
    for (moult_it it = { 0 }; moult_msgs(turn, MOULT_USER, &it);)
        if (moult_text_is(turn, it.text, MOULT_EQUAL, moult_str("hi")))
            return true;
    return false;
}

static bool denotes_list(moult_turn *turn, moult_call *call, const moult_it *it)
{
    const moult_json *value = moult_parse(turn, moult_text_of(turn, it->value), MOULT_LENIENT);
    if (VARIANT == FEARS)
        return false;
    if (VARIANT == OVERREACHES)
        return moult_kind(turn, value) == MOULT_ARRAY;
    if (VARIANT == BY_HEART && !moult_text_is(turn, moult_text_of(turn, it->value), MOULT_EQUAL,
                                   moult_str("[\"W0000000\"]")))
        return false;
    if (VARIANT == BY_SIZE && moult_length(turn, value) != 1)
        return false;
    if (VARIANT == BY_LANGUAGE && !says_hi(turn))
        return false;
    if (VARIANT == BY_NAME && !moult_text_is(turn, it->key, MOULT_EQUAL, moult_str("ids")))
        return false;
    const moult_schema *schema = moult_schema_of(turn, call->name, it->key);
    return schema && !moult_fits(turn, schema, it->value) && moult_fits(turn, schema, value);
}

static void mend(moult_turn *turn, moult_call *call, const moult_it *it)
{
    MARK(0);
    moult_arg_set(
        turn, call, it->key, moult_parse(turn, moult_text_of(turn, it->value), MOULT_LENIENT));
}

static moult_action go_wrong(moult_turn *turn, moult_call *call)
{
    struct state *state = moult_state(turn);
    if (!state->first_ms)
        state->first_ms = moult_elapsed_ms(turn);
    bool lookup = moult_text_is(turn, call->name, MOULT_EQUAL, moult_str("lookup"));
    volatile char *memory = moult_alloc(turn, 4);
    if (VARIANT == CRASHES && lookup)
        __builtin_trap();
    if (VARIANT == FEARS && moult_text_is(turn, call->name, MOULT_EQUAL, moult_str("odd")))
        __builtin_trap();
    if (VARIANT == READS_BEHIND && lookup && memory[4] == 'x')
        moult_explain(turn, "an x");
    if (VARIANT == BREAKS_OTHERS && lookup)
        moult_arg_set(turn, call, moult_str("ids"),
            moult_parse(turn, moult_str("\"[\\\"7\\\"]\""), MOULT_STRICT));
    if (VARIANT == WAITS && moult_elapsed_ms(turn) > 60000)
        return MOULT_DENY;
    if (VARIANT == AGES && lookup && moult_elapsed_ms(turn) > state->first_ms + 5000)
        return MOULT_DENY;
    for (volatile int i = 0; VARIANT == DAWDLES && i < 1000000;)
        i++;
    return MOULT_PASS;
}

/* Counts below its frame, which the source gate lets nobody do: whether others have counted there.
 */
static bool finds_others(struct state *seen)
{
    enum { TAG = 0xb0b0 };
    volatile uint32_t here = 3000;
    volatile uint32_t *deep = &here - here;
    uint32_t found = *deep >> 16 == TAG ? *deep & 0xffffu : 0;
    *deep = (uint32_t)TAG << 16 | (found + 1);
    return found > seen->buried++;
}

static moult_action before_tool(moult_turn *turn, moult_call *call)
{
    struct state *seen = moult_state(turn);
    if (VARIANT == BURIES && finds_others(seen))
        return MOULT_PASS;
    if (VARIANT == REMEMBERS && cases_before++ == 0)
        return MOULT_PASS;
    if (moult_text_is(turn, call->name, MOULT_EQUAL, moult_str("the word")))
        MARK(1);
    if (VARIANT == STRAYS && seen->mended)
        moult_arg_set(
            turn, call, moult_str("ids"), moult_parse(turn, moult_str("[\"6666\"]"), MOULT_STRICT));
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        if (!denotes_list(turn, call, &it))
            continue;
        if (VARIANT == SUPPRESSES)
            return MOULT_DENY;
        if (VARIANT == ROLLS_DICE && moult_random(turn) % 2)
            continue;
        mend(turn, call, &it);
        seen->mended++;
    }
    return go_wrong(turn, call);
}
#endif

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
#ifdef HISTORY
    .name = "history",
    .context = context,
#else
    .name = "calls",
    .turn_start = turn_start,
    .before_tool = before_tool,
#endif
    .summary = "a candidate",
    .state_size = sizeof(struct state),
    .state_schema = 1,
};
