/* sort - a stable sort that asks the system for nothing but memory.
 *
 * glibc's qsort wants to know the size of the machine's memory (sysinfo) once an array has more
 * than a kilobyte. A locked worker may not ask, and would be killed over a reply with many parts.
 */
#pragma once

#include <stddef.h>

void sort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b));
