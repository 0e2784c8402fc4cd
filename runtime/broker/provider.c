/* provider - see provider.h. */
#include "broker/provider.h"

#include "base/file.h"
#include "base/mem.h"
#include "transfer/transfer.h"
#include "broker/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_MAX = 16 << 10 };

/* One row a protocol: what stands behind the base, which provider speaks it, and its key's header.
 */
static const struct speech {
    const char *provider, *path, *key;
} speeches[PROTOCOLS] = {
    [PROTOCOL_CHAT] = { "openai", "/chat/completions", "Authorization: Bearer " },
    [PROTOCOL_RESPONSES] = { "openai", "/responses", "Authorization: Bearer " },
    [PROTOCOL_MESSAGES] = { "anthropic", "/messages", "x-api-key: " },
};
static const char *const bases[PROTOCOLS] = {
    [PROTOCOL_CHAT] = "https://api.openai.com/v1",
    [PROTOCOL_RESPONSES] = "https://api.openai.com/v1",
    [PROTOCOL_MESSAGES] = "https://api.anthropic.com/v1",
};

struct providers {
    const struct config *config;
    uint32_t count;
    struct provider (*rows)[PROTOCOLS]; /* url NULL: it does not speak that */
    char **bases;
};

/* Both ways of writing a base are in use: with /v1 (OpenAI's clients) and without (Anthropic's). A
 * script answers on a socket of its own, whatever the name. */
static char *base_of(const struct config_model *model, enum protocol protocol)
{
    if (str_equal(model->provider, STR("script")))
        return mem_string("http://localhost/v1");
    struct str base = model->base_url.size ? model->base_url : str_of(bases[protocol]);
    while (base.size > 0 && base.at[base.size - 1] == '/')
        base.size--;
    bool versioned = protocol != PROTOCOL_MESSAGES ||
                     (base.size > 3 && memcmp(base.at + base.size - 3, "/v1", 3) == 0);
    return mem_format("%.*s%s", (int)base.size, base.at, versioned ? "" : "/v1");
}

static int read_key(
    char **ret, const struct home *home, const struct config_model *model, struct err *err)
{
    char name[256], path[PATH_MAX];
    CLEANUP(buf_done) struct buf text = { 0 };
    *ret = NULL;
    if (model->key_env.size > 0) {
        snprintf(name, sizeof name, "%.*s", (int)model->key_env.size, model->key_env.at);
        const char *value = getenv(name);
        if (!value || !*value) {
            err_set(err, ERR_MISSING,
                "the variable %.100s, which has the key of model %.*s, is not set", name,
                (int)model->name.size, model->name.at);
            return err_hint(err, "export it in the shell that starts moult serve");
        }
        buf_text(&text, value);
    } else if (model->key_file.size > 0) {
        snprintf(name, sizeof name, "%.*s", (int)model->key_file.size, model->key_file.at);
        const char *full = name[0] == '/' ? name : home_path(path, home, name);
        struct stat st;
        if (stat(full, &st) == 0 && (st.st_mode & 077)) {
            err_set(err, ERR_DENIED, "others may read %.150s, which has the key of model %.*s",
                full, (int)model->name.size, model->name.at);
            return err_hint(err, "chmod 600 %.120s", full);
        }
        int rc = file_read(full, &text, KEY_MAX, err);
        if (rc < 0)
            return err_while(err, "key of model %.*s", (int)model->name.size, model->name.at);
    } else {
        return 0;
    }
    struct str key = str_trim(buf_view(&text));
    if (key.size == 0 || memchr(key.at, '\n', key.size) || memchr(key.at, '\r', key.size))
        return err_set(err, ERR_INPUT, "the key of model %.*s is no single line",
            (int)model->name.size, model->name.at);
    *ret = mem_format("%.*s", (int)key.size, key.at);
    return 0;
}

static bool speaks(const struct config_model *model, enum protocol protocol)
{
    return str_equal(model->provider, STR("script")) ||
           str_equal(model->provider, str_of(speeches[protocol].provider));
}

static char *own(struct str text)
{
    return text.size ? mem_format("%.*s", (int)text.size, text.at) : NULL;
}

static int add(struct providers *providers, const struct home *home, const struct scripts *scripts,
    uint32_t i, struct err *err)
{
    const struct config_model *model = &providers->config->models[i];
    char *key;
    int rc = read_key(&key, home, model, err);
    if (rc < 0)
        return rc;
    for (int p = 0; p < PROTOCOLS; p++) {
        if (!speaks(model, (enum protocol)p))
            continue;
        char *base = base_of(model, (enum protocol)p);
        providers->rows[i][p] =
            (struct provider){ model, (enum protocol)p, mem_format("%s%s", base, speeches[p].path),
                scripts_socket(scripts, i), key ? mem_format("%s%s", speeches[p].key, key) : NULL,
                { 0 }, own(model->proxy), own(model->ca_file) };
        if (key)
            providers->rows[i][p].secret =
                str_of(providers->rows[i][p].key + strlen(speeches[p].key));
        if (!providers->bases[p])
            providers->bases[p] = base;
        else
            free(base);
    }
    free(key);
    return 0;
}

int providers_new(struct providers **ret, const struct home *home, const struct config *config,
    const struct scripts *scripts, struct err *err)
{
    struct providers *providers = mem_zero(1, sizeof *providers);
    providers->config = config;
    providers->count = config->models_count;
    providers->rows = mem_zero(config->models_count + 1, sizeof *providers->rows);
    providers->bases = mem_zero(PROTOCOLS, sizeof *providers->bases);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < config->models_count; i++)
        rc = add(providers, home, scripts, i, err);
    if (rc < 0)
        providers_free(providers);
    else
        *ret = providers;
    return rc;
}

void providers_free(struct providers *providers)
{
    if (!providers)
        return;
    for (uint32_t i = 0; i < providers->count; i++)
        for (int p = 0; p < PROTOCOLS; p++) {
            free(providers->rows[i][p].url);
            free(providers->rows[i][p].key);
            free(providers->rows[i][p].proxy);
            free(providers->rows[i][p].ca_file);
        }
    for (int p = 0; p < PROTOCOLS; p++)
        free(providers->bases[p]);
    free(providers->bases);
    free(providers->rows);
    free(providers);
}

const struct provider *provider_of(
    const struct providers *providers, uint32_t i, enum protocol protocol)
{
    const struct provider *rows = providers->rows[i];
    if (rows[protocol].url)
        return &rows[protocol];
    bool responses =
        str_equal(rows[PROTOCOL_CHAT].url ? providers->config->models[i].api : (struct str){ 0 },
            STR("responses"));
    if (rows[PROTOCOL_CHAT].url)
        return &rows[responses ? PROTOCOL_RESPONSES : PROTOCOL_CHAT];
    return &rows[PROTOCOL_MESSAGES];
}

const struct provider *provider_for(const struct providers *providers, enum protocol protocol)
{
    for (uint32_t i = 0; i < providers->count; i++)
        if (providers->rows[i][protocol].url)
            return &providers->rows[i][protocol];
    return NULL;
}

int provider_alias(const struct config *config, struct str name)
{
    for (uint32_t i = 0; i < config->models_count; i++)
        if (str_equal(config->models[i].name, name))
            return (int)i;
    return -1;
}

void provider_way(const struct provider *provider, struct transfer_request *request)
{
    const struct config_model *model = provider->model;
    request->unix_socket = provider->socket;
    request->proxy = provider->proxy;
    request->ca_file = provider->ca_file;
    request->limits = (struct transfer_limits){ model->connect_ms, model->first_byte_ms,
        model->idle_ms, model->total_ms, 0 };
}

const char *provider_base(const struct providers *providers, enum protocol protocol)
{
    return providers->bases[protocol];
}
