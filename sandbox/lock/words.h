/* words - the last words of a program that locks itself: one line on standard error before a fault
 * ends it, so that a stack without end is told from a bad pointer. Nothing is mended: the signal
 * ends it. */
#pragma once

#include "base/err.h"

/* Before the lock: afterwards no handler can be set. A sanitizer's stays: it has words of its own.
 */
int lock_last_words(struct err *err);

/* What a program says that locked itself. */
#define LOCK_WORD_STACK "the stack is full"
#define LOCK_WORD_MEMORY "out of memory" /* base/mem.c */
