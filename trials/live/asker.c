/* asker - see asker.h. */
#include "trials/live/asker.h"

#include "base/mem.h"
#include "protocol/protocol.h"

#include <stdio.h>

enum { ANSWER_MAX = 16 << 20 };

/* --- the request */

static int warm(
    const struct protocol_request **ret, double temperature, struct arena *arena, struct err *err)
{
    if (temperature < 0)
        return 0;
    const char *number = arena_format(arena, "%.6g", temperature);
    return protocol_request_warm(ret, str_of(number), arena, err);
}

/* ERR_INPUT: a build wrote what is no message. */
static int encode(
    struct buf *body, const struct asker_request *request, struct arena *arena, struct err *err)
{
    struct protocol_fresh fresh = { .protocol = PROTOCOL_CHAT,
        .model = request->of.model,
        .messages = request->of.messages,
        .messages_count = request->of.messages_count,
        .tools = request->of.tools,
        .hosted = true };
    int rc = warm(&fresh.like, request->temperature, arena, err);
    return rc < 0 ? rc : protocol_request_fresh(body, &fresh, err);
}

/* --- the answer */

static void read_reply(struct model_answer *ret, struct str body, struct arena *arena)
{
    struct err unused;
    struct protocol_said said = { 0 };
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_CHAT, false);
    if (protocol_reply_feed(reply, body, &unused) == 0 &&
        protocol_reply_end(reply, arena, &said, &unused) == 0)
        ret->chat =
            (struct str){ arena_string(arena, said.chat.at, said.chat.size), said.chat.size };
    else
        ret->error_class = said.error_class ? said.error_class : PROTOCOL_MALFORMED;
    protocol_reply_free(reply);
}

/* What moult refuses is no word of the provider's: the budget and the configuration end the trial,
 * a message that no codec takes is the harness's. */
static int read_refusal(struct asker *asker, struct model_answer *ret, unsigned status,
    struct str body, const struct asker_request *request, struct err *err)
{
    struct str refused = str_of(asker->way.head.refused);
    if (str_equal(refused, str_of(err_word(ERR_LIMIT))) && status == 429) {
        asker->spent = true;
        return err_set(err, ERR_LIMIT, "the budget is used up: %llu tokens and $%.4f are spent",
            (unsigned long long)asker->tokens, (double)asker->usd / 1e6);
    }
    if (str_equal(refused, str_of(err_word(ERR_MISSING)))) {
        char name[80];
        return err_set(err, ERR_MISSING, "the service knows no model %s",
            str_printable(name, sizeof name, request->of.model, false));
    }
    if (str_equal(refused, str_of(err_word(ERR_SYS))) ||
        str_equal(refused, str_of(err_word(ERR_STATE))))
        return err_set(err, ERR_PEER, "the service cannot ask: status %u", status);
    ret->error_class = (uint8_t)protocol_error_of(PROTOCOL_CHAT, status, body);
    asker->failed += str_equal(refused, str_of(err_word(ERR_PEER)));
    return 0;
}

int asker_open(struct asker *asker, struct err *err)
{
    int rc = asker->open ? 0
                         : door_way_open_live(
                               &asker->way, asker->journal, asker->tokens_max, asker->usd_max, err);
    asker->open = rc == 0;
    return rc;
}

int asker_ask(struct asker *asker, const struct asker_request *request, struct model_answer *ret,
    struct digest *ret_asked, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 }, answer = { .max = ANSWER_MAX };
    const struct door_head *head = &asker->way.head;
    unsigned status = 0;
    struct err why;
    *ret = (struct model_answer){ 0 };
    if (ret_asked)
        *ret_asked = (struct digest){ 0 };
    if (encode(&body, request, arena, &why) < 0) {
        ret->error_class = PROTOCOL_BAD_REQUEST;
        return 0;
    }
    int rc = asker_open(asker, err);
    if (rc < 0)
        return rc;
    rc = door_way_ask(&asker->way, buf_view(&body), request->until_ns, &status, &answer, &why);
    if (rc == -ERR_TIMEOUT || rc == -ERR_LIMIT) {
        asker->requests++;
        asker->failed++;
        ret->error_class = rc == -ERR_TIMEOUT ? PROTOCOL_TIMEOUT : PROTOCOL_MALFORMED;
        return 0;
    }
    if (rc < 0) {
        *err = why;
        return rc;
    }
    if (status != 200 &&
        (rc = read_refusal(asker, ret, status, buf_view(&answer), request, err)) < 0)
        return rc;
    asker->requests++;
    asker->tokens += head->tokens;
    asker->usd += head->usd;
    if (status == 200)
        read_reply(ret, buf_view(&answer), arena);
    return ret_asked && head->asked[0] ? hash_unhex(ret_asked, str_of(head->asked), err) : 0;
}

void asker_done(struct asker *asker)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str used;
    if (!asker->open)
        return;
    door_way_close(&asker->way, &arena, &used);
    asker->open = false;
    const struct json *root = used.size ? json_read(&arena, used, NULL, NULL) : NULL;
    if (!root)
        return; /* the service has ended */
    asker->tokens = (uint64_t)json_int(json_get(root, "tokens"), (int64_t)asker->tokens);
    asker->usd =
        (uint64_t)(json_double(json_get(root, "usd"), (double)asker->usd / 1e6) * 1e6 + .5);
}

/* --- before */

static enum protocol protocol_of(const struct config_model *model)
{
    if (str_equal(model->provider, STR("anthropic")))
        return PROTOCOL_MESSAGES;
    return str_equal(model->api, STR("responses")) ? PROTOCOL_RESPONSES : PROTOCOL_CHAT;
}

static const struct config_model *find(const struct config *config, struct str alias)
{
    for (uint32_t i = 0; i < config->models_count; i++)
        if (str_equal(config->models[i].name, alias))
            return &config->models[i];
    return NULL;
}

/* The codec is asked, not a table of our own. */
int asker_check(const struct config *config, struct str alias, double temperature, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf body = { 0 };
    const struct config_model *model = find(config, alias);
    static const struct str hello = { "{\"role\":\"user\",\"content\":\"hello\"}", 33 };
    char name[80];
    str_printable(name, sizeof name, alias, false);
    if (!model) {
        err_set(err, ERR_USAGE, "moult.json has no model %s", name);
        return err_hint(err, "models[] of moult.json names them");
    }
    struct protocol_fresh fresh = { .protocol = protocol_of(model),
        .model = alias,
        .messages = &hello,
        .messages_count = 1,
        .hosted = true,
        .drop = model->drop,
        .drop_count = model->drop_count };
    struct err why;
    if (warm(&fresh.like, temperature, &arena, &why) == 0 &&
        protocol_request_fresh(&body, &fresh, &why) == 0)
        return 0;
    err_set(err, ERR_USAGE, "model %s: %s", name, why.text);
    return err_hint(err, "another --temperature, or \"drop\": [\"temperature\"] of that model");
}
