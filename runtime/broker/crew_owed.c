/* crew_owed - see crew_owed.h. */
#include "broker/crew_owed.h"

#include "base/mem.h"

#include <stddef.h>
#include <string.h>

enum { WORDS_MAX = 20000 }; /* on the way to one answer: hooks of one step are some dozens */

/* Of the messages that a worker may send; what stands here not at all is refused. */
static const struct word {
    bool taken;
    bool answers;
} words[WIRE_TYPES] = {
    [WIRE_EFFECT] = { true, true },
    [WIRE_EVENT] = { true, false },
    [WIRE_END] = { true, true },
    [WIRE_FAULT] = { true, false },
    [WIRE_VERDICTS] = { true, true },
};

/* Every message of a session begins with its lease, whoever sends it. */
static uint64_t lease_of(const struct wire *message)
{
    return message->close.lease;
}
_Static_assert(
    offsetof(struct wire_open, lease) == 0 && offsetof(struct wire_put, lease) == 0 &&
        offsetof(struct wire_run, lease) == 0 && offsetof(struct wire_result, lease) == 0 &&
        offsetof(struct wire_vectors, lease) == 0 && offsetof(struct wire_effect, lease) == 0 &&
        offsetof(struct wire_event, lease) == 0 && offsetof(struct wire_end, lease) == 0 &&
        offsetof(struct wire_fault, lease) == 0 && offsetof(struct wire_verdicts, lease) == 0,
    "lease_of reads any of them");

void owed_done(struct owed *owed)
{
    mem_freep(&owed->sent);
    *owed = (struct owed){ 0 };
}

static void make_room(struct owed *owed)
{
    if (owed->at + owed->count < owed->room)
        return;
    if (owed->at > 0)
        memmove(owed->sent, owed->sent + owed->at, owed->count * sizeof *owed->sent);
    owed->at = 0;
    if (owed->count < owed->room)
        return;
    owed->room = owed->room ? 2 * owed->room : 16;
    owed->sent = mem_grow(owed->sent, owed->room, sizeof *owed->sent);
}

void owed_send(struct owed *owed, const struct wire *message)
{
    bool answer =
        message->type == WIRE_RUN || message->type == WIRE_RESULT || message->type == WIRE_VECTORS;
    make_room(owed);
    owed->sent[owed->at + owed->count++] = (struct owed_sent){ lease_of(message), answer, false };
    owed->waiting += answer;
}

static int unasked(const struct wire *message, struct err *err)
{
    return err_set(err, ERR_DENIED, "%s of lease %llu, which nobody waits for",
        wire_words[message->type], (unsigned long long)lease_of(message));
}

/* The first that waits is answered first; those of refused ones may come late or never. */
static int take_answer(struct owed *owed, const struct wire *message, struct err *err)
{
    for (uint32_t i = 0; i < owed->count; i++) {
        const struct owed_sent *sent = &owed->sent[owed->at + i];
        if (!sent->answer || (sent->faulted && sent->lease != lease_of(message)))
            continue;
        if (sent->lease != lease_of(message))
            break;
        owed->waiting -= !sent->faulted;
        owed->at += i + 1;
        owed->count -= i + 1;
        owed->words = 0;
        return 1;
    }
    return unasked(message, err);
}

static int take_fault(struct owed *owed, const struct wire *message, struct err *err)
{
    bool known = lease_of(message) == 0; /* it ends */
    for (uint32_t i = 0; i < owed->count; i++) {
        struct owed_sent *sent = &owed->sent[owed->at + i];
        if (sent->lease != lease_of(message))
            continue;
        known = true;
        if (!sent->answer || sent->faulted)
            continue;
        sent->faulted = true;
        owed->waiting--;
        break;
    }
    return known ? 0 : unasked(message, err);
}

/* Is the lease's turn the one that the worker has in work? */
static int take_word(const struct owed *owed, const struct wire *message, struct err *err)
{
    for (uint32_t i = 0; i < owed->count; i++) {
        const struct owed_sent *sent = &owed->sent[owed->at + i];
        if (sent->answer && sent->lease == lease_of(message))
            return 0;
        if (sent->answer && !sent->faulted)
            break;
    }
    return unasked(message, err);
}

int owed_take(struct owed *owed, const struct wire *message, struct err *err)
{
    const struct word *word = &words[message->type];
    if (!word->taken)
        return err_set(err, ERR_DENIED, "%s has no place here", wire_words[message->type]);
    if (++owed->words > WORDS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d words without an answer", WORDS_MAX);
    if (message->type == WIRE_FAULT)
        return take_fault(owed, message, err);
    /* What is handed out is said before END: it is no answer. */
    if (!word->answers || (message->type == WIRE_EFFECT && message->effect.kind == WIRE_HAND))
        return take_word(owed, message, err);
    return take_answer(owed, message, err);
}

uint64_t owed_first(const struct owed *owed)
{
    for (uint32_t i = 0; i < owed->count; i++)
        if (owed->sent[owed->at + i].answer && !owed->sent[owed->at + i].faulted)
            return owed->sent[owed->at + i].lease;
    return 0;
}
