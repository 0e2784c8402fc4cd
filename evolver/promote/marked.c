/* marked - see marked.h. */
#include "promote/marked.h"

#include "base/mem.h"
#include "promote/patcher.h"

#include <string.h>

enum { NODES_MAX = 1 << 17, DEPTH_MAX = 8, LINES_MAX = 1 << 20 };

void marked_done(struct marked *marked)
{
    buf_done(&marked->image);
}

static void make_question(struct buf *out, const struct harness_source *source, struct str old)
{
    buf_text(out, "{\"schema\":1,\"cover\":true,\"path\":");
    json_quote(out, source->path);
    buf_text(out, ",\"source\":");
    json_quote(out, source->text);
    buf_text(out, ",\"old\":");
    json_quote(out, old);
    buf_char(out, '}');
}

static bool is_identifier(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", text.at[i]))
            return false;
    return text.size > 0;
}

/* [ line, "function", what, wanted ] */
static bool read_mark(struct mark *ret, const struct json *row, struct arena *arena)
{
    const struct json *line = json_first(row), *function = json_next(row, line);
    const struct json *what = json_next(row, function), *wanted = json_next(row, what);
    int64_t number = json_int(line, -1), kind = json_int(what, -1);
    *ret = (struct mark){ .line = (uint32_t)number,
        .function = json_string(arena, function),
        .what = (uint8_t)kind,
        .wanted = json_bool(wanted, true) };
    return json_is(row, JSON_ARRAY) && row->count == 4 && number >= 0 && number <= LINES_MAX &&
           kind >= 0 && kind < MARKS_WHATS && is_identifier(ret->function);
}

static bool read_marks(struct marks *ret, const struct json *points, struct arena *arena)
{
    if (!json_is(points, JSON_ARRAY) || points->count > 8 * WIRE_COVER_MAX)
        return false;
    struct mark *marks = arena_alloc(arena, (points->count + 1) * sizeof *marks);
    *ret = (struct marks){ .at = marks,
        .seen = arena_alloc(arena, (points->count + 1) * sizeof *ret->seen) };
    JSON_EACH(row, points)
    if (!read_mark(&marks[ret->count++], row, arena))
        return false;
    return true;
}

/* The marked source, in the arena; empty: there is none. */
static int ask(struct marks *ret, struct str *ret_source, struct driver *driver,
    struct str question, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = { .depth_max = DEPTH_MAX, .nodes_max = NODES_MAX };
    struct sandbox_result result;
    *ret_source = (struct str){ 0 };
    int rc = patcher_run(&result, NULL, driver->config.tier, question, err);
    if (rc < 0)
        return rc;
    if (result.exit_code == 0 && result.signal == 0 && result.limit == LIMIT_NONE) {
        struct str answer = { arena_string(arena, result.out.at, result.out.size),
            result.out.size };
        const struct json *cover = json_get(json_read(arena, answer, &limits, NULL), "cover");
        if (read_marks(ret, json_get(cover, "points"), arena))
            *ret_source = json_string(arena, json_get(cover, "source"));
    }
    sandbox_result_done(&result);
    return 0;
}

static int compile(
    struct marked *ret, struct driver *driver, const struct harness_source *source, struct err *err)
{
    struct compile_result result;
    int rc = driver_compile(&result, driver, source, ELF_TRIAL, err);
    if (rc < 0)
        return rc;
    bool good = result.stage == COMPILE_OK;
    if (good)
        buf_str(&ret->image, buf_view(&result.image));
    compile_result_done(&result);
    return good;
}

int marked_build(struct marked *ret, struct driver *driver, const struct harness_source *source,
    struct str old, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf question = { 0 };
    struct harness_source written = *source;
    make_question(&question, source, old);
    int rc = ask(&ret->marks, &written.text, driver, buf_view(&question), arena, err);
    if (rc < 0 || written.text.size == 0)
        return rc;
    return marks_wanted(&ret->marks) > 0 ? compile(ret, driver, &written, err) : 1;
}
