/* retire - see retire.h. */
#include "promote/retire.h"

#include "base/mem.h"
#include "promote/check_source.h"
#include "promote/patcher.h"

#include <stdio.h>

enum { DEPTH_MAX = 8, NODES_MAX = 65536 };

static void make_question(struct buf *out, const struct harness_source *order, struct str plugin)
{
    buf_text(out, "{\"schema\":1,\"path\":");
    json_quote(out, order->path);
    buf_text(out, ",\"source\":");
    json_quote(out, order->text);
    buf_text(out, ",\"retire\":");
    json_quote(out, plugin);
    buf_char(out, '}');
}

static int take_answer(
    struct buf *out, const struct sandbox_result *result, struct str plugin, struct err *err)
{
    static const struct json_limits limits = { .depth_max = DEPTH_MAX, .nodes_max = NODES_MAX };
    CLEANUP(arena_done) struct arena arena = { 0 };
    char why[240];
    const struct json *root = json_read(&arena, buf_view(&result->out), &limits, NULL);
    struct str retired = json_string(&arena, json_get(root, "retired"));
    if (result->exit_code == 0 && retired.size > 0) {
        buf_str(out, retired);
        return 0;
    }
    str_printable(why, sizeof why, json_string(&arena, json_get(root, "unretired")), false);
    err_set(err, ERR_INPUT, "%.*s cannot be taken out of the order: %s", (int)plugin.size,
        plugin.at, *why ? why : "the patcher did not answer");
    return err_hint(err, "moult plugins --source order shows who stands where");
}

/* All builds but the order's own. */
uint32_t retire_of(const struct driver *driver)
{
    return driver->generation.builds_count > 1 ? driver->generation.builds_count - 1 : 1;
}

int retire_order(struct buf *out, const struct driver *driver, struct str plugin, struct err *err)
{
    CLEANUP(buf_done) struct buf question = { 0 };
    const struct harness_source *order = harness_find(&driver->harness, STR(HARNESS_PIPELINE));
    struct sandbox_result result;
    if (!str_is_name(plugin, HARNESS_NAME_MAX))
        return err_set(err, ERR_INPUT, "that is no plugin's name");
    make_question(&question, order, plugin);
    int rc = patcher_run(&result, NULL, driver->config.tier, buf_view(&question), err);
    if (rc < 0)
        return rc;
    rc = take_answer(out, &result, plugin, err);
    sandbox_result_done(&result);
    return rc;
}

int retire_claim(struct compare_less *ret, const struct driver *driver,
    const struct candidate *candidate, struct arena *arena, struct err *err)
{
    struct check_less less;
    struct str text;
    if (!hash_zero(&candidate->batch))
        return 0;
    int rc = journal_get(driver->journal, "patch", &candidate->patch, arena, &text, err);
    const struct json *patch = rc == 0 ? json_read(arena, text, NULL, err) : NULL;
    if (!patch)
        return rc < 0 ? rc : -err->code;
    if (!check_less_read(&less, json_get(patch, "less"), arena))
        return err_set(err, ERR_INPUT, "its patch says of a removal what no patcher writes");
    *ret = (struct compare_less){ .plugin = str_of(arena_format(arena, "%s", less.plugin)),
        .hooks = less.hooks,
        .of = retire_of(driver) };
    return less.hooks != 0;
}
