/* import_moult - what moult trace --export writes.
 *
 * A whole session is one line, and comes back as it was: the same session in another home has the
 * same id. Entries (the journal's rows) have the messages and not what the source said of them;
 * those of one session become one. Whatever the file says of their standing, they are claims here:
 * nobody of this home saw it. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_talk.h"

#include <string.h>

enum { NAME_MOST = 4096 };

struct own {
    struct talks talks;
    struct talk *talk; /* of the entries so far */
    struct str session;
    char id[80];
    bool stop;
};

static const struct json *member(const struct json *object, const char *key, enum json_kind kind)
{
    const struct json *found = json_get(object, key);
    return json_is(found, kind) ? found : NULL;
}

/* --- a whole session */

static int read_messages(
    struct import_session *ret, const struct json *list, struct arena *arena, struct err *err)
{
    struct run *run = run_new(arena);
    ret->messages = arena_alloc(arena, (list->count + 1) * sizeof *ret->messages);
    ret->failed = arena_alloc(arena, list->count + 1);
    ret->user = arena_alloc(arena, list->count + 1);
    JSON_EACH(item, list)
    {
        uint32_t i = ret->messages_count;
        const struct json *message = member(item, "message", JSON_OBJECT);
        if (!message)
            return err_set(err, ERR_INPUT, "message %u is no object", i);
        ret->messages[i] = message->raw;
        ret->failed[i] = json_bool(json_get(item, "failed"), false);
        int status = run_add(run, message->raw, ret->failed[i], err);
        if (status < 0)
            return status;
        ret->user[i] = run->messages[i].role == RUN_USER;
        ret->turns += ret->user[i];
        ret->messages_count++;
    }
    return 0;
}

static int read_session(
    struct own *own, const struct json *root, struct arena *arena, struct err *err)
{
    const struct json *meta = member(root, "meta", JSON_OBJECT);
    const struct json *messages = member(root, "messages", JSON_ARRAY);
    const struct json *tools = member(root, "tools", JSON_ARRAY);
    struct import_session session = {
        .format = json_string(arena, json_get(root, "format")),
        .origin = json_string(arena, json_get(root, "origin")),
        .group = json_string(arena, json_get(root, "group")),
        .meta = meta ? meta->raw : STR("{}"),
        .tools = tools ? tools->raw : (struct str){ 0 },
        .offered = json_bool(json_get(root, "offered"), true),
    };
    struct run_tools *list;
    struct run *run = run_new(arena);
    if (json_int(json_get(root, "version"), 0) != 1)
        return err_set(err, ERR_INPUT, "version is not 1");
    if (!messages || session.format.size == 0 || session.format.size > NAME_MOST ||
        session.origin.size > NAME_MOST || session.group.size > NAME_MOST)
        return err_set(err, ERR_INPUT, "no session: it has `format` and `messages`");
    int status = run_set_meta(run, session.meta, err);
    if (status >= 0 && tools)
        status = run_tools_read(&list, session.tools, arena, err);
    if (status >= 0)
        status = read_messages(&session, messages, arena, err);
    if (status < 0)
        return status;
    status = own->talks.sink->session(own->talks.sink->with, &session, err);
    own->stop = status < 0;
    return status;
}

/* --- entries */

static int end_entries(struct own *own, struct err *err)
{
    CLEANUP(talk_freep) struct talk *talk = STEAL(own->talk);
    return talk ? talk_end(&own->talks, talk, err) : 0;
}

/* A live session has an effect's result beside the message that it became: messages are enough. */
static int read_entry(
    struct own *own, const struct json *entry, struct arena *arena, struct err *err)
{
    struct str id = json_string(arena, json_get(entry, "session"));
    struct str kind = json_string(arena, json_get(entry, "kind"));
    const struct json *data = json_get(entry, "data");
    const struct json *message = member(data, "message", JSON_OBJECT);
    if (id.size == 0 || id.size >= sizeof own->id || !json_is(data, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "neither a session nor an entry of one");
    if (!own->talk || !str_equal(id, own->session)) {
        int status = end_entries(own, err);
        own->stop = status < 0;
        if (status < 0)
            return status;
        memcpy(own->id, id.at, id.size);
        own->session = (struct str){ own->id, id.size };
        own->talk = talk_new();
        own->talk->group = str_of(arena_format(
            &own->talk->arena, "session %.*s", (int)(id.size < 16 ? id.size : 16), id.at));
    }
    if (!str_equal(kind, STR("message")) || !message) {
        import_unmapped(own->talks.sink, "entry", kind);
        return 0;
    }
    return talk_add(own->talk, message->raw, json_bool(json_get(data, "failed"), false), err);
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = IMPORT_RUN_MAX, .depth_max = IMPORT_DEPTH_MAX, .duplicates = true
    };
    struct own *own = with;
    const struct json *root = json_read(arena, text, &limits, err);
    (void)where;
    if (!root)
        return err_while(err, "read the line");
    return str_equal(json_string(arena, json_get(root, "moult")), STR("session"))
               ? read_session(own, root, arena, err)
               : read_entry(own, root, arena, err);
}

int import_moult(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct own own = { .talks = {
                           .sink = sink,
                           .options = options,
                           .format = STR("moult"),
                           .origin = import_stem(path),
                       } };
    int status = import_pieces(path, sink, take, &own, &own.stop, err);
    if (status >= 0)
        status = end_entries(&own, err);
    talk_free(own.talk);
    return status;
}
