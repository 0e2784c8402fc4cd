/* waive - layers that an operator does without, where the machine has them not. What moult.json
 * says holds for all that a process starts: a run that nobody told would be refused in the middle
 * of an evolution. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "sandbox/sandbox.h"

/* Names of layers, from moult.json, as bits in *ret. From then on each run of this process may go
 * without them, and the result lists what was in force. ERR_INPUT: no such layer, or one that
 * cannot be waived; nothing is changed then. */
int sandbox_waive(const struct str *words, uint32_t count, uint32_t *ret, struct err *err);
uint32_t sandbox_waived(void);
void sandbox_layers_json(struct buf *out, uint32_t layers); /* ["landlock","caps"] */

/* What the audit chain keeps of it: each change is a document "waiver" of its own number. The text
 * of the next one; false: the last, or none, says the same. */
bool sandbox_waiver(struct buf *out, struct str last, uint32_t number, uint32_t layers);
