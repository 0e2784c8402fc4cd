/* gateway - which conversation a client's request goes on with.
 *
 * A client brings its whole history each time. Each prefix of it has a key: a chain of digests over
 * what each message says (protocol_key), so that what a client adds or leaves out in the echo of a
 * reply makes no difference. Where a history ends with a reply that was handed out here, the
 * request goes on from there; if the conversation has gone on meanwhile it is a fork, and becomes a
 * session of its own. What was never handed out here is a new session of claims. */
#include "broker/client.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/session.h"
#include "broker/turn.h"

#include <inttypes.h>
#include <string.h>

enum { AGAIN_MS = 15 * 60 * 1000 }; /* longer than any client waits before it tries again */

static struct digest link_of(const struct digest *before, const struct digest *key)
{
    const struct str parts[] = { STR("moult-history"), { (const char *)before->at, 32 },
        { (const char *)key->at, 32 } };
    return hash_parts(parts, COUNT_OF(parts));
}

static void make_chain(struct client *client)
{
    const struct protocol_view *view = client->view;
    client->chain = arena_alloc(&client->arena, (view->messages_count + 1) * sizeof(struct digest));
    for (uint32_t i = 0; i < view->messages_count; i++)
        client->chain[i + 1] = link_of(&client->chain[i], &view->messages[i].key);
}

/* The longest prefix that ends with a reply of ours. 1 found, 0 none. */
static int find_head(
    struct client *client, struct live_head *ret, uint32_t *ret_count, struct err *err)
{
    const struct protocol_view *view = client->view;
    for (uint32_t n = view->messages_count; n > 0; n--) {
        if (!view->messages[n - 1].model)
            continue;
        int rc =
            live_head_find(client->engine->store, client->principal, &client->chain[n], ret, err);
        if (rc != 0) {
            *ret_count = n;
            return rc;
        }
    }
    return 0;
}

/* Messages of the client that the session has already: the harness's version stays, the client's
 * own bytes are what goes up again where both say the same. */
static void match_entries(struct client *client, struct session *session, uint32_t known)
{
    const struct protocol_view *view = client->view;
    uint32_t at = 0;
    for (uint32_t i = 0; i < session->entries_count; i++)
        session->entries[i].client = -1;
    for (uint32_t i = 0; i < session->entries_count && at < known; i++) {
        const struct digest *key = session_key(session, i);
        for (uint32_t k = at; k < known; k++)
            if (memcmp(key, &view->messages[k].key, sizeof *key) == 0) {
                session->entries[i].client = (int32_t)k;
                at = k + 1;
                break;
            }
    }
}

static int add_new(
    struct client *client, struct session *session, uint64_t turn, uint32_t from, struct err *err)
{
    const struct protocol_view *view = client->view;
    int rc = 0;
    for (uint32_t i = from; rc == 0 && i < view->messages_count; i++) {
        uint32_t at = session->entries_count;
        const struct live_message message = { .turn = turn,
            .standing = JOURNAL_CLAIM,
            .failed = view->messages[i].failed,
            .bytes = view->messages[i].chat };
        rc = session_add(session, &message, (int32_t)i, err);
        if (rc == 0 && session->entries_count > at) {
            session->entries[at].key = view->messages[i].key;
            session->entries[at].keyed = true;
        }
    }
    return rc;
}

/* group: what it goes on from, if that is sealed; empty: as the client says. */
static int new_session(
    struct session **ret, struct client *client, struct str group, struct err *err)
{
    const struct session_plan plan = { .gateway = true,
        .principal = client->principal,
        .group = group.size ? group : http_header(client->exchange, "X-Moult-Group"),
        .grouped = group.size > 0,
        .tools = client->view->tools,
        .protocol = client->protocol };
    return session_new(ret, client->engine, &plan, err);
}

/* A client may offer other tools in a later request. */
static bool same_tools(const struct session *session, const struct client *client)
{
    return str_equal(session->tools, client->view->tools);
}

static int go_on(struct session **ret, struct client *client, const struct live_head *head,
    uint32_t known, struct err *err)
{
    struct session *session;
    int rc = session_get(&session, client->engine, head->session, err);
    if (rc < 0)
        return rc;
    bool busy = session->turn && session->turn->phase != TURN_RESTS;
    bool moved_on = session->entries_count != head->messages;
    if (busy || moved_on || !same_tools(session, client)) {
        rc = session_fork(&session, session, head->messages, err);
        if (rc < 0)
            return rc;
        session->tools = (struct str){ arena_string(&session->arena,
                                           client->view->tools.at ? client->view->tools.at : "",
                                           client->view->tools.size),
            client->view->tools.size };
    }
    match_entries(client, session, known);
    *ret = session;
    return 0;
}

/* Whether it is the turn that handed those calls out, the same read again from the journal, or one
 * that asks the same anew behind a limit: it has used what was used up to there. */
static int go_on_counting(struct turn *turn, uint64_t hand, struct err *err)
{
    struct live_used used = { 0 };
    int rc = live_used_find(turn->session->engine->store, hand, &used, err);
    if (rc == 1)
        turn_count_from(turn, &used);
    return rc < 0 ? rc : 0;
}

/* The history ends with a user's message: a turn begins. With results: the one that asked for them
 * goes on, and hand is the row of what it handed out; 0: nobody here did. */
static int place_turn(
    struct client *client, struct session *session, bool starts, uint64_t hand, struct err *err)
{
    struct turn *turn = session->turn;
    if (turn && starts) { /* its client never brought the results */
        int rc = live_turn_end(client->engine->store, turn->row, WIRE_ENDED_HANDED,
            STR("the client went on without the results"), err);
        if (rc < 0)
            return rc;
        turn_free(turn);
        turn = NULL;
    }
    int rc = turn ? 0 : turn_new(&turn, session, err);
    if (rc < 0)
        return rc;
    turn->starts = starts;
    turn->client = client;
    client->turn = turn;
    return starts || hand == 0 ? 0 : go_on_counting(turn, hand, err);
}

/* --- an answer that was lost on its way */

static struct digest request_key(const struct client *client)
{
    const struct str parts[] = { STR("moult-request"), client->principal,
        str_of(protocol_words[client->protocol]), http_body(client->exchange) };
    return hash_parts(parts, COUNT_OF(parts));
}

/* Who was handed it is still there and reads: nothing was lost. */
static bool is_being_read(const struct client *client, uint64_t hand)
{
    for (const struct client *other = client->engine->clients; other; other = other->next)
        if (other->hand == hand && other->exchange)
            return true;
    return false;
}

/* The provider's own bytes, if they are what went out. */
static bool is_native(const struct client *client, const struct json *hand,
    const struct json *asked, struct arena *arena)
{
    return json_bool(json_get(hand, "same"), false) &&
           str_equal(json_string(arena, json_get(asked, "protocol")),
               str_of(protocol_words[client->protocol])) &&
           json_bool(json_get(asked, "stream"), false) == client->view->stream;
}

static int write_again(
    struct client *client, const struct live_answer *known, struct str *ret, struct err *err)
{
    struct arena *arena = &client->arena;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct json *hand = json_read(arena, known->body, NULL, err);
    const struct json *asked =
        known->reply_body.size ? json_read(arena, known->reply_body, NULL, NULL) : NULL;
    if (!hand)
        return -err->code;
    if (known->reply.size && is_native(client, hand, asked, arena)) {
        *ret = known->reply;
        return 0;
    }
    const struct json *message = json_get(hand, "message"), *list = json_get(message, "tool_calls");
    struct protocol_answer answer = { .protocol = client->protocol,
        .stream = client->view->stream,
        .model = client->view->model,
        .id = str_of(arena_format(arena, "moult-%" PRIu64 "-%" PRIu64, known->turn, known->hand)),
        .text = json_string(arena, json_get(message, "content")),
        .at_s = clock_wall_ms() / 1000 };
    struct protocol_call *calls =
        arena_alloc(arena, (json_is(list, JSON_ARRAY) ? list->count + 1 : 1) * sizeof *calls);
    JSON_EACH(call, list)
    {
        const struct json *function = json_get(call, "function");
        calls[answer.calls_count++] =
            (struct protocol_call){ json_string(arena, json_get(call, "id")),
                json_string(arena, json_get(function, "name")),
                json_string(arena, json_get(function, "arguments")) };
    }
    answer.calls = calls;
    int rc = protocol_answer_write(&out, &answer, err);
    *ret = (struct str){ arena_string(arena, out.at ? out.at : "", out.size), out.size };
    return rc;
}

/* A client that never heard the answer asks with the same bytes again, and it may have been a
 * broker before this one that answered. An equal request whose answer did arrive is another one:
 * nothing is kept for those. */
static int answer_again(struct client *client, struct err *err)
{
    struct live_answer known;
    struct str bytes;
    struct engine *engine = client->engine;
    int rc = live_answer_find(
        engine->store, &client->request_key, AGAIN_MS, &client->arena, &known, err);
    if (rc <= 0 || is_being_read(client, known.hand))
        return rc < 0 ? rc : 0;
    rc = write_again(client, &known, &bytes, err);
    if (rc == 0)
        rc = commit_now(engine->commit, err); /* of this group, perhaps */
    if (rc < 0)
        return rc;
    client_again(client, &known, bytes);
    return 1;
}

int gateway_place(struct client *client, struct err *err)
{
    const struct protocol_view *view = client->view;
    struct live_head head;
    struct session *session = NULL;
    struct str group = { 0 };
    bool sealed = false;
    uint32_t known = 0;
    client->request_key = request_key(client);
    int rc = answer_again(client, err);
    if (rc != 0)
        return rc;
    make_chain(client);
    rc = find_head(client, &head, &known, err);
    if (rc < 0)
        return rc;
    bool goes_on = rc == 1 && known < view->messages_count;
    if (goes_on && (rc = live_group(client->engine->store, head.session, &client->arena, &group,
                        &sealed, err)) < 0)
        return rc;
    if (goes_on && !sealed) {
        rc = go_on(&session, client, &head, known, err);
    } else { /* the client brings all of a sealed one: it stays in the group that it was in */
        known = 0;
        rc = new_session(&session, client, sealed ? group : (struct str){ 0 }, err);
    }
    if (rc < 0)
        return rc;
    bool starts = view->messages_count > 0 && view->messages[view->messages_count - 1].user;
    rc = place_turn(client, session, starts, known ? head.hand : 0, err);
    if (rc == 0)
        rc = add_new(client, session, client->turn->row, known, err);
    return rc;
}

int gateway_head(struct client *client, struct str answer, uint64_t hand, struct err *err)
{
    const struct session *session = client->turn->session;
    struct digest key = protocol_key(answer, &client->arena);
    uint32_t count = client->view->messages_count;
    const struct live_head head = { .principal = client->principal,
        .key = link_of(&client->chain[count], &key),
        .session = session->number,
        .messages = session->entries_count,
        .client_messages = count + 1,
        .request = client->request_key,
        .hand = hand };
    return live_head_put(client->engine->store, &head, err);
}
