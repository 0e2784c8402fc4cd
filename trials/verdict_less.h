/* verdict_less - the rules of a candidate that only takes a plugin out: the same with less.
 *
 * Its claim is that nothing gets worse without the plugin. So no failure is asked for, and what a
 * repair needs beside its benefit (not worse) has to be shown alone: tighter, at what the look may
 * spend, and over groups on which the plugin could have acted
 * (docs/why/0063-the-same-with-less.md). */
#pragma once

#include "trials/verdict.h"

enum verdict verdict_suites_less(const struct verdict_facts *f, char *text, size_t size);
enum verdict verdict_could_act(const struct verdict_facts *f, char *text, size_t size);
enum verdict verdict_harmless(const struct verdict_facts *f, char *text, size_t size);
