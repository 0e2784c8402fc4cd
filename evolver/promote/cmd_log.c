/* cmd_log - moult log, plugins, blame: what is active and where it came from. Everything is told
 * from the admissions, which git's references follow. */
#include "base/clock.h"
#include "base/mem.h"
#include "promote/auto.h"
#include "promote/cmd.h"
#include "promote/driver.h"
#include "promote/measure.h"
#include "promote/quarantined.h"

#include <stdio.h>
#include <string.h>

static int no_plugin(const char *name, struct err *err)
{
    err_set(err, ERR_MISSING, "no plugin %.60s is active", name);
    return err_hint(err, "moult plugins lists them");
}

/* --- log */

static void member(struct buf *out, const char *name, struct str text)
{
    buf_format(out, ",\"%s\":", name);
    if (text.size)
        json_quote(out, text);
    else
        buf_text(out, "null");
}

/* Of the generations that a service has left by itself. */
struct left {
    struct quarantined *list;
    uint32_t count;
};

static struct str why_left(const struct left *left, const struct admission *admission)
{
    for (uint32_t i = 0; i < left->count; i++)
        if (hash_equal(&left->list[i].generation, &admission->generation))
            return left->list[i].why;
    return (struct str){ 0 };
}

static void entry_json(
    struct buf *out, const struct admission *admission, const struct left *left, bool first)
{
    char at[40], hex[DIGEST_HEX];
    buf_format(out, "%s{\"generation\":%u", first ? "" : ",", admission->number);
    member(out, "commit", admission->commit);
    member(out, "plugin", admission->plugin);
    member(out, "build",
        hash_zero(&admission->build) ? (struct str){ 0 }
                                     : str_of(hash_hex(hex, &admission->build)));
    member(out, "kind", str_of(admission_kind_words[admission->kind]));
    member(out, "candidate", admission->candidate);
    member(out, "at", str_of(clock_rfc3339(at, sizeof at, (uint64_t)admission->at_s * 1000)));
    member(out, "by", admission->by);
    member(out, "admission", str_of(hash_hex(hex, &admission->digest)));
    member(out, "mandate",
        hash_zero(&admission->mandate) ? (struct str){ 0 }
                                       : str_of(hash_hex(hex, &admission->mandate)));
    member(out, "quarantined", why_left(left, admission));
    buf_format(out, ",\"unattended\":%s}", admission->unattended ? "true" : "false");
}

static void entry_text(struct buf *out, const struct admission *admission, const struct left *left)
{
    char at[40], plugin[80], by[80], why[240];
    struct str quarantined = why_left(left, admission);
    struct str of = admission->plugin.size ? admission->plugin : STR("-");
    buf_format(out, "%4u  %s  %-9s  %.12s  %-14s %s%s\n", admission->number,
        clock_rfc3339(at, sizeof at, (uint64_t)admission->at_s * 1000),
        admission_kind_words[admission->kind], admission->commit.at,
        str_printable(plugin, sizeof plugin, of, false),
        str_printable(by, sizeof by, admission->by, false),
        !hash_zero(&admission->mandate) ? " (mandate)"
        : admission->unattended         ? " (unattended)"
                                        : "");
    if (quarantined.size)
        buf_format(
            out, "      quarantined: %s\n", str_printable(why, sizeof why, quarantined, false));
}

static void list(struct buf *out, const struct driver *driver, const struct left *left,
    struct str plugin, bool json)
{
    bool first = true;
    buf_text(out, json ? "{\"entries\":[" : "");
    for (uint32_t i = driver->admissions_count; i-- > 0;) {
        const struct admission *admission = &driver->admissions[i];
        if (plugin.size && admission->plugin.size && !str_equal(admission->plugin, plugin))
            continue;
        if (json)
            entry_json(out, admission, left, first);
        else
            entry_text(out, admission, left);
        first = false;
    }
}

/* What is not in it, though nobody has to be asked: why. */
static int add_waiting(struct buf *out, struct driver *driver, bool json, struct err *err)
{
    CLEANUP(buf_done) struct buf waiting = { 0 };
    int rc = auto_waiting(&waiting, driver, NULL, json, err);
    if (json)
        buf_format(out, "],\"waiting\":[%s]}\n", waiting.size ? waiting.at : "");
    else if (waiting.size)
        buf_format(out, "\n%s", waiting.at);
    return rc;
}

static int run_log(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1] = { NULL };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct driver driver;
    struct left left;
    int rc = verb_options(call, &verb_log, options, args, 1, err);
    if (rc < 0 || (rc = driver_open(&driver, call, err)) < 0)
        return rc;
    if (args[0] && !generation_find(&driver.generation, str_of(args[0]))) {
        rc = no_plugin(args[0], err);
    } else if ((rc = quarantined_read(&driver, &left.list, &left.count, err)) == 0) {
        list(&out, &driver, &left, str_of(args[0]), call->json);
        rc = add_waiting(&out, &driver, call->json, err);
        if (rc == 0)
            fputs(out.at, stdout);
    }
    driver_done(&driver);
    return rc;
}

/* --- plugins */

/* The admission that the active build of a plugin came with. */
static const struct admission *came_with(const struct driver *driver, struct str plugin)
{
    for (uint32_t i = driver->admissions_count; i-- > 0;) {
        const struct admission *admission = &driver->admissions[i];
        if (admission->plugin.size == 0 || str_equal(admission->plugin, plugin))
            return admission;
    }
    return driver_last(driver);
}

static void list_plugins(const struct driver *driver, bool json)
{
    if (json)
        printf("{\"generation\":%u,\"plugins\":[", driver->generation.number);
    for (uint32_t i = 0; i < driver->generation.builds_count; i++) {
        const struct generation_build *build = &driver->generation.builds[i];
        const struct admission *from = came_with(driver, build->name);
        char hex[DIGEST_HEX];
        if (json)
            printf("%s{\"name\":\"%.*s\",\"path\":\"%.*s\",\"build\":\"%s\",\"generation\":%u,"
                   "\"kind\":\"%s\"}",
                i ? "," : "", (int)build->name.size, build->name.at, (int)build->path.size,
                build->path.at, hash_hex(hex, &build->build), from->number,
                admission_kind_words[from->kind]);
        else
            printf("%-14.*s %.12s  generation %u, %s\n", (int)build->name.size, build->name.at,
                hash_hex(hex, &build->build), from->number, admission_kind_words[from->kind]);
    }
    if (json)
        puts("]}");
}

/* As the lineage has it, which is what the active build was made of; the work tree may differ. */
static int print_source(const struct driver *driver, const char *name, bool json, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct harness_source *source = harness_find(&driver->harness, str_of(name));
    if (!source)
        return no_plugin(name, err);
    if (json) {
        buf_text(&out, "{\"plugin\":");
        json_quote(&out, source->name);
        buf_text(&out, ",\"path\":");
        json_quote(&out, source->path);
        buf_text(&out, ",\"source\":");
        json_quote(&out, source->text);
        buf_text(&out, "}\n");
    } else {
        buf_str(&out, source->text);
    }
    fwrite(out.at, 1, out.size, stdout);
    return 0;
}

static int tell_figures(struct driver *driver, bool json, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct figures figures;
    int rc = measure(&figures, driver, err);
    if (rc == 0) {
        figures_print(&out, &figures, json);
        fputs(out.at, stdout);
    }
    figures_done(&figures);
    return rc;
}

static int run_plugins(const struct verb_call *call, struct err *err)
{
    const char *source = NULL;
    bool figures = false;
    const struct option options[] = {
        { "--figures", 0, OPTION_FLAG, NULL, "what each is good for, by model, instead", &figures },
        { "--source", 0, OPTION_TEXT, "NAME", "the active source of one plugin instead", &source },
        { 0 },
    };
    struct driver driver;
    int rc = verb_options(call, &verb_plugins, options, NULL, 0, err);
    if (rc < 0 || (rc = driver_open(&driver, call, err)) < 0)
        return rc;
    if (figures)
        rc = tell_figures(&driver, call->json, err);
    else if (source)
        rc = print_source(&driver, source, call->json, err);
    else
        list_plugins(&driver, call->json);
    driver_done(&driver);
    return rc;
}

/* --- blame */

struct blaming {
    const struct driver *driver;
    struct str rest; /* of the source */
    bool json, first;
};

static const struct admission *admission_of(
    const struct driver *driver, const struct lineage_id *commit)
{
    for (uint32_t i = 0; i < driver->admissions_count; i++)
        if (str_equal(driver->admissions[i].commit, str_of(commit->hex)))
            return &driver->admissions[i];
    return NULL;
}

static struct str next_line(struct str *rest)
{
    const char *end = rest->size ? memchr(rest->at, '\n', rest->size) : NULL;
    struct str line = { rest->at, end ? (size_t)(end - rest->at) : rest->size };
    size_t used = line.size + (end != NULL);
    *rest = (struct str){ rest->at + used, rest->size - used };
    return line;
}

static int on_lines(
    void *with, uint32_t from, uint32_t count, const struct lineage_id *commit, struct err *err)
{
    struct blaming *blaming = with;
    const struct admission *admission = admission_of(blaming->driver, commit);
    char shown[400];
    (void)err;
    if (blaming->json) {
        printf("%s{\"from\":%u,\"lines\":%u,\"commit\":\"%s\",\"generation\":%d,\"candidate\":",
            blaming->first ? "" : ",", from, count, commit->hex,
            admission ? (int)admission->number : -1);
        printf(admission && admission->candidate.size ? "\"%.*s\"}" : "null}",
            admission ? (int)admission->candidate.size : 0,
            admission ? admission->candidate.at : "");
        blaming->first = false;
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct str text = next_line(&blaming->rest);
        printf("%.10s  gen %-3d %4u  %s\n", commit->hex, admission ? (int)admission->number : -1,
            from + i, str_printable(shown, sizeof shown, text, true));
    }
    return 0;
}

static int run_blame(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1] = { NULL };
    struct driver driver;
    int rc = verb_options(call, &verb_blame, options, args, 1, err);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_USAGE, "blame wants a plugin's name");
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    const struct harness_source *source = harness_find(&driver.harness, str_of(args[0]));
    if (!source) {
        rc = no_plugin(args[0], err);
    } else {
        struct blaming blaming = { &driver, source->text, call->json, true };
        verb_document(call);
        if (call->json)
            printf("{\"plugin\":\"%s\",\"lines\":[", args[0]);
        rc =
            lineage_blame(driver.lineage, &driver.active, source->path.at, on_lines, &blaming, err);
        if (rc == 0 && call->json)
            puts("]}");
    }
    driver_done(&driver);
    return rc < 0 ? rc : 0;
}

const struct verb verb_log = { "log", run_log, "log [PLUGIN]",
    "every generation that was active, the newest first" };
const struct verb verb_plugins = { "plugins", run_plugins, "plugins [--source NAME | --figures]",
    "what is active and which generation it came with" };
const struct verb verb_blame = { "blame", run_blame, "blame PLUGIN",
    "which generation each line of a plugin came with" };
