/* check_parts - which parts a message may hold, by protocol and role: a picture in another
 * protocol's words, or in a place where the provider takes none, is refused by it too. A type that
 * is not in the table is let through: providers learn new ones. */
#include "mock/check_parts.h"

#include "base/mem.h"

enum { OF_USER = 1, OF_OTHERS = 2, EVERYWHERE = OF_USER | OF_OTHERS };
static const struct part {
    const char *type;
    uint8_t chat, responses, messages; /* who may say it there */
} parts[] = {
    { "text", EVERYWHERE, 0, EVERYWHERE },
    { "refusal", OF_OTHERS, OF_OTHERS, 0 },
    { "input_text", 0, EVERYWHERE, 0 },
    { "output_text", 0, OF_OTHERS, 0 },
    { "image_url", OF_USER, 0, 0 },
    { "input_image", 0, OF_USER, 0 },
    { "image", 0, 0, OF_USER },
    { "file", OF_USER, 0, 0 },
    { "input_file", 0, OF_USER, 0 },
    { "document", 0, 0, OF_USER },
    { "input_audio", OF_USER, 0, 0 },
    { "tool_use", 0, 0, OF_OTHERS },
    { "tool_result", 0, 0, OF_USER },
};

static uint8_t who_may(const struct part *part, enum ask_kind kind)
{
    return kind == ASK_CHAT ? part->chat : kind == ASK_RESPONSES ? part->responses : part->messages;
}

static bool is_text(const struct json *object, const char *key)
{
    const struct json *value = json_get(object, key);
    return json_is(value, JSON_STRING) && value->raw.size > 2;
}

/* Anthropic's: the bytes alone, and what they are. */
static bool has_source(const struct json *source, bool picture, struct arena *arena)
{
    static const char *const media[] = { "image/png", "image/jpeg", "image/gif", "image/webp" };
    struct str type = json_string(arena, json_get(source, "type"));
    struct str says = json_string(arena, json_get(source, "media_type"));
    if (!str_equal(type, STR("base64")))
        return is_text(source, str_equal(type, STR("url")) ? "url" : "type");
    bool known = !picture && str_equal(says, STR("application/pdf"));
    for (size_t i = 0; picture && i < COUNT_OF(media); i++)
        known |= str_equal(says, str_of(media[i]));
    return known && is_text(source, "data") &&
           !str_starts(json_string(arena, json_get(source, "data")), STR("data:"));
}

/* An address, or all of it in one. */
static bool has_url(const struct json *object, const char *key, struct arena *arena)
{
    struct str url = json_string(arena, json_get(object, key));
    return str_starts(url, STR("https://")) || str_starts(url, STR("http://")) ||
           str_starts(url, STR("data:"));
}

static bool is_whole(const struct json *part, struct str type, struct arena *arena)
{
    const struct json *file = json_get(part, "file");
    if (str_equal(type, STR("image_url")))
        return has_url(json_get(part, "image_url"), "url", arena);
    if (str_equal(type, STR("input_image")))
        return has_url(part, "image_url", arena) || is_text(part, "file_id");
    if (str_equal(type, STR("file")))
        return is_text(file, "file_id") ||
               (has_url(file, "file_data", arena) && is_text(file, "filename"));
    if (str_equal(type, STR("input_file")))
        return is_text(part, "file_id") || has_url(part, "file_url", arena) ||
               (has_url(part, "file_data", arena) && is_text(part, "filename"));
    bool picture = str_equal(type, STR("image"));
    return (!picture && !str_equal(type, STR("document"))) ||
           has_source(json_get(part, "source"), picture, arena);
}

int check_parts(
    enum ask_kind kind, bool user, const struct json *list, struct arena *arena, struct err *err)
{
    int rc = 0;
    JSON_EACH(part, json_is(list, JSON_ARRAY) ? list : NULL)
    {
        struct str type = json_string(arena, json_get(part, "type"));
        for (size_t i = 0; rc == 0 && i < COUNT_OF(parts); i++)
            if (str_equal(type, str_of(parts[i].type)) &&
                !(who_may(&parts[i], kind) & (user ? OF_USER : OF_OTHERS)))
                rc = err_set(err, ERR_INPUT, "Invalid value: '%s' cannot stand in this message",
                    parts[i].type);
        if (rc == 0 && !is_whole(part, type, arena))
            rc = err_set(err, ERR_INPUT, "Invalid value: a part of the type '%.*s' is not whole",
                (int)type.size, type.at);
        if (rc == 0)
            rc = check_parts(kind, user, json_get(part, "content"), arena, err);
    }
    return rc;
}
