/* evidence_print - the bundle as JSON.
 *
 * Recorded messages are written anew from what was read of them: a recording may repeat a member,
 * which a strict reader refuses. Results are cut, since a proposer needs to know what a call came
 * back with and not the whole of a customer's orders. Replies are cut as well where they are no
 * reply that anybody reads, and left out where all that was printed is much: a few recordings of a
 * stranger must not make a bundle that nobody can keep. */
#include "promote/evidence.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/cluster.h"

#include <ctype.h>
#include <string.h>

enum {
    EARLIER_MAX = 24,
    RESULT_MAX = 600,
    PASSES_MAX = 200,
    TEXT_MAX = 256 << 10, /* of a recording */
    PAST_CASES_MAX = 64,  /* of each kind, of one candidate */
    TEXTS_MAX = 12 << 20  /* once that is printed, no more of them */
};

static void member(struct buf *out, const char *name, struct str text)
{
    buf_format(out, ",\"%s\":", name);
    json_quote(out, text);
}

/* A recording's text, as much of it as there is room for. */
static struct str cut(const struct buf *out, struct str text)
{
    size_t max = out->size < TEXTS_MAX ? TEXT_MAX : 0;
    return text.size > max ? (struct str){ text.at, max } : text;
}

/* --- sources */

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* `.WORD =` somewhere behind the export's name: the plugin stands on that hook. */
static bool stands_on(struct str source, const char *hook)
{
    ptrdiff_t from = str_find(source, STR("moult_plugin moult_plugin"));
    size_t size = strlen(hook);
    for (size_t i = from < 0 ? source.size : (size_t)from; i + size + 1 < source.size; i++) {
        const char *at = source.at + i;
        if (*at != '.' || memcmp(at + 1, hook, size) != 0 || is_name(at[size + 1]))
            continue;
        struct str rest = str_trim((struct str){ at + size + 1, source.size - i - size - 1 });
        if (rest.size > 0 && *rest.at == '=')
            return true;
    }
    return false;
}

/* build: of an earlier version. */
static void print_plugin(struct buf *out, const struct harness_source *source, struct str build)
{
    const char *between = "";
    buf_text(out, "{\"name\":");
    json_quote(out, source->name);
    member(out, "path", source->path);
    member(out, "source", source->text);
    buf_text(out, ",\"hooks\":[");
    for (size_t i = 0; i < COUNT_OF(cluster_hook_words); i++)
        if (stands_on(source->text, cluster_hook_words[i])) {
            buf_format(out, "%s\"%s\"", between, cluster_hook_words[i]);
            between = ",";
        }
    buf_char(out, ']');
    if (build.size > 0)
        member(out, "build", build);
    buf_char(out, '}');
}

static bool is_pipeline(const struct harness_source *source)
{
    return str_equal(source->name, STR(HARNESS_PIPELINE));
}

static void print_plugins(struct buf *out, const struct harness *harness)
{
    const char *between = "\n";
    buf_char(out, '[');
    for (uint32_t i = 0; harness && i < harness->count; i++) {
        if (is_pipeline(&harness->at[i]))
            continue;
        buf_text(out, between);
        print_plugin(out, &harness->at[i], (struct str){ 0 });
        between = ",\n";
    }
    buf_char(out, ']');
}

static void print_earlier_versions(struct buf *out, const struct evidence_plan *plan)
{
    buf_char(out, '[');
    for (unsigned i = 0; i < plan->earlier_count; i++) {
        buf_text(out, i ? ",\n" : "\n");
        print_plugin(out, &plan->earlier[i].source, plan->earlier[i].build);
    }
    buf_char(out, ']');
}

static void print_pipeline(struct buf *out, const struct harness *harness)
{
    for (uint32_t i = 0; i < harness->count; i++)
        if (is_pipeline(&harness->at[i])) {
            buf_text(out, "{\"path\":");
            json_quote(out, harness->at[i].path);
            member(out, "source", harness->at[i].text);
            buf_char(out, '}');
            return;
        }
    buf_text(out, "null");
}

/* --- lists of tools: few, however many runs have them */

struct lists {
    const struct run_tools **at;
    uint32_t count;
};

static const struct run_tools *offered(const struct evidence_step *step)
{
    return step->run->offered ? step->run->tools : NULL;
}

static uint32_t list_of(struct lists *lists, const struct run_tools *tools)
{
    for (uint32_t i = 0; i < lists->count; i++)
        if (lists->at[i] == tools ||
            (!hash_zero(&tools->digest) && hash_equal(&lists->at[i]->digest, &tools->digest)))
            return i;
    lists->at[lists->count] = tools;
    return lists->count++;
}

static void print_tools(struct buf *out, struct lists *lists, const struct evidence *evidence)
{
    for (uint32_t i = 0; i < evidence->steps_count; i++)
        if (offered(&evidence->steps[i]))
            list_of(lists, offered(&evidence->steps[i]));
    buf_text(out, ",\n\"tools\":[");
    for (uint32_t i = 0; i < lists->count; i++) {
        buf_text(out, i ? ",\n" : "\n");
        run_tools_print(out, lists->at[i]);
    }
    buf_char(out, ']');
}

/* --- steps */

static void print_want(struct buf *out, const struct evidence_digests *want)
{
    buf_format(out, ",\"want\":{\"calls\":\"%016llx\",\"text\":\"%016llx\",\"end\":\"%016llx\"}",
        (unsigned long long)want->calls, (unsigned long long)want->text,
        (unsigned long long)want->end);
}

static void print_reply(struct buf *out, const struct run_message *reply)
{
    buf_text(out, ",\"reply\":{\"role\":\"assistant\"");
    member(out, "content", cut(out, reply->text));
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        buf_text(out, i ? ",{\"id\":" : ",\"tool_calls\":[{\"id\":");
        json_quote(out, cut(out, reply->calls[i].id));
        buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
        json_quote(out, cut(out, reply->calls[i].name));
        member(out, "arguments", cut(out, reply->calls[i].args));
        buf_text(out, "}}");
    }
    buf_text(out, reply->calls_count ? "]}" : "}");
}

/* What stands in the reply's place. */
static void print_error(struct buf *out, const struct run_error *error)
{
    buf_format(out,
        ",\"error\":{\"class\":\"%s\",\"status\":%u,\"retry_after_ms\":%u,\"attempt\":%u,"
        "\"model\":%u,\"models\":%u}",
        wire_error_words[error->class], error->status, error->retry_after_ms, error->attempt,
        error->model, error->models);
}

static void print_earlier_call(
    struct buf *out, const struct run *run, const struct run_call *call, bool first)
{
    buf_text(out, first ? "{\"name\":" : ",{\"name\":");
    json_quote(out, cut(out, call->name));
    member(out, "args", cut(out, call->args));
    buf_format(out, ",\"failed\":%s,\"result\":", call->failed ? "true" : "false");
    if (call->result < 0) {
        buf_text(out, "null}");
        return;
    }
    struct str result = run->messages[call->result].text;
    if (result.size > RESULT_MAX)
        result.size = RESULT_MAX;
    json_quote(out, result);
    buf_char(out, '}');
}

/* The last calls before this reply. */
static void print_earlier(struct buf *out, const struct run *run, uint32_t step)
{
    struct run_at at;
    uint32_t count = 0, at_call = 0, printed = 0;
    for (struct run_cursor c = { 0 }; run_next_call(run, &c, &at) && at.step < step;)
        count++;
    buf_text(out, ",\"calls\":[");
    for (struct run_cursor c = { 0 }; at_call < count && run_next_call(run, &c, &at);)
        if (at_call++ + EARLIER_MAX >= count)
            print_earlier_call(out, run, at.call, printed++ == 0);
    buf_char(out, ']');
}

static void print_wanted(struct buf *out, const struct effects *wanted)
{
    buf_text(out, ",\"wanted\":{\"calls\":[");
    for (uint32_t i = 0; i < wanted->calls_count; i++) {
        buf_text(out, i ? ",{\"name\":" : "{\"name\":");
        json_quote(out, cut(out, wanted->calls[i].name));
        member(out, "args", cut(out, wanted->calls[i].args));
        buf_text(out, wanted->calls[i].denied ? ",\"denied\":true}" : "}");
    }
    buf_char(out, ']');
    member(out, "text", cut(out, wanted->text));
    if (wanted->error)
        buf_format(out, ",\"again\":\"%s\"", wanted->again == WIRE_AGAIN_OTHER ? "other" : "later");
    buf_char(out, '}');
}

static void print_answer(struct buf *out, const struct evidence_step *step)
{
    const struct run_message *answer = run_step(step->run, step->step);
    if (answer->error)
        print_error(out, answer->error);
    else
        print_reply(out, answer);
    print_earlier(out, step->run, step->step);
}

/* A model reads what passes as well: the first of them, and all that were made. The others are by
 * digest, which is what they are judged by. */
static bool is_read(const struct buf *out, const struct evidence *evidence,
    const struct evidence_plan *plan, uint32_t number)
{
    if (out->size >= TEXTS_MAX)
        return false;
    return evidence->steps[number].kind == EVIDENCE_FAIL ||
           (plan->rounds && (evidence->steps[number].kind == EVIDENCE_OVERREACH ||
                                number < evidence->fails + PASSES_MAX));
}

static void print_step(struct buf *out, struct lists *lists, const struct evidence *evidence,
    const struct evidence_plan *plan, uint32_t number)
{
    const struct evidence_step *step = &evidence->steps[number];
    const struct run *run = step->run;
    buf_format(out, "%s{\"id\":%u,\"group\":\"g%u\",\"kind\":\"%s\",\"solved\":%s",
        number ? ",\n" : "\n", number, step->group + 1, evidence_kind_words[step->kind],
        run->solved ? "true" : "false");
    if (offered(step))
        buf_format(out, ",\"tools\":%u", list_of(lists, offered(step)));
    else
        buf_text(out, ",\"tools\":null");
    print_want(out, &step->want);
    bool shown = is_read(out, evidence, plan, number);
    if (shown)
        print_answer(out, step);
    if (shown && step->kind == EVIDENCE_FAIL)
        print_wanted(out, step->wanted);
    buf_char(out, '}');
}

/* By this bundle's own numbers; a run that is none of it is told by the count alone. */
static void print_past_cases(struct buf *out, const char *name, const struct evidence *evidence,
    const struct evidence_past *past, bool mended)
{
    uint32_t shown = 0;
    buf_format(out, ",\"%s\":[", name);
    for (uint32_t i = 0; i < past->cases_count; i++)
        for (uint32_t k = 0; k < evidence->steps_count && shown < PAST_CASES_MAX; k++) {
            const struct evidence_step *step = &evidence->steps[k];
            if (past->cases[i].mended == mended && step->step == past->cases[i].step &&
                str_equal(step->run->session, past->cases[i].session))
                buf_format(out, "%s%u", shown++ ? "," : "", k);
        }
    buf_char(out, ']');
}

/* Of a look at held-out groups no more than whether it passed. */
static void print_past_more(
    struct buf *out, const struct evidence *evidence, const struct evidence_past *past)
{
    member(out, "id", past->id);
    member(out, "state", str_of(past->state));
    if (past->held_out)
        member(out, "held_out", str_of(past->held_out));
    else
        buf_text(out, ",\"held_out\":null");
    if (!past->replayed) {
        buf_text(out, ",\"held_in\":null");
        return;
    }
    buf_format(out, ",\"held_in\":{\"mended\":%u,\"worse\":%u", past->mended, past->worse);
    print_past_cases(out, "mended_steps", evidence, past, true);
    print_past_cases(out, "worse_steps", evidence, past, false);
    buf_char(out, '}');
}

static void print_past(
    struct buf *out, const struct evidence *evidence, const struct evidence_plan *plan)
{
    buf_text(out, ",\n\"past\":[");
    for (unsigned i = 0; i < plan->past_count; i++) {
        const struct evidence_past *past = &plan->past[i];
        buf_text(out, i ? ",{\"plugin\":" : "{\"plugin\":");
        json_quote(out, past->plugin);
        buf_text(out, ",\"edits\":");
        buf_str(out, past->edits);
        member(out, "why_lost", past->why_lost);
        print_past_more(out, evidence, past);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void print_budget(struct buf *out, const struct evidence_plan *plan)
{
    buf_format(out, ",\n\"budget\":{\"candidates\":%u,\"seconds\":%u,\"rounds\":%u",
        plan->candidates, plan->seconds, plan->rounds);
    if (plan->lines)
        buf_format(out, ",\"lines\":%u", plan->lines);
    buf_text(out, "},\"without\":[");
    for (unsigned i = 0; i < plan->without_count; i++) {
        buf_text(out, i ? "," : "");
        json_quote(out, str_of(plan->without[i]));
    }
    /* 53 bits: what every reader of JSON keeps. */
    buf_format(out, "],\"seed\":%llu", (unsigned long long)(plan->seed & ((1ull << 53) - 1)));
}

void evidence_print(
    struct buf *out, const struct evidence *evidence, const struct evidence_plan *plan)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct lists lists = { arena_alloc(&arena, (evidence->steps_count + 1) * sizeof(*lists.at)),
        0 };
    buf_format(out,
        "{\"schema\":1,\"cluster\":\"%s\",\"hook\":\"%s\",\n\"plugins\":", evidence->detector->id,
        cluster_hook_words[evidence->detector->hook]);
    print_plugins(out, plan->harness);
    buf_text(out, ",\n\"pipeline\":");
    print_pipeline(out, plan->harness);
    buf_text(out, ",\n\"stock\":");
    print_plugins(out, plan->stock);
    buf_text(out, ",\n\"earlier\":");
    print_earlier_versions(out, plan);
    print_tools(out, &lists, evidence);
    buf_text(out, ",\n\"steps\":[");
    for (uint32_t i = 0; i < evidence->steps_count; i++)
        print_step(out, &lists, evidence, plan, i);
    buf_char(out, ']');
    print_past(out, evidence, plan);
    if (plan->from.size > 0)
        member(out, "from", plan->from);
    print_budget(out, plan);
    buf_text(out, "}\n");
}
