/* check_source - see check_source.h. */
#include "promote/check_source.h"
#include "promote/compile.h"
#include "promote/patcher.h"

#include "base/json.h"
#include "base/mem.h"
#include "wire/words.h"

#include <stdio.h>
#include <string.h>

enum { SOURCE_MAX = 1 << 20, SEEN_MAX = 8 << 20, LITERALS_MAX = 8 << 20 };

void check_source_done(struct check_source_result *result)
{
    buf_done(&result->source);
    buf_done(&result->kinds);
    buf_done(&result->description);
    arena_done(&result->certificate.arena);
}

static void add_finding(struct check_source_result *ret, const char *rule, uint32_t line,
    uint32_t column, struct str message)
{
    if (ret->findings_count == CHECK_FINDINGS_MAX) {
        ret->findings_more++;
        return;
    }
    struct check_finding *finding = &ret->findings[ret->findings_count++];
    snprintf(finding->rule, sizeof(finding->rule), "%s", rule);
    finding->line = line;
    finding->column = column;
    str_printable(finding->message, sizeof(finding->message), message, false);
}

/* The old source with the edits made; false: they do not fit, which is a finding. */
static bool splice(struct check_source_result *ret, const struct check_source_plan *plan)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < plan->edits_count; i++) {
        const struct patch_edit *edit = &plan->edits[i];
        if (edit->from < at || edit->to < edit->from || edit->to > plan->old.size) {
            add_finding(ret, "edit", 0, 0,
                STR("edits are in ascending order, apart, and within the old source"));
            return false;
        }
        buf_add(&ret->source, plan->old.at + at, edit->from - at);
        buf_str(&ret->source, edit->text);
        at = edit->to;
    }
    buf_add(&ret->source, plan->old.at + at, plan->old.size - at);
    return true;
}

/* The new source, if it can be put into a question: the rest is the patcher's. */
static bool make_source(struct check_source_result *ret, const struct check_source_plan *plan)
{
    if (!plan->edits)
        buf_str(&ret->source, plan->source);
    else if (!splice(ret, plan))
        return false;
    if (ret->source.size > SOURCE_MAX)
        add_finding(ret, "size", 0, 0, STR("the source is far too large: make it smaller"));
    else if (!str_utf8(buf_view(&ret->source)) || !str_utf8(plan->old))
        add_finding(ret, "utf8", 0, 0, STR("a source is UTF-8: save it as that"));
    return ret->findings_count == 0;
}

static void quote_member(struct buf *out, const char *key, struct str text)
{
    buf_format(out, ",\"%s\":", key);
    json_quote(out, text);
}

static void make_question(struct buf *out, const struct check_source_plan *plan,
    const struct check_source_result *ret, const struct compile_result *seen)
{
    buf_text(out, "{\"schema\":1");
    quote_member(out, "path", plan->path);
    quote_member(out, "source", buf_view(&ret->source));
    if (seen->stage == COMPILE_OK)
        quote_member(out, "preprocessed", buf_view(&seen->image));
    if (!plan->old.size) {
        buf_char(out, '}');
        return;
    }
    quote_member(out, "old", plan->old);
    buf_format(
        out, ",\"lines_max\":%u,\"strict\":%s", plan->lines_max, plan->strict ? "true" : "false");
    if (plan->edits) {
        buf_text(out, ",\"edits\":[");
        for (unsigned i = 0; i < plan->edits_count; i++) {
            buf_format(out, "%s{\"from\":%u,\"to\":%u", i ? "," : "", plan->edits[i].from,
                plan->edits[i].to);
            quote_member(out, "text", plan->edits[i].text);
            buf_char(out, '}');
        }
        buf_char(out, ']');
    }
    buf_text(out, ",\"literals\":[");
    size_t total = 0;
    for (unsigned i = 0; i < plan->literals_count; i++) {
        total += plan->literals[i].size;
        if (total > LITERALS_MAX)
            break;
        buf_text(out, i ? "," : "");
        json_quote(out, plan->literals[i]);
    }
    buf_text(out, "]}");
}

static int strange(struct err *err)
{
    return err_set(err, ERR_PEER, "moult-patch answered something else than a verdict");
}

static int take_finding(
    struct check_source_result *ret, struct arena *arena, const struct json *each, struct err *err)
{
    char rule[sizeof(ret->findings[0].rule)];
    struct str name = json_string(arena, json_get(each, "rule"));
    int64_t line = json_int(json_get(each, "line"), -1);
    int64_t column = json_int(json_get(each, "column"), -1);
    if (!name.size || name.size >= sizeof(rule) || line < 0 || column < 0 || line > UINT32_MAX ||
        column > UINT32_MAX || !json_is(json_get(each, "message"), JSON_STRING))
        return strange(err);
    for (size_t i = 0; i < name.size; i++)
        if (name.at[i] != '_' && (name.at[i] < 'a' || name.at[i] > 'z') &&
            (name.at[i] < '0' || name.at[i] > '9'))
            return strange(err);
    snprintf(rule, sizeof(rule), "%.*s", (int)name.size, name.at);
    add_finding(
        ret, rule, (uint32_t)line, (uint32_t)column, json_string(arena, json_get(each, "message")));
    return 0;
}

/* An array of texts as lines; what would break one is shown as an escape. */
static int take_lines(
    struct buf *out, struct arena *arena, const struct json *lines, struct err *err)
{
    enum { SHOWN_MAX = 4096 };
    char *shown = arena_take(arena, SHOWN_MAX);
    if (!json_is(lines, JSON_ARRAY))
        return strange(err);
    JSON_EACH(each, lines)
    {
        if (!json_is(each, JSON_STRING))
            return strange(err);
        buf_text(out, str_printable(shown, SHOWN_MAX, json_string(arena, each), false));
        buf_char(out, '\n');
    }
    return 0;
}

static int take_shape(
    struct digest *ret, struct arena *arena, const struct json *shape, struct err *err)
{
    if (!shape)
        return 0;
    return json_is(shape, JSON_STRING) && hash_unhex(ret, json_string(arena, shape), err) == 0
               ? 0
               : strange(err);
}

static struct str own(struct check_certificate *ret, struct arena *arena, const struct json *text)
{
    struct str view = json_string(arena, text);
    return (
        struct str){ arena_string(&ret->arena, view.size ? view.at : "", view.size), view.size };
}

static int take_guard(
    struct check_certificate *ret, struct arena *arena, const struct json *each, struct err *err)
{
    int64_t line = json_int(json_get(each, "line"), -1);
    const struct json *holds = json_get(each, "holds"), *function = json_get(each, "function");
    const struct json *condition = json_get(each, "condition");
    if (ret->guards_count == CHECK_GUARDS_MAX || line < 1 || line > UINT32_MAX ||
        (!json_is(holds, JSON_TRUE) && !json_is(holds, JSON_FALSE)) ||
        !json_is(function, JSON_STRING) || !json_is(condition, JSON_STRING))
        return strange(err);
    ret->guards[ret->guards_count++] = (struct check_guard){ (uint32_t)line,
        json_bool(holds, false), own(ret, arena, function), own(ret, arena, condition) };
    return 0;
}

static int take_certificate(
    struct check_certificate *ret, struct arena *arena, const struct json *root, struct err *err)
{
    const struct json *of = json_get(root, "certificate"), *guards = json_get(of, "guards");
    const struct json *off = json_get(of, "off");
    ret->uncertified = own(ret, arena, json_get(root, "uncertified"));
    if (!of)
        return 0;
    if (!json_is(guards, JSON_ARRAY) || !json_is(off, JSON_STRING) || guards->count == 0)
        return strange(err);
    JSON_EACH(each, guards)
    {
        int rc = take_guard(ret, arena, each, err);
        if (rc < 0)
            return rc;
    }
    ret->there = true;
    ret->traits = json_bool(json_get(of, "traits"), true);
    ret->off = own(ret, arena, off);
    return 0;
}

bool check_less_read(struct check_less *ret, const struct json *less, struct arena *arena)
{
    struct str plugin = json_string(arena, json_get(less, "plugin"));
    const struct json *hooks = json_get(less, "hooks");
    *ret = (struct check_less){ .hooks = 0 };
    if (!less)
        return true;
    if (!json_is(hooks, JSON_ARRAY) || plugin.size >= sizeof ret->plugin ||
        !str_is_name(plugin, sizeof ret->plugin - 1))
        return false;
    JSON_EACH(each, hooks)
    {
        struct str word = json_string(arena, each);
        int hook = 0;
        while (hook < WORDS_HOOKS && !str_equal(word, str_of(words_hook[hook])))
            hook++;
        if (hook == WORDS_HOOKS)
            return false;
        ret->hooks |= 1u << hook;
    }
    if (ret->hooks)
        snprintf(ret->plugin, sizeof ret->plugin, "%.*s", (int)plugin.size, plugin.at);
    return ret->hooks != 0;
}

static int take_answer(struct check_source_result *ret, struct str answer, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json_limits limits = { .depth_max = 8, .nodes_max = 65536 };
    const struct json *root = json_read(&arena, answer, &limits, err);
    const struct json *findings = json_get(root, "findings");
    int64_t more = json_int(json_get(root, "more"), -1);
    int64_t lines = json_int(json_get(root, "lines"), -1);
    if (!root || json_int(json_get(root, "schema"), 0) != 1 || !json_is(findings, JSON_ARRAY) ||
        more < 0 || more > UINT32_MAX || lines < 0 || lines > UINT32_MAX)
        return strange(err);
    JSON_EACH(each, findings)
    {
        int rc = take_finding(ret, &arena, each, err);
        if (rc < 0)
            return rc;
    }
    ret->findings_more += (unsigned)more;
    ret->lines = (unsigned)lines;
    int rc = take_lines(&ret->kinds, &arena, json_get(root, "kinds"), err);
    if (rc == 0)
        rc = take_lines(&ret->description, &arena, json_get(root, "description"), err);
    if (rc == 0)
        rc = take_shape(&ret->shape, &arena, json_get(root, "shape"), err);
    if (rc == 0)
        rc = take_shape(&ret->shape_old, &arena, json_get(root, "shape_old"), err);
    if (rc == 0)
        rc = take_certificate(&ret->certificate, &arena, root, err);
    if (rc == 0 && !check_less_read(&ret->less, json_get(root, "less"), &arena))
        rc = strange(err);
    return rc;
}

/* The patcher's run as an answer. A limit and a death are the source's: what cannot be judged is
 * refused. */
static int judge_run(
    struct check_source_result *ret, const struct sandbox_result *result, struct err *err)
{
    char said[120];
    ret->tier = result->tier > ret->tier ? result->tier : ret->tier;
    ret->wall_us += result->wall_us;
    if (result->limit != LIMIT_NONE) {
        snprintf(said, sizeof(said), "it takes the patcher too much (%s): make it smaller",
            sandbox_limit_words[result->limit]);
        add_finding(ret, "limit", 0, 0, str_of(said));
        return 0;
    }
    if (result->signal) {
        snprintf(said, sizeof(said), "the patcher dies of it (signal %d): write it otherwise",
            result->signal);
        add_finding(ret, "limit", 0, 0, str_of(said));
        return 0;
    }
    if (result->exit_code != 0)
        return err_set(err, ERR_PEER, "moult-patch ended with exit %d: %s", result->exit_code,
            str_printable(said, sizeof(said), buf_view(&result->err), false));
    return take_answer(ret, buf_view(&result->out), err);
}

static int ask_patcher(struct check_source_result *ret, const struct check_source_plan *plan,
    const struct compile_result *seen, struct err *err)
{
    CLEANUP(buf_done) struct buf question = { 0 };
    struct sandbox_result result;
    make_question(&question, plan, ret, seen);
    int rc = patcher_run(&result, plan->patcher, plan->tier, buf_view(&question), err);
    if (rc < 0)
        return rc;
    rc = judge_run(ret, &result, err);
    sandbox_result_done(&result);
    return rc;
}

/* What the preprocessor did not take is refused even where the patcher finds nothing. The first
 * line says what: "/work/plugin.c:3:10: error: ...". */
static void judge_seen(struct check_source_result *ret, const struct compile_result *seen)
{
    unsigned line = 0, column = 0;
    if (seen->stage == COMPILE_OK && seen->image.size <= SEEN_MAX)
        return;
    struct str said = buf_view(&seen->diagnostics);
    const char *end = said.size ? memchr(said.at, '\n', said.size) : NULL;
    const char *place = said.size ? strstr(said.at, "plugin.c:") : NULL;
    if (end)
        said.size = (size_t)(end - said.at);
    if (place && place < said.at + said.size)
        sscanf(place, "plugin.c:%u:%u", &line, &column);
    if (seen->stage == COMPILE_LIMIT || seen->stage == COMPILE_OK)
        said = STR("the preprocessor makes too much of it: write it out, smaller");
    add_finding(ret, "preprocess", line, column, said);
}

int check_source_run(
    struct check_source_result *ret, const struct check_source_plan *plan, struct err *err)
{
    struct compile_result seen;
    memset(ret, 0, sizeof(*ret));
    if (!make_source(ret, plan))
        return 0;
    const struct compile_plan preprocess = { .source = buf_view(&ret->source),
        .path = plan->path,
        .tier = plan->tier,
        .sdk = plan->sdk,
        .preprocess = true };
    int rc = compile_run(&seen, &preprocess, err);
    if (rc == 0) {
        ret->tier = seen.tier;
        ret->wall_us = seen.wall_us;
        if (seen.image.size > SEEN_MAX)
            seen.stage = COMPILE_LIMIT;
        rc = ask_patcher(ret, plan, &seen, err);
        if (rc == 0)
            judge_seen(ret, &seen);
        compile_result_done(&seen);
    }
    if (rc < 0) {
        check_source_done(ret);
        return rc;
    }
    ret->ok = ret->findings_count == 0;
    return 0;
}
