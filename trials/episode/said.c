/* said - see said.h. */
#include "trials/episode/said.h"

#include "base/json.h"
#include "base/mem.h"

/* Of messages that builds write: what is theirs alone is bounded, whatever they repeat. */
#define SETTLED_MAX ((size_t)256 << 20)

static struct str keep(struct said *talk, struct str bytes)
{
    return (
        struct str){ arena_string(talk->arena, bytes.at ? bytes.at : "", bytes.size), bytes.size };
}

void said_add(struct said *talk, struct str bytes, bool failed)
{
    if (talk->count == talk->room) {
        uint32_t room = talk->room ? talk->room * 2 : 32;
        talk->messages = arena_grow(talk->arena, talk->messages,
            talk->room * sizeof *talk->messages, room * sizeof *talk->messages);
        talk->room = room;
    }
    talk->messages[talk->count++] = (struct wire_message){ keep(talk, bytes), failed };
}

static int broken(struct err *err, const char *what)
{
    return err_set(err, ERR_PEER, "protocol: the worker %s", what);
}

/* --- what a turn settles */

static const struct said_answer *answer_of(
    const struct said_answer *answers, uint32_t count, uint32_t effect)
{
    for (uint32_t i = count; i-- > 0;)
        if (answers[i].effect == effect)
            return &answers[i];
    return NULL;
}

/* As the worker's own (docs/reference/messages.md). */
static struct str result_message(struct said *talk, const struct said_answer *answer)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"role\":\"tool\"");
    if (answer->id.size > 0) {
        buf_text(&out, ",\"tool_call_id\":");
        json_quote(&out, answer->id);
    }
    buf_text(&out, ",\"name\":");
    json_quote(&out, answer->name);
    buf_text(&out, ",\"content\":");
    json_quote(&out, answer->bytes);
    buf_char(&out, '}');
    return keep(talk, buf_view(&out));
}

static int settle_one(struct said *talk, const struct said_answer *answers, uint32_t answers_count,
    const struct wire_settled *settled, struct err *err)
{
    const struct said_answer *answer = answer_of(answers, answers_count, settled->effect);
    if (settled->replaces > 0) {
        if (settled->replaces > talk->count || settled->bytes.size == 0)
            return broken(err, "replaces a message that is not there");
        talk->messages[settled->replaces - 1].bytes = keep(talk, settled->bytes);
        return 0;
    }
    if (talk->count == WIRE_MESSAGES_MAX)
        return broken(err, "settles more messages than a conversation has");
    if ((talk->size += settled->bytes.size) > SETTLED_MAX)
        return broken(err, "settles more than a conversation has room for");
    if (settled->bytes.size > 0) {
        said_add(talk, settled->bytes, answer && answer->failed);
        return 0;
    }
    if (!answer)
        return broken(err, "settles the result of an effect that it never had");
    said_add(talk, answer->kind == WIRE_TOOL ? result_message(talk, answer) : answer->bytes,
        answer->failed);
    return 0;
}

int said_settle(struct said *talk, const struct said_answer *answers, uint32_t answers_count,
    const struct wire_settled *settled, uint32_t count, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = settle_one(talk, answers, answers_count, &settled[i], err);
    return rc;
}

static struct said_state *state_of(struct said *talk, struct str plugin)
{
    for (uint32_t i = 0; i < talk->states_count; i++)
        if (str_equal(talk->states[i].plugin, plugin))
            return &talk->states[i];
    if (talk->states_count == WIRE_PLUGINS_MAX)
        return NULL;
    talk->states[talk->states_count].plugin = keep(talk, plugin);
    return &talk->states[talk->states_count++];
}

int said_keep(struct said *talk, const struct wire_state *states, uint32_t count, struct err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        struct said_state *state = state_of(talk, states[i].plugin);
        if (!state)
            return broken(err, "keeps states of more plugins than there are");
        state->schema = states[i].schema;
        state->bytes = keep(talk, states[i].bytes);
    }
    return 0;
}

uint32_t said_states(const struct said *talk, struct wire_state states[WIRE_PLUGINS_MAX])
{
    for (uint32_t i = 0; i < talk->states_count; i++)
        states[i] = (struct wire_state){ talk->states[i].plugin, talk->states[i].schema,
            talk->states[i].bytes };
    return talk->states_count;
}

/* --- a request */

int said_request(struct said *talk, const struct wire_effect *effect, struct arena *arena,
    struct str **ret, uint32_t *ret_count, struct err *err)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        if (part->count > 0 && (uint64_t)part->from + part->count > talk->count)
            return broken(err, "asks with a message that is not there");
        count += part->count ? part->count : 1;
    }
    if (count > WIRE_MESSAGES_MAX)
        return broken(err, "asks with more messages than a conversation has");
    *ret = arena_alloc(arena, (count + 1) * sizeof **ret);
    *ret_count = 0;
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        for (uint32_t k = 0; k < part->count; k++)
            (*ret)[(*ret_count)++] = talk->messages[part->from + k].bytes;
        if (part->count == 0)
            (*ret)[(*ret_count)++] = part->bytes;
    }
    return 0;
}
