/* body - see body.h. */
#include "mock/body.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void body_done(struct body *body)
{
    if (!body)
        return;
    buf_done(&body->bytes);
    free(body->pieces);
    *body = (struct body){ 0 };
}

void body_piece(struct body *body, uint64_t repeat)
{
    size_t size = body->bytes.size - body->marked;
    if (size == 0 || repeat == 0)
        return;
    if (body->count == body->room) {
        body->room = body->room ? body->room * 2 : 16;
        body->pieces = mem_grow(body->pieces, body->room, sizeof *body->pieces);
    }
    body->pieces[body->count++] = (struct body_piece){ body->marked, size, repeat, !body->inside };
    body->marked = body->bytes.size;
    body->inside = true;
}

void body_event(struct body *body)
{
    body_piece(body, 1);
    body->inside = false;
}

static void fill_bytes(struct body *body, char c, size_t size)
{
    memset(buf_reserve(&body->bytes, size), c, size);
    body->bytes.size += size;
}

void body_fill(struct body *body, char c, uint64_t size)
{
    body_piece(body, 1);
    if (size >= BODY_FILL) {
        fill_bytes(body, c, BODY_FILL);
        body_piece(body, size / BODY_FILL);
    }
    fill_bytes(body, c, (size_t)(size % BODY_FILL));
    body_piece(body, 1);
}

uint64_t body_size(const struct body *body)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < body->count; i++)
        size += body->pieces[i].size * body->pieces[i].repeat;
    return size;
}

uint64_t body_events(const struct body *body)
{
    uint64_t events = 0;
    for (uint32_t i = 0; i < body->count; i++)
        events += body->pieces[i].event ? body->pieces[i].repeat : 0;
    return events;
}

struct str body_at(const struct body *body, const struct body_piece *piece)
{
    return (struct str){ body->bytes.at + piece->from, piece->size };
}
