/* run - see run.h. */
#include "agent/run.h"

#include "base/json.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>

enum { OUTPUT_MAX = 1 << 20, NICE = 10, ARGV_MAX = AGENT_ARGS_MAX + 6 };

int agent_run(struct child **ret, const struct agent_place *place,
    const struct agent_command *command, child_done done, void *with, struct err *err)
{
    const char *argv[ARGV_MAX + 1];
    char path[PATH_MAX + 32];
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/%s", place->bin, command->program);
    argv[count++] = path;
    argv[count++] = "-C";
    argv[count++] = place->home;
    argv[count++] = "--json";
    for (unsigned i = 0; command->args[i]; i++)
        argv[count++] = command->args[i];
    argv[count] = NULL;
    const struct child_plan plan = { .loop = place->loop,
        .argv = argv,
        .input = command->input,
        .output_max = OUTPUT_MAX,
        .wall_ms = command->wall_ms,
        .nice = NICE };
    return child_start(ret, &plan, done, with, err);
}

/* An error says itself in its JSON. */
bool agent_said(const struct child_result *result, struct str *ret_text)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = json_read(&arena, result->out, NULL, NULL);
    if (result->exit_code < 0 || !root) {
        *ret_text = STR("it was ended before it was done; harness_status says what there is");
        return false;
    }
    *ret_text = str_trim(result->out);
    return json_get(root, "error") == NULL;
}
