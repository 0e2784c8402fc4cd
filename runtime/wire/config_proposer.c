/* config_proposer - the keys `proposers`, `evolve.llm` and `evolve.proposers`: programs of the
 * operator's and models that are asked for a repair, what each may use and cost, and when. Where
 * they run is no matter of the configuration: in the sandbox. */
#include "wire/config_value.h"

enum {
    MOUNTS_MAX = 8,
    ARGS_MAX = 64,
    NAME_MAX_HERE = 32,
    SECONDS = 600,
    SECONDS_MOST = 1700, /* the profile's own end is at 1800 */
    TOKENS = 500000,
    LLM_ROUNDS = 24,
    LLM_ROUNDS_MOST = 200,
    COOLDOWN_MOST = 7 * 86400
};
const struct config_proposer config_llm_default = {
    .rounds = LLM_ROUNDS, .seconds = SECONDS, .tokens = TOKENS
};

static int read_seconds(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int64_t seconds = json_int(value, 0);
    if (seconds < 1 || seconds > SECONDS_MOST)
        return config_wrong(reader, key, value);
    *(uint32_t *)to = (uint32_t)seconds;
    return 0;
}

static int read_rounds(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int64_t rounds = json_int(value, 0);
    if (rounds < 1 || rounds > LLM_ROUNDS_MOST)
        return config_wrong(reader, key, value);
    *(uint32_t *)to = (uint32_t)rounds;
    return 0;
}

#define ROW(name, read, member, wants)                                                             \
    {                                                                                              \
        name, read, offsetof(struct config_proposer, member), NULL, wants                          \
    }
static const struct config_key keys[] = {
    ROW("command", value_texts, command, "a list of strings"),
    ROW("model", value_text, model, "the name of a model"),
    ROW("mounts", value_texts, mounts, "a list of paths"),
    ROW("seconds", read_seconds, seconds, "1 to 1700 seconds"),
    ROW("tokens", value_number, tokens, "a number"),
    ROW("usd", value_usd, usd, "dollars, 0 to 4000"),
    { 0 },
};
const struct config_key config_llm_keys[] = {
    ROW("rounds", read_rounds, rounds, "1 to 200 requests"),
    ROW("seconds", read_seconds, seconds, "1 to 1700 seconds"),
    ROW("tokens", value_number, tokens, "a number"),
    ROW("usd", value_usd, usd, "dollars, 0 to 4000"),
    { 0 },
};

/* It stands behind "command:" in a candidate's row, and so in what a person reads. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return name.size > 0 && name.size <= NAME_MAX_HERE;
}

static int check(struct config_reader *reader, const struct json *at, struct config_proposer *of)
{
    if (!is_name(of->name))
        return config_refuse(
            reader, at, "a proposer's name is 1 to 32 small letters, digits, '_' or '-'");
    if (of->command_count == 0 || of->command_count > ARGS_MAX || of->command[0].size == 0 ||
        *of->command[0].at != '/')
        return config_refuse(
            reader, at, "a command is 1 to 64 words, the first an absolute path inside its mounts");
    if (of->mounts_count > MOUNTS_MAX)
        return config_refuse(reader, at, "more than 8 mounts");
    for (uint32_t i = 0; i < of->mounts_count; i++)
        if (!config_is_path(of->mounts[i]))
            return config_refuse(reader, at, "a mount is an absolute path, without a / at its end");
    return 0;
}

int config_read_proposers(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    (void)to;
    struct config *config = reader->config;
    int rc = config_items(reader, key, value, JSON_OBJECT);
    if (rc < 0)
        return rc;
    config->commands = arena_alloc(reader->arena, (value->count + 1) * sizeof *config->commands);
    JSON_EACH(item, value)
    {
        struct config_proposer *of = &config->commands[config->commands_count++];
        *of = (struct config_proposer){
            .name = json_key(reader->arena, item), .seconds = SECONDS, .tokens = TOKENS
        };
        if (!json_is(item, JSON_OBJECT))
            return config_wrong(reader, key, item);
        if ((rc = config_keys(reader, item, keys, of)) < 0 || (rc = check(reader, item, of)) < 0)
            return rc;
    }
    return 0;
}

/* --- who tries when */

const char *const config_when_words[] = {
    [WHEN_ALWAYS] = "always", [WHEN_FIRST] = "first", [WHEN_NO_SURVIVOR] = "no_survivor", NULL
};

static int read_when(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int rc = config_one_of(reader, key, value);
    if (rc >= 0)
        *(uint8_t *)to = (uint8_t)rc;
    return rc < 0 ? rc : 0;
}

static int read_cooldown(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int64_t seconds = json_int(value, -1);
    if (seconds < 0 || seconds > COOLDOWN_MOST)
        return config_wrong(reader, key, value);
    *(uint32_t *)to = (uint32_t)seconds;
    return 0;
}

#define TURN(name, read, member, wants)                                                            \
    {                                                                                              \
        name, read, offsetof(struct config_turn, member), NULL, wants                              \
    }
static const struct config_key turn_budget_keys[] = {
    TURN("candidates", value_number, candidates, "a number"),
    TURN("seconds", value_number, seconds, "a number"),
    TURN("tokens", value_number, tokens, "a number"),
    TURN("usd", value_usd, usd, "dollars, 0 to 4000"),
    { 0 },
};
static const struct config_key turn_keys[] = {
    TURN("name", value_text, name, "the name of a proposer"),
    { "when", read_when, offsetof(struct config_turn, when), config_when_words,
        "always, first or no_survivor" },
    { "budget", value_object, 0, turn_budget_keys, "an object" },
    TURN("cooldown", read_cooldown, cooldown, "0 to 604800 seconds"),
    { 0 },
};

int config_read_turns(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    (void)to;
    struct config *config = reader->config;
    int rc = config_items(reader, key, value, JSON_ARRAY);
    if (rc < 0)
        return rc;
    config->proposers = arena_alloc(reader->arena, (value->count + 1) * sizeof *config->proposers);
    JSON_EACH(item, value)
    {
        struct config_turn *turn = &config->proposers[config->proposers_count++];
        *turn = (struct config_turn){ .name = json_string(reader->arena, item) };
        if (!turn->name.at && !json_is(item, JSON_OBJECT))
            return config_wrong(reader, key, item);
        if (!turn->name.at && (rc = config_keys(reader, item, turn_keys, turn)) < 0)
            return rc;
        if (turn->name.size == 0)
            return config_refuse(reader, item, "who? name is the name of a proposer");
        if (turn == config->proposers && turn->when == WHEN_NO_SURVIVOR)
            return config_refuse(
                reader, item, "nobody stands before the first: no_survivor of whom?");
    }
    return 0;
}

/* What stands behind the prefix; false: it is none of that kind. */
static bool named(struct str proposer, struct str prefix, struct str *ret)
{
    if (!str_starts(proposer, prefix))
        return false;
    *ret = (struct str){ proposer.at + prefix.size, proposer.size - prefix.size };
    return true;
}

const struct config_proposer *config_command(const struct config *config, struct str proposer)
{
    struct str name;
    if (!named(proposer, STR(CONFIG_COMMAND), &name))
        return NULL;
    for (uint32_t i = 0; i < config->commands_count; i++)
        if (str_equal(config->commands[i].name, name))
            return &config->commands[i];
    return NULL;
}

static bool has_model(const struct config *config, struct str name)
{
    for (uint32_t i = 0; i < config->models_count; i++)
        if (str_equal(config->models[i].name, name))
            return true;
    return false;
}

bool config_llm(const struct config *config, struct str proposer, struct config_proposer *ret)
{
    struct str alias;
    if (!named(proposer, STR(CONFIG_LLM), &alias) || !has_model(config, alias))
        return false;
    *ret = config->llm;
    ret->name = proposer;
    ret->model = alias;
    return true;
}

/* A list that names who is not there would else be believed to work. */
int config_check_proposers(struct config_reader *reader)
{
    const struct config *config = reader->config;
    const struct json *commands = json_get(reader->root, "proposers");
    const struct json *names = json_get(json_get(reader->root, "evolve"), "proposers");
    struct config_proposer unused;
    for (uint32_t i = 0; i < config->commands_count; i++)
        if (config->commands[i].model.at && !has_model(config, config->commands[i].model))
            return config_refuse(reader, commands, "a proposer's model is none of models[]");
    for (uint32_t i = 0; i < config->proposers_count; i++)
        if (!str_equal(config->proposers[i].name, STR("search")) &&
            !config_command(config, config->proposers[i].name) &&
            !config_llm(config, config->proposers[i].name, &unused))
            return config_refuse(reader, names,
                "a proposer is search, llm:ALIAS with an ALIAS of models, or command:NAME with a "
                "NAME of proposers");
    return 0;
}
