/* scripts - the provider `script`: a moult-mock of our own for each such model of moult.json, on a
 * socket in the home's run/, so that an agent can be tried without a network and without a key. */
#pragma once

#include "broker/engine.h"

struct scripts;
/* Starts them and waits until each answers. ERR_LACKS: the program is not there; ERR_INPUT: the
 * script is wrong (its own words are in the log). */
int scripts_start(struct scripts **ret, uv_loop_t *loop, const struct home *home,
    const struct config *config, const char *bin, struct err *err);
void scripts_free(struct scripts *scripts); /* ends them; the loop has to run once more */
/* The socket of model i, or NULL. */
const char *scripts_socket(const struct scripts *scripts, uint32_t i);
