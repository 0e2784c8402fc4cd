/* turn_load - the two ends of the benchmark `turn`: a model that answers at once, and a client that
 * has turns of two model calls and one tool, so many at a time, with nothing but libcurl.
 *
 *   turn_load model                           prints its port, answers until it is killed
 *   turn_load client URL SOCKET TURNS AT_ONCE FIRST
 *                                             prints turns, failures, seconds, own processor ms */
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
static const char text_reply[] =
    REPLY("r2", "{\"role\":\"assistant\",\"content\":\"It is done.\"}", "stop");

/* --- the model */

static int on_head(void *with, struct http_exchange *exchange)
{
    (void)with;
    (void)exchange;
    return 0;
}

static void on_request(void *with, struct http_exchange *exchange)
{
    static const struct http_header json = { { "Content-Type", 12 }, { "application/json", 16 } };
    bool result = str_find(http_body(exchange), STR("tool_call_id")) >= 0;
    (void)with;
    http_reply(exchange, 200, &json, 1, str_of(result ? text_reply : call_reply));
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
    unsigned left, done, failed, next;
};
struct turn {
    struct client *client;
    bool second;
    unsigned number, status;
    char body[2048];
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
    if (good && !turn->second) {
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
    turn->number = client->next++;
    ask(turn);
}

static void ask(struct turn *turn)
{
    static const struct transfer_events events = { .on_head = take_head, .on_end = take_end };
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    static const char begin[] =
        "{\"model\":\"main\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
        "\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}}}],"
        "\"messages\":[{\"role\":\"system\",\"content\":\"You are a shop's agent.\"},"
        "{\"role\":\"user\",\"content\":\"number %u\"}%s]}";
    static const char rest[] =
        "," CALLS ",{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"42\"}";
    struct transfer *transfer;
    struct err err;
    snprintf(turn->body, sizeof turn->body, begin, turn->number, turn->second ? rest : "");
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
    struct client client = { .url = argv[0], .socket = *argv[1] ? argv[1] : NULL };
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
        *turn = (struct turn){ .client = &client, .number = client.next++ };
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
    if (argc == 7 && strcmp(argv[1], "client") == 0)
        return client(&loop, argv + 2);
    fprintf(stderr, "usage: turn_load model | client URL SOCKET TURNS AT_ONCE FIRST\n");
    return 2;
}
