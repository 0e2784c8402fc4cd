/* llm_read - what a model may look up: cases, tools, verbs, earlier candidates.
 *
 * Everything that came out of a recording goes through quote.h, names of tools too: a name is as
 * free a text as any. */
#include "propose/llm.h"

#include "base/mem.h"
#include "propose/quote.h"
#include "verbs.h"

#include <inttypes.h>
#include <string.h>

enum {
    CASES_A_PAGE = 40,
    TEXT_SHOWN = 2400,
    EARLIER_SHOWN = 6,
    ARGS_SHOWN = 600,
    RESULT_SHOWN = 300,
    NAME_SHOWN = 64,
    NAMES_SHOWN = 64,
    SCHEMA_SHOWN = 6000,
    PAST_SHOWN = 6,
    EDITS_SHOWN = 2000
};

static const char *const kinds[] = { [BUNDLE_FAIL] = "fail",
    [BUNDLE_PASS] = "pass",
    [BUNDLE_OVERREACH] = "overreach",
    [BUNDLE_BEHIND] = "behind" };

/* --- cases */

static void print_line(const struct bundle_step *step, struct buf *out)
{
    buf_format(out, "case %u: %s, group g%u", step->id, kinds[step->kind], step->group + 1);
    if (json_get(step->from, "error"))
        buf_text(out, ", an error in the place of a reply");
    else if (json_get(step->from, "reply"))
        buf_format(out, ", %zu bytes of text, %u calls", step->text.size, step->calls_count);
    if (step->kind == BUNDLE_FAIL)
        buf_format(out, "; wanted: %u calls%s", step->wanted_count,
            step->denies ? ", one of them denied" : "");
    buf_char(out, '\n');
}

int llm_list_cases(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { "kind", "from", NULL };
    const struct bundle *bundle = &llm->bundle;
    struct str kind = { 0 };
    uint32_t from = 0, shown = 0;
    int r = llm_only(args, names, err);
    if (r == 0)
        r = llm_text(llm, args, "kind", false, NAME_SHOWN, &kind, err);
    if (r == 0)
        r = llm_number(args, "from", &from, err);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < bundle->steps_count; i++) {
        const struct bundle_step *step = &bundle->steps[i];
        if (step->id < from || (kind.at && !str_equal(kind, str_of(kinds[step->kind]))))
            continue;
        if (shown++ == CASES_A_PAGE) {
            buf_format(out, "more from case %u on\n", step->id);
            break;
        }
        print_line(step, out);
    }
    if (shown == 0)
        buf_text(out, "none\n");
    return 0;
}

static void add_member(struct llm *llm, struct buf *out, const char *before,
    const struct json *object, const char *name, size_t max)
{
    struct str text = json_string(&llm->arena, json_get(object, name));
    buf_text(out, before);
    if (text.at)
        quote_piece(out, text, max);
}

/* [{"function": {"name", "arguments"}}] or [{"name", "args"}]: a line a call. */
static void quote_calls(struct llm *llm, struct buf *out, const char *what, const struct json *list,
    const char *args_name)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    uint32_t skip = list && list->count > EARLIER_SHOWN ? list->count - EARLIER_SHOWN : 0;
    if (!list || list->count == 0)
        return;
    if (skip > 0)
        buf_format(&text, "(%u earlier ones are left out)\n", skip);
    JSON_EACH(item, list)
    {
        const struct json *function = json_get(item, "function");
        const struct json *from = function ? function : item;
        if (skip > 0) {
            skip--;
            continue;
        }
        add_member(llm, &text, "", from, "name", NAME_SHOWN);
        add_member(llm, &text, " ", from, args_name, ARGS_SHOWN);
        if (json_bool(json_get(item, "failed"), false))
            buf_text(&text, " [failed]");
        if (json_bool(json_get(item, "denied"), false))
            buf_text(&text, " [denied]");
        if (json_get(item, "result"))
            add_member(llm, &text, " -> ", item, "result", RESULT_SHOWN);
        buf_char(&text, '\n');
    }
    quote_data(out, what, buf_view(&text), TEXT_SHOWN);
}

static void quote_text(
    struct llm *llm, struct buf *out, const char *what, const struct json *of, const char *name)
{
    struct str text = json_string(&llm->arena, json_get(of, name));
    if (text.at)
        quote_data(out, what, text, TEXT_SHOWN);
}

/* Classes and numbers, of moult's own words. */
static void print_error(struct buf *out, const struct json *error)
{
    if (error)
        buf_format(out, "The request failed: %.*s\n", (int)error->raw.size, error->raw.at);
}

static void quote_tools(struct llm *llm, struct buf *out, const struct json *tools)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    uint32_t shown = 0;
    JSON_EACH(tool, tools)
    {
        if (shown++ < NAMES_SHOWN)
            add_member(
                llm, &text, shown > 1 ? " " : "", json_get(tool, "function"), "name", NAME_SHOWN);
    }
    if (shown > 0)
        quote_data(out, "Tools that were offered", buf_view(&text), TEXT_SHOWN);
}

void llm_print_case(struct llm *llm, const struct bundle_step *step, struct buf *out)
{
    const struct json *from = step->from, *reply = json_get(from, "reply");
    const struct json *wanted = json_get(from, "wanted");
    print_line(step, out);
    quote_calls(llm, out, "Calls before it", json_get(from, "calls"), "args");
    quote_tools(llm, out, step->tools);
    print_error(out, json_get(from, "error"));
    quote_text(llm, out, "The model wrote", reply, "content");
    quote_calls(llm, out, "and called", json_get(reply, "tool_calls"), "arguments");
    if (wanted) {
        quote_text(llm, out, "Wanted: the text", wanted, "text");
        quote_calls(llm, out, "and the calls", json_get(wanted, "calls"), "args");
        struct str again = json_string(&llm->arena, json_get(wanted, "again"));
        if (again.size)
            buf_format(out, "Wanted: asked again, %s\n",
                str_equal(again, STR("other")) ? "another model" : "the same after its pause");
    } else {
        buf_text(out, "Wanted: what the harness does today, unchanged.\n");
    }
    if (!reply && !json_get(from, "error"))
        buf_text(out, "(Of this one no more is shown.)\n");
}

int llm_read_case(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { "case", NULL };
    const struct bundle *bundle = &llm->bundle;
    uint32_t number = UINT32_MAX;
    int r = llm_only(args, names, err);
    if (r == 0)
        r = llm_number(args, "case", &number, err);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < bundle->steps_count; i++)
        if (bundle->steps[i].id == number) {
            llm_print_case(llm, &bundle->steps[i], out);
            return 0;
        }
    return err_set(err, ERR_INPUT, "there is no such case: see list_cases");
}

/* --- tools of the recordings */

int llm_read_tool(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { "name", NULL };
    struct str name = { 0 };
    int r = llm_only(args, names, err);
    if (r == 0)
        r = llm_text(llm, args, "name", true, NAME_SHOWN * 4, &name, err);
    if (r < 0)
        return r;
    JSON_EACH(list, llm->bundle.tools)
    JSON_EACH(tool, list)
    {
        const struct json *function = json_get(tool, "function");
        if (!str_equal(json_string(&llm->arena, json_get(function, "name")), name))
            continue;
        quote_data(out, "The tool as it was offered", function->raw, SCHEMA_SHOWN);
        return 0;
    }
    return err_set(err, ERR_INPUT, "no tool of that name was offered");
}

/* --- the SDK */

static const struct sdk_verb {
    const char *name, *declaration, *summary;
} verbs[] = {
#define ROW(returns, name, params, args, sig, purity, effect, cost, summary)                       \
    { "moult_" #name, #returns " moult_" #name #params, #purity " " #effect ": " summary },
    MOULT_VERBS(ROW)
#undef ROW
};

int llm_read_sdk(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { "name", NULL };
    struct str name = { 0 };
    int r = llm_only(args, names, err);
    if (r == 0)
        r = llm_text(llm, args, "name", false, NAME_SHOWN, &name, err);
    if (r < 0)
        return r;
    if (str_equal(name, STR("moult.h"))) {
        buf_add(out, llm_sdk, llm_sdk_size);
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!name.at)
            buf_format(out, "%s\n", verbs[i].declaration);
        else if (str_equal(name, str_of(verbs[i].name)))
            buf_format(out, "%s;\n%s\n", verbs[i].declaration, verbs[i].summary);
    }
    if (!name.at)
        buf_text(
            out, "beside these moult_state, moult_explain, moult_str and the types: moult.h\n");
    return out->size ? 0
                     : err_set(err, ERR_INPUT, "no verb of that name: see read_sdk without one");
}

/* --- earlier candidates */

/* Numbers of cases, which read_case knows. */
static void add_numbers(struct buf *out, const char *what, const struct json *list)
{
    if (list && list->count > 0)
        buf_format(out, "%s", what);
    JSON_EACH(number, list)
    buf_format(out, " %" PRId64, json_int(number, -1));
}

static void add_held_in(struct buf *out, const struct json *held_in)
{
    if (!json_is(held_in, JSON_OBJECT))
        return;
    buf_format(out,
        "\nreplayed on what you see it mended %" PRId64 " runs and made %" PRId64 " worse",
        json_int(json_get(held_in, "mended"), 0), json_int(json_get(held_in, "worse"), 0));
    add_numbers(out, "\nmended cases:", json_get(held_in, "mended_steps"));
    add_numbers(out, "\nmade worse:", json_get(held_in, "worse_steps"));
}

int llm_read_past(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { NULL };
    const struct json *past = llm->bundle.past;
    uint32_t skip = past && past->count > PAST_SHOWN ? past->count - PAST_SHOWN : 0;
    int r = llm_only(args, names, err);
    if (r < 0)
        return r;
    JSON_EACH(one, past)
    {
        CLEANUP(buf_done) struct buf text = { 0 };
        const struct json *edits = json_get(one, "edits");
        if (skip > 0) {
            skip--;
            continue;
        }
        add_member(llm, &text, "plugin: ", one, "plugin", NAME_SHOWN);
        add_member(llm, &text, "\nit lost: ", one, "why_lost", ARGS_SHOWN);
        add_held_in(&text, json_get(one, "held_in"));
        JSON_EACH(edit, edits)
        {
            buf_format(&text, "\nbytes %" PRId64 " to %" PRId64 " became:\n",
                json_int(json_get(edit, "from"), 0), json_int(json_get(edit, "to"), 0));
            buf_str(&text, json_string(&llm->arena, json_get(edit, "text")));
        }
        quote_data(out, "An earlier candidate", buf_view(&text), EDITS_SHOWN);
    }
    if (out->size == 0)
        buf_text(out, "none\n");
    return 0;
}
