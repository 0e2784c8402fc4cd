/* provider - the models of moult.json: where each is asked, in which protocol, with which key.
 *
 * Keys are read once, at the start, and are in this process only. */
#pragma once

#include "broker/engine.h"

/* What a client hears of a provider's 401 and 403: its words are about moult's key, and may have a
 * part of it. */
#define PROVIDER_UNAUTHORIZED                                                                      \
    "the provider does not accept the key that moult has for it; who runs moult can mend that"
struct provider {
    const struct config_model *model;
    enum protocol protocol;
    char *url;             /* of the protocol's endpoint, without query */
    const char *socket;    /* a unix socket that leads there; NULL: none */
    char *key;             /* "Authorization: Bearer ..." or "x-api-key: ..."; NULL: none */
    struct str secret;     /* the key alone, within `key`; empty: none */
    char *proxy, *ca_file; /* NULL: none of its own */
};
struct transfer_request;
/* How it is reached, whatever is asked there: socket, proxy, CA, time limits. */
void provider_way(const struct provider *provider, struct transfer_request *request);
struct providers;
struct scripts;
/* ERR_MISSING: a key's variable is not set, or its file is not there. */
int providers_new(struct providers **ret, const struct home *home, const struct config *config,
    const struct scripts *scripts, struct err *err);
void providers_free(struct providers *providers);
/* For model i of the configuration; protocol: the client's, which an OpenAI-like provider follows
 * between chat and responses. */
const struct provider *provider_of(
    const struct providers *providers, uint32_t i, enum protocol protocol);
/* For a model name that no alias has: the first of the configuration that speaks the protocol.
 * NULL: there is none. */
const struct provider *provider_for(const struct providers *providers, enum protocol protocol);
/* The number of the model with that alias, or -1. */
int provider_alias(const struct config *config, struct str name);
/* The base of other paths ("/v1/models") of the provider that speaks the protocol; or NULL. */
const char *provider_base(const struct providers *providers, enum protocol protocol);
