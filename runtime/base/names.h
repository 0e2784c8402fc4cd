/* names - enum <-> string tables: static const char *const words[] = { [STAGE_BUILT] = "built", ...
 * }. */
#pragma once

#include "base/str.h"

#include <stddef.h>

/* The word, or "?" outside the table. */
const char *name_of(const char *const *words, size_t count, int value);
/* The value, or -1. */
int name_find(const char *const *words, size_t count, struct str word);
#define NAME_OF(words, value) name_of((words), sizeof(words) / sizeof((words)[0]), (int)(value))
#define NAME_FIND(words, word) name_find((words), sizeof(words) / sizeof((words)[0]), (word))
