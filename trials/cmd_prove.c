/* cmd_prove - moult prove TURN: what a live session's turn asked for then, a worker asks for now.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "trials/cmd.h"
#include "trials/prove.h"
#include "wire/config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { INCONCLUSIVE = 3 };

static int verdict_of(const struct proof *proof)
{
    return proof->why[0] ? 1 : proof->open ? INCONCLUSIVE : 0;
}

static void tell(const struct verb_call *call, const struct past *past, const struct proof *proof)
{
    static const char *const words[] = { "same", "different", [INCONCLUSIVE] = "open" };
    CLEANUP(buf_done) struct buf why = { 0 };
    char plain[300], hex[DIGEST_HEX];
    hash_hex(hex, &past->session.id);
    if (!call->json) {
        printf("turn %" PRIu64 ", session %.12s: %u of %u recorded effects asked for again%s%s\n",
            past->turn, hex, proof->same, past->effects_count, proof->why[0] ? "\n  " : "",
            str_printable(plain, sizeof plain, str_of(proof->why), false));
        if (!proof->why[0] && proof->open)
            printf("  the record has no end: the turn is in work, or was cut off\n");
        return;
    }
    json_quote(&why, str_of(proof->why));
    printf("{\"turn\":%" PRIu64 ",\"session\":\"%s\",\"verdict\":\"%s\",\"effects\":%u,\"same\":%u,"
           "\"generations\":%u,\"divergence\":%s}\n",
        past->turn, hex, words[verdict_of(proof)], past->effects_count, proof->same,
        proof->generations, proof->why[0] ? why.at : "null");
}

static int prove(const struct verb_call *call, const struct home *home, uint64_t turn,
    struct past *past, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = NULL;
    struct config config;
    struct proof proof;
    char folder[PATH_MAX];
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc == 0)
        rc = config_read(&config, home, &arena, err);
    if (rc == 0)
        rc = journal_open(&journal, home, JOURNAL_VIEW, err);
    if (rc == 0)
        rc = past_read(past, journal, turn, err);
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", folder);
    const struct prove_plan plan = { journal, home, worker, config.tier, config.steps_max };
    if (rc == 0)
        rc = prove_turn(&proof, past, &plan, err);
    journal_close(journal);
    if (rc < 0)
        return rc;
    tell(call, past, &proof);
    return verdict_of(&proof);
}

static int run_prove(const struct verb_call *call, struct err *err)
{
    const char *args[1];
    struct home home;
    const struct option options[] = { { 0 } };
    int rc = verb_options(call, &verb_prove, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    char *end = NULL;
    uint64_t turn = rc ? strtoull(args[0], &end, 10) : 0;
    if (turn == 0 || *end) {
        err_set(err, ERR_USAGE, "prove wants the number of a turn");
        return err_hint(err, "X-Moult-Turn of an answer and moult run --json give it");
    }
    rc = home_find(&home, call->dir, err);
    if (rc < 0)
        return rc;
    struct past past = { 0 };
    rc = prove(call, &home, turn, &past, err);
    past_done(&past);
    return rc;
}

const struct verb verb_prove = { "prove", run_prove, "prove TURN",
    "run a live turn again from the journal and compare every effect" };
