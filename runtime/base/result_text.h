/* result_text - what a tool's result says, and whether that is an error.
 *
 * The one definition: of results that no client or tool has marked, by the gateway, the miner and
 * the graders. A harness and the replay that judges it must not differ in it. */
#pragma once

#include "base/arena.h"
#include "base/json.h"

/* The content of a message: its text, or the texts of its parts put together. */
struct str result_text(struct arena *arena, const struct json *content);
/* Trimmed, it begins with Error or Unknown action, behind the assignment that a code-writing agent
 * puts around its results: (# var_N = ")? */
bool result_text_failed(struct str text);
