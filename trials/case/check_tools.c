/* check_tools - tools and their scripts: one answer each, every rule within reach, no script that
 * ends in itself. */
#include "trials/case/check.h"

#include "base/fields.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* --- rules within reach */

struct condition {
    struct digest digest;
    uint32_t rule;
};

static void add_value(struct hash_state *hash, struct buf *form, const struct json *value)
{
    uint64_t size;
    buf_clear(form);
    if (value)
        json_canonical(form, value);
    size = form->size;
    hash_add(hash, &size, sizeof size);
    hash_add(hash, form->at ? form->at : "", form->size);
}

/* Of what a rule asks of a call, counts apart. */
static struct digest condition_of(const struct case_rule *rule)
{
    CLEANUP(buf_done) struct buf form = { 0 };
    struct hash_state hash;
    hash_begin(&hash);
    add_value(&hash, &form, rule->arguments);
    add_value(&hash, &form, rule->world);
    hash_add(&hash, &rule->exact, sizeof rule->exact);
    return hash_end(&hash);
}

static int by_digest(const void *left, const void *right)
{
    const struct condition *a = left, *b = right;
    int order = memcmp(a->digest.at, b->digest.at, sizeof a->digest.at);
    return order ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static bool always_holds(const struct case_rule *rule)
{
    return rule->after == 0 && rule->times == UINT32_MAX;
}

static bool asks_nothing(const struct case_rule *rule)
{
    return !rule->world && (!rule->arguments || (rule->arguments->count == 0 && !rule->exact));
}

/* The first rule behind one that answers all that it would, or count. */
static uint32_t find_unreached(const struct case_rule *rules, uint32_t count)
{
    uint32_t found = count;
    struct condition *list = mem_zero(count + 1, sizeof *list);
    for (uint32_t i = 0; i < count; i++) {
        list[i] = (struct condition){ condition_of(&rules[i]), i };
        if (i > 0 && found == count && always_holds(&rules[i - 1]) && asks_nothing(&rules[i - 1]))
            found = i;
    }
    qsort(list, count, sizeof *list, by_digest);
    for (uint32_t i = 1, begin = 0; i < count; i++) {
        if (!hash_equal(&list[i].digest, &list[begin].digest))
            begin = i;
        else if (always_holds(&rules[list[begin].rule]))
            found = list[i].rule < found ? list[i].rule : found;
        else
            begin = i;
    }
    free(list);
    return found;
}

static const char *rule_wrong(const struct trial_case *of, const struct case_rule *rule)
{
    if ((rule->result != NULL) == (rule->as.size > 0))
        return "a rule has either a result or a tool that answers for it";
    if (rule->as.size > 0 && (rule->set || rule->failed))
        return "what another tool answers is neither failed nor changed here";
    if (rule->exact && !rule->arguments)
        return "exactly which arguments?";
    if (rule->times == 0)
        return "it never holds";
    const struct case_tool *other = rule->as.size > 0 ? case_tool_find(of, rule->as) : NULL;
    if (rule->as.size > 0 && (!other || !other->script))
        return "there is no scripted tool of that name";
    return NULL;
}

static int check_rules(const struct trial_case *of, const struct case_tool *tool,
    const struct json *root, const struct json *node, struct err *err)
{
    for (uint32_t i = 0; i < tool->script_count; i++) {
        const char *wrong = rule_wrong(of, &tool->script[i]);
        if (wrong)
            return fields_refuse(err, root, check_at(node, "script", i), "%s", wrong);
    }
    uint32_t unreached = find_unreached(tool->script, tool->script_count);
    if (unreached < tool->script_count)
        return fields_refuse(err, root, check_at(node, "script", unreached),
            "never reached: a rule before it answers all that it would");
    return 0;
}

/* --- scripts that answer with one another */

enum { FRESH, OPEN, DONE };

/* Does the tool's script lead back to one that is being followed? */
static bool ends_in_itself(const struct trial_case *of, uint32_t index, uint8_t *marks)
{
    const struct case_tool *tool = &of->tools[index];
    bool found = false;
    if (marks[index] != FRESH)
        return marks[index] == OPEN;
    marks[index] = OPEN;
    for (uint32_t i = 0; i < tool->script_count && !found; i++) {
        const struct case_tool *other =
            tool->script[i].as.size > 0 ? case_tool_find(of, tool->script[i].as) : NULL;
        found = other && ends_in_itself(of, (uint32_t)(other - of->tools), marks);
    }
    marks[index] = DONE;
    return found;
}

static int check_cycles(const struct trial_case *of, const struct json *root, struct err *err)
{
    uint8_t marks[CASE_TOOLS_MAX] = { FRESH };
    for (uint32_t i = 0; i < of->tools_count; i++)
        if (ends_in_itself(of, i, marks))
            return fields_refuse(err, root, json_get(check_at(root, "tools", i), "script"),
                "a cycle: this script answers with itself");
    return 0;
}

/* --- tools */

static const char *tool_wrong(const struct trial_case *of, uint32_t index)
{
    const struct case_tool *tool = &of->tools[index];
    if (tool->name.size == 0)
        return "the schema has no function.name";
    for (uint32_t i = 0; i < index; i++)
        if (str_equal(of->tools[i].name, tool->name))
            return "a tool of that name is there";
    if (tool->recorded + (tool->script != NULL) + (tool->command.argv_count > 0) != 1)
        return "a tool answers from a script, from the recording or by a command";
    if (tool->recorded && !of->model.recorded)
        return "its answers are recorded, and model has no recording";
    return check_command(&tool->command);
}

int check_tools(const struct trial_case *of, const struct json *root, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; i < of->tools_count && rc == 0; i++) {
        const struct json *node = check_at(root, "tools", i);
        const char *wrong = tool_wrong(of, i);
        rc = wrong ? fields_refuse(err, root, node, "%s", wrong)
                   : check_rules(of, &of->tools[i], root, node, err);
    }
    return rc < 0 ? rc : check_cycles(of, root, err);
}
