/* llm_try - a candidate of a model: from operations on nodes to a proposal that the driver tries,
 * and what came of it as an answer that a model can work with.
 *
 * What is no change, or was tried, or has lost before, is refused here, before it costs a build. */
#include "propose/llm.h"

#include "base/mem.h"
#include "patch/diff.h"
#include "patch/lines.h"
#include "patch/patch.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_MAX_HERE = 64,
    TEXT_MAX = 1500, /* of the contract */
    LIST_MAX = 16,
    FIXES_MAX = 4096,
    RISKS_MAX = 64,
    FINDINGS_SHOWN = 12,
    FINDING_SHOWN = 400,
    STEPS_SHOWN = 24
};

/* --- programs that are known */

static bool known(const struct llm *llm, const struct digest *program)
{
    for (uint32_t i = 0; i < llm->programs_count; i++)
        if (hash_equal(&llm->programs[i], program))
            return true;
    return false;
}

static void note(struct llm *llm, const struct digest *program)
{
    if (llm->programs_count < LLM_SEEN_MAX)
        llm->programs[llm->programs_count++] = *program;
}

/* Edits of another source than the one that is active give nothing that means something. */
static void note_past(struct llm *llm, const struct json *past)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct patch_edit edits[PATCH_EDITS_MAX];
    uint32_t count = 0;
    const struct json *list = json_get(past, "edits");
    const struct llm_source *source =
        llm_find_source(llm, json_string(&llm->arena, json_get(past, "plugin")));
    JSON_EACH(edit, list)
    {
        int64_t from = json_int(json_get(edit, "from"), -1),
                to = json_int(json_get(edit, "to"), -1);
        struct str put = json_string(&llm->arena, json_get(edit, "text"));
        if (count == PATCH_EDITS_MAX || from < 0 || to < from || to > UINT32_MAX || !put.at)
            return;
        edits[count++] = (struct patch_edit){ (uint32_t)from, (uint32_t)to, put };
    }
    if (!source || !patch_apply(&text, source->text, edits, count))
        return;
    struct digest program = llm_program(buf_view(&text));
    note(llm, &program);
}

void llm_open_past(struct llm *llm)
{
    JSON_EACH(past, llm->bundle.past)
    note_past(llm, past);
}

/* --- what was asked for */

struct asked {
    const struct llm_source *source;
    struct node_change changes[NODE_CHANGES_MAX];
    struct patch_edit edits[NODE_CHANGES_MAX];
    uint32_t count, lines;
    struct str hypothesis, falsified_by;
    struct buf blamed, fixes, risks, risk_steps;
    struct buf text; /* the source with the edits */
};

static void asked_done(struct asked *asked)
{
    buf_done(&asked->blamed);
    buf_done(&asked->fixes);
    buf_done(&asked->risks);
    buf_done(&asked->risk_steps);
    buf_done(&asked->text);
}

static int read_change(
    struct llm *llm, const struct json *item, struct node_change *ret, struct err *err)
{
    static const char *const names[] = { "op", "node", "text", NULL };
    struct str verb = { 0 };
    *ret = (struct node_change){ .verb = NODE_VERBS };
    if (!json_is(item, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "a change is {\"op\", \"node\", \"text\"}");
    int r = llm_only(item, names, err);
    if (r == 0)
        r = llm_text(llm, item, "op", true, NAME_MAX_HERE, &verb, err);
    if (r == 0)
        r = llm_node(llm, item, &ret->node, err);
    if (r == 0)
        r = llm_text(llm, item, "text", false, NODE_TEXT_MAX, &ret->text, err);
    for (unsigned i = 0; i < NODE_VERBS; i++)
        if (str_equal(verb, str_of(node_verb_words[i])))
            ret->verb = (enum node_verb)i;
    if (r == 0 && ret->verb == NODE_VERBS)
        return err_set(
            err, ERR_INPUT, "`op` is replace, insert_before, insert_after, delete or wrap");
    return r;
}

static int read_changes(
    struct llm *llm, const struct json *args, struct asked *asked, struct err *err)
{
    const struct json *list = json_get(args, "changes");
    if (!json_is(list, JSON_ARRAY) || list->count == 0 || list->count > NODE_CHANGES_MAX)
        return err_set(err, ERR_INPUT, "`changes` is a list of 1 to %d changes", NODE_CHANGES_MAX);
    JSON_EACH(item, list)
    {
        int r = read_change(llm, item, &asked->changes[asked->count++], err);
        if (r < 0)
            return err_while(err, "change %u", asked->count);
    }
    return 0;
}

/* A list of predictions: which cases they may be of, and how many. */
struct foretold {
    const char *name;
    uint32_t max;
    bool fails, optional;
    const char *what;
};
static const struct foretold fixes = { "fixes", FIXES_MAX, true, false, "failing" };
static const struct foretold risk_steps = { "risk_steps", RISKS_MAX, false, true,
    "passing or made" };

static bool is_of_kind(const struct bundle *bundle, int64_t number, bool fails)
{
    for (uint32_t i = 0; i < bundle->steps_count; i++)
        if (bundle->steps[i].id == number)
            return (bundle->steps[i].kind == BUNDLE_FAIL) == fails;
    return false;
}

/* Of other cases they would be scored as wrong ones. What may be left out and is, says nothing. */
static int read_foretold(struct llm *llm, const struct json *args, const struct foretold *of,
    struct buf *out, struct err *err)
{
    const struct json *list = json_get(args, of->name);
    if (!list && of->optional)
        return 0;
    if (!json_is(list, JSON_ARRAY) || list->count > of->max)
        return err_set(err, ERR_INPUT, "`%s` is a list of numbers of %s cases, at most %u",
            of->name, of->what, of->max);
    buf_char(out, '[');
    JSON_EACH(item, list)
    {
        int64_t number = json_int(item, -1);
        if (!is_of_kind(&llm->bundle, number, of->fails))
            return err_set(err, ERR_INPUT, "`%s`: %.*s is no %s case", of->name,
                (int)(item->raw.size < 20 ? item->raw.size : 20), item->raw.at, of->what);
        buf_format(out, out->size > 1 ? ",%u" : "%u", (unsigned)number);
    }
    buf_char(out, ']');
    return 0;
}

static int read_args(struct llm *llm, const struct json *args, struct asked *asked, struct err *err)
{
    static const char *const names[] = { "plugin", "changes", "hypothesis", "blamed", "fixes",
        "risks", "risk_steps", "falsified_by", NULL };
    struct str plugin = { 0 };
    int r = llm_only(args, names, err);
    if (r == 0)
        r = llm_text(llm, args, "plugin", true, NAME_MAX_HERE, &plugin, err);
    if (r < 0)
        return r;
    asked->source = llm_find_source(llm, plugin);
    if (!asked->source || !asked->source->syntax)
        return err_set(err, ERR_INPUT, "the harness has no plugin of that name: see read_outline");
    if ((r = read_changes(llm, args, asked, err)) == 0)
        r = llm_text(llm, args, "hypothesis", true, TEXT_MAX, &asked->hypothesis, err);
    if (r == 0)
        r = llm_text(llm, args, "falsified_by", true, TEXT_MAX, &asked->falsified_by, err);
    if (r == 0)
        r = llm_texts(llm, args, "blamed", LIST_MAX, &asked->blamed, err);
    if (r == 0)
        r = llm_texts(llm, args, "risks", LIST_MAX, &asked->risks, err);
    if (r == 0)
        r = read_foretold(llm, args, &risk_steps, &asked->risk_steps, err);
    return r < 0 ? r : read_foretold(llm, args, &fixes, &asked->fixes, err);
}

/* --- the change */

static int make(struct llm *llm, struct asked *asked, struct err *err)
{
    CLEANUP(syntax_freep) struct syntax *now = NULL;
    const struct syntax *was = asked->source->syntax;
    struct err why = { 0 };
    int r = node_edits(asked->edits, was, asked->changes, asked->count, &llm->arena, err);
    if (r < 0)
        return r;
    if (!patch_apply(&asked->text, asked->source->text, asked->edits, asked->count))
        return err_set(err, ERR_INPUT, "the changes do not fit the source");
    if (syntax_parse(&now, "the new source", buf_view(&asked->text), NULL, &why) < 0)
        return err_set(err, ERR_INPUT, "with these changes the source does not parse: %s, %s",
            why.where, why.text);
    if (diff_same(was, 0, now, 0))
        return err_set(err, ERR_INPUT, "these changes change no token of the program");
    asked->lines = lines_changed(asked->source->text, buf_view(&asked->text));
    if (asked->lines > PATCH_LINES_MAX)
        return err_set(err, ERR_INPUT, "%u changed lines, where %d are allowed and few are wanted",
            asked->lines, PATCH_LINES_MAX);
    struct digest program = llm_program(buf_view(&asked->text));
    if (known(llm, &program))
        return err_set(err, ERR_INPUT,
            "that program was tried before: what came of it stands there, or in read_past");
    note(llm, &program);
    return 0;
}

static void member(struct buf *out, const char *name, struct str text)
{
    buf_format(out, ",\"%s\":", name);
    json_quote(out, text);
}

static struct str print_proposal(struct llm *llm, const struct asked *asked)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"schema\":1,\"proposer\":\"llm\"");
    member(&out, "cluster", llm->bundle.cluster);
    member(&out, "plugin", asked->source->name);
    member(&out, "path", asked->source->path);
    buf_text(&out, ",\"edits\":[");
    for (uint32_t i = 0; i < asked->count; i++) {
        const struct patch_edit *edit = &asked->edits[i];
        buf_format(&out, "%s{\"from\":%u,\"to\":%u", i ? "," : "", edit->from, edit->to);
        member(&out, "text", edit->text);
        buf_char(&out, '}');
    }
    buf_text(&out, "],\"contract\":{\"hypothesis\":");
    json_quote(&out, asked->hypothesis);
    buf_format(&out, ",\"blamed\":%s,\"predicts\":{\"fixes\":%s,\"risks\":%s", asked->blamed.at,
        asked->fixes.at, asked->risks.at);
    if (asked->risk_steps.size > 0)
        buf_format(&out, ",\"risk_steps\":%s", asked->risk_steps.at);
    buf_char(&out, '}');
    member(&out, "falsified_by", asked->falsified_by);
    buf_format(&out, ",\"cost\":{\"judged\":0,\"seconds\":%.1f}},\"ingredients\":[],\"score\":%u}",
        judge_seconds(&llm->judge), asked->lines);
    return (struct str){ arena_string(&llm->arena, out.at, out.size), out.size };
}

/* --- what came of it */

static void print_findings(struct llm *llm, const struct json *answer, struct buf *out)
{
    char shown[FINDING_SHOWN];
    uint32_t count = 0;
    JSON_EACH(finding, json_get(answer, "findings"))
    {
        struct str rule = json_string(&llm->arena, json_get(finding, "rule"));
        struct str message = json_string(&llm->arena, json_get(finding, "message"));
        if (count++ < FINDINGS_SHOWN)
            buf_format(out, "- %.*s: %s\n", (int)rule.size, rule.at ? rule.at : "",
                str_printable(shown, sizeof shown, message, true));
    }
    if (count > FINDINGS_SHOWN)
        buf_format(out, "- and %u more\n", count - FINDINGS_SHOWN);
}

static void print_steps(struct buf *out, const char *what, const struct json *list)
{
    uint32_t count = 0;
    if (!list || list->count == 0)
        return;
    buf_format(out, "%s, %u: cases", what, list->count);
    JSON_EACH(step, list)
    if (count++ < STEPS_SHOWN)
        buf_format(out, " %lld", (long long)json_int(step, 0));
    buf_text(out, count > STEPS_SHOWN ? " and others\n" : "\n");
}

/* Fewest changed lines first among those that mend as much. */
static void keep(struct llm *llm, struct str proposal, uint32_t groups, uint32_t lines)
{
    uint32_t at = 0;
    while (at < llm->kept_count &&
           (llm->kept[at].fixed_groups > groups ||
               (llm->kept[at].fixed_groups == groups && llm->kept[at].lines <= lines)))
        at++;
    if (at == PROPOSER_CANDIDATES_MAX)
        return;
    if (llm->kept_count < PROPOSER_CANDIDATES_MAX)
        llm->kept_count++;
    for (uint32_t i = llm->kept_count - 1; i > at; i--)
        llm->kept[i] = llm->kept[i - 1];
    llm->kept[at] = (struct llm_kept){ proposal, groups, lines };
}

static void print_result(struct llm *llm, const struct asked *asked, struct str proposal,
    const struct json *answer, struct buf *out)
{
    struct str stage = json_string(&llm->arena, json_get(answer, "stage"));
    uint32_t fixed = (uint32_t)json_int(json_get(answer, "fixed_groups"), 0);
    int64_t changed = json_int(json_get(answer, "changed"), 1);
    if (!json_bool(json_get(answer, "ok"), false)) {
        buf_format(out, "Refused at stage %.*s:\n", (int)stage.size, stage.at ? stage.at : "");
        print_findings(llm, answer, out);
        return;
    }
    buf_format(out, "Replayed: %u of %lld groups mended, %lld of %lld cases; %u changed lines.\n",
        fixed, (long long)json_int(json_get(answer, "fail_groups"), 0),
        (long long)json_int(json_get(answer, "fixed"), 0),
        (long long)json_int(json_get(answer, "fails"), 0), asked->lines);
    print_steps(out, "Not as wanted", json_get(answer, "unfixed_steps"));
    print_steps(out, "Changed although they must stay", json_get(answer, "changed_steps"));
    if (fixed > 0 && changed == 0) {
        keep(llm, proposal, fixed, asked->lines);
        buf_text(out, "It holds, and is kept.\n");
    } else if (fixed == 0 && changed == 0) {
        buf_text(out, "It does nothing in any case: never reached, or never true.\n");
    } else {
        buf_text(out, "It does not hold.\n");
    }
}

int llm_try(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    CLEANUP(asked_done) struct asked asked = { 0 };
    const struct json *answer;
    int r = read_args(llm, args, &asked, err);
    if (r == 0)
        r = make(llm, &asked, err);
    if (r < 0)
        return r;
    struct str proposal = print_proposal(llm, &asked);
    r = judge_tried(&llm->judge, &llm->arena, proposal, &answer, err);
    if (r == -ERR_DENIED)
        err->code = ERR_INPUT; /* the driver's no is told like any other */
    if (r < 0)
        return -(int)err->code;
    print_result(llm, &asked, proposal, answer, out);
    judge_say(&llm->judge, "try %u of %.*s: %.120s", llm->judge.tried, (int)asked.source->name.size,
        asked.source->name.at, out->at);
    return 0;
}
