/* service - see service.h. */
#include "broker/service.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/agent_tools.h"
#include "broker/api.h"
#include "broker/client.h"
#include "broker/door.h"
#include "broker/evolving.h"
#include "broker/mcp_sessions.h"
#include "broker/provider.h"
#include "broker/recover.h"
#include "broker/scripts.h"
#include "broker/serve.h"
#include "broker/session.h"
#include "broker/swap.h"
#include "broker/turn.h"
#include "sandbox/waive.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { GRACE_MS = 10000, POLL_MS = 50, SIGNALS = 2 };

struct service {
    struct engine engine;
    uv_loop_t loop;
    struct arena arena;
    struct config config;
    struct scripts *scripts;
    struct serving *journal; /* the journal's socket */
    struct http_server *local, *tcp;
    uv_signal_t signals[SIGNALS];
    uv_timer_t grace;
    uint64_t ending_since_ms;
    bool ending;
    int lock; /* of the home */
    char bin[PATH_MAX], worker[PATH_MAX + 32], tool[PATH_MAX + 32];
};

/* --- what others ask */

const char *service_unready(const struct engine *engine)
{
    if (!swap_active(engine->swap))
        return "degraded: every generation is quarantined; moult doctor says what to do\n";
    return engine->ending ? "the service is ending\n" : NULL;
}

struct worker_list {
    struct buf *out;
    struct str principal; /* empty: of all */
};

static void print_worker(void *with, const struct crew_look *look)
{
    const struct worker_list *list = with;
    struct buf *out = list->out;
    char number[CREW_NUMBER_MAX];
    if (list->principal.size && !str_equal(list->principal, look->principal))
        return;
    if (out->at[out->size - 1] != '[')
        buf_char(out, ',');
    buf_format(out,
        "{\"pid\":%d,\"generation\":%s,\"turns\":%u,\"rss\":%" PRIu64 ",\"cpu_ms\":%" PRIu64
        ",\"principal\":",
        (int)look->pid, crew_number(number, look->generation, "null"), look->leases, look->resident,
        look->cpu_us / 1000);
    json_quote(out, look->principal);
    buf_char(out, '}');
}

static void print_splits(const struct engine *engine, struct buf *out)
{
    struct journal_splits splits = { 0 };
    (void)store_splits(engine->store, &splits, NULL);
    buf_format(out,
        ",\"splits\":{\"held-in\":%" PRIu64 ",\"held-out\":%" PRIu64 ",\"test\":%" PRIu64
        ",\"sealed_sessions\":%" PRIu64 ",\"shards\":%u,\"opened\":%u}",
        splits.groups[0], splits.groups[1], splits.groups[2], splits.sealed, splits.shards,
        splits.opened);
}

/* Of all principals together. */
static void print_totals(const struct engine *engine, struct buf *out)
{
    CLEANUP(buf_done) struct buf degraded = { 0 };
    int waiting = store_waiting(engine->store, NULL);
    buf_char(out, ',');
    if (swap_degraded(engine->swap, &degraded)) {
        buf_text(out, "\"degraded\":");
        json_quote(out, buf_view(&degraded));
        buf_char(out, ',');
    }
    buf_text(out, "\"waived\":");
    sandbox_layers_json(out, engine->waived);
    buf_char(out, ',');
    evolving_status(engine->evolving, out);
    print_splits(engine, out);
    buf_format(out,
        ",\"candidates\":%d,\"sessions\":%u,\"turns_open\":%u,\"turns\":%" PRIu64
        ",\"turns_failed\":%" PRIu64 ",\"pid\":%d",
        waiting < 0 ? 0 : waiting, engine->sessions, engine->turns_open, engine->metrics.turns,
        engine->metrics.turns_failed, (int)getpid());
}

void service_status(const struct engine *engine, struct str principal, struct buf *out)
{
    struct worker_list list = { out, principal };
    bool whole = principal.size == 0;
    buf_char(out, '{');
    swap_status(engine->swap, whole, out);
    buf_text(out, ",\"workers\":[");
    crew_each(engine->crew, print_worker, &list);
    buf_char(out, ']');
    if (whole)
        print_totals(engine, out);
    buf_format(
        out, ",\"uptime_s\":%" PRIu64 "}", (clock_mono_ns() - engine->started_ns) / 1000000000);
}

/* The driver's and the command line's questions, by the journal's socket. */
static int on_verb(void *with, const void *client, struct str verb, struct str body,
    struct buf *out, struct err *err)
{
    struct engine *engine = with;
    if (str_equal(verb, STR("status"))) {
        service_status(engine, (struct str){ 0 }, out);
        return 0;
    }
    if (str_equal(verb, STR("mandate"))) { /* one came, or went */
        evolving_mandate(engine->evolving);
        buf_text(out, "{\"ok\":true}");
        return 0;
    }
    if (door_has(verb))
        return door_verb(engine, client, verb, body, out, err);
    return swap_verb(engine->swap, client, verb, body, out, err);
}

/* An admission is on the disk: it is the law from here on. */
static void on_admitted(void *with)
{
    struct engine *engine = with;
    struct err err = { 0 };
    if (swap_refresh(engine->swap, &err) < 0)
        log_line(LOG_ERROR, "the generation that was admitted cannot run: %s%s%s", err.text,
            err.hint[0] ? "; " : "", err.hint);
}

static void on_left(void *with, const void *client)
{
    struct engine *engine = with;
    door_left(engine, client);
    if (engine->swap)
        swap_left(engine->swap, client);
}

/* --- the end */

static void on_grace(uv_timer_t *timer)
{
    struct service *service = timer->data;
    if (service->engine.turns_open == 0 || !service->engine.clients ||
        clock_mono_ns() / 1000000 - service->ending_since_ms > GRACE_MS)
        uv_stop(&service->loop);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct service *service = signal->data;
    (void)number;
    if (service->ending) { /* a second one: at once */
        uv_stop(&service->loop);
        return;
    }
    service->ending = service->engine.ending = true;
    service->ending_since_ms = clock_mono_ns() / 1000000;
    serve_say(service->lock, false);
    uv_timer_start(&service->grace, on_grace, 0, POLL_MS);
}

/* --- the start */

static int start_crew(struct service *service, struct err *err)
{
    struct engine *engine = &service->engine;
    snprintf(service->tool, sizeof service->tool, "%s/moult-tool", service->bin);
    engine->tool = service->tool;
    snprintf(service->worker, sizeof service->worker, "%s/moult-worker", service->bin);
    const struct crew_plan plan = { .loop = &service->loop,
        .home = engine->home,
        .worker = service->worker,
        .tier = engine->config->tier,
        .waived = engine->waived,
        .hang_ms = engine->config->hook_cpu_ms,
        .sleep_ms = engine->config->hook_sleep_ms,
        .events = { turn_message, turn_worker_gone },
        .with = engine };
    int rc = crew_new(&engine->crew, &plan, err);
    return rc < 0 ? rc : swap_new(&engine->swap, engine, err);
}

static int start_journal(struct service *service, struct err *err)
{
    struct engine *engine = &service->engine;
    char path[PATH_MAX];
    int rc = store_open(
        &engine->store, home_path(path, engine->home, "journal.db"), engine->home->id, err);
    if (rc == 0)
        rc = commit_new(&engine->commit, &service->loop, engine->store, err);
    const struct serve_service asked = { on_verb, on_admitted, on_left, engine };
    return rc < 0 ? rc
                  : serve_attach(&service->journal, &service->loop, engine->store, engine->commit,
                        engine->home, &asked, err);
}

static int split_address(struct str text, char host[64], uint16_t *ret_port, struct err *err)
{
    size_t colon = text.size;
    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    struct str name = { text.at, colon ? colon - 1 : 0 };
    unsigned long port = colon ? strtoul(text.at + colon, NULL, 10) : 0;
    if (name.size > 2 && name.at[0] == '[')
        name = (struct str){ name.at + 1, name.size - 2 };
    if (name.size == 0 || name.size >= 64 || port > UINT16_MAX)
        return err_set(err, ERR_INPUT, "moult.json: listen.tcp wants HOST:PORT");
    memcpy(host, name.at, name.size);
    host[name.size] = 0;
    if (strcmp(host, "localhost") == 0)
        strcpy(host, "127.0.0.1");
    *ret_port = (uint16_t)port;
    return 0;
}

static int start_http(struct service *service, struct err *err)
{
    struct engine *engine = &service->engine;
    const struct config_listen *listen = &engine->config->listen;
    char path[PATH_MAX], host[64], *tokens = NULL;
    struct http_listen where = { .unix_path = home_path(path, engine->home, "run/moult.sock") };
    if (listen->tokens_file.size > 0)
        tokens = arena_string(&service->arena, listen->tokens_file.at, listen->tokens_file.size);
    int rc = principals_read(&engine->principals, engine->home, tokens, err);
    if (rc == 0)
        rc = http_server_start(&service->local, &service->loop, &where, &http_limits_default,
            &api_handler, engine, err);
    if (rc < 0 || listen->tcp.size == 0)
        return rc;
    where = (struct http_listen){ .host = host };
    rc = split_address(listen->tcp, host, &where.port, err);
    return rc < 0 ? rc
                  : http_server_start(&service->tcp, &service->loop, &where, &http_limits_default,
                        &api_handler, engine, err);
}

static void start_signals(struct service *service)
{
    static const int numbers[SIGNALS] = { SIGTERM, SIGINT };
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&service->loop, &service->signals[i]);
        service->signals[i].data = service;
        uv_signal_start(&service->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&service->loop, &service->grace);
    service->grace.data = service;
}

static int start(struct service *service, const struct service_options *options, struct err *err)
{
    struct engine *engine = &service->engine;
    engine->loop = &service->loop;
    engine->home = options->home;
    engine->config = &service->config;
    engine->bin = service->bin;
    engine->started_ns = clock_mono_ns();
    engine->mcp = mcp_sessions_new();
    int rc = file_program_dir(service->bin, sizeof service->bin, err);
    if (rc == 0)
        rc = config_read(&service->config, options->home, &service->arena, err);
    if (rc == 0)
        rc = sandbox_waive(
            service->config.waived, service->config.waived_count, &engine->waived, err);
    if (rc == 0)
        rc = toolbox_check(&service->config, err);
    if (rc == 0)
        rc = scripts_start(
            &service->scripts, &service->loop, options->home, &service->config, service->bin, err);
    if (rc == 0)
        rc = providers_new(
            &engine->providers, options->home, &service->config, service->scripts, err);
    if (rc == 0)
        rc = start_journal(service, err);
    if (rc == 0)
        rc = store_waiver(engine->store, engine->waived, err);
    if (rc == 0)
        engine->last_lease = live_lease_base(engine->store);
    if (rc == 0)
        rc = transfers_new(&engine->transfers, &service->loop, err);
    if (rc == 0)
        rc = start_crew(service, err);
    if (rc == 0)
        engine->evolving = evolving_new(engine);
    if (rc == 0)
        rc = recover(engine, err);
    return rc < 0 ? rc : start_http(service, err);
}

static void say_where(const struct service *service, bool json)
{
    const struct crew_generation *active = swap_active(service->engine.swap);
    char path[PATH_MAX], number[CREW_NUMBER_MAX], tcp[80] = "";
    crew_number(number, active ? crew_spec_of(active)->number : UINT64_MAX, json ? "null" : "none");
    home_path(path, service->engine.home, "run/moult.sock");
    if (service->tcp)
        snprintf(tcp, sizeof tcp, "http://127.0.0.1:%u", http_server_port(service->tcp));
    if (json)
        printf("{\"listening\":{\"unix\":\"%s\",\"tcp\":%s%s%s},\"generation\":%s,\"pid\":%d}\n",
            path, tcp[0] ? "\"" : "", tcp[0] ? tcp : "null", tcp[0] ? "\"" : "", number,
            (int)getpid());
    else
        printf("listening on %s%s%s; generation %s is active\n", path, tcp[0] ? " and " : "", tcp,
            number);
    fflush(stdout);
}

static void close_own(struct service *service)
{
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&service->signals[i], NULL);
    uv_close((uv_handle_t *)&service->grace, NULL);
}

static void stop(struct service *service)
{
    struct engine *engine = &service->engine;
    http_server_free(service->tcp);
    http_server_free(service->local);
    doors_end(engine);
    evolving_free(engine->evolving);
    hosted_end(engine);
    sessions_end(engine);
    agent_tools_end(engine);
    mcp_sessions_free(engine->mcp);
    transfers_free(engine->transfers);
    scripts_free(service->scripts);
    swap_free(engine->swap);
    crew_free(engine->crew);
    serve_detach(service->journal);
    commit_free(engine->commit);
    uv_run(&service->loop, UV_RUN_DEFAULT);
    store_free(engine->store);
    providers_free(engine->providers);
    principals_free(engine->principals);
    arena_done(&service->arena);
}

/* A principal's worker has five descriptors here, a session's tools ten and more, and the soft
 * limit that shells and systemd give is meant for programs that call select. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_line(LOG_WARN, "the soft limit of descriptors stays");
}

int service_run(const struct service_options *options, struct err *err)
{
    raise_descriptors();
    struct service *service = mem_zero(1, sizeof *service);
    CLEANUP(fd_closep) int lock = serve_lock(options->home, !serve_runs(options->home), err);
    if (lock < 0) {
        free(service);
        return lock;
    }
    uv_loop_init(&service->loop);
    start_signals(service);
    int rc = start(service, options, err);
    if (rc == 0) {
        service->lock = lock;
        serve_say(lock, true);
        say_where(service, options->json);
        if (options->ready_fd >= 0)
            rc = write_all(options->ready_fd, "r", 1, err);
        uv_run(&service->loop, UV_RUN_DEFAULT);
        rc = commit_broken(service->engine.commit, err);
    }
    close_own(service);
    stop(service);
    uv_loop_close(&service->loop);
    free(service);
    return rc;
}
