/* carry - see carry.h. */
#include "promote/carry.h"

#include "base/mem.h"
#include "promote/carry_tool.h"

#include <inttypes.h>
#include <string.h>

enum { ROOM = 16, DEPTH_MAX = 64, TEXT_MAX = 400 };

const char *const carry_end_words[4] = {
    [CARRY_OK] = "ok",
    [CARRY_ERROR] = "error",
    [CARRY_DIVERGED] = "diverged",
    [CARRY_FAILED] = "failed",
};

/* Models write a member twice, and the recorded tools took it. */
static const struct json_limits lenient = { .depth_max = DEPTH_MAX, .duplicates = true };

static void add(struct carry_plan *plan, const struct carry_call *call, struct arena *arena)
{
    if (plan->calls_count == plan->calls_room) {
        size_t size = plan->calls_room * sizeof(*plan->calls);
        plan->calls_room = plan->calls_room ? plan->calls_room * 2 : ROOM;
        plan->calls = arena_grow(arena, plan->calls, size, plan->calls_room * sizeof(*plan->calls));
    }
    plan->calls[plan->calls_count++] = *call;
}

static bool recorded(
    const struct run_message *reply, uint32_t index, const struct effects_call *call)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (index >= reply->calls_count || !str_equal(reply->calls[index].name, call->name))
        return false;
    const struct json *before = json_read(&arena, reply->calls[index].args, &lenient, NULL);
    const struct json *after = json_read(&arena, call->args, &lenient, NULL);
    return before && after ? json_equal(before, after)
                           : str_equal(reply->calls[index].args, call->args);
}

void carry_add(struct carry_plan *plan, const struct run *run, uint32_t step,
    const struct effects *effects, bool first, struct arena *arena)
{
    const struct run_message *reply = &run->messages[run->steps[step]];
    for (uint32_t i = 0; i < effects->calls_count; i++) {
        const struct effects_call *call = &effects->calls[i];
        if (call->denied || recorded(reply, i, call))
            continue;
        add(plan, &(struct carry_call){ run, step, i, call->name, call->args, first }, arena);
        first = false;
    }
}

void carry_add_later(struct carry_plan *plan, const struct run *run, uint32_t step,
    const struct detector *detector, struct arena *arena)
{
    for (uint32_t later = step + 1; later < run->steps_count; later++) {
        struct effects effects;
        if (detector->frame(run, later, &effects, arena) == 1)
            carry_add(plan, run, later, &effects, false, arena);
    }
}

/* A line of moult-tool's input. Arguments go in canonical form: a model's own may have line ends in
 * them. */
static void print_call(struct buf *out, uint32_t id, struct str name, const struct json *args)
{
    buf_format(out, "{\"id\":%" PRIu32 ",\"tool\":", id);
    json_quote(out, name);
    buf_text(out, ",\"arguments\":");
    json_canonical(out, args);
    buf_text(out, "}\n");
}

/* The calls of the run before a place that were carried out. */
struct earlier {
    const struct run_call **calls;
    uint32_t count;
};

static bool is_before(const struct run_at *at, const struct carry_call *call)
{
    return at->step < call->step || (at->step == call->step && at->call_index < call->call);
}

static struct earlier find_earlier(const struct carry_call *call, struct arena *arena)
{
    struct earlier earlier = { 0 };
    struct run_cursor cursor = { 0 };
    struct run_at at;
    uint32_t count = 0;
    while (run_next_call(call->run, &cursor, &at))
        count += is_before(&at, call);
    earlier.calls = arena_alloc(arena, (count + 1) * sizeof(*earlier.calls));
    cursor = (struct run_cursor){ 0 };
    while (run_next_call(call->run, &cursor, &at))
        if (is_before(&at, call) && at.call->result >= 0 && (at.call->value || at.call->literal))
            earlier.calls[earlier.count++] = at.call;
    return earlier;
}

static void print_calls(struct buf *out, const struct carry_call *call, const struct json *args,
    const struct earlier *earlier)
{
    for (uint32_t i = 0; i < earlier->count; i++) {
        const struct run_call *one = earlier->calls[i];
        print_call(out, i, one->name, one->value ? one->value : one->literal);
    }
    print_call(out, earlier->count, call->name, args);
}

/* The text of an answer's content, as a model would get it. */
static struct str content_text(const struct json *content, struct arena *arena)
{
    CLEANUP(buf_done) struct buf all = { 0 };
    JSON_EACH(block, content)
    buf_str(&all, json_string(arena, json_get(block, "text")));
    return (struct str){ arena_string(arena, all.at ? all.at : "", all.size), all.size };
}

static bool same_text(struct str got, struct str want)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *a = json_read(&arena, got, NULL, NULL);
    const struct json *b = json_read(&arena, want, NULL, NULL);
    return a && b ? json_equal(a, b) : str_equal(got, want);
}

/* The next line of moult-tool's output as an object; NULL: there is none. */
static const struct json *next_line(struct str *left, struct arena *arena)
{
    const char *end = left->size > 0 ? memchr(left->at, '\n', left->size) : NULL;
    if (!end)
        return NULL;
    struct str line = { left->at, (size_t)(end - left->at) };
    left->at = end + 1;
    left->size -= line.size + 1;
    const struct json *root = json_read(arena, line, NULL, NULL);
    return json_is(root, JSON_OBJECT) ? root : NULL;
}

static struct carry_outcome ends(enum carry_end end, struct str text, struct arena *arena)
{
    char *words = arena_alloc(arena, TEXT_MAX);
    return (struct carry_outcome){ end, str_of(str_printable(words, TEXT_MAX, text, false)) };
}

static struct carry_outcome no_answer(const struct json *line, struct arena *arena)
{
    struct str why = json_string(arena, json_get(json_get(line, "error"), "text"));
    return ends(CARRY_FAILED, why.size > 0 ? why : STR("the tool program gave no answer"), arena);
}

static struct carry_outcome read_answers(struct str output, const struct carry_call *call,
    const struct earlier *earlier, struct arena *arena)
{
    for (uint32_t i = 0; i <= earlier->count; i++) {
        const struct json *line = next_line(&output, arena);
        if (!json_bool(json_get(line, "ok"), false) || json_int(json_get(line, "id"), -1) != i)
            return no_answer(line, arena);
        struct str text = content_text(json_get(line, "content"), arena);
        bool is_error = json_bool(json_get(line, "is_error"), true);
        if (i == earlier->count)
            return ends(is_error || run_error_text(text) ? CARRY_ERROR : CARRY_OK, text, arena);
        if (!same_text(text, call->run->messages[earlier->calls[i]->result].text))
            return ends(CARRY_DIVERGED, text, arena);
    }
    return no_answer(NULL, arena);
}

/* Text that outlives the one call. */
static struct carry_outcome keep(const struct carry_outcome *outcome, struct arena *arena)
{
    struct str text = outcome->text;
    return (struct carry_outcome){ outcome->end,
        { arena_string(arena, text.at, text.size), text.size } };
}

static int carry(struct carry_outcome *ret, struct carry_result *result,
    const struct carry_plan *plan, const struct carry_call *call, struct arena *kept,
    struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf input = { 0 };
    CLEANUP(buf_done) struct buf output = { 0 };
    struct earlier earlier = find_earlier(call, &arena);
    const struct json *args = json_read(&arena, call->args, &lenient, NULL);
    struct carry_outcome outcome = ends(CARRY_FAILED, STR("its arguments are no JSON"), &arena);
    if (args) {
        print_calls(&input, call, args, &earlier);
        int rc = carry_tool(&output, plan, buf_view(&input), result, err);
        if (rc < 0)
            return rc;
        struct str lines = buf_view(&output);
        const struct json *ready = next_line(&lines, &arena);
        outcome = json_bool(json_get(ready, "ready"), false)
                      ? read_answers(lines, call, &earlier, &arena)
                      : no_answer(ready, &arena);
    }
    *ret = keep(&outcome, kept);
    return 0;
}

static void count(struct carry_result *result, enum carry_end end, bool first)
{
    bool carried = end == CARRY_OK || end == CARRY_ERROR;
    result->diverged += end == CARRY_DIVERGED;
    result->failed += end == CARRY_FAILED;
    *(first ? &result->carried : &result->conditional) += carried;
    *(first ? &result->carried_ok : &result->conditional_ok) += end == CARRY_OK;
}

int carry_run(
    struct carry_result *ret, const struct carry_plan *plan, struct arena *arena, struct err *err)
{
    struct carry_result result = { 0 };
    result.outcomes = arena_alloc(arena, (plan->calls_count + 1) * sizeof(*result.outcomes));
    for (uint32_t i = 0; i < plan->calls_count; i++) {
        int rc = carry(&result.outcomes[i], &result, plan, &plan->calls[i], arena, err);
        if (rc < 0)
            return rc;
        count(&result, result.outcomes[i].end, plan->calls[i].first);
    }
    *ret = result;
    return 0;
}
