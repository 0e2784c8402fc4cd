/* api - what the service answers over HTTP: one table of routes.
 *
 * docs/reference/http.md */
#pragma once

#include "broker/engine.h"

/* For http_server_start; with: struct engine. */
extern const struct http_handler api_handler;
