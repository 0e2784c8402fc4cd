/* schema - the part of JSON Schema that tool parameters use: type, items, enum, properties,
 * required. */
#pragma once

#include "base/json.h"

/* The value has the schema's type, and so have the elements of an array. No type: anything goes. */
bool schema_type_fits(const struct json *schema, const struct json *value);
/* Also enum, required and properties, all the way down. */
bool schema_fits(const struct json *schema, const struct json *value);
/* The schema of one property, or NULL. */
const struct json *schema_property(const struct json *schema, struct str key);
bool schema_type_is(const struct json *schema, struct str type);
