/* verdict_less - the rules of a candidate that only takes a plugin out: the same with less.
 *
 * Its claim is that nothing gets worse without the plugin. So no failure is asked for, and what a
 * repair needs beside its benefit (not worse) has to be shown alone: tighter, at what the look may
 * spend, and over groups on which the plugin could have acted
 * (docs/why/0063-the-same-with-less.md). */
#pragma once

#include "trials/verdict.h"

/* What a look of that level may spend on one of so many removals that could be chosen: what is
 * known of all of them before (figures) may choose among them, and no more. */
double verdict_less_level(double level, uint32_t of);
enum verdict verdict_suites_less(const struct verdict_facts *f, char *text, size_t size);
enum verdict verdict_could_act(const struct verdict_facts *f, char *text, size_t size);
enum verdict verdict_harmless(const struct verdict_facts *f, char *text, size_t size);
