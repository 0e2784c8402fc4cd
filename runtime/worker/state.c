/* state - what a plugin keeps of a session: plain bytes that only grow at their end.
 *
 * Two copies: the live one that hooks write, and the one of the last settled point, which travels
 * with effects. A turn that moves to another worker starts from the latter and runs the hooks
 * behind it again. Bytes that a newer build appended stay behind an older build's prefix. */
#include "worker/turn.h"

#include "base/mem.h"

#include <string.h>

static void make_state(struct state *state, uint32_t size, uint32_t schema)
{
    *state = (struct state){ .size = size, .schema = schema };
    state->live = mem_zero(1, size ? size : 1);
    state->settled = mem_zero(1, size ? size : 1);
}

static const struct wire_state *find_state(
    const struct wire_state *states, uint32_t count, struct str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(states[i].plugin, name))
            return &states[i];
    return NULL;
}

void state_open(struct session *session, const struct wire_state *states, uint32_t count)
{
    const struct harness *harness = session->harness;
    for (uint32_t i = 0; i < harness->builds_count; i++) {
        const struct build *build = &harness->builds[i];
        const struct wire_state *old = find_state(states, count, build->name);
        bool keep = old && old->schema == build->plugin->state_schema;
        uint32_t size = build->plugin->state_size;
        if (keep && old->bytes.size > size)
            size = (uint32_t)old->bytes.size;
        make_state(&session->states[i], size, build->plugin->state_schema);
        if (!keep)
            continue;
        memcpy(session->states[i].live, old->bytes.at, old->bytes.size);
        memcpy(session->states[i].settled, old->bytes.at, old->bytes.size);
    }
}

void state_done(struct session *session)
{
    for (uint32_t i = 0; i < session->harness->builds_count; i++) {
        mem_freep(&session->states[i].live);
        mem_freep(&session->states[i].settled);
    }
}

void state_settle(struct session *session)
{
    for (uint32_t i = 0; i < session->harness->builds_count; i++) {
        struct state *state = &session->states[i];
        if (!state->touched)
            continue;
        state->touched = false;
        if (memcmp(state->live, state->settled, state->size) == 0)
            continue;
        memcpy(state->settled, state->live, state->size);
        state->unsent = true;
    }
}

uint32_t state_list(struct session *session, struct wire_state *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->harness->builds_count; i++) {
        struct state *state = &session->states[i];
        if (!state->unsent)
            continue;
        state->unsent = false;
        out[count++] = (struct wire_state){ session->harness->builds[i].name, state->schema,
            { state->settled, state->size } };
    }
    return count;
}

void state_restore(struct session *session)
{
    for (uint32_t i = 0; i < session->harness->builds_count; i++) {
        struct state *state = &session->states[i];
        if (state->touched)
            memcpy(state->live, state->settled, state->size);
        state->touched = false;
    }
}
