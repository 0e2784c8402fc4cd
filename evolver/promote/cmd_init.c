/* cmd_init - moult init: a home with a harness in git, the home's own key, and its first reviewer.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/cmd.h"
#include "promote/driver.h"
#include "promote/reviewing.h"
#include "sandbox/waive.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan {
    const char *harness, *key, *name, *split_key, *tier;
    struct home home;
    struct lineage_id commit;
    char key_path[PATH_MAX];
    uint32_t waived;
    bool stock;
};

int cmd_home(struct home *ret, const struct verb_call *call, struct err *err)
{
    return home_find(ret, call->dir, err);
}

/* An init that fails takes away what it made, so it only works on a folder that has nothing in it.
 */
static int check_empty(const char *dir, struct err *err)
{
    DIR *folder = opendir(dir);
    bool empty = true;
    if (!folder)
        return 0;
    for (struct dirent *entry; empty && (entry = readdir(folder));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(folder);
    if (empty)
        return 0;
    err_set(err, ERR_STATE, "%s is not empty", dir);
    return err_hint(err, "name a folder that does not exist yet");
}

/* One that comes with moult: the naive example, or the stock plugins. */
static int shipped_harness(char out[PATH_MAX], bool stock, struct err *err)
{
    int rc = file_program_dir(out, PATH_MAX - 32, err);
    if (rc == 0)
        strcat(out, stock ? "/../share/moult/stock" : "/../share/moult/harness");
    return rc;
}

/* The first reviewer's key: an existing one, or a new one, outside the home. */
static int reviewer_key(struct plan *plan, struct sign_public *ret, struct err *err)
{
    struct sign_key key;
    int rc = 0;
    if (plan->key)
        snprintf(plan->key_path, sizeof plan->key_path, "%s", plan->key);
    else if ((rc = reviewing_key_path(plan->key_path, err)) < 0)
        return rc;
    if (!file_exists(plan->key_path))
        return sign_create(plan->key_path, ret, err);
    if ((rc = sign_load(plan->key_path, &key, err)) < 0)
        return err_while(err, "the reviewer's key");
    sign_public_of(&key, ret);
    sign_key_wipe(&key);
    return 0;
}

static int fill_home(struct plan *plan, struct err *err)
{
    char from[PATH_MAX], harness[PATH_MAX];
    struct sign_public reviewer;
    uint64_t now_ms = clock_wall_ms();
    int rc = 0;
    if (plan->harness)
        snprintf(from, sizeof from, "%s", plan->harness);
    else if ((rc = shipped_harness(from, plan->stock, err)) < 0)
        return rc;
    if (plan->split_key && (rc = home_set_split_key(&plan->home, str_of(plan->split_key), err)) < 0)
        return rc;
    if ((rc = reviewing_init(&plan->home, err)) < 0 ||
        (rc = reviewer_key(plan, &reviewer, err)) < 0 ||
        (rc = reviewing_add(&plan->home, plan->name, &reviewer, now_ms, err)) < 0)
        return rc;
    rc = lineage_create(
        home_path(harness, &plan->home, "harness"), from, now_ms / 1000, &plan->commit, err);
    return rc < 0 ? err_while(err, "harness from %s", from) : 0;
}

/* Generation 0 is built and admitted like every other. */
static int admit(const struct plan *plan, struct err *err)
{
    struct driver driver;
    int rc = driver_open_home(&driver, &plan->home, err);
    if (rc < 0 && err->code == ERR_LACKS && strcmp(plan->tier, "strong") == 0)
        err_hint(err, "moult sandbox check says what lacks; moult init --tier container does with "
                      "less, and says so wherever it matters");
    if (rc == 0)
        driver_done(&driver);
    return rc;
}

/* "landlock,caps": refused before anything is made. */
static int read_waived(const char *text, uint32_t *ret, struct err *err)
{
    struct str words[LAYERS];
    uint32_t count = 0;
    *ret = 0;
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (count == COUNT_OF(words))
            return err_set(err, ERR_USAGE, "--waive names too many layers");
        words[count++] = (struct str){ at, strcspn(at, ",") };
    }
    int rc = sandbox_waive(words, count, ret, err);
    if (rc < 0 && err) { /* there is no moult.json yet */
        err->where[0] = '\0';
        err->code = ERR_USAGE;
    }
    return rc < 0 ? -ERR_USAGE : 0;
}

static int set_sandbox(const struct plan *plan, struct err *err)
{
    static const char strong[] = "\"strong\"";
    char path[PATH_MAX];
    CLEANUP(buf_done) struct buf text = { 0 };
    const char *at = strstr(config_default, strong);
    if (strcmp(plan->tier, "strong") == 0 && plan->waived == 0)
        return 0;
    buf_format(&text, "%.*s\"%s\"", (int)(at - config_default), config_default, plan->tier);
    if (plan->waived) {
        buf_text(&text, ", \"waive\": ");
        sandbox_layers_json(&text, plan->waived);
    }
    buf_text(&text, at + sizeof strong - 1);
    return file_write(home_path(path, &plan->home, "moult.json"), buf_view(&text), 0644, err);
}

static void tell(const struct plan *plan, bool json)
{
    if (!json) {
        printf("home        %s\nharness     generation 0, commit %.12s\nreviewer    %s, key %s\n"
               "next        moult -C %s import tau-bench --tools TOOLS FILE...\n",
            plan->home.path, plan->commit.hex, plan->name, plan->key_path, plan->home.path);
        return;
    }
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"home\":");
    json_quote(&out, str_of(plan->home.path));
    buf_format(&out,
        ",\"id\":\"%s\",\"commit\":\"%s\",\"generation\":0,\"reviewer\":\"%s\",\"key\":",
        plan->home.id, plan->commit.hex, plan->name);
    json_quote(&out, str_of(plan->key_path));
    buf_char(&out, '}');
    puts(out.at);
}

static int run(const struct verb_call *call, struct err *err)
{
    struct plan plan = { .name = "owner", .tier = "strong" };
    const char *waive = NULL;
    const struct option options[] = {
        { "--harness", 0, OPTION_TEXT, "DIR", "plugins to begin with (default: the naive example)",
            &plan.harness },
        { "--stock", 0, OPTION_FLAG, NULL, "begin with the stock plugins instead", &plan.stock },
        { "--reviewer", 0, OPTION_TEXT, "NAME", "the first reviewer (default: owner)", &plan.name },
        { "--reviewer-key", 0, OPTION_TEXT, "FILE",
            "that reviewer's secret key, made if it is not there (default: in the user's "
            "configuration)",
            &plan.key },
        { "--split-key", 0, OPTION_TEXT, "HEX",
            "64 hex digits: reproducible splits, for demos and tests", &plan.split_key },
        { "--tier", 0, OPTION_TEXT, "TIER",
            "weakest sandbox that this home accepts: strong (default) or container", &plan.tier },
        { "--waive", 0, OPTION_TEXT, "LAYERS",
            "layers of the sandbox to do without where the machine has them not: landlock, caps, "
            "rlimits",
            &waive },
        { 0 },
    };
    const char *args[1];
    int count = verb_options(call, &verb_init, options, args, 1, err);
    if (count < 0)
        return count;
    if (strcmp(plan.tier, "strong") != 0 && strcmp(plan.tier, "container") != 0)
        return err_set(err, ERR_USAGE, "--tier wants strong or container");
    if (plan.stock && plan.harness)
        return err_set(err, ERR_USAGE, "--stock and --harness are two harnesses: name one");
    const char *dir = count ? args[0] : call->dir ? call->dir : ".";
    int rc = read_waived(waive, &plan.waived, err);
    if (rc == 0)
        rc = check_empty(dir, err);
    if (rc < 0 || (rc = home_create(&plan.home, dir, err)) < 0)
        return rc;
    if ((rc = fill_home(&plan, err)) < 0 || (rc = set_sandbox(&plan, err)) < 0 ||
        (rc = admit(&plan, err)) < 0) {
        file_remove_tree(plan.home.path, NULL);
        return rc;
    }
    tell(&plan, call->json);
    return 0;
}

const struct verb verb_init = { "init", run, "init [DIR] [--harness DIR | --stock]",
    "make a home: configuration, keys, the harness in git as generation 0" };
