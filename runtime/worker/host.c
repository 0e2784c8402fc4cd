/* host - the table itself, and the functions that are no verbs: state, memory, words, chance,
 * asking. */
#include "worker/host.h"

#include <stdio.h>
#include <string.h>

bool host_charge(struct turn *turn, uint64_t bytes)
{
    if (turn->overdrawn || bytes > HOST_WORK_MAX - turn->work)
        return false;
    turn->work += (uint32_t)bytes;
    if (turn->arena.used > HOST_MEMORY_MAX)
        turn->overdrawn = true;
    return !turn->overdrawn;
}

static void *host_state(moult_turn *face)
{
    struct turn *turn = host_turn(face);
    uint32_t size = turn->build->plugin->state_size;
    if (size == 0)
        return NULL;
    struct state *state = &turn->session->states[turn->build - turn->session->harness->builds];
    if (!turn->state_taken) {
        turn->state_before = arena_copy(&turn->arena, state->live, size);
        turn->state_taken = state->touched = true;
    }
    return state->live;
}

static void *host_alloc(moult_turn *face, uint32_t size)
{
    struct turn *turn = host_turn(face);
    if (size > HOST_MEMORY_MAX || turn->arena.used + size > HOST_MEMORY_MAX)
        return NULL;
    return host_memory(turn, size);
}

static struct str format_text(struct turn *turn, size_t max, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int wanted = vsnprintf(NULL, 0, format, args);
    struct str text = { 0 };
    size_t size = wanted < 0 ? 0 : (size_t)wanted < max ? (size_t)wanted : max;
    if (size > 0 && host_charge(turn, size)) {
        char *at = arena_alloc(&turn->arena, size + 1);
        vsnprintf(at, size + 1, format, again);
        text = (struct str){ at, size };
    }
    va_end(again);
    return text;
}

static void host_explain(moult_turn *face, const char *format, va_list args)
{
    struct turn *turn = host_turn(face);
    turn->explanation = format_text(turn, WIRE_TEXT_MAX - 1, format, args);
}

static moult_text host_format(moult_turn *face, const char *format, va_list args)
{
    return host_text(format_text(host_turn(face), WIRE_BYTES_MAX, format, args));
}

static uint32_t host_elapsed(moult_turn *turn)
{
    return host_turn(turn)->elapsed_ms;
}

/* A function of where the turn stands, so that a hook that is called again draws the same numbers.
 */
static uint64_t host_random(moult_turn *face)
{
    struct turn *turn = host_turn(face);
    uint64_t place[] = { turn->session->conversation.count, turn->hook, turn->place, turn->index,
        turn->attempt, turn->rounds, turn->randoms++ };
    return hash_fast(place, sizeof(place), turn->session->seed);
}

static bool same_request(const struct asked *asked, const struct moult_request *request)
{
    return asked->what == (uint32_t)request->what &&
           str_equal(asked->name, host_str(request->name)) &&
           str_equal(asked->text, host_str(request->text));
}

static struct str keep(struct turn *turn, moult_text text)
{
    return (struct str){ arena_copy(&turn->arena, text.at, text.size), text.size };
}

static bool host_ask(moult_turn *face, const struct moult_request *request, moult_text *ret)
{
    struct turn *turn = host_turn(face);
    uint32_t number = turn->asked++;
    if (number < turn->asks_count) {
        const struct asked *asked = &turn->asks[number];
        if (!asked->answered || !same_request(asked, request))
            return false;
        if (ret)
            *ret = host_text(asked->result);
        return true;
    }
    if (turn->pending || number >= ASKS_MAX || request->name.size >= WIRE_TEXT_MAX ||
        request->text.size > WIRE_BYTES_MAX)
        return false;
    turn->asks[turn->asks_count++] = (struct asked){
        .what = (uint32_t)request->what,
        .name = keep(turn, request->name),
        .text = keep(turn, request->text),
    };
    turn->pending = true;
    return false;
}

const struct moult_host host_table = { .abi = MOULT_ABI,
    .size = sizeof(struct moult_host),
    .state = host_state,
    .explain = host_explain,
    .alloc = host_alloc,
    .format = host_format,
    .elapsed_ms = host_elapsed,
    .random = host_random,
    .ask = host_ask,
#define ROW(returns, name, params, args, sig, purity, effect, cost, summary) .name = host_##name,
    MOULT_VERBS(ROW)
#undef ROW
};
