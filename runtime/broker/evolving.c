/* evolving - see evolving.h. */
#include "broker/evolving.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "agent/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OUTPUT_MAX = 16 << 20,
    PATIENCE = 20, /* quiet periods: under steady traffic the round begins all the same */
    DAY_MS = 86400 * 1000,
    CUTS_MAX = 3, /* in a row: it may be the round that is the reason */
    ROUND_MS = 3600 * 1000
};
enum evolving_state {
    EVOLVING_RESTS,
    EVOLVING_SETTLES,
    EVOLVING_MINES,
    EVOLVING_WORKS,
    EVOLVING_ADMITS /* autonomy auto: what a mandate covers */
};
static const char *const state_words[] = { "rests", "settles", "mines", "works", "admits" };

struct evolving {
    struct engine *engine;
    enum evolving_state state;
    uv_timer_t *timer;
    struct child *child;
    uint64_t first_ms; /* the first turn since the last round */
    bool again;        /* turns ended while a round ran */
    uint64_t clock_ms; /* the time at the start, less the clock that nobody sets */
    uint64_t day;
    uint32_t rounds;     /* of this day, also those before a restart */
    uint32_t cuts;       /* children that were killed, in a row */
    struct digest tried; /* the open clusters that the last round worked on */
    uint64_t
        retry_ms;   /* then they are worked on again: somebody has cooled down. 0: they are not */
    uint64_t at_ms; /* when the last round ended */
    char last[200];
    struct buf conversion; /* JSON, of the last mine; or empty */
    struct buf waiting;    /* JSON, the list of who waits and why, of the last walk; or empty */
};

static uint64_t now_ms(void)
{
    return clock_mono_ns() / 1000000;
}

static void settle(struct evolving *evolving);

static void rest(struct evolving *evolving, const char *format, const char *what)
{
    char word[120];
    str_printable(word, sizeof word, str_of(what), false);
    evolving->state = EVOLVING_RESTS;
    evolving->at_ms = clock_wall_ms();
    snprintf(evolving->last, sizeof evolving->last, format, word);
    log_line(LOG_INFO, "evolver: %s", evolving->last);
    if (evolving->again) {
        evolving->again = false;
        evolving_turn_ended(evolving);
    }
}

static bool is(const struct evolving *evolving, const char *autonomy)
{
    return str_equal(evolving->engine->config->autonomy, str_of(autonomy));
}

/* Days pass as the clock went when the service began: one that is set gives no rounds. */
static uint64_t today(const struct evolving *evolving)
{
    return (now_ms() + evolving->clock_ms) / DAY_MS;
}

static bool rounds_left(struct evolving *evolving)
{
    uint64_t day = today(evolving);
    if (day != evolving->day)
        evolving->rounds = 0;
    evolving->day = day;
    return evolving->rounds < evolving->engine->config->rounds_a_day;
}

/* On the disk before anything is spent: a round that is cut off counts. */
static int note_round(
    const struct evolving *evolving, bool begins, const char *by, struct str why, struct err *err)
{
    const struct engine *engine = evolving->engine;
    int rc = commit_begin(engine->commit, err);
    if (rc == 0)
        rc = store_round(engine->store, begins, by, why, err);
    return rc == 0 ? commit_now(engine->commit, err) : rc;
}

static int begin_round(struct evolving *evolving, const char *by, struct err *err)
{
    int rc = note_round(evolving, true, by, (struct str){ 0 }, err);
    if (rc == 0)
        evolving->rounds++;
    return rc;
}

static void end_round(const struct evolving *evolving, struct str why)
{
    struct err err = { 0 };
    if (note_round(evolving, false, "service", why, &err) < 0)
        log_line(LOG_WARN, "the end of a round: %s", err.text);
}

bool evolving_take_round(struct evolving *evolving)
{
    struct err err = { 0 };
    if (!rounds_left(evolving))
        return false;
    if (begin_round(evolving, "agent", &err) == 0)
        return true;
    log_line(LOG_WARN, "a round of an agent: %s", err.text);
    return false;
}

/* Whoever killed the child, its work is taken up again: what stands in the journal goes on, and
 * the round that was lost stays counted. */
static bool was_cut(struct evolving *evolving, const struct child_result *result)
{
    evolving->cuts = result->killed ? evolving->cuts + 1 : 0;
    if (!result->killed)
        return false;
    evolving->tried = (struct digest){ { 0 } };
    evolving->again |= evolving->cuts < CUTS_MAX;
    return true;
}

/* --- the commands */

static int start(struct evolving *evolving, const char *program, const char *command,
    const char *what, child_done done, struct err *err)
{
    const struct engine *engine = evolving->engine;
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", engine->bin, program);
    const char *argv[] = { path, "-C", engine->home->path, "--json", command, what, NULL };
    const struct child_plan plan = { .loop = engine->loop,
        .argv = argv,
        .output_max = OUTPUT_MAX,
        .wall_ms = ROUND_MS,
        .nice = 10 };
    return child_start(&evolving->child, &plan, done, evolving, err);
}

/* What went wrong, in the command's own words. */
static struct str failure(const struct json *root, struct arena *arena)
{
    struct str text = json_string(arena, json_get(json_get(root, "error"), "message"));
    return text.size ? text : STR("no answer");
}

/* What the walk says of itself; a list of who waits is kept as it is, its writer is ours. */
static void on_walked(void *with, const struct child_result *result)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct evolving *evolving = with;
    const struct json *root = json_read(&arena, result->out, NULL, NULL);
    const struct json *waiting = json_get(root, "waiting");
    char text[120], before[sizeof evolving->last];
    evolving->child = NULL;
    buf_clear(&evolving->waiting);
    if (result->exit_code != 0 || !json_is(waiting, JSON_ARRAY)) {
        rest(evolving, "mandate: %s",
            str_printable(text, sizeof text, failure(root, &arena), false));
        return;
    }
    buf_str(&evolving->waiting, waiting->raw);
    struct str admitted = json_string(&arena, json_get(root, "admitted"));
    snprintf(before, sizeof before, "%.100s", evolving->last);
    if (admitted.size)
        rest(evolving, "admitted under a mandate: %s", str_printable(text, 13, admitted, false));
    else
        rest(evolving, "%s", before);
}

/* The end of a round: with autonomy auto what waits is looked at too. */
static void finish(struct evolving *evolving, const char *format, const char *what)
{
    struct err err = { 0 };
    char word[120];
    if (!is(evolving, "auto")) {
        rest(evolving, format, what);
        return;
    }
    str_printable(word, sizeof word, str_of(what), false);
    snprintf(evolving->last, sizeof evolving->last, format, word);
    evolving->state = EVOLVING_ADMITS;
    if (start(evolving, "moult-evolve", "mandate", "use", on_walked, &err) < 0)
        rest(evolving, "%s", err.text);
}

static void on_evolved(void *with, const struct child_result *result)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct evolving *evolving = with;
    const struct json *root = json_read(&arena, result->out, NULL, NULL);
    struct str stopped = json_string(&arena, json_get(root, "stopped"));
    evolving->child = NULL;
    bool good = result->exit_code == 0 && stopped.size > 0;
    struct str said = was_cut(evolving, result) ? STR("it was killed")
                      : good                    ? stopped
                                                : failure(root, &arena);
    end_round(evolving, said);
    int64_t retry_s = json_int(json_get(root, "retry_s"), -1);
    evolving->retry_ms = retry_s >= 0 ? now_ms() + (uint64_t)retry_s * 1000 : 0;
    char text[120];
    str_printable(text, sizeof text, said, false);
    finish(evolving, good ? "%s" : "evolve: %s", text);
}

/* What could be worked on: the same failures are not worked on twice. It is their clusters and how
 * often each was seen; the batches themselves change with every conversation that went well. */
static unsigned open_clusters(const struct json *root, struct arena *arena, struct digest *ret)
{
    struct hash_state state;
    unsigned open = 0;
    hash_begin(&state);
    JSON_EACH(cluster, json_get(root, "clusters"))
    {
        struct str id = json_string(arena, json_get(cluster, "id"));
        int64_t cases = json_int(json_get(cluster, "count"), 0);
        if (!json_bool(json_get(cluster, "mendable"), false) ||
            !json_is(json_get(cluster, "batch"), JSON_STRING))
            continue;
        hash_add(&state, id.at, id.size);
        hash_add(&state, &cases, sizeof cases);
        open++;
    }
    *ret = hash_end(&state);
    return open;
}

static void on_mined(void *with, const struct child_result *result)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct evolving *evolving = with;
    struct err err = { 0 };
    struct digest open;
    const struct json *root = json_read(&arena, result->out, NULL, NULL);
    const struct json *conversion = json_get(root, "conversion");
    evolving->child = NULL;
    if (json_is(conversion, JSON_OBJECT)) {
        buf_clear(&evolving->conversion);
        buf_str(&evolving->conversion, conversion->raw);
    }
    if (was_cut(evolving, result)) {
        rest(evolving, "mine: %s", "it was killed");
    } else if (result->exit_code != 0 || !json_get(root, "clusters")) {
        char text[120];
        rest(evolving, "mine: %s", str_printable(text, sizeof text, failure(root, &arena), false));
    } else if (open_clusters(root, &arena, &open) == 0) {
        finish(evolving, "%s", "mined: no cluster that can be mended");
    } else if (is(evolving, "observe")) {
        rest(evolving, "%s", "mined; autonomy is observe: nothing is proposed");
    } else if (hash_equal(&open, &evolving->tried) &&
               !(evolving->retry_ms && now_ms() >= evolving->retry_ms)) {
        finish(evolving, "%s", "mined: nothing new since the last round");
    } else if (!rounds_left(evolving)) {
        finish(evolving, "%s", "the rounds of today are used up (evolve.budget.rounds)");
    } else if (begin_round(evolving, "service", &err) < 0) {
        rest(evolving, "%s", err.text);
    } else if (start(evolving, "moult-evolve", "evolve", NULL, on_evolved, &err) < 0) {
        end_round(evolving, str_of(err.text));
        rest(evolving, "%s", err.text);
    } else {
        evolving->tried = open;
        evolving->state = EVOLVING_WORKS;
    }
}

static void on_quiet(uv_timer_t *timer)
{
    struct evolving *evolving = timer->data;
    struct err err = { 0 };
    evolving->first_ms = 0;
    evolving->state = EVOLVING_MINES;
    if (start(evolving, "moult-trial", "mine", NULL, on_mined, &err) < 0)
        rest(evolving, "%s", err.text);
}

/* --- when */

static void settle(struct evolving *evolving)
{
    uint64_t quiet = 1000ull * evolving->engine->config->settle_seconds, now = now_ms();
    if (!evolving->first_ms)
        evolving->first_ms = now;
    uint64_t latest = evolving->first_ms + PATIENCE * quiet;
    uint64_t wait = now + quiet > latest ? (latest > now ? latest - now : 0) : quiet;
    evolving->state = EVOLVING_SETTLES;
    uv_timer_start(evolving->timer, on_quiet, wait, 0);
}

void evolving_turn_ended(struct evolving *evolving)
{
    if (!evolving || is(evolving, "off"))
        return;
    if (evolving->state > EVOLVING_SETTLES)
        evolving->again = true;
    else
        settle(evolving);
}

/* What a service before this one began: its rounds of today count. True: one was cut off with it.
 */
static bool recall(struct evolving *evolving)
{
    const struct engine *engine = evolving->engine;
    struct err err = { 0 };
    bool cut;
    evolving->clock_ms = clock_wall_ms() - now_ms();
    evolving->day = today(evolving);
    if (store_rounds(engine->store, evolving->day * DAY_MS, (evolving->day + 1) * DAY_MS,
            &evolving->rounds, &cut, &err) < 0) {
        log_line(LOG_ERROR, "rounds of today, none is left: %s", err.text);
        evolving->rounds = engine->config->rounds_a_day;
        return false;
    }
    if (!cut || is(evolving, "off") || is(evolving, "observe"))
        return false;
    end_round(evolving, STR("it was cut off with the service"));
    return true;
}

struct evolving *evolving_new(struct engine *engine)
{
    struct evolving *evolving = mem_zero(1, sizeof *evolving);
    evolving->engine = engine;
    evolving->timer = mem_zero(1, sizeof *evolving->timer);
    uv_timer_init(engine->loop, evolving->timer);
    evolving->timer->data = evolving;
    snprintf(evolving->last, sizeof evolving->last, "%s", "no round yet");
    /* What a kill left between a confirmation and its admission, or in the middle of a round, goes
     * on without a turn. */
    if (recall(evolving) || is(evolving, "auto"))
        settle(evolving);
    return evolving;
}

void evolving_mandate(struct evolving *evolving)
{
    if (evolving && is(evolving, "auto"))
        evolving_turn_ended(evolving);
}

void evolving_free(struct evolving *evolving)
{
    if (!evolving)
        return;
    child_free(evolving->child);
    buf_done(&evolving->conversion);
    buf_done(&evolving->waiting);
    uv_close((uv_handle_t *)evolving->timer, (uv_close_cb)free);
    free(evolving);
}

void evolving_status(const struct evolving *evolving, struct buf *out)
{
    const struct config *config = evolving->engine->config;
    uint32_t rounds = today(evolving) == evolving->day ? evolving->rounds : 0;
    buf_text(out, "\"evolving\":{\"autonomy\":");
    json_quote(out, config->autonomy);
    buf_format(out, ",\"state\":\"%s\",\"rounds_today\":%u,\"rounds_a_day\":%u,\"last\":",
        state_words[evolving->state], rounds, config->rounds_a_day);
    json_quote(out, str_of(evolving->last));
    if (evolving->conversion.size > 0) {
        buf_text(out, ",\"conversion\":");
        buf_str(out, buf_view(&evolving->conversion));
    }
    if (evolving->waiting.size > 0) {
        buf_text(out, ",\"waiting\":");
        buf_str(out, buf_view(&evolving->waiting));
    }
    buf_char(out, '}');
}
