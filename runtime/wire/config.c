/* config - reads moult.json by tables: one table an object, one row a key. What no row names is an
 * error, so a misspelt key never silently changes what moult may do. */
#include "wire/config.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/names.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    CONFIG_MAX = 1 << 20,
    ITEMS_MAX = 256,
    STEPS_DEFAULT = 64,
    BUDGET_CANDIDATES = 200000,
    BUDGET_SECONDS = 120
};

const char config_default[] =
    "// moult.json: what this home may do. Every key is described in "
    "docs/reference/configuration.md.\n"
    "{\n"
    "  \"models\": [],\n"
    "  \"mcpServers\": {},\n"
    "  \"tools\": {},\n"
    "  \"evolve\": { \"autonomy\": \"propose\", \"proposers\": [\"search\"] },\n"
    "  \"sandbox\": { \"tier\": \"strong\" }\n"
    "}\n";

struct reader {
    struct arena *arena;
    struct config *config;
    const struct json *root;
    struct str text;
    struct err *err;
};

struct key;
typedef int (*key_read)(
    struct reader *reader, const struct key *key, const struct json *value, void *to);
struct key {
    const char *name;
    key_read read;
    size_t offset;
    const void *table; /* a nested object's keys, or the words allowed */
    const char *wants; /* for the message */
};

static int refuse(struct reader *reader, const struct json *at, const char *what)
{
    char path[100];
    uint32_t line, column;
    json_line(reader->text, (size_t)(at->raw.at - reader->text.at), &line, &column);
    json_path(path, sizeof path, reader->root, at);
    err_set(reader->err, ERR_INPUT, "%s", what);
    return err_where(reader->err, "moult.json:%u: %s", line, path);
}

static int wrong_kind(struct reader *reader, const struct key *key, const struct json *at)
{
    char text[160];
    snprintf(text, sizeof text, "%s wants %s", key->name, key->wants);
    return refuse(reader, at, text);
}

static const struct key *key_find(const struct key *keys, struct str name)
{
    for (; keys->name; keys++)
        if (str_equal(name, str_of(keys->name)))
            return keys;
    return NULL;
}

static void list_keys(char *out, size_t size, const struct key *keys)
{
    size_t used = 0;
    out[0] = 0;
    for (; keys->name && used + 24 < size; keys++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", keys->name);
}

static int read_keys(
    struct reader *reader, const struct json *object, const struct key *keys, void *to)
{
    JSON_EACH(child, object)
    {
        struct str name = json_key(reader->arena, child);
        const struct key *key = key_find(keys, name);
        if (!key) {
            char word[64], text[160], known[140];
            snprintf(text, sizeof text, "unknown key \"%s\"",
                str_printable(word, sizeof word, name, false));
            refuse(reader, child, text);
            list_keys(known, sizeof known, keys);
            return err_hint(reader->err, "known here: %s", known);
        }
        int rc = key->read(reader, key, child, (char *)to + key->offset);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_object(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    if (!json_is(value, JSON_OBJECT))
        return wrong_kind(reader, key, value);
    return read_keys(reader, value, key->table, to);
}

static int read_text(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    struct str text = json_string(reader->arena, value);
    if (!text.at || memchr(text.at, 0, text.size))
        return wrong_kind(reader, key, value);
    *(struct str *)to = text;
    return 0;
}

static int read_number(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    int64_t number = json_int(value, -1);
    if (number < 0 || number > 1000000000)
        return wrong_kind(reader, key, value);
    *(uint32_t *)to = (uint32_t)number;
    return 0;
}

static int one_of(struct reader *reader, const struct key *key, const struct json *value)
{
    const char *const *words = key->table;
    struct str text = json_string(reader->arena, value);
    for (int i = 0; text.at && words[i]; i++)
        if (str_equal(text, str_of(words[i])))
            return i;
    return wrong_kind(reader, key, value);
}

static int read_word(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    int rc = one_of(reader, key, value);
    if (rc >= 0)
        *(struct str *)to = json_string(reader->arena, value);
    return rc < 0 ? rc : 0;
}

static int read_tier(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    int rc = one_of(reader, key, value);
    if (rc >= 0)
        *(int *)to = rc;
    return rc < 0 ? rc : 0;
}

/* A list of strings: `to` points at the pointer, the count stands behind it. */
struct texts {
    struct str *at;
    uint32_t count;
};

static int read_texts(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    if (!json_is(value, JSON_ARRAY) || value->count > ITEMS_MAX)
        return wrong_kind(reader, key, value);
    struct texts *texts = to;
    texts->at = arena_alloc(reader->arena, (value->count + 1) * sizeof *texts->at);
    texts->count = 0;
    JSON_EACH(item, value)
    {
        int rc = read_text(reader, key, item, &texts->at[texts->count]);
        if (rc < 0)
            return rc;
        texts->count++;
    }
    return 0;
}

/* Shape only: what a later part of moult reads. */
static int read_shape(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    (void)to;
    return json_is(value, JSON_OBJECT) ? 0 : wrong_kind(reader, key, value);
}

static const struct key api_key_keys[] = {
    { "env", read_text, offsetof(struct config_model, key_env), NULL, "the name of a variable" },
    { "file", read_text, offsetof(struct config_model, key_file), NULL, "a path" },
    { 0 },
};
static const char *const providers[] = { "openai", "anthropic", "script", NULL };
static const struct key model_keys[] = {
    { "name", read_text, offsetof(struct config_model, name), NULL, "a string" },
    { "provider", read_word, offsetof(struct config_model, provider), providers,
        "openai, anthropic or script" },
    { "base_url", read_text, offsetof(struct config_model, base_url), NULL, "a URL" },
    { "model", read_text, offsetof(struct config_model, model), NULL, "a string" },
    { "api_key", read_object, 0, api_key_keys,
        "{\"env\": NAME} or {\"file\": PATH}, never the key itself" },
    { 0 },
};

static int read_models(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    (void)to;
    struct config *config = reader->config;
    if (!json_is(value, JSON_ARRAY) || value->count > ITEMS_MAX)
        return wrong_kind(reader, key, value);
    config->models = arena_alloc(reader->arena, (value->count + 1) * sizeof *config->models);
    JSON_EACH(item, value)
    {
        struct config_model *model = &config->models[config->models_count++];
        if (!json_is(item, JSON_OBJECT))
            return wrong_kind(reader, key, item);
        int rc = read_keys(reader, item, model_keys, model);
        if (rc < 0)
            return rc;
        if (!model->name.at || !model->provider.at)
            return refuse(reader, item, "a model needs a name and a provider");
        if (model->key_env.at && model->key_file.at)
            return refuse(reader, item, "api_key has both env and file");
    }
    return 0;
}

static int read_env(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    struct texts *texts = to;
    if (!json_is(value, JSON_OBJECT) || value->count > ITEMS_MAX)
        return wrong_kind(reader, key, value);
    texts->at = arena_alloc(reader->arena, (value->count + 1) * sizeof *texts->at);
    JSON_EACH(item, value)
    {
        struct str name = json_key(reader->arena, item), text = { 0 };
        int rc = read_text(reader, key, item, &text);
        if (rc < 0)
            return rc;
        char *pair = arena_format(
            reader->arena, "%.*s=%.*s", (int)name.size, name.at, (int)text.size, text.at);
        texts->at[texts->count++] = str_of(pair);
    }
    return 0;
}

static const struct key server_keys[] = {
    { "command", read_text, offsetof(struct config_server, command), NULL, "a program" },
    { "args", read_texts, offsetof(struct config_server, args), NULL, "a list of strings" },
    { "env", read_env, offsetof(struct config_server, env), NULL, "an object of strings" },
    { 0 },
};

static int read_servers(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    (void)to;
    struct config *config = reader->config;
    if (!json_is(value, JSON_OBJECT) || value->count > ITEMS_MAX)
        return wrong_kind(reader, key, value);
    config->servers = arena_alloc(reader->arena, (value->count + 1) * sizeof *config->servers);
    JSON_EACH(item, value)
    {
        struct config_server *server = &config->servers[config->servers_count++];
        server->name = json_key(reader->arena, item);
        if (!json_is(item, JSON_OBJECT))
            return wrong_kind(reader, key, item);
        int rc = read_keys(reader, item, server_keys, server);
        if (rc < 0)
            return rc;
        if (!server->command.at)
            return refuse(reader, item, "a server needs a command");
    }
    return 0;
}

static const char *const permissions[] = { "allow", "ask", "deny", NULL };

static int read_tools(
    struct reader *reader, const struct key *key, const struct json *value, void *to)
{
    (void)to;
    if (!json_is(value, JSON_OBJECT))
        return wrong_kind(reader, key, value);
    const struct key permission = { "a tool", NULL, 0, permissions, "allow, ask or deny" };
    JSON_EACH(item, value)
    {
        int rc = one_of(reader, &permission, item);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static const struct key budget_keys[] = {
    { "candidates", read_number, offsetof(struct config, budget_candidates), NULL, "a number" },
    { "seconds", read_number, offsetof(struct config, budget_seconds), NULL, "a number" },
    { 0 },
};
static const char *const autonomies[] = { "observe", "propose", "auto", NULL };
static const struct key evolve_keys[] = {
    { "autonomy", read_word, offsetof(struct config, autonomy), autonomies,
        "observe, propose or auto" },
    { "policy", read_text, offsetof(struct config, policy), NULL, "a path" },
    { "proposers", read_texts, offsetof(struct config, proposers), NULL, "a list of names" },
    { "budget", read_object, 0, budget_keys, "an object" },
    { 0 },
};
static const char *const tiers[] = { "strong", "container", NULL };
static const struct key sandbox_keys[] = {
    { "tier", read_tier, offsetof(struct config, tier), tiers, "strong or container" },
    { "waive", read_texts, offsetof(struct config, waived), NULL, "a list of layers" },
    { 0 },
};
static const struct key limits_keys[] = {
    { "steps", read_number, offsetof(struct config, steps_max), NULL, "a number" },
    { 0 },
};
static const struct key top_keys[] = {
    { "models", read_models, 0, NULL, "a list of models" },
    { "mcpServers", read_servers, 0, NULL, "an object of servers" },
    { "tools", read_tools, 0, NULL, "an object of permissions" },
    { "limits", read_object, 0, limits_keys, "an object" },
    { "listen", read_shape, 0, NULL, "an object" },
    { "evolve", read_object, 0, evolve_keys, "an object" },
    { "sandbox", read_object, 0, sandbox_keys, "an object" },
    { "retention", read_shape, 0, NULL, "an object" },
    { "fleet", read_shape, 0, NULL, "an object" },
    { 0 },
};

/* What is no JSON: the line is what an editor shows. */
static int refuse_text(struct str text, struct err *err)
{
    char place[80];
    unsigned long offset = 0;
    uint32_t line, column;
    if (!err)
        return -ERR_INPUT;
    snprintf(place, sizeof place, "%.79s", err->where);
    sscanf(place, "offset %lu", &offset);
    json_line(text, offset < text.size ? offset : text.size, &line, &column);
    err_where(err, "moult.json:%u: %s", line, place);
    return err_while(err, "moult.json");
}

int config_parse(struct config *ret, struct str text, struct arena *arena, struct err *err)
{
    struct config config = {
        .autonomy = STR("propose"),
        .steps_max = STEPS_DEFAULT,
        .budget_candidates = BUDGET_CANDIDATES,
        .budget_seconds = BUDGET_SECONDS,
    };
    struct reader reader = { arena, &config, NULL, json_uncomment(arena, text), err };
    reader.root =
        json_read(arena, reader.text, &(struct json_limits){ .size_max = CONFIG_MAX }, err);
    if (!reader.root)
        return refuse_text(reader.text, err);
    if (!json_is(reader.root, JSON_OBJECT))
        return refuse(&reader, reader.root, "moult.json wants an object");
    int rc = read_keys(&reader, reader.root, top_keys, &config);
    if (rc < 0)
        return rc;
    *ret = config;
    return 0;
}

int config_read(struct config *ret, const struct home *home, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char path[PATH_MAX];
    int rc = file_read(home_path(path, home, "moult.json"), &text, CONFIG_MAX, err);
    if (rc < 0)
        return err_while(err, "configuration");
    return config_parse(
        ret, (struct str){ arena_copy(arena, text.at, text.size), text.size }, arena, err);
}
