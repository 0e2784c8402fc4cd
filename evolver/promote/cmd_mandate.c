/* cmd_mandate - moult mandate: what the home may admit without asking, given and taken by a person.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "promote/auto.h"
#include "promote/cmd.h"
#include "promote/mandates.h"
#include "promote/reviewing.h"
#include "trials/redact_home.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DAY_MS = 24 * 3600 * 1000, WHY_MAX = 500 };

struct asked {
    const char *key, *why;
    struct option_list plugins;
    uint64_t days, admissions;
};

/* --- giving */

/* At a terminal the person types the first plugin's name; without one nobody looked, and the
 * mandate says so. */
static int ask(const struct asked *asked, bool *ret_unattended, struct err *err)
{
    char line[MANDATE_NAME_MAX + 2] = "";
    *ret_unattended = !isatty(STDIN_FILENO);
    if (*ret_unattended)
        return 0;
    fprintf(stderr, "for %llu days up to %llu changes of", (unsigned long long)asked->days,
        (unsigned long long)asked->admissions);
    for (unsigned i = 0; i < asked->plugins.count; i++)
        fprintf(stderr, " %.64s", asked->plugins.at[i]);
    fprintf(stderr, " go live without asking you. Type the first plugin's name: ");
    if (!fgets(line, sizeof line, stdin))
        line[0] = 0;
    line[strcspn(line, "\n")] = 0;
    return strcmp(line, asked->plugins.at[0]) == 0 ? 0
                                                   : err_set(err, ERR_DENIED, "no mandate given");
}

static int check_numbers(const struct asked *asked, struct err *err)
{
    if (asked->plugins.count == 0 || asked->plugins.count > MANDATE_PLUGINS_MAX)
        return err_set(err, ERR_USAGE, "mandate give wants --plugin NAME, one to %d times",
            MANDATE_PLUGINS_MAX);
    if (asked->days < 1 || asked->days > MANDATE_DAYS_MAX)
        return err_set(err, ERR_USAGE, "--days wants 1 to %d", MANDATE_DAYS_MAX);
    if (asked->admissions < 1 || asked->admissions > MANDATE_ADMISSIONS_MAX)
        return err_set(err, ERR_USAGE, "--admissions wants 1 to %d", MANDATE_ADMISSIONS_MAX);
    for (unsigned i = 0; i < asked->plugins.count; i++)
        if (!str_is_name(str_of(asked->plugins.at[i]), MANDATE_NAME_MAX))
            return err_set(err, ERR_USAGE, "--plugin wants a plugin's name");
    return 0;
}

static int fill(struct mandate *ret, struct driver *driver, const struct asked *asked,
    bool unattended, struct err *err)
{
    struct mandates all;
    int rc = mandates_read(&all, driver, err);
    if (rc < 0)
        return rc;
    /* Whole seconds: admissions have no finer time. */
    uint64_t from_ms = clock_wall_ms() / 1000 * 1000;
    *ret = (struct mandate){ .policy = all.policy,
        .admission_before = driver_last(driver)->digest,
        .plugins_count = asked->plugins.count,
        .admissions = (uint32_t)asked->admissions,
        .from_ms = from_ms,
        .expires_ms = from_ms + asked->days * DAY_MS,
        .unattended = unattended };
    for (unsigned i = 0; i < asked->plugins.count; i++)
        snprintf(ret->plugins[i], sizeof ret->plugins[i], "%s", asked->plugins.at[i]);
    return 0;
}

static int sign(struct buf *out, const struct mandate *mandate, const struct driver *driver,
    const char *key_path, struct err *err)
{
    char path[PATH_MAX];
    struct sign_key key;
    int rc = key_path ? 0 : reviewing_key_path(path, err);
    if (rc < 0 || (rc = sign_load(key_path ? key_path : path, &key, err)) < 0)
        return err_while(err, "the reviewer's key");
    mandate_sign(out, mandate, &driver->home, &key);
    sign_key_wipe(&key);
    return 0;
}

static int give_one(
    struct driver *driver, const struct asked *asked, struct digest *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct mandate mandate;
    bool unattended = true;
    int rc = check_numbers(asked, err);
    if (rc == 0)
        rc = ask(asked, &unattended, err);
    if (rc == 0)
        rc = fill(&mandate, driver, asked, unattended, err);
    if (rc == 0)
        rc = sign(&envelope, &mandate, driver, asked->key, err);
    if (rc == 0)
        rc = mandates_give(&mandate, driver, buf_view(&envelope), err);
    if (rc == 0)
        *ret = mandate.id;
    return rc;
}

static int end_one(struct driver *driver, const char *id, const char *why, struct err *err)
{
    const struct mandate_row *row;
    struct mandates all;
    if (strlen(why) > WHY_MAX || strchr(why, '\n'))
        return err_set(err, ERR_USAGE, "--why wants one line");
    int rc = redact_reason(&why, WHY_MAX, &driver->home, &driver->arena, err);
    if (rc == 0)
        rc = mandates_read(&all, driver, err);
    if (rc == 0)
        rc = mandates_find(&row, &all, str_of(id), err);
    return rc < 0 ? rc : mandates_end(driver, row, why, err);
}

/* --- output */

static void print_row(struct buf *out, const struct mandate_row *row)
{
    const struct mandate *mandate = &row->mandate;
    char hex[DIGEST_HEX], from[40], expires[40];
    clock_rfc3339(from, sizeof from, mandate->from_ms);
    clock_rfc3339(expires, sizeof expires, mandate->expires_ms);
    buf_format(out, "{\"id\":\"%s\",\"state\":\"%s\",\"by\":\"%s\",\"plugins\":[",
        hash_hex(hex, &row->id), mandate_state_words[row->state], mandate->by);
    for (uint32_t i = 0; i < mandate->plugins_count; i++)
        buf_format(out, "%s\"%s\"", i ? "," : "", mandate->plugins[i]);
    buf_format(out,
        "],\"from\":\"%s\",\"expires\":\"%s\",\"admissions\":%u,\"used\":%u,\"unattended\":%s,",
        from, expires, mandate->admissions, row->used, mandate->unattended ? "true" : "false");
    buf_format(out, "\"policy\":\"%s\",\"why\":", hash_hex(hex, &mandate->policy));
    json_quote(out, row->ended_why);
    buf_char(out, '}');
}

static void print_line(struct buf *out, const struct mandate_row *row)
{
    const struct mandate *mandate = &row->mandate;
    char hex[DIGEST_HEX], expires[40], why[WHY_MAX + 1];
    clock_rfc3339(expires, sizeof expires, mandate->expires_ms);
    buf_format(out, "%.12s  %-16s", hash_hex(hex, &row->id), mandate_state_words[row->state]);
    if (row->state == MANDATE_FORGED)
        buf_text(out, "  no reviewer of this home gave it: it admits nothing");
    else
        buf_format(out, "  by %s, %u of %u admissions used, until %s:", mandate->by, row->used,
            mandate->admissions, expires);
    for (uint32_t i = 0; i < mandate->plugins_count; i++)
        buf_format(out, " %s", mandate->plugins[i]);
    if (row->ended_why.size)
        buf_format(out, " (%s)", str_printable(why, sizeof why, row->ended_why, false));
    buf_char(out, '\n');
}

static int list(const struct verb_call *call, struct driver *driver, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct mandates all;
    int rc = mandates_read(&all, driver, err);
    if (rc < 0)
        return rc;
    buf_text(&out, call->json ? "{\"mandates\":[" : "");
    for (uint32_t i = 0; i < all.count; i++) {
        buf_text(&out, call->json && i ? "," : "");
        (call->json ? print_row : print_line)(&out, &all.at[i]);
    }
    if (!call->json && all.count == 0)
        buf_text(&out, "no mandate: every candidate waits for a person\n");
    buf_text(&out, call->json ? "]}\n" : "");
    fputs(out.at, stdout);
    return 0;
}

/* --- the command */

static int act(const struct verb_call *call, struct driver *driver, const char *const *args,
    int count, const struct asked *asked, struct err *err)
{
    const char *what = count ? args[0] : "list";
    struct digest id;
    int rc;
    if (strcmp(what, "use") == 0 && count == 1)
        return auto_run(call, driver, err);
    if (strcmp(what, "give") == 0 && count == 1)
        rc = give_one(driver, asked, &id, err);
    else if (strcmp(what, "revoke") == 0 && count == 2)
        rc = end_one(driver, args[1], asked->why, err);
    else
        rc = strcmp(what, "list") == 0 && count < 2
                 ? 0
                 : err_set(err, ERR_USAGE, "usage: moult %s", verb_mandate.usage);
    if (rc == 0 && count && strcmp(what, "list") != 0)
        auto_tell(driver);
    return rc < 0 ? rc : list(call, driver, err);
}

static int run(const struct verb_call *call, struct err *err)
{
    struct asked asked = { .days = 7, .admissions = 1, .why = "" };
    const char *args[2] = { NULL };
    const struct option options[] = {
        { "--plugin", 0, OPTION_LIST, "NAME", "give: a plugin that may change (again for more)",
            &asked.plugins },
        { "--days", 0, OPTION_NUMBER, "N", "give: how long (default: 7)", &asked.days },
        { "--admissions", 0, OPTION_NUMBER, "N", "give: how many changes (default: 1)",
            &asked.admissions },
        { "--key", 0, OPTION_TEXT, "FILE",
            "give: the reviewer's secret key (default: in the user's configuration)", &asked.key },
        { "--why", 0, OPTION_TEXT, "TEXT", "revoke: the reason, one line", &asked.why },
        { 0 },
    };
    struct driver driver;
    int count = verb_options(call, &verb_mandate, options, args, 2, err);
    int rc = count < 0 ? count : driver_open(&driver, call, err);
    if (rc < 0)
        return rc;
    rc = act(call, &driver, args, count, &asked, err);
    driver_done(&driver);
    return rc;
}

const struct verb verb_mandate = { "mandate", run,
    "mandate [list | give --plugin NAME [--days N] [--admissions N] [--key FILE] | revoke ID "
    "[--why TEXT] | use]",
    "what the home may admit without asking, under autonomy auto" };
