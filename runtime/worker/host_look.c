/* host_look - verbs that look at the turn: the text in hand, calls, messages, the error, the past.
 */
#include "worker/host.h"

moult_text host_body(moult_turn *turn)
{
    return host_exact(host_turn(turn), host_turn(turn)->body);
}

bool host_calls(moult_turn *face, moult_it *it)
{
    struct reply *reply = &host_turn(face)->reply;
    if (it->next >= reply->calls_count)
        return false;
    it->index = it->next++;
    it->call = &reply->calls[it->index].face;
    return true;
}

static bool orphaned(const struct conversation *conversation, const struct message *message)
{
    if (message->role == MOULT_RESULT)
        return message->call == NONE;
    for (uint32_t i = 0; i < message->calls_count; i++)
        if (conversation->calls[message->calls_from + i].result == NONE)
            return true;
    return false;
}

static bool passes(
    const struct conversation *conversation, const struct message *message, uint32_t filter)
{
    if (!(filter & MOULT_ANY_ROLE & message->role))
        return false;
    bool call_or_result = message->role == MOULT_RESULT || message->calls_count > 0;
    bool orphan = call_or_result && orphaned(conversation, message);
    if ((filter & MOULT_ORPHANED) && !orphan)
        return false;
    return !(filter & MOULT_ANSWERED) || (call_or_result && !orphan);
}

bool host_msgs(moult_turn *face, uint32_t filter, moult_it *it)
{
    struct turn *turn = host_turn(face);
    const struct conversation *conversation = &turn->session->conversation;
    if (!(filter & MOULT_ANY_ROLE))
        filter |= MOULT_ANY_ROLE;
    for (; it->next < conversation->count; it->next++) {
        const struct message *message = &conversation->messages[it->next];
        if (!passes(conversation, message, filter))
            continue;
        if (!host_charge(turn, message->bytes.size))
            return false;
        it->index = it->next++;
        it->role = message->role;
        it->text = host_text(content_text(&turn->arena, message->content));
        return true;
    }
    return false;
}

int64_t host_error(moult_turn *face, uint32_t what)
{
    const struct turn *turn = host_turn(face);
    switch (what) {
    case MOULT_ERROR_CLASS:
        return turn->error_class;
    case MOULT_ERROR_ATTEMPT:
        return turn->attempt;
    case MOULT_ERROR_RETRY_AFTER_MS:
        return turn->retry_after_ms;
    default:
        return 0;
    }
}

/* One earlier call, of the conversation or of the reply in hand, in the form that past() compares.
 */
struct earlier {
    uint64_t name, args, result;
    bool answered, failed;
};

static struct earlier settled_call(struct turn *turn, uint32_t number)
{
    struct conversation *conversation = &turn->session->conversation;
    struct past_call *call = &conversation->calls[number];
    if (!call->digested || (call->result != NONE && !call->result_digested))
        past_digest(conversation, call, &turn->arena);
    return (struct earlier){ call->name_digest, call->args_digest, call->result_digest,
        call->result != NONE, call->result != NONE && conversation->messages[call->result].failed };
}

static bool alike(
    const struct call *call, uint64_t result, const struct earlier *other, uint32_t filter)
{
    if ((filter & MOULT_SAME_NAME) && other->name != call->name_digest)
        return false;
    if ((filter & MOULT_SAME_ARGS) && other->args != call->args_digest)
        return false;
    if ((filter & MOULT_SAME_RESULT) && (!other->answered || other->result != result))
        return false;
    return !(filter & MOULT_FAILED) || other->failed;
}

/* Where the calls that come before this one end: all of the conversation, or up to itself. */
static uint32_t calls_before(const struct turn *turn, const struct call *call)
{
    return call->past == NONE ? turn->session->conversation.calls_count : call->past;
}

static uint32_t same_reply_before(const struct turn *turn, const struct call *call)
{
    const struct reply *reply = &turn->reply;
    bool inside =
        call->past == NONE && call >= reply->calls && call < reply->calls + reply->calls_count;
    return inside ? (uint32_t)(call - reply->calls) : 0;
}

uint32_t host_past(moult_turn *face, const moult_call *which, uint32_t filter)
{
    struct turn *turn = host_turn(face);
    if (!which)
        return 0;
    const struct call *call = (const struct call *)(const void *)which;
    const struct conversation *conversation = &turn->session->conversation;
    uint64_t result = which->result.at ? hash_fast(which->result.at, which->result.size, 0) : 0;
    bool needs_result = filter & (MOULT_SAME_RESULT | MOULT_FAILED);
    uint32_t this_turn = filter & MOULT_THIS_TURN ? conversation_turn(conversation) : 0;
    uint32_t beside = same_reply_before(turn, call), settled = calls_before(turn, call);
    uint32_t count = 0, ago = 0;
    for (uint32_t i = beside + settled; i-- > 0;) {
        struct earlier other;
        if (i >= settled) {
            const struct call *mate = &turn->reply.calls[i - settled];
            other = (struct earlier){ .name = mate->name_digest, .args = mate->args_digest };
        } else {
            if (conversation->calls[i].message < this_turn)
                break;
            other = settled_call(turn, i);
        }
        if (needs_result && !other.answered)
            continue; /* says nothing yet: it neither counts nor ends a row */
        ago++;
        if (alike(call, result, &other, filter)) {
            count++;
            if (filter & MOULT_AGO)
                return ago;
        } else if (filter & MOULT_IN_A_ROW) {
            break;
        }
    }
    return filter & MOULT_AGO ? 0 : count;
}
