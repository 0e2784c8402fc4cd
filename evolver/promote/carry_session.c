/* carry_session - see carry_session.h. */
#include "promote/carry_session.h"

#include "base/mem.h"
#include "base/result_text.h"

#include <inttypes.h>
#include <string.h>

enum { DEPTH_MAX = 64, TEXT_MAX = 400 };

/* One call in; its number is its id. */
struct carry_line {
    const struct run_call *recorded; /* NULL: the mended call whose turn it is */
    const struct json *args;         /* NULL: it has none that can be sent */
};

/* Models write a member twice, and the recorded tools took it. */
static const struct json_limits lenient = { .depth_max = DEPTH_MAX, .duplicates = true };

static bool writes(const struct carry_call *call)
{
    const struct run_tool *tool = run_tool_find(call->run, call->name);
    return !tool || tool->write;
}

/* Is the recorded call at this place one of those before the other? */
static bool is_before(uint32_t step, uint32_t call, const struct carry_call *other)
{
    return step < other->step || (step == other->step && call < other->call);
}

static uint32_t count_calls(const struct carry_plan *plan, uint32_t first)
{
    uint32_t i = first;
    for (; i + 1 < plan->calls_count && !writes(&plan->calls[i]); i++) {
        const struct carry_call *one = &plan->calls[i], *next = one + 1;
        if (next->run != one->run || !is_before(one->step, one->call, next))
            break;
    }
    return i + 1 - first;
}

/* Arguments go in canonical form: a model's own may have line ends in them. */
static void print(struct buf *out, uint32_t id, struct str name, const struct json *args)
{
    buf_format(out, "{\"id\":%" PRIu32 ",\"tool\":", id);
    json_quote(out, name);
    buf_text(out, ",\"arguments\":");
    json_canonical(out, args);
    buf_text(out, "}\n");
}

static void add_recorded(
    struct carry_session *session, const struct run_call *call, struct buf *input)
{
    const struct json *args = call->value ? call->value : call->literal;
    if (call->result < 0 || !args)
        return;
    print(input, session->lines_count, call->name, args);
    session->lines[session->lines_count++] = (struct carry_line){ call, args };
}

static void add_mended(
    struct carry_session *session, const struct carry_call *call, struct buf *input)
{
    const struct json *args = json_read(&session->arena, call->args, &lenient, NULL);
    if (args)
        print(input, session->lines_count, call->name, args);
    session->lines[session->lines_count++] = (struct carry_line){ NULL, args };
}

static uint32_t count_recorded(const struct run *run)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->messages_count; i++)
        count += run->messages[i].calls_count;
    return count;
}

void carry_session_begin(
    struct carry_session *ret, const struct carry_plan *plan, uint32_t first, struct buf *input)
{
    const struct run *run = plan->calls[first].run;
    struct run_cursor cursor = { 0 };
    struct run_at at;
    *ret = (struct carry_session){ plan, first, count_calls(plan, first) };
    ret->lines = arena_alloc(&ret->arena, (count_recorded(run) + ret->count) * sizeof(*ret->lines));
    bool more = run_next_call(run, &cursor, &at);
    for (uint32_t i = first; i < first + ret->count; i++) {
        const struct carry_call *call = &plan->calls[i];
        for (; more && is_before(at.step, at.call_index, call);
             more = run_next_call(run, &cursor, &at))
            add_recorded(ret, at.call, input);
        add_mended(ret, call, input);
    }
}

void carry_session_done(struct carry_session *session)
{
    arena_done(&session->arena);
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

static struct carry_outcome outcome(enum carry_end end, struct str text, struct arena *arena)
{
    char *words = arena_alloc(arena, TEXT_MAX);
    return (struct carry_outcome){ end, str_of(str_printable(words, TEXT_MAX, text, false)) };
}

static struct carry_outcome no_answer(const struct json *line, struct arena *arena)
{
    struct str why = json_string(arena, json_get(json_get(line, "error"), "text"));
    return outcome(
        CARRY_FAILED, why.size > 0 ? why : STR("the tool program gave no answer"), arena);
}

static struct carry_outcome tool_says(const struct json *line, struct str text, struct arena *arena)
{
    bool no = json_bool(json_get(line, "is_error"), true) || result_text_failed(text);
    return outcome(no ? CARRY_ERROR : CARRY_OK, text, arena);
}

uint32_t carry_session_read(const struct carry_session *session, struct str output,
    struct carry_outcome *outcomes, struct arena *arena)
{
    CLEANUP(arena_done) struct arena own = { 0 };
    const struct run *run = session->plan->calls[session->first].run;
    struct carry_outcome *next = outcomes + session->first, *begin = next;
    const struct json *line = next_line(&output, &own);
    bool ready = json_bool(json_get(line, "ready"), false);
    for (uint32_t i = 0; ready && i < session->lines_count; i++) {
        const struct carry_line *asked = &session->lines[i];
        if (!asked->args) {
            *next++ = outcome(CARRY_FAILED, STR("its arguments are no JSON"), arena);
            continue;
        }
        line = next_line(&output, &own);
        ready = json_bool(json_get(line, "ok"), false) && json_int(json_get(line, "id"), -1) == i;
        if (!ready)
            break;
        struct str text = content_text(json_get(line, "content"), &own);
        if (!asked->recorded)
            *next++ = tool_says(line, text, arena);
        else if (!same_text(text, run->messages[asked->recorded->result].text))
            while (next < begin + session->count)
                *next++ = outcome(CARRY_DIVERGED, text, arena);
        if (next == begin + session->count)
            break;
    }
    if (!ready)
        *next++ = no_answer(line, arena);
    return (uint32_t)(next - begin);
}
