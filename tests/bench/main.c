/* moult-bench - the benchmarks, by name, or all. Figures, no verdicts: a slow machine is no defect.
 */
#include "bench.h"

#include "base/mem.h"
#include "base/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static bool json;

static const struct bench {
    const char *name, *about;
    int (*run)(struct buf *out, struct err *err);
    bool long_run; /* minutes: only where it is named */
} benches[] = {
    { "hooks", "ns for one hook in a chain of eight", bench_hooks },
    { "worker", "start of a locked worker with twelve plugins, and its memory", bench_worker },
    { "sandbox", "a run from start to end by profile, and a compile, beside bubblewrap and bare",
        bench_sandbox },
    { "leaks", "what is left of many runs, and of parents killed in one", bench_leaks },
    { "candidate", "from a patch to its release build, beside gcc alone", bench_candidate },
    { "search", "candidates judged a second, and searches on recorded conversations",
        bench_search },
    { "import", "recorded traces read, redacted, and brought into a journal", bench_import },
    { "mine", "runs through all detectors", bench_mine },
    { "replay", "recorded runs through a locked worker, beside reading them", bench_replay },
    { "gate", "how often the gate errs and what convinces it, simulated, beside other rules",
        bench_gate },
    { "turn", "a turn of two model calls, gateway and hosted, beside libcurl alone", bench_turn },
    { "cold", "from `moult serve` to the first turn answered", bench_cold },
    { "memory", "broker and worker after a thousand turns", bench_memory },
    { "swap", "approvals, and swaps under 64 turns in flight, beside nginx", bench_swap },
    { "rollback", "from the command to turns on the generation before", bench_rollback },
    { "past", "turns a second, run again: prove, backtest, shadow", bench_past },
    { "recover", "a plugin that crashes, a broker that is killed", bench_recover },
    { "peers", "the same turn through agents from npm", bench_peers },
    { "proposers", "a proposer on recorded conversations", bench_proposers, true },
    { "scripted", "the way of a model and of a command, with scripts in their place",
        bench_scripted, true },
    { "faults", "the search on the bank of faults", bench_faults, true },
    { "ablation", "what its fixes of the bank are made of", bench_ablation, true },
    { "year", "a harness that is left alone for a year", bench_year, true },
};

void bench_figure(struct buf *out, const char *name, double value, const char *unit, double aim)
{
    if (json) {
        buf_format(out, "%s{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"aim\":%.3f}",
            out->size ? "," : "", name, value, unit, aim);
        return;
    }
    buf_format(out, "  %-52s %10.2f %s", name, value, unit);
    if (aim > 0)
        buf_format(out, "   (aim %g%s)", aim, value <= aim ? "" : ", missed");
    buf_char(out, '\n');
}

uint64_t bench_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_median(double *values, unsigned count)
{
    qsort(values, count, sizeof(*values), by_value);
    return values[count / 2];
}

const char *bench_traces(void)
{
    const char *named = getenv("MOULT_TRACES");
    return named ? named : MOULT_SOURCE_DIR "/tests/data/traces";
}

/* Without these a figure says nothing. */
static void tell_how(struct buf *out)
{
    struct utsname host = { 0 };
    uname(&host);
    buf_format(out,
        json ? "\"build\":\"%s\",\"compiler\":\"%s\",\"processors\":%ld,\"kernel\":\"%s %s\""
             : "%s build, compiler %s, %ld processors, %s %s\n",
        MOULT_BUILD_TYPE, __VERSION__, sysconf(_SC_NPROCESSORS_ONLN), host.sysname, host.release);
}

static int run_one(const struct bench *bench, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    int r = bench->run(&out, err);
    if (r < 0)
        return err_while(err, "%s", bench->name);
    CLEANUP(buf_done) struct buf how = { 0 };
    tell_how(&how);
    if (json)
        printf("{\"bench\":\"%s\",\"how\":{%s},\"figures\":[%s]}\n", bench->name, how.at, out.at);
    else
        printf("%s: %s\n%s", bench->name, bench->about, out.at);
    return 0;
}

/* An option that the benchmark reads from its environment. */
struct setting {
    const char *name, *value;
};

static bool wanted(const struct bench *bench, const char *const *names, int count)
{
    bool all = count <= 0, named = false;
    for (int i = 0; i < count; i++) {
        all |= strcmp(names[i], "all") == 0;
        named |= strcmp(names[i], bench->name) == 0;
    }
    return named || (all && !bench->long_run);
}

int main(int argc, char **argv)
{
    bool help = false;
    struct err err;
    const char *names[32];
    const char *home; /* the front takes one for every command; no figure needs it */
    const char *swaps = NULL, *runs = NULL, *seed = NULL, *steps = NULL;
    const char *table = NULL, *svg = NULL, *months = NULL, *only = NULL;
    const char *proposer = NULL, *config = NULL;
    bool stock = false;
    const struct option options[] = {
        { "--swaps", 0, OPTION_TEXT, "N", "how many swaps `swap` makes (200)", &swaps },
        { "--runs", 0, OPTION_TEXT, "N",
            "how many runs `sandbox` (201) makes in each profile, `leaks` (10000), `gate` "
            "(1000), and `search` of each cluster (3)",
            &runs },
        { "--seed", 0, OPTION_TEXT, "N",
            "what `gate` draws its worlds from (42), and `proposers`, `scripted`, `faults` and "
            "`year` their homes (1)",
            &seed },
        { "--steps", 0, OPTION_TEXT, "N",
            "how many replies the largest corpus of `replay` has (1000000)", &steps },
        { "--table", 0, OPTION_TEXT, "FILE",
            "where `proposers`, `scripted`, `faults`, `ablation` and `year` put their rows, as "
            "Markdown",
            &table },
        { "--svg", 0, OPTION_TEXT, "FILE", "where `year` puts its picture", &svg },
        { "--months", 0, OPTION_TEXT, "N", "how many `year` has (12)", &months },
        { "--only", 0, OPTION_TEXT, "WORDS",
            "which faults `faults` and `ablation` play, which clusters `proposers` and `search` "
            "take, and `scripted` with once, told or script, between commas",
            &only },
        { "--proposer", 0, OPTION_TEXT, "NAME",
            "whom `proposers` measures: search (default), llm:ALIAS or command:NAME", &proposer },
        { "--config", 0, OPTION_TEXT, "FILE",
            "the moult.json that has that model or command, and evolve.llm", &config },
        { "--stock", 0, OPTION_FLAG, NULL,
            "`proposers` and `faults` may copy from the stock plugins: tables of their own",
            &stock },
        { "--json", 0, OPTION_FLAG, NULL, "one JSON object a line", &json },
        { "--home", 'C', OPTION_TEXT, "DIR", "taken and not needed: no figure is of a home",
            &home },
        { 0 },
    };
    int count = option_parse(options, argc, argv, false, names, 32, &help, &err);
    if (help) {
        option_help("moult bench [NAME...]", "measures moult on this machine", options);
        return 0;
    }
    /* The front passes its command's name on. */
    int first = count > 0 && strcmp(names[0], "bench") == 0;
    int found = 0, r = count < 0 ? count : 0;
    const struct setting settings[] = { { "MOULT_SWAPS", swaps }, { "MOULT_RUNS", runs },
        { "MOULT_STEPS", steps }, { "MOULT_SEED", seed }, { "MOULT_TABLE", table },
        { "MOULT_SVG", svg }, { "MOULT_MONTHS", months }, { "MOULT_FAULTS", only },
        { "MOULT_PROPOSER", proposer }, { "MOULT_CONFIG", config },
        { "MOULT_STOCK", stock ? "1" : NULL } };
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (settings[i].value)
            setenv(settings[i].name, settings[i].value, 1);
    CLEANUP(buf_done) struct buf how = { 0 };
    tell_how(&how);
    if (!json && r == 0)
        fputs(how.at, stdout);
    for (size_t i = 0; i < COUNT_OF(benches) && r == 0; i++) {
        bool chosen = wanted(&benches[i], names + first, count - first);
        if (chosen)
            r = run_one(&benches[i], &err);
        found += chosen;
    }
    if (r == 0 && found == 0)
        r = err_set(&err, ERR_USAGE, "no benchmark has this name");
    if (r < 0)
        fprintf(stderr, "moult-bench: %s\n", err.text);
    return r < 0 ? err_exit(err.code) : 0;
}
