/* waits - effects that are a matter of time or of a person: a pause before a retry, and a yes or
 * no.
 *
 * A person's word is asked for by hooks (WIRE_PERSON), and by moult.json for tools that it does not
 * simply allow. Who sits there sees the question at /api/permissions (or in `moult chat`) and
 * answers it once; nobody there in time means no. */
#include "broker/waits.h"

#include "base/mem.h"
#include "broker/turn.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PATIENCE_MS = 5 * 60 * 1000 };

struct waiting { /* by lease: the turn may have gone when the timer runs */
    uv_timer_t timer;
    struct engine *engine;
    uint64_t lease;
    struct note *note;
    void (*then)(struct turn *turn, struct note *note);
};

static void on_time(uv_timer_t *timer)
{
    struct waiting *waiting = timer->data;
    struct turn *turn = turn_of(waiting->engine, waiting->lease);
    void (*then)(struct turn * turn, struct note * note) = waiting->then;
    struct note *note = waiting->note;
    if (turn && turn->timer == timer)
        turn->timer = NULL;
    uv_close((uv_handle_t *)timer, (uv_close_cb)free);
    if (turn && turn->asked == note)
        then(turn, note);
}

static void start_timer(struct turn *turn, struct note *note, uint64_t ms,
    void (*then)(struct turn *turn, struct note *note))
{
    struct engine *engine = turn->session->engine;
    struct waiting *waiting = mem_zero(1, sizeof *waiting);
    *waiting =
        (struct waiting){ .engine = engine, .lease = turn->lease, .note = note, .then = then };
    uv_timer_init(engine->loop, &waiting->timer);
    waiting->timer.data = waiting;
    turn->timer = &waiting->timer;
    uv_timer_start(&waiting->timer, on_time, ms, 0);
}

static void stop_timer(struct turn *turn)
{
    if (turn->timer)
        uv_close((uv_handle_t *)turn->timer, (uv_close_cb)free);
    turn->timer = NULL;
}

/* --- a pause */

static int prepare_wait(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct permit_facts *facts, struct buf *body, struct err *err)
{
    (void)turn;
    (void)err;
    facts->wait_ms = note->wait_ms = effect->ms;
    buf_format(body, "{\"ms\":%u}", effect->ms);
    return 0;
}

static void waited(struct turn *turn, struct note *note)
{
    effect_answer(turn, note, WIRE_OK, (struct str){ 0 });
}

static void dispatch_wait(struct turn *turn, struct note *note)
{
    start_timer(turn, note, note->wait_ms, waited);
}

const struct effect_kind effect_wait = { prepare_wait, dispatch_wait, stop_timer };

/* --- a person's word */

static void nobody(struct turn *turn, struct note *note)
{
    waits_answer(turn, note, false, "nobody said yes in time");
}

void waits_ask(struct turn *turn, struct note *note, struct str what, struct str detail)
{
    note->question = what;
    note->detail = detail;
    note->asking = true;
    start_timer(turn, note, PATIENCE_MS, nobody);
}

void waits_answer(struct turn *turn, struct note *note, bool yes, const char *why)
{
    stop_timer(turn);
    note->asking = false;
    if (note->id.kind == WIRE_PERSON)
        effect_answer(turn, note, yes ? WIRE_OK : WIRE_REFUSED, str_of(yes ? "yes" : why));
    else if (yes)
        note->consented(turn, note);
    else
        effect_answer(turn, note, WIRE_REFUSED, str_of(why));
}

static int prepare_person(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct permit_facts *facts, struct buf *body, struct err *err)
{
    (void)facts;
    (void)err;
    note->question = (struct str){ arena_string(&turn->arena,
                                       effect->body.at ? effect->body.at : "", effect->body.size),
        effect->body.size };
    buf_text(body, "{\"question\":");
    json_quote(body, note->question);
    buf_char(body, '}');
    return 0;
}

static void dispatch_person(struct turn *turn, struct note *note)
{
    waits_ask(turn, note, note->question, (struct str){ 0 });
}

const struct effect_kind effect_person = { prepare_person, dispatch_person, stop_timer };

/* --- for who looks */

static void print_question(struct buf *out, const struct turn *turn)
{
    const struct note *note = turn->asked;
    buf_format(out, "{\"id\":\"%" PRIu64 "-%" PRIu64 "\",\"session\":", turn->row, note->id.row);
    json_quote(out, turn->session->name);
    buf_text(out, ",\"question\":");
    json_quote(out, note->question);
    buf_text(out, ",\"detail\":");
    json_quote(out, note->detail);
    buf_char(out, '}');
}

static bool asks(const struct turn *turn)
{
    return turn && turn->asked && turn->asked->asking;
}

void waits_list(const struct engine *engine, struct str principal, struct buf *out)
{
    bool first = true;
    buf_text(out, "{\"permissions\":[");
    for (const struct session *session = engine->oldest; session; session = session->newer) {
        if (!asks(session->turn) || !str_equal(session->principal, principal))
            continue;
        if (!first)
            buf_char(out, ',');
        print_question(out, session->turn);
        first = false;
    }
    buf_text(out, "]}");
}

int waits_decide(struct engine *engine, struct str principal, uint64_t turn, uint64_t effect,
    bool yes, struct err *err)
{
    for (struct session *session = engine->oldest; session; session = session->newer) {
        struct turn *at = session->turn;
        if (!asks(at) || at->row != turn || at->asked->id.row != effect ||
            !str_equal(session->principal, principal))
            continue;
        waits_answer(at, at->asked, yes, "the person said no");
        return commit_now(engine->commit, err); /* who said it is told behind the disk */
    }
    return err_set(err, ERR_MISSING, "nothing of that id waits for an answer");
}
