/* check_model - where answers come from, what the person says, and what goes wrong: one after the
 * other, and nothing that could never be asked for. */
#include "trials/case/check.h"

#include "base/fields.h"
#include "base/mem.h"
#include "mock/script.h"

#include <stdio.h>
#include <string.h>

static bool has_role(const struct json *message, const char *role)
{
    char quoted[16];
    snprintf(quoted, sizeof quoted, "\"%s\"", role);
    const struct json *value = json_get(message, "role");
    return value && str_equal(value->raw, str_of(quoted));
}

/* --- the recording */

static const char *entry_wrong(const struct trial_case *of, uint32_t index, uint32_t *inbox)
{
    const struct case_recorded *entry = &of->model.recorded[index];
    bool person = entry->inbox != UINT32_MAX;
    if (person == (entry->message != NULL))
        return "an entry has either a message or the number of one in the inbox";
    if (person && (entry->failed || entry->said))
        return "what the person said neither failed nor was changed";
    if (person && entry->inbox != *inbox)
        return "the inbox is recorded out of its order";
    *inbox += person;
    if (person)
        return *inbox > of->inbox_count ? "the inbox has no such message" : NULL;
    if (has_role(entry->message, "user"))
        return "what the person says stands in the inbox";
    if (entry->failed && !has_role(entry->message, "tool"))
        return "only a result fails";
    if (entry->said && !has_role(entry->message, "assistant"))
        return "only a reply was said";
    return NULL;
}

static bool answers_beyond(const struct trial_case *of)
{
    return of->model.script || of->model.live.model.size > 0;
}

static int check_recorded(
    const struct trial_case *of, const struct json *root, const struct json *node, struct err *err)
{
    uint32_t inbox = 0, replies = 0;
    for (uint32_t i = 0; i < of->model.recorded_count; i++) {
        const struct case_recorded *entry = &of->model.recorded[i];
        const char *wrong = entry_wrong(of, i, &inbox);
        if (wrong)
            return fields_refuse(err, root, check_at(node, "recorded", i), "%s", wrong);
        replies += has_role(entry->message, "assistant") || has_role(entry->message, "error");
    }
    if (of->model.recorded && replies == 0)
        return fields_refuse(
            err, root, json_get(node, "recorded"), "a recording without an answer of a model");
    if (!answers_beyond(of) && inbox < of->inbox_count)
        return fields_refuse(err, root, check_at(root, "inbox", inbox),
            "no answer to it: the recording ends before");
    return 0;
}

/* --- the script */

static int check_script(
    const struct trial_case *of, const struct json *root, struct arena *arena, struct err *err)
{
    struct script script;
    const struct json *node = json_get(json_get(root, "model"), "script");
    struct err inner = { 0 };
    if (!of->model.script)
        return 0;
    if (script_parse(&script, of->model.script->raw, "script", arena, &inner) < 0) {
        const char *path = strstr(inner.where, "$");
        err_set(err, ERR_INPUT, "%s", inner.text);
        return err ? err_where(err, "$.model.script%s", path ? path + 1 : "") : -ERR_INPUT;
    }
    for (uint32_t i = 0; i < script.rules_count; i++)
        if (script.rules[i].recorded.count > 0)
            return fields_refuse(err, root, check_at(node, "rules", i),
                "a case's recording is its own: model.recorded");
    return 0;
}

/* --- the model */

static const char *model_wrong(const struct trial_case *of)
{
    const struct case_model *model = &of->model;
    if (!model->recorded && !answers_beyond(of))
        return "nobody answers: recorded, script or live";
    if (model->solved && !model->recorded)
        return "solved is said of a recording";
    if (model->script && model->live.model.size > 0)
        return "script and live: only one of them answers";
    if (of->settings.divergence == CASE_GO_ON && !answers_beyond(of))
        return "to go on behind the recording takes a script or a provider";
    return NULL;
}

int check_model(
    const struct trial_case *of, const struct json *root, struct arena *arena, struct err *err)
{
    const struct json *node = json_get(root, "model");
    const char *wrong = model_wrong(of);
    if (wrong)
        return fields_refuse(err, root, node ? node : root, "%s", wrong);
    for (uint32_t i = 0; i < of->inbox_count; i++)
        if (!has_role(of->inbox[i], "user"))
            return fields_refuse(
                err, root, check_at(root, "inbox", i), "the role of who writes here is user");
    if (of->inbox_count == 0 && !of->model.recorded)
        return fields_refuse(err, root, root, "nothing is asked: the inbox is empty");
    int rc = check_recorded(of, root, node, err);
    return rc < 0 ? rc : check_script(of, root, arena, err);
}

/* --- faults */

static const char *fault_wrong(const struct trial_case *of, const struct case_fault *fault)
{
    const struct case_fault_row *row = &case_fault_rows[fault->kind];
    bool step = fault->step != UINT32_MAX, call = fault->call != UINT32_MAX;
    if (row->tool ? step || !call : call || !step)
        return row->tool ? "it is of a call, and of no step" : "it is of a step, and of no call";
    if (row->sized != (fault->bytes > 0))
        return row->sized ? "of how many bytes?" : "it has no bytes";
    if (fault->retry_after_ms > 0 && !row->told)
        return "nobody tells when to come again";
    if (row->tool && of->tools_count == 0)
        return "there is no tool to call";
    return NULL;
}

int check_faults(const struct trial_case *of, const struct json *root, struct err *err)
{
    for (uint32_t i = 0; i < of->faults_count; i++) {
        const struct case_fault *fault = &of->faults[i];
        const struct json *node = check_at(root, "faults", i);
        const char *wrong = fault_wrong(of, fault);
        if (wrong)
            return fields_refuse(err, root, node, "%s", wrong);
        for (uint32_t k = 0; k < i; k++)
            if (of->faults[k].step == fault->step && of->faults[k].call == fault->call)
                return fields_refuse(err, root, node, "something goes wrong there already");
    }
    return 0;
}
