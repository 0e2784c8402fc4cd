/* driver - what every deciding command of moult-evolve stands on: the home, its journal in the
 * deciding role, its lineage, and what is active.
 *
 * driver_open also puts right what a kill left behind: a home whose generation 0 was never
 * admitted, refs that did not follow the last admission, clusters that did not follow what is
 * active. The admission rows are the law; everything else is moved to them. */
#pragma once

#include "base/arena.h"
#include "admission/admission.h"
#include "promote/candidate.h"
#include "promote/compile.h"
#include "promote/harness.h"
#include "admission/generation.h"
#include "trials/replay.h"
#include "wire/config.h"
#include "wire/verb.h"

#include <limits.h>

struct driver {
    struct home home;
    struct config config;
    struct arena arena;
    struct journal *journal;
    struct lineage *lineage;
    char sdk[PATH_MAX], bin[PATH_MAX];
    struct admission *admissions; /* from the first to the last */
    uint32_t admissions_count;
    struct lineage_id active;     /* commit of the last */
    struct harness harness;       /* its sources */
    struct generation generation; /* and builds */
};
int driver_open(struct driver *ret, const struct verb_call *call, struct err *err);
/* The same for a home that init is just making. */
int driver_open_home(struct driver *ret, const struct home *home, struct err *err);
void driver_done(struct driver *driver);
const struct admission *driver_last(const struct driver *driver);
/* Reads what is active again: after an admission. */
int driver_refresh(struct driver *driver, struct err *err);

/* Compiles one source as that profile, at the tier that the configuration allows. */
int driver_compile(struct compile_result *ret, const struct driver *driver,
    const struct harness_source *source, enum elf_profile profile, struct err *err);
/* Builds whatever of a commit's sources has no build in `known` (may be NULL) with the same source;
 * all are in the home's store afterwards. ERR_INPUT: one does not build. */
int driver_generation(struct generation *ret, struct driver *driver,
    const struct lineage_id *commit, uint32_t number, const struct generation *known,
    struct err *err);

/* Sealed memfds of a generation's builds, for a replay arm. */
struct driver_builds {
    struct replay_build at[HARNESS_SOURCES_MAX];
    unsigned count;
};
int driver_builds(struct driver_builds *ret, const struct driver *driver,
    const struct generation *generation, struct err *err);
/* Puts another image in the place of one build. */
int driver_builds_swap(
    struct driver_builds *builds, struct str name, struct str image, struct err *err);
void driver_builds_done(struct driver_builds *builds);
/* Loads them once into a locked worker: ABI and order hold together. ERR_INPUT says what does not.
 */
int driver_probe(struct driver *driver, const struct driver_builds *builds, struct err *err);
/* The same for a generation whose builds are in the home's store, each hashed as it is read. */
int driver_loads(struct driver *driver, const struct generation *generation, struct err *err);
/* A replay arm of these builds. worker: "moult-worker" or "moult-worker-asan". */
struct replay_arm driver_arm(
    struct driver *driver, const struct driver_builds *builds, const char *worker);
