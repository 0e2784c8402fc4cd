/* tool_text - what a model is told of an MCP tool's answer. One place, so that a trial tells it
 * what a live session would. */
#pragma once

#include "base/json.h"

/* The text of a list of content blocks, a line each; what is no text is named. */
void tool_text(struct buf *out, struct arena *arena, const struct json *content);
