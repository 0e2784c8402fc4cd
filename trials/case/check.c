/* check - see check.h: settings, state, and what the parts share. */
#include "trials/case/check.h"

#include "base/fields.h"
#include "trials/case/play.h"
#include "base/mem.h"

#include <ctype.h>
#include <string.h>

const struct json *check_at(const struct json *root, const char *name, uint32_t i)
{
    const struct json *list = json_get(root, name), *item = json_first(list);
    for (; item && i > 0; i--)
        item = json_next(list, item);
    return item ? item : root;
}

bool check_among(const struct str *texts, uint32_t count, struct str text)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(texts[i], text))
            return true;
    return false;
}

uint32_t check_twice(const struct str *texts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (check_among(texts, i, texts[i]))
            return i;
    return count;
}

bool check_inside(struct str path)
{
    size_t from = 0;
    for (size_t i = 0; i <= path.size; i++) {
        if (i < path.size && path.at[i] == '\0')
            return false;
        if (i < path.size && path.at[i] != '/')
            continue;
        struct str part = { path.at + from, i - from };
        if (part.size == 0 || str_equal(part, STR(".")) || str_equal(part, STR("..")))
            return false;
        from = i + 1;
    }
    return true;
}

const char *check_command(const struct case_command *command)
{
    for (uint32_t i = 0; i < command->argv_count; i++)
        if (memchr(command->argv[i].at, '\0', command->argv[i].size))
            return "a word of a command has a NUL in it";
    return NULL;
}

static int check_id(const struct trial_case *of, const struct json *root, struct err *err)
{
    if (!case_is_id(of->id))
        return fields_refuse(err, root, json_get(root, "id"),
            "not 1 to %d letters, digits, . _ - @, a dot not first", CASE_ID_MAX);
    return 0;
}

static int check_settings(const struct trial_case *of, const struct json *root, struct err *err)
{
    const struct case_settings *settings = &of->settings;
    const struct json *node = json_get(root, "settings");
    uint32_t twice = check_twice(settings->offered, settings->offered_count);
    if (twice < settings->offered_count)
        return fields_refuse(err, root, check_at(node, "offered", twice), "offered twice");
    for (uint32_t i = 0; i < settings->offered_count; i++)
        if (!case_tool_find(of, settings->offered[i]))
            return fields_refuse(
                err, root, check_at(node, "offered", i), "offered, and not among the tools");
    twice = check_twice(settings->models, settings->models_count);
    if (twice < settings->models_count)
        return fields_refuse(err, root, check_at(node, "models", twice), "an alias that is there");
    const char *lacks = settings->mode == CASE_STEP ? case_step_lacks(of) : NULL;
    if (lacks)
        return fields_refuse(err, root, json_get(node, "mode"), "%s", lacks);
    return 0;
}

static bool is_hex(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!isxdigit((unsigned char)text.at[i]) || isupper((unsigned char)text.at[i]))
            return false;
    return text.size % 2 == 0;
}

static int check_files(const struct case_state *state, const struct json *root,
    const struct json *node, struct err *err)
{
    for (uint32_t i = 0; i < state->files_count; i++) {
        const struct json *at = check_at(node, "files", i);
        if (!check_inside(state->files[i].path))
            return fields_refuse(err, root, at, "not a path inside the workspace");
        for (uint32_t k = 0; k < i; k++)
            if (str_equal(state->files[k].path, state->files[i].path))
                return fields_refuse(err, root, at, "a file that is there");
    }
    return 0;
}

static int check_state(const struct trial_case *of, const struct json *root, struct err *err)
{
    const struct case_state *state = &of->state;
    const struct json *node = json_get(root, "state");
    for (uint32_t i = 0; i < state->failed_count; i++) {
        uint32_t at = state->failed[i];
        const struct json *role =
            at < state->messages_count ? json_get(state->messages[at], "role") : NULL;
        if (!role || !str_equal(role->raw, STR("\"tool\"")))
            return fields_refuse(
                err, root, check_at(node, "failed", i), "not the number of a result in messages");
    }
    for (uint32_t i = 0; i < state->plugins_count; i++) {
        const struct json *at = check_at(node, "plugins", i);
        if (!is_hex(state->plugins[i].bytes))
            return fields_refuse(err, root, at, "bytes are not lower-case hex");
        for (uint32_t k = 0; k < i; k++)
            if (str_equal(state->plugins[k].name, state->plugins[i].name))
                return fields_refuse(err, root, at, "a plugin that is there");
    }
    return check_files(state, root, node, err);
}

static int check_run(const struct trial_case *of, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run;
    uint32_t first;
    return case_run(&run, &first, of, &arena, err);
}

int case_check(
    const struct trial_case *of, const struct json *root, struct arena *arena, struct err *err)
{
    int rc = check_id(of, root, err);
    if (rc == 0)
        rc = check_settings(of, root, err);
    if (rc == 0)
        rc = check_state(of, root, err);
    if (rc == 0)
        rc = check_tools(of, root, err);
    if (rc == 0)
        rc = check_model(of, root, arena, err);
    if (rc == 0)
        rc = check_faults(of, root, err);
    if (rc == 0)
        rc = check_grades(of, root, arena, err);
    return rc < 0 ? rc : check_run(of, err);
}
