/* engine - see engine.h. */
#include "mock/engine.h"

#include "base/file.h"
#include "base/mem.h"
#include "mock/check.h"
#include "mock/gzip.h"
#include "mock/match.h"
#include "mock/recorded.h"
#include "mock/spoil.h"
#include "mock/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct engine {
    struct arena arena;
    struct script script;
    uint64_t number;
};

/* --- opening */

static int read_recordings(
    struct engine *engine, struct script_rule *rule, const char *folder, struct err *err)
{
    if (rule->recorded.count == 0)
        return 0;
    rule->tape = recorded_new();
    for (uint32_t i = 0; i < rule->recorded.count; i++) {
        struct str name = rule->recorded.at[i];
        bool absolute = name.size > 0 && name.at[0] == '/';
        const char *path = arena_format(&engine->arena, "%s%s%.*s", absolute ? "" : folder,
            absolute ? "" : "/", (int)name.size, name.at);
        int rc = recorded_add(rule->tape, path, err);
        if (rc < 0)
            return err && !err->where[0] ? err_where(err, "rule %u of the script",
                                               (unsigned)(rule - engine->script.rules) + 1)
                                         : rc;
    }
    return 0;
}

int engine_new(
    struct engine **ret, struct str text, const char *name, const char *folder, struct err *err)
{
    struct engine *engine = mem_zero(1, sizeof *engine);
    text.at = arena_string(&engine->arena, text.at ? text.at : "", text.size);
    int rc = script_parse(&engine->script, text, name, &engine->arena, err);
    for (uint32_t i = 0; rc == 0 && i < engine->script.rules_count; i++)
        rc = read_recordings(engine, &engine->script.rules[i], folder, err);
    if (rc < 0) {
        engine_free(engine);
        return rc;
    }
    *ret = engine;
    return 0;
}

int engine_open(struct engine **ret, const char *path, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(mem_freep) char *folder = mem_string(path);
    char *slash = strrchr(folder, '/');
    int rc = file_read(path, &text, SCRIPT_SIZE_MAX, err);
    if (rc < 0)
        return rc;
    if (slash)
        *slash = 0;
    return engine_new(ret, buf_view(&text), slash ? slash + 1 : path, slash ? folder : ".", err);
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    for (uint32_t i = 0; i < engine->script.rules_count; i++)
        recorded_free(engine->script.rules[i].tape);
    arena_done(&engine->arena);
    free(engine);
}

void play_done(struct play *play)
{
    if (!play)
        return;
    buf_done(&play->head);
    body_done(&play->body);
}

/* --- what is asked for */

static bool ends(struct str path, const char *end)
{
    struct str tail = str_of(end);
    return path.size >= tail.size && memcmp(path.at + path.size - tail.size, end, tail.size) == 0;
}

/* A base URL may have any prefix, so the end of the path decides. */
static int kind_of(struct str path)
{
    static const char *const paths[ASK_KINDS] = { "/chat/completions", "/responses", "/messages",
        "/messages/count_tokens" };
    for (int i = 0; i < ASK_KINDS; i++)
        if (ends(path, paths[i]))
            return i;
    return -1;
}

static struct str header_of(const struct engine_request *request, const char *name)
{
    const struct ask ask = { .headers = request->headers, .headers_count = request->headers_count };
    return ask_header(&ask, str_of(name));
}

static bool authorized(const struct script *script, const struct engine_request *request)
{
    struct str bearer = header_of(request, "authorization");
    struct str keys[] = { header_of(request, "x-api-key"), header_of(request, "api-key"), { 0 } };
    if (bearer.size > 7 && strncasecmp(bearer.at, "Bearer ", 7) == 0)
        keys[2] = (struct str){ bearer.at + 7, bearer.size - 7 };
    for (uint32_t i = 0; i < script->keys.count; i++)
        for (size_t j = 0; j < COUNT_OF(keys); j++)
            if (keys[j].at && str_equal(keys[j], script->keys.at[i]))
                return true;
    return script->keys.count == 0;
}

/* --- answers */

static void put_head(struct play *play, const struct script_headers *headers, const char *type)
{
    bool own_type = false;
    for (uint32_t i = 0; headers && i < headers->count; i++) {
        const struct script_header *header = &headers->at[i];
        own_type |=
            header->name.size == 12 && strncasecmp(header->name.at, "content-type", 12) == 0;
        buf_str(&play->head, header->name);
        buf_text(&play->head, ": ");
        buf_str(&play->head, header->value);
        buf_text(&play->head, "\r\n");
    }
    if (!own_type)
        buf_format(&play->head, "content-type: %s\r\n", type);
    buf_format(&play->head, "x-request-id: req_mock_%llu\r\nrequest-id: req_mock_%llu\r\n",
        (unsigned long long)play->number, (unsigned long long)play->number);
}

static void play_error(
    struct play *play, enum ask_kind kind, unsigned status, const char *code, const char *message)
{
    const struct write_error error = { status, { 0 }, str_of(code), str_of(message) };
    play->status = status;
    put_head(play, NULL, "application/json");
    write_error(&play->body.bytes, kind, &error);
    body_event(&play->body);
}

/* The body as it would be if nothing went wrong; true: it is a stream of ours. */
static bool write_body(struct body *out, const struct script_rule *rule, const struct ask *ask,
    const struct answer *recorded, uint64_t number)
{
    const struct write_error error = { rule->status, rule->error.type, rule->error.code,
        rule->error.message };
    bool answers = !rule->body_said && rule->status < 400 && ask->kind != ASK_COUNT_TOKENS;
    if (rule->body_said)
        buf_str(&out->bytes, rule->body);
    else if (rule->status >= 400)
        write_error(&out->bytes, ask->kind, &error);
    else if (ask->kind == ASK_COUNT_TOKENS)
        buf_format(&out->bytes, "{\"input_tokens\":%llu}",
            (unsigned long long)(rule->count ? rule->count - 1 : write_tokens(ask)));
    else
        write_answer(out, ask, recorded ? recorded : &rule->answer, number);
    body_event(out);
    return answers && ask->stream;
}

static void compress(struct play *play)
{
    struct body plain = play->body;
    play->body = (struct body){ 0 };
    gzip_body(&play->body, &plain);
    body_done(&plain);
    buf_text(&play->head, "content-encoding: gzip\r\n");
}

static void play_rule(struct play *play, const struct script_rule *rule, const struct ask *ask,
    const struct answer *recorded)
{
    struct body whole = { 0 };
    play->status = rule->status;
    play->fault = rule->fault;
    play->delay_ms = rule->delay_ms;
    play->pause_ms = rule->pause_ms;
    play->stream = write_body(&whole, rule, ask, recorded, play->number);
    put_head(play, &rule->headers,
        play->stream ? "text/event-stream; charset=utf-8" : "application/json");
    spoil(&play->body, &whole, rule, ask->kind, play->stream);
    if (rule->fault.gzip)
        compress(play);
    play->cut = spoil_cut(&play->body, &rule->fault);
    body_done(&whole);
}

/* --- rules */

static struct script_rule *find_rule(
    struct engine *engine, const struct ask *ask, const struct answer **ret_recorded)
{
    for (uint32_t i = 0; i < engine->script.rules_count; i++) {
        struct script_rule *rule = &engine->script.rules[i];
        if (!match(rule, ask))
            continue;
        *ret_recorded = rule->tape ? recorded_find(rule->tape, ask) : NULL;
        if ((rule->tape && !*ret_recorded) || !match_turn(rule))
            continue;
        return rule;
    }
    *ret_recorded = NULL;
    return NULL;
}

static void play_nothing(struct play *play, const struct engine *engine, const struct ask *ask)
{
    char text[200];
    bool tapes = false;
    for (uint32_t i = 0; i < engine->script.rules_count; i++)
        tapes |= engine->script.rules[i].tape != NULL;
    snprintf(text, sizeof text, "mock-model: no rule of the script answers this request%s",
        tapes ? ", and no recorded conversation goes on from here" : "");
    play_error(play, ask->kind, 404, "mock_no_answer", text);
}

static void play_ask(
    struct engine *engine, const struct engine_request *request, int kind, struct play *play)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct ask ask = { .headers = request->headers, .headers_count = request->headers_count };
    struct err err = { 0 };
    const struct answer *recorded = NULL;
    int rc = ask_read(&ask, kind, request->body, &arena, &err);
    if (rc == 0 && engine->script.strict)
        rc = check(&ask, &arena, &err);
    if (rc < 0) {
        play_error(play, kind, 400, NULL, err.text);
        return;
    }
    struct script_rule *rule = find_rule(engine, &ask, &recorded);
    static const struct script_rule estimate = { .status = 200 };
    if (rule)
        play->rule = (uint32_t)(rule - engine->script.rules) + 1;
    if (rule || kind == ASK_COUNT_TOKENS)
        play_rule(play, rule ? rule : &estimate, &ask, recorded);
    else
        play_nothing(play, engine, &ask);
}

static void play_models(
    struct engine *engine, const struct engine_request *request, struct play *play)
{
    static const struct str usual = { "mock", 4 };
    const struct script_texts *models = &engine->script.models;
    bool anthropic = header_of(request, "anthropic-version").at != NULL;
    play->status = 200;
    put_head(play, NULL, "application/json");
    write_models(&play->body.bytes, models->count ? models->at : &usual,
        models->count ? models->count : 1, anthropic);
    body_event(&play->body);
}

void engine_play(struct engine *engine, const struct engine_request *request, struct play *play)
{
    int kind = kind_of(request->path);
    bool post = str_equal(request->method, STR("POST"));
    bool models = str_equal(request->method, STR("GET")) && ends(request->path, "/models");
    play->number = ++engine->number;
    play->cut = UINT64_MAX;
    if (!models && (kind < 0 || !post))
        play_error(play, ASK_CHAT, 404, "unknown_url", "Unknown request URL");
    else if (!authorized(&engine->script, request))
        play_error(play, models ? ASK_CHAT : kind, 401, NULL, NULL);
    else if (models)
        play_models(engine, request, play);
    else
        play_ask(engine, request, kind, play);
}

void engine_refuse(struct engine *engine, unsigned status, const char *message, struct play *play)
{
    play->number = ++engine->number;
    play->cut = UINT64_MAX;
    play_error(play, ASK_CHAT, status, NULL, message);
}
