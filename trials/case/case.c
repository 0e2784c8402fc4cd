/* case - see case.h. Read by the tables, then asked for contradictions (check.c). */
#include "trials/case/case.h"

#include "base/fields.h"
#include "base/mem.h"
#include "trials/case/check.h"
#include "trials/case/tables.h"

#include <string.h>

/* What a tool is called and where its answers come from, for all who look a tool up. */
static void name_tools(struct trial_case *of, struct arena *arena)
{
    for (uint32_t i = 0; i < of->tools_count; i++) {
        struct case_tool *tool = &of->tools[i];
        tool->name = json_string(arena, json_get(json_get(tool->schema, "function"), "name"));
        tool->source = tool->script                   ? CASE_TOOL_SCRIPT
                       : tool->command.argv_count > 0 ? CASE_TOOL_COMMAND
                                                      : CASE_TOOL_RECORDED;
    }
}

int case_read(struct trial_case *ret, struct str text, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = { .size_max = CASE_SIZE_MAX };
    struct trial_case of = { 0 };
    const struct json *root = json_read(arena, text, &limits, err);
    if (!root)
        return err_while(err, "read the case");
    int64_t version = json_int(json_get(root, "moult_case"), 0);
    if (version != 1)
        return fields_refuse(
            err, root, root, "\"moult_case\" is not 1: no case, or of a later moult");
    int rc = parts_read(&of, case_parts, root, root, arena, err);
    if (rc < 0)
        return rc;
    name_tools(&of, arena);
    if ((rc = case_check(&of, root, arena, err)) < 0)
        return rc;
    *ret = of;
    return 0;
}

void case_begin(struct trial_case *of)
{
    *of = (struct trial_case){ 0 };
    parts_usual(of, case_parts);
    of->version = 1;
}

void case_grade_begin(struct case_grade *grade, enum case_check check)
{
    *grade = (struct case_grade){ 0 };
    parts_usual(grade, case_grade_parts);
    grade->check = (uint8_t)check;
}

void case_print(struct buf *out, const struct trial_case *of)
{
    enum { DEEP = 2 };
    parts_print(out, case_parts, of, DEEP);
    buf_char(out, '\n');
}

const struct json *case_value(struct arena *arena, struct str text, struct err *err)
{
    return json_read(arena, text, NULL, err);
}

const struct case_tool *case_tool_find(const struct trial_case *of, struct str name)
{
    for (uint32_t i = 0; i < of->tools_count; i++)
        if (str_equal(of->tools[i].name, name))
            return &of->tools[i];
    return NULL;
}

bool case_offers(const struct trial_case *of, struct str name)
{
    bool offers = !of->settings.offered && case_tool_find(of, name);
    for (uint32_t i = 0; i < of->settings.offered_count; i++)
        offers |= str_equal(of->settings.offered[i], name);
    return offers;
}

bool case_is_id(struct str text)
{
    return str_is_name(text, CASE_ID_MAX) && text.at[0] != '.';
}

bool case_is_floor(const struct case_grade *grade)
{
    return grade->check >= CASE_SECRET;
}

void case_grade_bounds(const struct case_grade *grade, uint32_t *ret_min, uint32_t *ret_max)
{
    *ret_max = grade->max;
    *ret_min = grade->min != UINT32_MAX ? grade->min : grade->max == 0 ? 0 : 1;
}
