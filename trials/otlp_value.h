/* otlp_value - attributes of a span, in the two forms in which spans are written: OTLP's list of
 * keys with typed values, and an SDK's object. Inside trials only. */
#pragma once

#include "base/arena.h"
#include "base/json.h"

/* The value's own node (in OTLP that of its type), or NULL. */
const struct json *otlp_value(const struct json *span, const char *key);
/* A string's text, a number's digits; else at is NULL. */
struct str otlp_text(const struct json *span, const char *key, struct arena *arena);
/* A structure, or JSON that is the text of a string; NULL: neither. */
const struct json *otlp_json(const struct json *span, const char *key, struct arena *arena);
/* Its status is an error. */
bool otlp_failed(const struct json *span);
