/* make - see make.h. */
#include "trials/case/make.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct making {
    const struct run *run;
    struct arena *arena;
    struct err *err;
    const struct json **messages, **inbox;
    struct case_recorded *recorded;
};

static const struct json *value_of(struct making *m, struct str bytes, uint32_t index)
{
    const struct json *value = case_value(m->arena, bytes, m->err);
    if (!value && m->err)
        err_while(m->err, "message %u", index);
    return value;
}

/* What the system says before anybody else is state; the rest is recorded. */
static uint32_t count_leading(const struct run *run)
{
    uint32_t leading = 0;
    while (leading < run->messages_count && run->messages[leading].role == RUN_SYSTEM)
        leading++;
    return leading;
}

static int add_message(struct making *m, struct trial_case *of, uint32_t index)
{
    const struct run_message *message = &m->run->messages[index];
    struct case_recorded *entry = &m->recorded[of->model.recorded_count++];
    const struct json *value = value_of(m, message->bytes, index);
    *entry = (struct case_recorded){ .inbox = UINT32_MAX };
    if (!value)
        return -ERR_INPUT;
    if (message->role == RUN_USER) {
        entry->inbox = of->inbox_count;
        m->inbox[of->inbox_count++] = value;
        return 0;
    }
    entry->message = value;
    entry->failed = message->role == RUN_RESULT && message->failed;
    if (message->own.size > 0 && !(entry->said = value_of(m, message->own, index)))
        return -ERR_INPUT;
    return 0;
}

static int add_messages(struct making *m, struct trial_case *of)
{
    uint32_t leading = count_leading(m->run), count = m->run->messages_count;
    m->messages = arena_alloc(m->arena, (leading + 1) * sizeof *m->messages);
    m->inbox = arena_alloc(m->arena, (count + 1) * sizeof *m->inbox);
    m->recorded = arena_alloc(m->arena, (count + 1) * sizeof *m->recorded);
    for (uint32_t i = 0; i < leading; i++)
        if (!(m->messages[i] = value_of(m, m->run->messages[i].bytes, i)))
            return -ERR_INPUT;
    of->state.messages = m->messages;
    of->state.messages_count = leading;
    of->inbox = m->inbox;
    of->model.recorded = m->recorded;
    for (uint32_t i = leading; i < count; i++) {
        int rc = add_message(m, of, i);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int add_tools(struct making *m, struct trial_case *of)
{
    static const struct str none[1];
    const struct run_tools *tools = m->run->tools;
    if (!m->run->offered)
        of->settings.offered = none;
    if (!tools)
        return 0;
    const struct json *list = case_value(m->arena, tools->bytes, m->err);
    if (!list)
        return -ERR_INPUT;
    of->tools = arena_alloc(m->arena, (list->count + 1) * sizeof *of->tools);
    JSON_EACH(schema, list)
    {
        struct case_tool *tool = &of->tools[of->tools_count++];
        tool->schema = schema;
        tool->recorded = true;
        tool->name = json_string(m->arena, json_get(json_get(schema, "function"), "name"));
    }
    return 0;
}

static void add_models(struct making *m, struct trial_case *of)
{
    struct str *models;
    if (m->run->models < 2)
        return;
    models = arena_alloc(m->arena, m->run->models * sizeof *models);
    for (uint32_t i = 0; i < m->run->models; i++)
        models[i] = str_of(arena_format(m->arena, "model%u", i));
    of->settings.models = models;
    of->settings.models_count = m->run->models;
}

int case_of_run(struct trial_case *ret, const struct run *run, uint32_t step, struct arena *arena,
    struct err *err)
{
    struct making making = { .run = run, .arena = arena, .err = err };
    struct trial_case of;
    case_begin(&of);
    of.origin.from = CASE_FROM_TRACE;
    of.origin.session = run->session;
    of.origin.step = step;
    of.origin.group = run->group;
    of.origin.format = run->source;
    of.origin.claims = run->claims;
    of.model.solved = run->graded && run->solved;
    int rc = add_messages(&making, &of);
    if (rc == 0)
        rc = add_tools(&making, &of);
    if (rc < 0)
        return rc;
    add_models(&making, &of);
    *ret = of;
    return 0;
}

/* --- scripts of recorded answers */

struct pair {
    const struct run_call *call;
    const struct run_message *result;
    struct digest key; /* of the canonical arguments */
    uint32_t order;
};

static int by_key(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = memcmp(a->key.at, b->key.at, sizeof a->key.at);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* A tool's answered calls, equal arguments side by side in their order. */
static uint32_t find_pairs(
    struct pair *pairs, const struct run *run, struct str name, uint32_t *ret_left)
{
    struct run_at at;
    uint32_t count = 0;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        if (!str_equal(at.call->name, name))
            continue;
        if (at.call->result < 0 || !at.call->value) {
            ++*ret_left;
            continue;
        }
        pairs[count] = (struct pair){ .call = at.call,
            .result = &run->messages[at.call->result],
            .key = at.call->key,
            .order = count };
        count++;
    }
    if (count > 0)
        qsort(pairs, count, sizeof *pairs, by_key);
    return count;
}

static bool same_answer(const struct run_message *a, const struct run_message *b)
{
    return a->failed == b->failed && str_equal(a->text, b->text);
}

/* One rule for each answer that is not the next one's: `times` counts the calls that it is for. */
static int add_rules(struct case_tool *tool, struct pair *pairs, uint32_t count,
    struct arena *arena, struct err *err)
{
    struct case_rule *rules = arena_alloc(arena, (count + 1) * sizeof *rules);
    uint32_t made = 0, times = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool last = i + 1 == count || memcmp(&pairs[i].key, &pairs[i + 1].key, sizeof pairs[i].key);
        times++;
        if (!last && same_answer(pairs[i].result, pairs[i + 1].result))
            continue;
        CLEANUP(buf_done) struct buf text = { 0 };
        json_quote(&text, pairs[i].result->text);
        struct case_rule *rule = &rules[made++];
        *rule = (struct case_rule){
            .exact = true, .times = last ? UINT32_MAX : times, .failed = pairs[i].result->failed
        };
        rule->arguments = case_value(arena, pairs[i].call->args, err);
        rule->result = case_value(arena, str_of(arena_string(arena, text.at, text.size)), err);
        if (!rule->arguments || !rule->result)
            return -ERR_INPUT;
        times = 0;
    }
    tool->recorded = false;
    tool->script = rules;
    tool->script_count = made;
    return 0;
}

int case_script_tools(struct trial_case *of, const struct run *run, uint32_t *ret_left,
    struct arena *arena, struct err *err)
{
    uint32_t calls = 0;
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        calls++;
    struct pair *pairs = arena_alloc(arena, (calls + 1) * sizeof *pairs);
    *ret_left = 0;
    for (uint32_t i = 0; i < of->tools_count; i++) {
        uint32_t count = find_pairs(pairs, run, of->tools[i].name, ret_left);
        int rc = add_rules(&of->tools[i], pairs, count, arena, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
