/* prompts - what moult itself tells a model that proposes: the files of evolver/prompts/, carried
 * by the programs. */
#pragma once

#include "base/hash.h"

extern const char llm_task[], llm_tools[]; /* the first words; the tools, JSON */
extern const size_t llm_task_size, llm_tools_size;
/* Of all of it: part of who it is that proposes. */
struct digest prompts_digest(void);
