/* turn_load - the two ends of the benchmark `turn`: a model that answers at once, and a client that
 * has turns of two model calls and one tool, so many at a time, with nothing but libcurl.
 *
 *   turn_load model                           prints its port, answers until it is killed
 *   turn_load client URL SOCKET TURNS AT_ONCE FIRST [SESSION_TURNS]
 *                                             prints turns, failures, seconds, own processor ms
 *
 * With SESSION_TURNS the turns are hosted: one request each, the tool is the service's own, and so
 * many turns are one session. */
#include "base/clock.h"
#include "base/mem.h"
#include "http/server.h"
#include "transfer/transfer.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPLY(id, message, finish)                                                                 \
    "{\"id\":\"" id "\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":" \
    "[{\"index\":0,\"message\":" message ",\"finish_reason\":\"" finish                            \
    "\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}"
#define CALLS                                                                                      \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"        \
    "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]}"
static const char call_reply[] = REPLY("r1", CALLS, "tool_calls");
/* In one conversation each call has an id of its own. */
static const char own_call_reply[] = REPLY("r1",
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"own_%u\",\"type\":"
    "\"function\",\"function\":{\"name\":\"list_files\",\"arguments\":\"{}\"}}]}",
    "tool_calls");
static const char text_reply[] =
    REPLY("r2", "{\"role\":\"assistant\",\"content\":\"It is done.\"}", "stop");

/* --- the model */

static int on_head(void *with, struct http_exchange *exchange)
{
    (void)with;
    (void)exchange;
    return 0;
}

/* Where it stands last, or -1. */
static ssize_t last_of(struct str text, struct str what)
{
    ssize_t at = -1;
    for (ssize_t next; (next = str_find(text, what)) >= 0;) {
        at += next + 1;
        text = (struct str){ text.at + next + 1, text.size - (size_t)next - 1 };
    }
    return at;
}

static void on_request(void *with, struct http_exchange *exchange)
{
    static const struct http_header json = { { "Content-Type", 12 }, { "application/json", 16 } };
    static unsigned calls;
    struct str body = http_body(exchange);
    char own[sizeof own_call_reply + 16];
    const char *reply = call_reply;
    (void)with;
    if (last_of(body, STR("\"tool_call_id\"")) > last_of(body, STR("\"user\""))) {
        reply = text_reply;
    } else if (str_find(body, STR("\"list_files\"")) >= 0) {
        snprintf(own, sizeof own, own_call_reply, ++calls);
        reply = own;
    }
    http_reply(exchange, 200, &json, 1, str_of(reply));
}

static void on_gone(void *with, struct http_exchange *exchange, bool whole)
{
    (void)with;
    (void)exchange;
    (void)whole;
}

static int model(uv_loop_t *loop)
{
    static const struct http_handler handler = { on_head, on_request, NULL, on_gone };
    const struct http_listen where = { .host = "127.0.0.1" };
    struct http_server *server;
    struct err err;
    if (http_server_start(&server, loop, &where, &http_limits_default, &handler, NULL, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("%u\n", http_server_port(server));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}

/* --- the client */

struct client {
    struct transfers *transfers;
    const char *url, *socket;
    unsigned left, done, failed, next, session_turns;
};
struct turn {
    struct client *client;
    bool second;
    unsigned number, status, first, turns; /* first: number of its first turn */
    char body[2048], session[64];
};

static void ask(struct turn *turn);

static void take_head(void *with, unsigned status)
{
    ((struct turn *)with)->status = status;
}

static void take_end(void *with, enum transfer_end end, bool sent, const struct err *err)
{
    struct turn *turn = with;
    struct client *client = turn->client;
    (void)sent;
    (void)err;
    bool good = end == TRANSFER_DONE && turn->status == 200;
    if (good && !turn->second && client->session_turns == 0) {
        turn->second = true;
        ask(turn);
        return;
    }
    client->done++;
    client->failed += !good;
    if (client->left == 0)
        return;
    client->left--;
    turn->second = false;
    turn->turns++;
    turn->number = client->next++;
    ask(turn);
}

static void ask(struct turn *turn)
{
    static const struct transfer_events events = { .on_head = take_head, .on_end = take_end };
    const unsigned session_turns = turn->client->session_turns;
    const char *const headers[] = { "Content-Type: application/json",
        session_turns ? turn->session : NULL, NULL };
    static const char begin[] =
        "{\"model\":\"main\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
        "\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}}}],"
        "\"messages\":[{\"role\":\"system\",\"content\":\"You are a shop's agent.\"},"
        "{\"role\":\"user\",\"content\":\"number %u\"}%s]}";
    static const char hosted[] =
        "{\"model\":\"main\",\"messages\":[{\"role\":\"user\",\"content\":\"number %u\"}]}";
    static const char rest[] =
        "," CALLS ",{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"42\"}";
    struct transfer *transfer;
    struct err err;
    if (session_turns) {
        snprintf(turn->session, sizeof turn->session, "X-Moult-Session: load-%u-%u", turn->first,
            turn->turns / session_turns);
        snprintf(turn->body, sizeof turn->body, hosted, turn->number);
    } else {
        snprintf(turn->body, sizeof turn->body, begin, turn->number, turn->second ? rest : "");
    }
    const struct transfer_request request = { .method = "POST",
        .url = turn->client->url,
        .headers = headers,
        .body = str_of(turn->body),
        .unix_socket = turn->client->socket };
    if (transfer_start(&transfer, turn->client->transfers, &request, &events, turn, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

static int client(uv_loop_t *loop, char **argv)
{
    struct client client = { .url = argv[0],
        .socket = *argv[1] ? argv[1] : NULL,
        .session_turns = argv[5] ? (unsigned)atoi(argv[5]) : 0 };
    unsigned turns = (unsigned)atoi(argv[2]), at_once = (unsigned)atoi(argv[3]);
    struct timespec used;
    struct err err;
    client.next = (unsigned)atoi(argv[4]);
    client.left = turns > at_once ? turns - at_once : 0;
    if (transfers_new(&client.transfers, loop, &err) < 0)
        return 1;
    uint64_t began = clock_mono_ns();
    for (unsigned i = 0; i < at_once && i < turns; i++) {
        struct turn *turn = mem_zero(1, sizeof *turn);
        *turn = (struct turn){ .client = &client, .first = client.next, .number = client.next };
        client.next++;
        ask(turn);
    }
    while (client.done < turns)
        uv_run(loop, UV_RUN_ONCE);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    printf("%u %u %.6f %.3f\n", client.done, client.failed, (double)(clock_mono_ns() - began) / 1e9,
        (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6);
    return 0;
}

int main(int argc, char **argv)
{
    uv_loop_t loop;
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    if (argc == 2 && strcmp(argv[1], "model") == 0)
        return model(&loop);
    if ((argc == 7 || argc == 8) && strcmp(argv[1], "client") == 0)
        return client(&loop, argv + 2);
    fprintf(
        stderr, "usage: turn_load model | client URL SOCKET TURNS AT_ONCE FIRST [SESSION_TURNS]\n");
    return 2;
}
