/* said - the conversation of a run as the host has it: what was said before, what turns have
 * settled since, and what plugins keep. A worker that dies is replaced by one that goes on from
 * here. */
#pragma once

#include "base/arena.h"
#include "wire/effect.h"

struct said_state { /* that a plugin keeps */
    struct str plugin, bytes;
    uint32_t schema;
};
struct said {
    struct arena *arena;
    struct wire_message *messages;
    uint32_t count, room;
    size_t size; /* of what builds wrote */
    struct said_state states[WIRE_PLUGINS_MAX];
    uint32_t states_count;
};
/* Bytes are copied. */
void said_add(struct said *talk, struct str bytes, bool failed);
/* An effect that was answered, by its number: what a settled message refers to. */
struct said_answer {
    uint32_t effect;
    uint8_t kind;              /* WIRE_MODEL: the assistant message; WIRE_TOOL: */
    struct str bytes;          /* the text of the result of */
    struct str id, name, args; /* this call, as the harness asked for it */
    bool failed;
    bool carried; /* of a call */
};
/* Takes what came with an effect or an end. ERR_PEER: it settles what never was. */
int said_settle(struct said *talk, const struct said_answer *answers, uint32_t answers_count,
    const struct wire_settled *settled, uint32_t count, struct err *err);
int said_keep(struct said *talk, const struct wire_state *states, uint32_t count, struct err *err);
/* What a model will see: slices of messages and of the effect; ERR_PEER: a part is out of bounds.
 */
int said_request(struct said *talk, const struct wire_effect *effect, struct arena *arena,
    struct str **ret, uint32_t *ret_count, struct err *err);
/* For WIRE_OPEN. */
uint32_t said_states(const struct said *talk, struct wire_state states[WIRE_PLUGINS_MAX]);
