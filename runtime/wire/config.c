/* config - reads moult.json by tables: one table an object, one row a key. How a row is read is in
 * config_value.c; what must hold between keys is checked here, behind each object. */
#include "wire/config.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/sort.h"
#include "wire/config_value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
    CONFIG_MAX = 1 << 20,
    SERVER_NAME_MAX = 32,
    MOUNTS_MAX = 8,
    STEPS_DEFAULT = 64,
    TOOL_SESSIONS = 16,
    BUDGET_CANDIDATES = 200000,
    BUDGET_SECONDS = 120,
    ROUNDS_A_DAY = 24,
    ATTEMPTS = 20,
    SETTLE_SECONDS = 5,
    SEAL_DAYS = 7,
    CANARY_SHARE = 50,
    CANARY_TURNS = 4,
    CANARY_SECONDS = 2,
    HOOK_CPU_MS = 5000,
    HOOK_SLEEP_MS = 10000,
    HOOK_MS_LEAST = 100,
    HOOK_MS_MOST = 600000
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

#define ROW(name, read, type, member, wants)                                                       \
    {                                                                                              \
        name, read, offsetof(struct type, member), NULL, wants                                     \
    }
#define ROW_OF(name, read, type, member, table, wants)                                             \
    {                                                                                              \
        name, read, offsetof(struct type, member), table, wants                                    \
    }
#define PART(name, keys)                                                                           \
    {                                                                                              \
        name, value_object, 0, keys, "an object"                                                   \
    }

static const struct config_key api_key_keys[] = {
    ROW("env", value_text, config_model, key_env, "the name of a variable"),
    ROW("file", value_text, config_model, key_file, "a path"),
    { 0 },
};
static const struct config_key timeout_keys[] = {
    ROW("connect", value_number, config_model, connect_ms, "milliseconds"),
    ROW("first_byte", value_number, config_model, first_byte_ms, "milliseconds"),
    ROW("idle", value_number, config_model, idle_ms, "milliseconds"),
    ROW("total", value_number, config_model, total_ms, "milliseconds"),
    { 0 },
};
static const struct config_key price_keys[] = {
    ROW("input", value_price, config_model, usd_input, "dollars a million tokens, 0 to 4000"),
    ROW("output", value_price, config_model, usd_output, "dollars a million tokens, 0 to 4000"),
    { 0 },
};
static const char *const providers[] = { "openai", "anthropic", "script", NULL };
static const char *const apis[] = { "chat", "responses", NULL };
static const struct config_key model_keys[] = {
    ROW("name", value_text, config_model, name, "a string"),
    ROW_OF(
        "provider", value_word, config_model, provider, providers, "openai, anthropic or script"),
    ROW("base_url", value_text, config_model, base_url, "a URL"),
    ROW("model", value_text, config_model, model, "a string"),
    ROW_OF("api", value_word, config_model, api, apis, "chat or responses"),
    { "api_key", value_object, 0, api_key_keys,
        "{\"env\": NAME} or {\"file\": PATH}, never the key itself" },
    ROW("proxy", value_text, config_model, proxy, "a URL"),
    ROW("ca_file", value_text, config_model, ca_file, "a path"),
    PART("timeouts_ms", timeout_keys),
    PART("usd_per_million", price_keys),
    ROW("drop", value_texts, config_model, drop, "a list of members of a request"),
    { 0 },
};

static bool is_named_before(const struct config *config, const struct config_model *model)
{
    for (const struct config_model *other = config->models; other < model; other++)
        if (str_equal(other->name, model->name))
            return true;
    return false;
}

static int check_model(
    struct config_reader *reader, const struct json *at, const struct config_model *model)
{
    if (model->name.size == 0 || !model->provider.at)
        return config_refuse(reader, at, "a model needs a name and a provider");
    if (model->key_env.at && model->key_file.at)
        return config_refuse(reader, at, "api_key has both env and file");
    bool web = !str_equal(model->provider, STR("script"));
    if (web && model->base_url.at && !str_starts(model->base_url, STR("http://")) &&
        !str_starts(model->base_url, STR("https://")))
        return config_refuse(reader, at, "base_url begins with http:// or https://");
    if (model->api.at && !str_equal(model->provider, STR("openai")))
        return config_refuse(reader, at, "api is for the provider openai");
    for (uint32_t i = 0; i < model->drop_count; i++)
        if (!str_is_name(model->drop[i], 64))
            return config_refuse(reader, at, "drop names members, as \"stop\" or \"text.format\"");
    return is_named_before(reader->config, model)
               ? config_refuse(reader, at, "two models of one name")
               : 0;
}

static int read_models(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    (void)to;
    struct config *config = reader->config;
    int rc = config_items(reader, key, value, JSON_ARRAY);
    if (rc < 0)
        return rc;
    config->models = arena_alloc(reader->arena, (value->count + 1) * sizeof *config->models);
    JSON_EACH(item, value)
    {
        struct config_model *model = &config->models[config->models_count++];
        if (!json_is(item, JSON_OBJECT))
            return config_wrong(reader, key, item);
        rc = config_keys(reader, item, model_keys, model);
        if (rc == 0)
            rc = check_model(reader, item, model);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* `to` points at a list as value_texts fills it: pointer, then count. */
static int read_env(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct config_server *server = to;
    int rc = config_items(reader, key, value, JSON_OBJECT);
    if (rc < 0)
        return rc;
    server->env = arena_alloc(reader->arena, (value->count + 1) * sizeof *server->env);
    JSON_EACH(item, value)
    {
        struct str name = json_key(reader->arena, item), text = { 0 };
        if (name.size == 0 || memchr(name.at, '=', name.size) || memchr(name.at, 0, name.size))
            return config_refuse(reader, item, "no name of a variable");
        if ((rc = value_text(reader, key, item, &text)) < 0)
            return rc;
        char *pair = arena_format(
            reader->arena, "%.*s=%.*s", (int)name.size, name.at, (int)text.size, text.at);
        server->env[server->env_count++] = str_of(pair);
    }
    return 0;
}

/* "none", "loopback", or a list of words; the words themselves are the sandbox's to read. */
static int read_network(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct config_grant *grant = to;
    if (!json_is(value, JSON_STRING))
        return value_texts(reader, key, value, &grant->network);
    grant->network = arena_alloc(reader->arena, sizeof *grant->network);
    int rc = value_text(reader, key, value, grant->network);
    if (rc < 0 || str_equal(*grant->network, STR("none")))
        return rc;
    if (!str_equal(*grant->network, STR("loopback")))
        return config_wrong(reader, key, value);
    grant->network_count = 1;
    return 0;
}

static const char *const accesses[] = { "read", "write", NULL };
static const struct config_key access_word = { "a mount", NULL, 0, accesses, "read or write" };

/* A folder comes before what is in it: it would cover that. */
static int by_path(const void *a, const void *b)
{
    return str_compare(
        ((const struct config_mount *)a)->path, ((const struct config_mount *)b)->path);
}

static int read_mounts(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct config_grant *grant = to;
    int rc = config_items(reader, key, value, JSON_OBJECT);
    if (rc < 0)
        return rc;
    if (value->count > MOUNTS_MAX)
        return config_refuse(reader, value, "more than 8 mounts");
    grant->mounts = arena_alloc(reader->arena, (value->count + 1) * sizeof *grant->mounts);
    JSON_EACH(item, value)
    {
        struct config_mount *mount = &grant->mounts[grant->mounts_count++];
        mount->path = json_key(reader->arena, item);
        if (!config_is_path(mount->path))
            return config_refuse(
                reader, item, "a mount is an absolute path, without a / at its end");
        if ((rc = config_one_of(reader, &access_word, item)) < 0)
            return rc;
        mount->write = rc == 1;
    }
    sort(grant->mounts, grant->mounts_count, sizeof *grant->mounts, by_path);
    return 0;
}

#define NETWORK_WANTS "\"none\", \"loopback\", or a list of HOST[:PORT], *.HOST[:PORT], loopback"
#define MOUNTS_WANTS "an object of paths, each \"read\" or \"write\""

static const struct config_key server_timeout_keys[] = {
    ROW("start", value_number, config_server, start_ms, "milliseconds"),
    ROW("call", value_number, config_server, call_ms, "milliseconds"),
    { 0 },
};
static const struct config_key server_keys[] = {
    ROW("command", value_text, config_server, command, "a program"),
    ROW("args", value_texts, config_server, args, "a list of strings"),
    { "env", read_env, 0, NULL, "an object of strings" },
    PART("timeouts_ms", server_timeout_keys),
    ROW("optional", value_bool, config_server, optional, "true or false"),
    ROW("network", read_network, config_server, grant, NETWORK_WANTS),
    ROW("mounts", read_mounts, config_server, grant, MOUNTS_WANTS),
    { 0 },
};

/* It becomes part of a tool's name where two servers have a tool of one name. */
static bool is_server_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && c != '-')
            return false;
    }
    return name.size > 0 && name.size <= SERVER_NAME_MAX;
}

static int read_servers(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    (void)to;
    struct config *config = reader->config;
    int rc = config_items(reader, key, value, JSON_OBJECT);
    if (rc < 0)
        return rc;
    config->servers = arena_alloc(reader->arena, (value->count + 1) * sizeof *config->servers);
    JSON_EACH(item, value)
    {
        struct config_server *server = &config->servers[config->servers_count++];
        server->name = json_key(reader->arena, item);
        if (!json_is(item, JSON_OBJECT))
            return config_wrong(reader, key, item);
        if (!is_server_name(server->name))
            return config_refuse(
                reader, item, "a server's name is 1 to 32 letters, digits, '_' or '-'");
        if ((rc = config_keys(reader, item, server_keys, server)) < 0)
            return rc;
        if (server->command.size == 0)
            return config_refuse(reader, item, "a server needs a command");
    }
    return 0;
}

static const char *const permissions[] = { "allow", "ask", "deny", NULL };

static int read_permission(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int rc = config_one_of(reader, key, value);
    if (rc >= 0)
        *(uint8_t *)to = (uint8_t)rc;
    return rc < 0 ? rc : 0;
}

struct shell_tool {
    struct config_tool tool;
    struct config_grant grant;
};
static const struct config_key tool_keys[] = {
    ROW_OF(
        "permission", read_permission, config_tool, permission, permissions, "allow, ask or deny"),
    ROW("idempotent", value_bool, config_tool, idempotent, "true or false"),
    { 0 },
};
/* Of the built-in tools only the shell starts programs. */
static const struct config_key shell_keys[] = {
    ROW_OF("permission", read_permission, shell_tool, tool.permission, permissions,
        "allow, ask or deny"),
    ROW("idempotent", value_bool, shell_tool, tool.idempotent, "true or false"),
    ROW("network", read_network, shell_tool, grant, NETWORK_WANTS),
    ROW("mounts", read_mounts, shell_tool, grant, MOUNTS_WANTS),
    { 0 },
};
static const struct config_key tool_word = { "a tool", NULL, 0, permissions,
    "allow, ask or deny, or {\"permission\": ..., \"idempotent\": true}" };

static int read_shell(
    struct config_reader *reader, const struct json *item, struct config_tool *tool)
{
    struct shell_tool shell = { .tool = *tool };
    int rc = config_keys(reader, item, shell_keys, &shell);
    *tool = shell.tool;
    reader->config->shell = shell.grant;
    return rc;
}

static int read_tool(
    struct config_reader *reader, const struct json *item, struct config_tool *tool)
{
    tool->pattern = json_key(reader->arena, item);
    if (tool->pattern.size == 0)
        return config_refuse(reader, item, "a tool without a name");
    if (!json_is(item, JSON_OBJECT))
        return read_permission(reader, &tool_word, item, &tool->permission);
    int rc = str_equal(tool->pattern, STR("shell")) ? read_shell(reader, item, tool)
                                                    : config_keys(reader, item, tool_keys, tool);
    return rc == 0 && !json_get(item, "permission")
               ? config_refuse(reader, item, "a tool needs a permission: allow, ask or deny")
               : rc;
}

static int read_tools(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    (void)to;
    struct config *config = reader->config;
    int rc = config_items(reader, key, value, JSON_OBJECT);
    if (rc < 0)
        return rc;
    config->tools = arena_alloc(reader->arena, (value->count + 1) * sizeof *config->tools);
    JSON_EACH(item, value)
    if ((rc = read_tool(reader, item, &config->tools[config->tools_count++])) < 0)
        return rc;
    return 0;
}

/* Never without a limit: one that hangs would hold its principal's turns for good. */
static int read_hook_ms(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int64_t ms = json_int(value, 0);
    if (ms < HOOK_MS_LEAST || ms > HOOK_MS_MOST)
        return config_wrong(reader, key, value);
    *(uint32_t *)to = (uint32_t)ms;
    return 0;
}

static const struct config_key limits_keys[] = {
    ROW("steps", value_number, config, steps_max, "a number"),
    ROW("tokens", value_number, config, tokens_max, "a number"),
    ROW("seconds", value_number, config, turn_seconds, "a number"),
    ROW("usd", value_usd, config, turn_usd, "dollars, 0 to 4000"),
    ROW("tool_sessions", value_number, config, tool_sessions, "a number"),
    ROW("hook_cpu_ms", read_hook_ms, config, hook_cpu_ms, "100 to 600000 milliseconds"),
    ROW("hook_sleep_ms", read_hook_ms, config, hook_sleep_ms, "100 to 600000 milliseconds"),
    { 0 },
};

static bool is_port(struct str text)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    return text.size > 0 && text.size <= 5 && port <= 65535;
}

/* No name is looked up: what it means could change behind the operator's back. */
static bool is_loopback(struct str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr four;
    if (str_equal(host, STR("localhost")) || str_equal(host, STR("[::1]")))
        return true;
    if (host.size >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)host.size, host.at);
    return inet_pton(AF_INET, text, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

static int read_tcp(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct str text;
    int rc = value_text(reader, key, value, &text);
    if (rc < 0)
        return rc;
    const char *colon = memrchr(text.at, ':', text.size);
    size_t host = colon ? (size_t)(colon - text.at) : 0;
    if (!colon || !is_port((struct str){ colon + 1, text.size - host - 1 }))
        return config_wrong(reader, key, value);
    if (!is_loopback((struct str){ text.at, host })) {
        config_refuse(reader, value, "tcp is for this machine only: 127.0.0.1, [::1], localhost");
        return err_hint(
            reader->err, "for others put a proxy with TLS and access control before it");
    }
    *(struct str *)to = text;
    return 0;
}

static const struct config_key tokens_keys[] = {
    ROW("file", value_text, config, listen.tokens_file, "a path"),
    { 0 },
};
static const struct config_key listen_keys[] = {
    ROW("tcp", read_tcp, config, listen.tcp, "ADDRESS:PORT, as 127.0.0.1:8400"),
    PART("tokens", tokens_keys),
    ROW("passthrough", value_bool, config, listen.passthrough, "true or false"),
    { 0 },
};

static int read_listen(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int rc = value_object(reader, key, value, to);
    const struct config_listen *listen = &reader->config->listen;
    if (rc < 0 || !listen->tcp.at || listen->tokens_file.size > 0)
        return rc;
    config_refuse(reader, value, "tcp without tokens: every program of this machine could use it");
    return err_hint(reader->err, "add \"tokens\": {\"file\": \"keys/tokens\"}");
}

static const struct config_key budget_keys[] = {
    ROW("candidates", value_number, config, budget_candidates, "a number"),
    ROW("seconds", value_number, config, budget_seconds, "a number"),
    ROW("rounds", value_number, config, rounds_a_day, "a number a day"),
    { 0 },
};
static const char *const autonomies[] = { "off", "observe", "propose", "auto", NULL };
static const struct config_key search_keys[] = {
    ROW("stock", value_bool, config, search_stock, "true or false"),
    { 0 },
};
static const struct config_key evolve_keys[] = {
    ROW_OF("autonomy", value_word, config, autonomy, autonomies, "off, observe, propose or auto"),
    ROW("policy", value_text, config, policy, "a path"),
    { "proposers", config_read_turns, 0, NULL, "a list of names, or of objects with a name" },
    PART("budget", budget_keys),
    PART("search", search_keys),
    ROW("attempts", value_number, config, attempts_max, "a number"),
    { "llm", value_object, offsetof(struct config, llm), config_llm_keys, "an object" },
    ROW("agent_tools", value_bool, config, agent_tools, "true or false"),
    ROW("settle_seconds", value_number, config, settle_seconds, "a number"),
    ROW("seal_days", value_number, config, seal_days, "a number"),
    { 0 },
};
static const char *const tiers[] = { "strong", "container", NULL };
static const struct config_key sandbox_keys[] = {
    ROW_OF("tier", value_choice, config, tier, tiers, "strong or container"),
    ROW("waive", value_texts, config, waived, "a list of layers"),
    { 0 },
};

static const char *const swaps[] = { "step", "turn", NULL };
static int read_swap(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int rc = config_one_of(reader, key, value);
    if (rc >= 0)
        *(bool *)to = rc == 1;
    return rc < 0 ? rc : 0;
}

static int read_share(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int64_t share = json_int(value, 0);
    if (share < 1 || share > 100)
        return config_wrong(reader, key, value);
    *(uint32_t *)to = (uint32_t)share;
    return 0;
}

static const struct config_key canary_keys[] = {
    ROW("share", read_share, config, canary.share, "1 to 100 percent"),
    ROW("turns", value_number, config, canary.turns, "a number"),
    ROW("seconds", value_number, config, canary.seconds, "a number"),
    ROW("failed", value_number, config, canary.failed, "a number"),
    { 0 },
};

static const struct config_key top_keys[] = {
    { "models", read_models, 0, NULL, "a list of models" },
    { "mcpServers", read_servers, 0, NULL, "an object of servers" },
    { "tools", read_tools, 0, NULL, "an object of permissions" },
    PART("limits", limits_keys),
    { "listen", read_listen, 0, listen_keys, "an object" },
    PART("evolve", evolve_keys),
    { "proposers", config_read_proposers, 0, NULL, "an object of proposers" },
    ROW_OF("swap", read_swap, config, swap_at_turn, swaps, "step or turn"),
    PART("canary", canary_keys),
    PART("sandbox", sandbox_keys),
    { "redact", config_read_redact, 0, NULL, "an object" },
    { "retention", value_shape, 0, NULL, "an object" },
    { "fleet", value_shape, 0, NULL, "an object" },
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
        .tool_sessions = TOOL_SESSIONS,
        .hook_cpu_ms = HOOK_CPU_MS,
        .hook_sleep_ms = HOOK_SLEEP_MS,
        .llm = config_llm_default,
        .budget_candidates = BUDGET_CANDIDATES,
        .budget_seconds = BUDGET_SECONDS,
        .rounds_a_day = ROUNDS_A_DAY,
        .attempts_max = ATTEMPTS,
        .settle_seconds = SETTLE_SECONDS,
        .seal_days = SEAL_DAYS,
        .canary = { .share = CANARY_SHARE, .turns = CANARY_TURNS, .seconds = CANARY_SECONDS },
    };
    struct config_reader reader = { arena, &config, NULL, json_uncomment(arena, text), err };
    reader.root =
        json_read(arena, reader.text, &(struct json_limits){ .size_max = CONFIG_MAX }, err);
    if (!reader.root)
        return refuse_text(reader.text, err);
    if (!json_is(reader.root, JSON_OBJECT))
        return config_refuse(&reader, reader.root, "moult.json wants an object");
    int rc = config_keys(&reader, reader.root, top_keys, &config);
    if (rc < 0 || (rc = config_check_proposers(&reader)) < 0)
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
