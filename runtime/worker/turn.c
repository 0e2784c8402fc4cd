/* turn - begins and ends the memory of a turn. */
#include "worker/turn.h"

#include "worker/host.h"

void turn_begin(struct session *session)
{
    host_guarded_free(&session->turn);
    struct arena arena = session->turn.arena;
    if (!arena.first) {
        arena = session->worker->spare;
        session->worker->spare = (struct arena){ 0 };
    }
    arena_reset(&arena);
    session->turn = (struct turn){
        .face = { .host = &host_table, .size = sizeof(struct moult_turn) },
        .session = session,
        .arena = arena,
        .by = NONE,
        .hint_by = NONE,
    };
}

void turn_rest(struct session *session)
{
    struct turn *turn = &session->turn;
    if (turn->stage != STAGE_IDLE)
        return;
    host_guarded_free(turn);
    if (session->worker->spare.first)
        arena_done(&turn->arena);
    else
        session->worker->spare = turn->arena;
    turn->arena = (struct arena){ 0 };
}
