/* import_parts - what the logs of agents have in common: contents in parts, replies that are told
 * in pieces, and which project a session counts with. */
#include "trials/import_talk.h"

#include "base/mem.h"
#include "wire/effect.h"

#include <ctype.h>

struct str talk_text(
    const struct import_sink *sink, const struct json *content, struct arena *arena)
{
    if (!json_is(content, JSON_ARRAY))
        return json_string(arena, content);
    CLEANUP(buf_done) struct buf all = { 0 };
    JSON_EACH(part, content)
    {
        const struct json *text = json_is(part, JSON_STRING) ? part : json_get(part, "text");
        if (json_is(text, JSON_STRING))
            buf_str(&all, json_string(arena, text));
        else
            import_unmapped(sink, "part", json_string(arena, json_get(part, "type")));
    }
    return (struct str){ arena_string(arena, all.at ? all.at : "", all.size), all.size };
}

struct str talk_raw(const struct json *value, struct arena *arena)
{
    if (json_is(value, JSON_STRING))
        return json_string(arena, value);
    return value ? value->raw : (struct str){ 0 };
}

void talk_project(struct talk *talk, struct str folder, struct str repository, struct str origin)
{
    char hex[DIGEST_HEX];
    struct digest digest = hash_parts((struct str[]){ folder, repository }, 2);
    bool known = folder.size > 0 || repository.size > 0;
    int size = (int)(origin.size < 200 ? origin.size : 200);
    talk->group =
        str_of(known ? arena_format(&talk->arena, "project %.16s", hash_hex(hex, &digest))
                     : arena_format(&talk->arena, "file %.*s", size, origin.size ? origin.at : ""));
}

void talk_name(struct talk *talk, struct str name)
{
    CLEANUP(buf_done) struct buf quoted = { 0 };
    name.size = name.size < 200 ? name.size : 200;
    if (name.size == 0)
        return;
    json_quote(&quoted, name);
    const struct json value = { .raw = buf_view(&quoted), .kind = JSON_STRING };
    talk_about(talk, "session", &value);
}

int64_t talk_status(struct str text)
{
    for (size_t i = 0; i + 3 <= text.size; i++) {
        const unsigned char *at = (const unsigned char *)text.at + i;
        bool word = (i == 0 || !isalnum(at[-1])) && (i + 3 == text.size || !isalnum(at[3]));
        if (word && (at[0] == '4' || at[0] == '5') && isdigit(at[1]) && isdigit(at[2]))
            return (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
    }
    return 0;
}

/* Over its bound it is no message any more: then nothing more of it is kept. */
static void count_piece(struct talk_reply *reply)
{
    reply->count++;
    reply->text.max = reply->calls.max = WIRE_BYTES_MAX;
}

void talk_reply_piece(struct talk_reply *reply, struct str text, struct str calls)
{
    count_piece(reply);
    if (reply->text.size > 0 && text.size > 0)
        buf_char(&reply->text, '\n');
    buf_str(&reply->text, text);
    if (reply->calls.size > 0 && calls.size > 0)
        buf_char(&reply->calls, ',');
    buf_str(&reply->calls, calls);
}

void talk_reply_call(struct talk_reply *reply, struct str id, struct str name, struct str args)
{
    count_piece(reply);
    talk_call(&reply->calls, id, name, args);
}

int talk_reply_end(
    struct talk_reply *reply, struct talk *talk, struct arena *arena, struct err *err)
{
    int status = 0;
    if (reply->text.over || reply->calls.over)
        status = err_set(err, ERR_LIMIT, "a reply is larger than %d bytes", WIRE_BYTES_MAX);
    else if (reply->count > 0)
        status = talk_add(talk,
            talk_message(arena, "assistant", buf_view(&reply->text), buf_view(&reply->calls)),
            false, err);
    buf_clear(&reply->text);
    buf_clear(&reply->calls);
    reply->text.over = reply->calls.over = false;
    reply->count = 0;
    return status;
}

void talk_reply_done(struct talk_reply *reply)
{
    buf_done(&reply->text);
    buf_done(&reply->calls);
}
