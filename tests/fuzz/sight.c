/* Any bytes as what a worker says in one step, a reply or an error: read, refused, or over with
 * sealed effects; never more than the step has. */
#include "trials/sight.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define REPLY                                                                                      \
    "{\"role\":\"assistant\",\"content\":\"Look.\",\"tool_calls\":[{\"id\":\"c1\",\"type\":"       \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}}]}"

#define ERROR "{\"role\":\"error\",\"class\":\"rate_limit\",\"attempt\":1,\"models\":2}"

static struct run *recorded(struct arena *arena)
{
    struct run *run = run_new(arena);
    int rc = run_add(run, STR(USER), false, NULL);
    rc |= run_add(run, STR(ERROR), false, NULL);
    rc |= run_add(run, STR(REPLY), false, NULL);
    assert(rc == 0);
    run_seal(run);
    return run;
}

/* The next payload behind its length in two bytes. */
static bool cut(struct str *rest, struct str *ret)
{
    if (rest->size < 2)
        return false;
    size_t size = (size_t)(uint8_t)rest->at[0] | (size_t)(uint8_t)rest->at[1] << 8;
    *rest = (struct str){ rest->at + 2, rest->size - 2 };
    if (size > rest->size)
        return false;
    *ret = (struct str){ rest->at, size };
    *rest = (struct str){ rest->at + size, rest->size - size };
    return true;
}

static void play(const struct run *run, uint32_t step, struct str rest, struct arena *arena)
{
    struct str payload;
    struct sight sight;
    struct wire message;
    int next = SIGHT_WAIT;
    sight_begin(&sight, run, step, 9, arena);
    while (next >= 0 && next != SIGHT_OVER && cut(&rest, &payload)) {
        if (wire_decode(&message, arena, payload, WIRE_FROM_WORKER, NULL) < 0)
            return;
        next = sight_take(&sight, &message, NULL);
        assert(next != SIGHT_REPLY || message.type == WIRE_EFFECT);
    }
    if (next != SIGHT_OVER)
        return;
    assert(!hash_zero(&sight.effects.digest));
    assert(sight.effects.calls_count <= WIRE_CALLS_MAX);
    assert(!sight.effects.same || sight.number);
    assert(!sight.effects.again || (step == 0 && sight.requests > 2));
    assert(sight_holds(&sight) <= run->messages_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct run *run = recorded(&arena);
    for (uint32_t step = 0; step < run->steps_count; step++)
        play(run, step, (struct str){ (const char *)data, size }, &arena);
    return 0;
}
