/* transfer - one transfer: what libcurl says is put aside, and told as events. See transfer.h. */
#include "transfer/transfers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 256 * 1024, MB = 1024 * 1024 };

const struct transfer_limits transfer_limits_default = {
    .connect_ms = 10000,
    .first_byte_ms = 300000,
    .idle_ms = 120000,
    .total_ms = 3600000,
    .body_max = 64 * MB,
};

/* --- what libcurl says */

void transfer_ready(struct transfer *transfer)
{
    if (transfer->is_ready)
        return;
    transfer->is_ready = true;
    transfer->next_ready = NULL;
    *transfer->of->ready_end = transfer;
    transfer->of->ready_end = &transfer->next_ready;
}

/* The connection is there and the request goes out. Never twice: libcurl would send it again by
 * itself where a kept connection turns out to be dead, and the first may have been carried out. */
static int before_request(void *with, char *ip, char *local_ip, int port, int local_port)
{
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    struct transfer *transfer = with;
    if (transfer->sent_ms)
        return CURL_PREREQFUNC_ABORT;
    transfer->sent_ms = transfers_now_ms();
    transfers_watch(transfer->of, transfer->limits.first_byte_ms);
    return CURL_PREREQFUNC_OK;
}

static void heard(struct transfer *transfer)
{
    if (!transfer->heard_ms)
        transfers_watch(transfer->of, transfer->limits.idle_ms);
    transfer->heard_ms = transfers_now_ms();
}

static void begin_head(struct transfer *transfer, struct str line)
{
    const char *blank = memchr(line.at, ' ', line.size);
    transfer->status = 0;
    for (const char *c = blank ? blank + 1 : "";
         c < line.at + line.size && *c >= '0' && *c <= '9' && transfer->status < 1000; c++)
        transfer->status = transfer->status * 10 + (unsigned)(*c - '0');
    buf_clear(&transfer->head);
}

static void add_line(struct transfer *transfer, struct str line)
{
    struct buf *head = &transfer->head;
    bool goes_on = line.at[0] == ' ' || line.at[0] == '\t';
    if (goes_on && head->size > 0)
        head->at[head->size - 1] = ' ';
    buf_str(head, str_trim(line));
    buf_char(head, '\n');
}

/* One line at a time; heads of 1xx come and go, trailers come when the head is whole. */
static size_t on_line(char *at, size_t one, size_t size, void *with)
{
    (void)one;
    struct transfer *transfer = with;
    struct str line = { at, size };
    heard(transfer);
    if (transfer->head_whole)
        return size;
    if (str_starts(line, STR("HTTP/")))
        begin_head(transfer, line);
    else if (str_trim(line).size > 0)
        add_line(transfer, line);
    else if (transfer->status >= 200)
        transfer->head_whole = true;
    if (transfer->head_whole)
        transfer_ready(transfer);
    transfer->head_bytes += size;
    if (transfer->head_bytes <= HEAD_MAX)
        return size;
    transfer->too_large = "head";
    return 0;
}

static size_t on_bytes(char *at, size_t one, size_t size, void *with)
{
    (void)one;
    struct transfer *transfer = with;
    heard(transfer);
    if (transfer->paused) {
        transfer->stopped = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer->got += size;
    if (transfer->got > transfer->limits.body_max) {
        transfer->too_large = "body";
        return 0;
    }
    buf_add(&transfer->body, at, size);
    transfer_ready(transfer);
    return size;
}

/* --- the end */

static void unlink_ready(struct transfer *transfer)
{
    struct transfer **at = &transfer->of->ready;
    while (*at && *at != transfer)
        at = &(*at)->next_ready;
    if (!*at)
        return;
    *at = transfer->next_ready;
    if (!*at)
        transfer->of->ready_end = at;
    transfer->is_ready = false;
}

static void release(struct transfer *transfer)
{
    struct transfers *of = transfer->of;
    if (transfer->easy) {
        curl_multi_remove_handle(of->multi, transfer->easy);
        transfers_spare(of, STEAL(transfer->easy));
    }
    free(STEAL(transfer->headers));
}

static void dispose(struct transfer *transfer)
{
    buf_done(&transfer->head);
    buf_done(&transfer->body);
    free(transfer);
}

static void unlink_transfer(struct transfer *transfer)
{
    unlink_ready(transfer);
    if (transfer->before)
        transfer->before->after = transfer->after;
    else
        transfer->of->last = transfer->after;
    if (transfer->after)
        transfer->after->before = transfer->before;
}

/* Nothing of libcurl's knows it any more when on_end runs. Whoever delivers to it frees it. */
static void end(struct transfer *transfer, enum transfer_end how, const struct err *err)
{
    bool sent = transfer->sent_ms != 0;
    transfer->ended = true;
    release(transfer);
    unlink_transfer(transfer);
    transfer->events->on_end(transfer->with, how, sent, err);
    if (!transfer->delivering)
        dispose(transfer);
}

static void end_by_result(struct transfer *transfer)
{
    struct err err = { 0 };
    if (transfer->too_large) {
        err_set(&err, ERR_LIMIT, "the answer's %s is larger than %zu bytes", transfer->too_large,
            *transfer->too_large == 'h' ? (size_t)HEAD_MAX : transfer->limits.body_max);
        end(transfer, TRANSFER_TOO_LARGE, &err);
        return;
    }
    if (transfer->result == CURLE_OK && transfer->head_whole) {
        end(transfer, TRANSFER_DONE, &err);
        return;
    }
    /* libcurl does not mind a head that ends anywhere. */
    err_set(&err, ERR_PEER, "%s",
        transfer->result == CURLE_OK ? "the connection ended within the answer's head"
        : transfer->result == CURLE_ABORTED_BY_CALLBACK ? "the provider closed the connection"
        : transfer->text[0]                             ? transfer->text
                                                        : curl_easy_strerror(transfer->result));
    end(transfer, transfer->sent_ms ? TRANSFER_CUT : TRANSFER_CONNECT, &err);
}

void transfer_cancel(struct transfer *transfer)
{
    if (transfer->ended)
        return;
    struct err err = { 0 };
    err_set(&err, ERR_STATE, "cancelled");
    end(transfer, TRANSFER_CANCELLED, &err);
}

/* --- events */

static void tell_head(struct transfer *transfer)
{
    const struct transfer_events *events = transfer->events;
    transfer->announced = true;
    if (events->on_head)
        events->on_head(transfer->with, transfer->status);
    struct str rest = buf_view(&transfer->head);
    while (rest.size > 0 && events->on_header && !transfer->ended) {
        struct str line = { rest.at, (size_t)str_find(rest, STR("\n")) };
        rest = (struct str){ rest.at + line.size + 1, rest.size - line.size - 1 };
        ptrdiff_t colon = str_find(line, STR(":"));
        if (colon <= 0)
            continue;
        struct str value = { line.at + colon + 1, line.size - (size_t)colon - 1 };
        events->on_header(transfer->with, (struct str){ line.at, (size_t)colon }, str_trim(value));
    }
}

static void tell_body(struct transfer *transfer)
{
    if (transfer->events->on_data)
        transfer->events->on_data(transfer->with, buf_view(&transfer->body));
    if (!transfer->ended)
        buf_clear(&transfer->body);
}

/* What was held back comes from within curl_easy_pause. */
static void go_on(struct transfer *transfer)
{
    transfer->stopped = false;
    CURLcode got = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    if (got == CURLE_OK)
        return;
    transfer->done = true;
    transfer->result = got;
}

void transfer_deliver(struct transfer *transfer)
{
    transfer->delivering = true;
    if (transfer->stopped && !transfer->paused && !transfer->done)
        go_on(transfer);
    if (transfer->head_whole && !transfer->announced)
        tell_head(transfer);
    if (!transfer->ended && transfer->body.size > 0 && !transfer->paused)
        tell_body(transfer);
    if (!transfer->ended && transfer->done && transfer->body.size == 0)
        end_by_result(transfer);
    transfer->delivering = false;
    if (transfer->ended)
        dispose(transfer);
}

void transfer_pause(struct transfer *transfer, bool paused)
{
    if (transfer->paused == paused)
        return;
    transfer->paused = paused;
    if (paused)
        return;
    if (transfer->heard_ms) {
        transfer->heard_ms = transfers_now_ms();
        transfers_watch(transfer->of, transfer->limits.idle_ms);
    }
    transfer->of->due = true;
    transfer_ready(transfer);
}

/* --- limits */

static struct deadline sooner(struct deadline a, uint64_t from, uint32_t ms, const char *what)
{
    return from + ms < a.at_ms ? (struct deadline){ from + ms, ms, what } : a;
}

struct deadline transfer_deadline(const struct transfer *transfer)
{
    const struct transfer_limits *limits = &transfer->limits;
    struct deadline at = { .at_ms = UINT64_MAX };
    at = sooner(at, transfer->started_ms, limits->total_ms, "end");
    if (!transfer->sent_ms)
        return sooner(at, transfer->started_ms, limits->connect_ms, "connection");
    if (!transfer->heard_ms)
        return sooner(at, transfer->sent_ms, limits->first_byte_ms, "first byte");
    return transfer->paused ? at : sooner(at, transfer->heard_ms, limits->idle_ms, "further byte");
}

void transfer_expire(struct transfer *transfer, const struct deadline *deadline)
{
    struct err err = { 0 };
    err_set(&err, ERR_TIMEOUT, "no %s within %u ms", deadline->what, deadline->within_ms);
    end(transfer, TRANSFER_TIMEOUT, &err);
}

static uint32_t or_default(uint32_t given, uint32_t otherwise)
{
    return given ? given : otherwise;
}

static void set_limits(struct transfer *transfer, const struct transfer_limits *given)
{
    const struct transfer_limits *otherwise = &transfer_limits_default;
    transfer->limits = (struct transfer_limits){
        .connect_ms = or_default(given->connect_ms, otherwise->connect_ms),
        .first_byte_ms = or_default(given->first_byte_ms, otherwise->first_byte_ms),
        .idle_ms = or_default(given->idle_ms, otherwise->idle_ms),
        .total_ms = or_default(given->total_ms, otherwise->total_ms),
        .body_max = given->body_max ? given->body_max : otherwise->body_max,
    };
}

/* --- the beginning */

static void set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->text);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

int transfer_start(struct transfer **ret, struct transfers *transfers,
    const struct transfer_request *request, const struct transfer_events *events, void *with,
    struct err *err)
{
    if (transfers->ending)
        return err_set(err, ERR_STATE, "no transfer starts any more");
    struct transfer *transfer = mem_zero(1, sizeof *transfer);
    transfer->of = transfers;
    transfer->events = events;
    transfer->with = with;
    transfer->started_ms = transfers_now_ms();
    transfer->easy = transfers_easy(transfers);
    set_limits(transfer, &request->limits);
    set_callbacks(transfer);
    int got = request_set(transfer, request, err);
    if (got == 0 && curl_multi_add_handle(transfers->multi, transfer->easy) != CURLM_OK)
        got = err_set(err, ERR_DEFECT, "libcurl does not take the request");
    if (got < 0) {
        release(transfer);
        dispose(transfer);
        return got;
    }
    transfer->after = transfers->last;
    if (transfers->last)
        transfers->last->before = transfer;
    transfers->last = transfer;
    transfers_watch(transfers, transfer->limits.connect_ms);
    transfers_watch(transfers, transfer->limits.total_ms);
    *ret = transfer;
    return 0;
}
