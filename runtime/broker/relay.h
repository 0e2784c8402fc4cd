/* relay - paths of a provider that moult does not know, passed through: request and answer as they
 * are, but for the credential. */
#pragma once

#include "broker/engine.h"

/* ERR_MISSING: no provider of moult.json speaks the protocol. */
int relay_start(
    struct engine *engine, struct http_exchange *exchange, enum protocol protocol, struct err *err);
