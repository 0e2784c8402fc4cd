/* content - reads a part of any protocol, and writes it as another one wants it. See content.h.
 *
 * What a provider keeps under an id of its own means nothing to another one: OpenAI's two protocols
 * share theirs. What is not in these tables is refused by its type, never left out. */
#include "protocol/content.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum kind { OTHER, TEXT, PICTURE, DOCUMENT };
struct content {
    enum kind kind;
    struct str text; /* plain, as all of these */
    struct str url;  /* an address, or data: with all of it */
    struct str id;   /* of a file that the provider keeps */
    struct str name; /* of a file */
    const struct json *detail;
};

/* --- reading */

static struct str member(const struct json *object, const char *key, struct arena *arena)
{
    return json_string(arena, codec_member(object, key));
}

static struct str data_url(struct str type, struct str data, struct arena *arena)
{
    return str_of(arena_format(
        arena, "data:%.*s;base64,%.*s", (int)type.size, type.at, (int)data.size, data.at));
}

/* A source of Anthropic's: base64, url or text; a file's id is of use to nobody else. */
static void read_source(struct content *ret, const struct json *source, struct arena *arena)
{
    const struct json *type = codec_member(source, "type");
    struct str data = member(source, "data", arena);
    if (spoken_is(type, "base64") && data.size <= PROTOCOL_BODY_MAX)
        ret->url = data_url(member(source, "media_type", arena), data, arena);
    else if (spoken_is(type, "url"))
        ret->url = member(source, "url", arena);
    else if (spoken_is(type, "text") && ret->kind == DOCUMENT)
        *ret = (struct content){ .kind = TEXT, .text = data };
    else
        ret->kind = OTHER;
}

static void read_chat_picture(struct content *ret, const struct json *part, struct arena *arena)
{
    const struct json *image = codec_member(part, "image_url");
    ret->url = member(image, "url", arena);
    ret->detail = codec_member(image, "detail");
}

static void read_chat_file(struct content *ret, const struct json *part, struct arena *arena)
{
    const struct json *file = codec_member(part, "file");
    ret->url = member(file, "file_data", arena);
    ret->id = member(file, "file_id", arena);
    ret->name = member(file, "filename", arena);
}

static void read_block(struct content *ret, const struct json *part, struct arena *arena)
{
    ret->name = member(part, "title", arena);
    read_source(ret, codec_member(part, "source"), arena);
}

static void read_input_picture(struct content *ret, const struct json *part, struct arena *arena)
{
    ret->url = member(part, "image_url", arena);
    ret->id = member(part, "file_id", arena);
    ret->detail = codec_member(part, "detail");
}

static void read_input_file(struct content *ret, const struct json *part, struct arena *arena)
{
    struct str data = member(part, "file_data", arena);
    ret->url = data.size ? data : member(part, "file_url", arena);
    ret->id = member(part, "file_id", arena);
    ret->name = member(part, "filename", arena);
}

static void read_refusal(struct content *ret, const struct json *part, struct arena *arena)
{
    ret->text = member(part, "refusal", arena);
}

static void read_text(struct content *ret, const struct json *part, struct arena *arena)
{
    ret->text = member(part, "text", arena);
}

static const struct type {
    const char *type;
    enum protocol of; /* whose word it is: a client's own part goes there as it stands */
    enum kind kind;
    void (*read)(struct content *ret, const struct json *part, struct arena *arena);
} types[] = {
    { "text", PROTOCOL_CHAT, TEXT, read_text },
    { "input_text", PROTOCOL_RESPONSES, TEXT, read_text },
    { "output_text", PROTOCOL_RESPONSES, TEXT, read_text },
    { "refusal", PROTOCOL_CHAT, TEXT, read_refusal },
    { "image_url", PROTOCOL_CHAT, PICTURE, read_chat_picture },
    { "image", PROTOCOL_MESSAGES, PICTURE, read_block },
    { "input_image", PROTOCOL_RESPONSES, PICTURE, read_input_picture },
    { "file", PROTOCOL_CHAT, DOCUMENT, read_chat_file },
    { "document", PROTOCOL_MESSAGES, DOCUMENT, read_block },
    { "input_file", PROTOCOL_RESPONSES, DOCUMENT, read_input_file },
    { "input_audio", PROTOCOL_CHAT, OTHER, NULL },
    { "search_result", PROTOCOL_MESSAGES, OTHER, NULL },
    { "container_upload", PROTOCOL_MESSAGES, OTHER, NULL },
    { "tool_reference", PROTOCOL_MESSAGES, OTHER, NULL },
};

static const struct type *type_of(const struct json *part)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (spoken_is(codec_member(part, "type"), types[i].type))
            return &types[i];
    return NULL;
}

/* --- whose it is */

static int by_bytes(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void add_parts(struct content_rights *rights, const struct json *message)
{
    const struct json *content = codec_member(message, "content");
    if (!json_is(content, JSON_ARRAY))
        return;
    JSON_EACH(part, content)
    {
        if (rights->count == rights->room) {
            uint32_t room = rights->room ? 2 * rights->room : 16;
            rights->parts = arena_grow(rights->arena, rights->parts,
                rights->room * sizeof *rights->parts, room * sizeof *rights->parts);
            rights->room = room;
        }
        rights->parts[rights->count++] = part->raw;
    }
}

/* Read when the first part is met that is not free to all. */
static void read_rights(struct content_rights *rights)
{
    struct json_limits limits = { .duplicates = true };
    const struct protocol_fresh *fresh = rights->fresh;
    const struct protocol_view *view = fresh->like ? &fresh->like->view : NULL;
    for (uint32_t i = 0; fresh->given && i < fresh->messages_count; i++)
        if (fresh->given[i])
            add_parts(rights, rights->nodes[i]);
    for (uint32_t i = 0; view && i < view->messages_count; i++)
        add_parts(rights, json_read(rights->arena, view->messages[i].chat, &limits, NULL));
    if (rights->count > 0)
        qsort(rights->parts, rights->count, sizeof *rights->parts, by_bytes);
    rights->read = true;
}

static bool is_the_client_s(struct content_rights *rights, const struct json *part)
{
    if (!rights)
        return false;
    if (!rights->read)
        read_rights(rights);
    return rights->count > 0 && bsearch(&part->raw, rights->parts, rights->count,
                                    sizeof *rights->parts, by_bytes) != NULL;
}

/* --- writing */

static void write_member(struct buf *out, const char *key, struct str value)
{
    if (value.size == 0)
        return;
    buf_format(out, ",\"%s\":", key);
    json_quote(out, value);
}

static void write_detail(struct buf *out, const struct json *detail)
{
    if (!json_is(detail, JSON_STRING))
        return;
    buf_text(out, ",\"detail\":");
    buf_str(out, detail->raw);
}

static bool is_data(struct str url)
{
    return str_starts(url, STR("data:"));
}

static struct str file_name(const struct content *content)
{
    return content->name.size ? content->name : STR("document.pdf");
}

static bool write_chat(struct buf *out, const struct content *content)
{
    if (content->kind == PICTURE && content->url.size > 0) {
        buf_text(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
        json_quote(out, content->url);
        write_detail(out, content->detail);
        buf_text(out, "}}");
        return true;
    }
    bool data = is_data(content->url);
    if (content->kind != DOCUMENT || (!data && content->id.size == 0))
        return false;
    buf_text(out, "{\"type\":\"file\",\"file\":{\"filename\":");
    json_quote(out, file_name(content));
    write_member(out, data ? "file_data" : "file_id", data ? content->url : content->id);
    buf_text(out, "}}");
    return true;
}

static bool write_responses(struct buf *out, const struct content *content)
{
    bool data = is_data(content->url), picture = content->kind == PICTURE;
    if (content->url.size + content->id.size == 0)
        return false;
    buf_text(out, picture ? "{\"type\":\"input_image\"" : "{\"type\":\"input_file\"");
    if (picture && !json_is(content->detail, JSON_STRING))
        buf_text(out, ",\"detail\":\"auto\"");
    if (picture)
        write_detail(out, content->detail);
    if (!picture && (data || content->name.size > 0))
        write_member(out, "filename", file_name(content));
    if (content->url.size > 0)
        write_member(out, picture ? "image_url" : data ? "file_data" : "file_url", content->url);
    else
        write_member(out, "file_id", content->id);
    buf_char(out, '}');
    return true;
}

/* data:application/pdf;base64,... */
static bool write_source(struct buf *out, const struct content *content)
{
    static const char between[] = ";base64,";
    struct str url = content->url;
    if (!is_data(url)) {
        buf_text(out, "\"source\":{\"type\":\"url\"");
        write_member(out, "url", url);
        buf_char(out, '}');
        return url.size > 0;
    }
    ptrdiff_t at = str_find(url, STR(between));
    size_t type = sizeof "data:" - 1, data = (size_t)at + sizeof between - 1;
    if (at < 0)
        return false;
    struct str media = { url.at + type, (size_t)at - type };
    if (content->kind == DOCUMENT && !str_equal(media, STR("application/pdf")))
        return false;
    buf_text(out, "\"source\":{\"type\":\"base64\",\"media_type\":");
    json_quote(out, media);
    buf_text(out, ",\"data\":");
    json_quote(out, (struct str){ url.at + data, url.size - data });
    buf_char(out, '}');
    return true;
}

static bool write_messages(struct buf *out, const struct content *content)
{
    bool picture = content->kind == PICTURE;
    buf_text(out, picture ? "{\"type\":\"image\"," : "{\"type\":\"document\",");
    if (!write_source(out, content))
        return false;
    if (!picture)
        write_member(out, "title", content->name);
    buf_char(out, '}');
    return true;
}

static void write_text(struct buf *out, enum protocol to, struct str text)
{
    buf_text(out, to == PROTOCOL_RESPONSES ? "{\"type\":\"input_text\"" : "{\"type\":\"text\"");
    buf_text(out, ",\"text\":");
    json_quote(out, text);
    buf_char(out, '}');
}

static int refuse(const struct json *part, enum protocol to, struct arena *arena, struct err *err)
{
    char shown[48];
    str_printable(shown, sizeof shown, member(part, "type", arena), false);
    return err_set(err, ERR_INPUT,
        "a part of the type \"%s\" cannot be said to this model's provider (protocol %s)", shown,
        protocol_words[to]);
}

int content_write(struct buf *out, enum protocol to, const struct json *part,
    struct content_rights *rights, struct arena *arena, struct err *err)
{
    static bool (*const writers[])(struct buf *, const struct content *) = {
        [PROTOCOL_CHAT] = write_chat,
        [PROTOCOL_RESPONSES] = write_responses,
        [PROTOCOL_MESSAGES] = write_messages,
    };
    const struct type *type = type_of(part);
    struct content content = { .kind = type ? type->kind : OTHER };
    if (type && type->read)
        type->read(&content, part, arena);
    bool free_to_all = content.kind == PICTURE && spoken_picture(part, arena).size > 0;
    bool own = is_the_client_s(rights, part);
    if (!own && !free_to_all)
        return spoken_deny(err);
    if (!own)
        content.detail = NULL;
    if (own && type && type->of == to) {
        buf_str(out, part->raw);
        return 0;
    }
    if (content.kind == TEXT) {
        write_text(out, to, content.text);
        return 0;
    }
    CLEANUP(buf_done) struct buf said = { 0 };
    if (content.kind == OTHER || !writers[to](&said, &content))
        return own ? refuse(part, to, arena, err) : spoken_deny(err);
    buf_str(out, buf_view(&said));
    return 0;
}
