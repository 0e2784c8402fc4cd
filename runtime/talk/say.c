/* say - see say.h. */
#include "talk/say.h"

#include "base/clock.h"
#include "base/mem.h"
#include "talk/hear.h"
#include "talk/permissions.h"
#include "talk/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { POLL_MS = 200, MS_NS = 1000000 };

struct saying {
    struct link *link;
    struct say *say;
    struct hear hear;
    struct arena arena;
    struct ask turn, list, answer, cancel;
    char asked[PERMISSION_ID_MAX]; /* the question that was put last */
    uint64_t until_ns;             /* 0: no limit */
    bool expired, interrupted;
};

/* --- names */

void say_name(char out[64], const char *kind)
{
    uint32_t random = 0;
    char when[32];
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm tm;
    if (getrandom(&random, sizeof random, 0) < 0)
        random = (uint32_t)clock_mono_ns();
    strftime(when, sizeof when, "%Y%m%d-%H%M%S", gmtime_r(&now, &tm));
    snprintf(out, 64, "%s-%s-%08x", kind, when, random);
}

int say_check_model(struct link *link, const char *model, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *list;
    int rc = model ? ask_json(&list, link, "/v1/models", &arena, err) : 0;
    if (rc < 0 || !model)
        return rc;
    JSON_EACH(item, json_get(list, "data"))
    {
        if (str_equal(json_string(&arena, json_get(item, "id")), str_of(model)))
            return 0;
    }
    err_set(err, ERR_MISSING, "no model %.60s", model);
    return err_hint(err, "models[] of moult.json names those that there are");
}

/* --- a question */

static void left(struct saying *saying, const struct permission *question)
{
    char what[200];
    (void)saying;
    fprintf(stderr, "%s\n  waits: moult permissions allow %.*s (or deny)\n",
        str_printable(what, sizeof what, question->question, false), (int)question->id.size,
        question->id.at);
}

static void put(struct saying *saying, const struct permission *question)
{
    const struct say *say = saying->say;
    struct err err;
    arena_reset(&saying->arena);
    saying->answer = (struct ask){ 0 };
    if (say->person == SAY_LEAVE)
        left(saying, question);
    bool yes = say->person == SAY_ASK && terminal_yes(question->question, question->detail);
    if (say->person != SAY_LEAVE &&
        permission_answer(&saying->answer, question->id, yes, &saying->arena, &err) == 0)
        ask_start(saying->link, &saying->answer, &err);
}

static void on_list(struct ask *ask)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct saying *saying = ask->with;
    struct permission *list;
    const struct json *root = json_read(&arena, buf_view(&ask->answer), NULL, NULL);
    uint32_t count = ask->err.code ? 0 : permissions_read(&list, root, &arena);
    for (uint32_t i = 0; i < count; i++) {
        if (!str_equal(list[i].session, str_of(saying->say->session)) ||
            str_equal(list[i].id, str_of(saying->asked)))
            continue;
        snprintf(saying->asked, sizeof saying->asked, "%.*s", (int)list[i].id.size, list[i].id.at);
        put(saying, &list[i]);
        return;
    }
}

/* --- meanwhile */

/* There may be no turn yet, while the session's tools start: who hangs up then begins none. */
static void on_cancelled(struct ask *ask)
{
    struct saying *saying = ask->with;
    if (ask->err.code)
        ask_cancel(&saying->turn);
}

static void cancel(struct saying *saying)
{
    struct err err;
    if (saying->cancel.path)
        return;
    saying->cancel = (struct ask){ .method = "POST",
        .path = arena_format(&saying->arena, "/api/sessions/%s/cancel", saying->say->session),
        .on_end = on_cancelled,
        .with = saying };
    if (ask_start(saying->link, &saying->cancel, &err) < 0)
        ask_cancel(&saying->turn);
}

static void on_poll(uv_timer_t *timer)
{
    struct saying *saying = timer->data;
    struct err err;
    saying->interrupted |= terminal_interrupted();
    saying->expired |= saying->until_ns && clock_mono_ns() > saying->until_ns;
    if (saying->interrupted || saying->expired) {
        cancel(saying);
        return;
    }
    if (saying->list.going || saying->answer.going)
        return;
    buf_done(&saying->list.answer);
    saying->list = (struct ask){
        .method = "GET", .path = PERMISSIONS_PATH, .on_end = on_list, .with = saying
    };
    ask_start(saying->link, &saying->list, &err);
}

static void on_text(void *with, struct str text)
{
    struct say *say = ((struct saying *)with)->say;
    if (say->json)
        buf_str(&say->answer, text);
    else
        terminal_print(text);
    say->open = text.at[text.size - 1] != '\n';
}

static void on_data(struct ask *ask, struct str data)
{
    hear_bytes(&((struct saying *)ask->with)->hear, data);
}

/* --- the whole */

static int start(struct saying *saying, struct buf *body, struct err *err)
{
    const struct say *say = saying->say;
    buf_text(body, "{\"model\":");
    json_quote(body, str_of(say->model ? say->model : "default"));
    buf_text(body, ",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":");
    json_quote(body, say->text);
    buf_text(body, "}]}");
    saying->turn = (struct ask){ .method = "POST",
        .path = "/v1/chat/completions",
        .session = say->session,
        .body = buf_view(body),
        .on_data = on_data,
        .with = saying };
    return ask_start(saying->link, &saying->turn, err);
}

static void wait(struct saying *saying)
{
    uv_loop_t *loop = link_loop(saying->link);
    uv_timer_t timer = { .data = saying };
    uv_timer_init(loop, &timer);
    uv_timer_start(&timer, on_poll, POLL_MS, POLL_MS);
    while (saying->turn.going)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    ask_cancel(&saying->list);
    ask_cancel(&saying->answer);
    while (saying->cancel.going)
        uv_run(loop, UV_RUN_ONCE);
    uv_run(loop, UV_RUN_NOWAIT);
}

static int refused(const struct saying *saying, struct err *err)
{
    struct str why = buf_view(&saying->say->answer); /* else it was printed as it came */
    return err_set(err, ERR_DENIED, "the turn was refused%s%.*s", why.size ? ": " : "",
        (int)why.size, why.size ? why.at : "");
}

static int outcome(const struct saying *saying, struct err *err)
{
    bool heard = saying->hear.whole && !saying->hear.err.code && !saying->turn.err.code;
    if (heard)
        return saying->hear.refused ? refused(saying, err) : 0;
    if (saying->expired)
        return err_set(err, ERR_TIMEOUT, "no answer within %" PRIu64 " s: the turn was cancelled",
            saying->say->seconds);
    if (saying->interrupted)
        return err_set(err, ERR_STATE, "cancelled");
    if (!saying->hear.err.code && !saying->turn.err.code)
        return err_set(err, ERR_PEER, "the answer was cut off");
    *err = saying->hear.err.code ? saying->hear.err : saying->turn.err;
    return -err->code;
}

int say_run(struct link *link, struct say *say, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct saying saying = { .link = link, .say = say };
    saying.hear = (struct hear){ .on_text = on_text, .with = &saying };
    if (say->seconds)
        saying.until_ns = clock_mono_ns() + say->seconds * 1000 * MS_NS;
    int rc = start(&saying, &body, err);
    if (rc == 0) {
        wait(&saying);
        say->turn = saying.turn.turn;
        rc = outcome(&saying, err);
    }
    hear_done(&saying.hear);
    ask_done(&saying.turn);
    ask_done(&saying.list);
    ask_done(&saying.answer);
    ask_done(&saying.cancel);
    arena_done(&saying.arena);
    return rc;
}

void say_print(const struct say *say)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"session\":");
    json_quote(&out, str_of(say->session));
    if (say->turn)
        buf_format(&out, ",\"turn\":%" PRIu64 ",\"text\":", say->turn);
    else
        buf_text(&out, ",\"turn\":null,\"text\":");
    json_quote(&out, buf_view(&say->answer));
    buf_text(&out, "}");
    puts(out.at);
    fflush(stdout);
}

void say_done(struct say *say)
{
    buf_done(&say->answer);
}
