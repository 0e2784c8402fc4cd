/* batch_texts - see batch_texts.h. */
#include "promote/batch_texts.h"

static void add(struct batch_texts *texts, struct str text, struct arena *arena)
{
    if (text.size == 0)
        return;
    if (texts->count == texts->room) {
        unsigned room = texts->room ? 2 * texts->room : 64;
        texts->at = arena_grow(
            arena, texts->at, texts->room * sizeof(texts->at[0]), room * sizeof(texts->at[0]));
        texts->room = room;
    }
    texts->at[texts->count++] = text;
}

static void add_message(
    struct batch_texts *texts, const struct run_message *message, struct arena *arena)
{
    add(texts, message->text, arena);
    for (uint32_t i = 0; i < message->calls_count; i++) {
        add(texts, message->calls[i].name, arena);
        add(texts, message->calls[i].args, arena);
    }
}

static void add_case(
    struct batch_texts *texts, const struct run *run, uint32_t step, struct arena *arena)
{
    if (step >= run->steps_count)
        return;
    uint32_t from = step ? run->steps[step - 1] + 1 : 0;
    for (uint32_t i = from; i <= run->steps[step]; i++)
        add_message(texts, &run->messages[i], arena);
}

void batch_texts_take(struct batch_texts *ret, const struct batch *batch,
    const struct run *const *runs, unsigned runs_count, struct arena *arena)
{
    *ret = (struct batch_texts){ 0 };
    for (uint32_t i = 0; i < batch->cases_count; i++)
        for (unsigned n = 0; n < runs_count; n++)
            if (str_equal(runs[n]->session, batch->cases[i].session))
                add_case(ret, runs[n], batch->cases[i].step, arena);
}
