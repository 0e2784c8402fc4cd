/* compile - one plugin's source to a shared object, in the compile sandbox, and past the ELF gate.
 *
 * The flags are the lists plugins/sdk/cflags.txt and ldflags.txt, asanflags.txt behind them for a
 * sanitised build; the source stands in the sandbox under a fixed name, so the same source gives
 * the same bytes wherever the home lies. Only ELF_RELEASE makes what can be admitted.
 *
 * gcc makes everything. A trial build may be asked of tcc, which takes a twentieth of the time;
 * where it is not there, or its object is not as it must be, gcc makes that build too. */
#pragma once

#include "base/hash.h"
#include "sandbox/elf.h"
#include "sandbox/sandbox.h"

#include <limits.h>

enum compile_stage { COMPILE_OK, COMPILE_COMPILE, COMPILE_LIMIT, COMPILE_ELF };
extern const char *const compile_stage_words[4]; /* "ok", "compile", "limit", "elf" */

enum compile_by { COMPILE_BY_GCC, COMPILE_BY_TCC };
extern const char *const compile_by_words[2]; /* "gcc", "tcc" */

struct compile_plan {
    struct str source;
    struct str path;          /* harness-relative, for messages: "plugins/x/x.c" */
    enum elf_profile profile; /* which flags, and what the gate lets through */
    enum compile_by by;       /* who is asked first; only ELF_TRIAL knows another than gcc */
    int tier;                 /* enum sandbox_tier: weakest allowed */
    const char *sdk;          /* folder of moult.h and the flag lists */
    bool preprocess;          /* only that: the image is what the compiler would see */
};
struct compile_result {
    enum compile_by by;       /* who made it, or refused it */
    char not_by_tcc[160];     /* printable: why not tcc, if it was asked; else empty */
    enum compile_stage stage; /* where it was refused */
    struct buf image;         /* the .so, when OK; or the preprocessed text */
    struct digest build;      /* its SHA-256 */
    struct buf diagnostics;   /* what the compiler said: untrusted text */
    enum sandbox_limit limit;
    struct elf_findings findings;
    enum sandbox_tier tier;
    uint32_t layers;
    uint64_t wall_us;
};
void compile_result_done(struct compile_result *result);
/* 0 when the question was answered, whatever the answer; errors are the machine's: ERR_LACKS names
 * a missing compiler or layer. */
int compile_run(struct compile_result *ret, const struct compile_plan *plan, struct err *err);
/* The SDK's folder beside the running program: share/moult/sdk. */
int compile_sdk(char out[PATH_MAX], struct err *err);
