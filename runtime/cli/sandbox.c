/* sandbox - moult sandbox run, check and explain; moult-sandbox is where they and doctor are. */
#include "cli/sandbox.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "wire/config.h"

#include <stdio.h>
#include <string.h>

static const char *const need_words[] = { "-", "wanted", "required" };

int sandbox_settings_read(
    struct sandbox_settings *ret, const char *dir, const char *tier, struct err *err)
{
    struct home home;
    struct config config;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct err ignored = { 0 };
    *ret = (struct sandbox_settings){ SANDBOX_STRONG, 0, false };
    int rc = home_find(&home, dir, dir ? err : &ignored);
    if (rc < 0 && dir)
        return rc;
    if (rc == 0) {
        if ((rc = config_read(&config, &home, &arena, err)) < 0 ||
            (rc = sandbox_waive(config.waived, config.waived_count, &ret->waived, err)) < 0)
            return rc;
        ret->tier = (enum sandbox_tier)config.tier;
        ret->has_home = true;
    }
    for (int i = 0; tier && i < 2; i++)
        if (strcmp(tier, sandbox_tier_words[i]) == 0)
            return ret->tier = (enum sandbox_tier)i, 0;
    return tier ? err_set(err, ERR_USAGE, "--tier is strong or container, not \"%.40s\"", tier) : 0;
}

static void check_json(const struct sandbox_check *check)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"tier\":\"%s\",\"layers\":[", sandbox_tier_words[check->tier]);
    for (int layer = 0; layer < LAYERS; layer++) {
        buf_format(&out,
            "%s{\"name\":\"%s\",\"present\":%s,\"effective\":%s,\"detail\":", layer ? "," : "",
            sandbox_layer_words[layer], check->layer[layer].present ? "true" : "false",
            check->layer[layer].effective ? "true" : "false");
        json_quote(&out, str_of(check->layer[layer].detail));
        buf_text(&out, ",\"need\":{");
        for (int profile = 0; profile < SANDBOX_PROFILES; profile++)
            buf_format(&out, "%s\"%s\":\"%s\"", profile ? "," : "", sandbox_profile_words[profile],
                check->layer[layer].need[profile] ? need_words[check->layer[layer].need[profile]]
                                                  : "none");
        buf_text(&out, "}}");
    }
    buf_text(&out, "]}");
    puts(out.at);
}

static void check_text(const struct sandbox_check *check)
{
    printf("%-13s", "layer");
    for (int profile = 0; profile < SANDBOX_PROFILES; profile++)
        printf(" %-9s", sandbox_profile_words[profile]);
    printf(" here\n");
    for (int layer = 0; layer < LAYERS; layer++) {
        printf("%-13s", sandbox_layer_words[layer]);
        for (int profile = 0; profile < SANDBOX_PROFILES; profile++)
            printf(" %-9s", need_words[check->layer[layer].need[profile]]);
        printf(
            " %-4s %s\n", check->layer[layer].effective ? "yes" : "no", check->layer[layer].detail);
    }
    printf("best tier: %s\n", sandbox_tier_words[check->tier]);
}

/* The weakest tier that the settings allow must be whole, but for what they waive. */
static int judge(
    const struct sandbox_check *check, const struct sandbox_settings *settings, struct err *err)
{
    const uint32_t namespaces = LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) |
                                LAYER_BIT(LAYER_PID_NS) | LAYER_BIT(LAYER_NET_NS) |
                                LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS) |
                                LAYER_BIT(LAYER_ROOT);
    for (int layer = 0; layer < LAYERS; layer++) {
        bool spared = settings->tier == SANDBOX_CONTAINER && (namespaces & LAYER_BIT(layer));
        spared |= (settings->waived & LAYER_BIT(layer)) != 0;
        if (check->layer[layer].need[SANDBOX_TOOL] != NEED_REQUIRED || spared ||
            check->layer[layer].effective)
            continue;
        err_set(
            err, ERR_LACKS, "layer %s: %s", sandbox_layer_words[layer], check->layer[layer].detail);
        return namespaces & LAYER_BIT(layer)
                   ? err_hint(err, "allow user namespaces, or set \"sandbox\": {\"tier\": "
                                   "\"container\"}")
                   : err_hint(err, "a kernel with it is needed (5.13 or newer); landlock, caps "
                                   "and rlimits can be waived: $.sandbox.waive");
    }
    return 0;
}

static int run_check(const struct verb_call *call, struct err *err)
{
    const char *tier = NULL, *args[1];
    const struct option options[] = { { "--tier", 0, OPTION_TEXT, "TIER",
                                          "judge by this tier instead of the home's", &tier },
        { 0 } };
    struct sandbox_settings settings;
    struct sandbox_check check;
    int rc = verb_options(call, &verb_sandbox, options, args, 0, err);
    if (rc < 0 || (rc = sandbox_settings_read(&settings, call->dir, tier, err)) < 0 ||
        (rc = sandbox_check(&check, err)) < 0)
        return rc;
    if (call->json)
        check_json(&check);
    else
        check_text(&check);
    struct err lacking = { 0 };
    if (judge(&check, &settings, &lacking) == 0)
        return 0;
    if (!call->json)
        verb_fail(call, &lacking);
    return err_exit(lacking.code);
}

static void explain_json(const char *profile, struct str policy)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"profile\":\"%s\",\"policy\":", profile);
    json_quote(&out, policy);
    printf("%s}\n", out.at);
}

static int run_explain(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1];
    CLEANUP(buf_done) struct buf out = { 0 };
    int count = verb_options(call, &verb_sandbox, options, args, 1, err);
    if (count < 0)
        return count;
    for (int profile = 0; count == 1 && profile < SANDBOX_PROFILES; profile++) {
        if (strcmp(args[0], sandbox_profile_words[profile]) != 0)
            continue;
        sandbox_explain((enum sandbox_profile)profile, &out);
        if (call->json)
            explain_json(args[0], buf_view(&out));
        else
            fwrite(out.at, 1, out.size, stdout);
        return 0;
    }
    err_set(err, ERR_USAGE, "explain wants a profile");
    return err_hint(err, "compile, worker, tool or propose");
}

static const struct {
    const char *name;
    int (*run)(const struct verb_call *call, struct err *err);
} parts[] = {
    { "run", sandbox_run_command },
    { "check", run_check },
    { "explain", run_explain },
};

static int run(const struct verb_call *call, struct err *err)
{
    struct verb_call part = *call;
    const char *name = call->argc > 1 ? call->argv[1] : "";
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (strcmp(parts[i].name, name) != 0)
            continue;
        part.argv++;
        part.argc--;
        return parts[i].run(&part, err);
    }
    if (strcmp(name, "--help") == 0) {
        printf("usage: moult %s\n%s\n", verb_sandbox.usage, verb_sandbox.about);
        return 0;
    }
    err_set(err, ERR_USAGE, "sandbox wants run, check or explain");
    return err_hint(err, "usage: moult %s", verb_sandbox.usage);
}

const struct verb verb_sandbox = { "sandbox", run,
    "sandbox run --profile compile|tool [--workspace DIR] [--network WORDS] [LIMITS] -- CMD... | "
    "check | explain "
    "PROFILE",
    "one command under a profile; what this machine has; the policy" };
