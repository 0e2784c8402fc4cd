/* The check of the layers shows what is there, and what is not where the machine has it not; the
 * explanation names what the tables hold. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const uint32_t namespaces = LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) |
                                   LAYER_BIT(LAYER_PID_NS) | LAYER_BIT(LAYER_NET_NS) |
                                   LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS) |
                                   LAYER_BIT(LAYER_ROOT);

static void this_machine_has_what_is_required(void **state)
{
    (void)state;
    struct sandbox_check check;
    struct err err = { 0 };
    assert_int_equal(sandbox_check(&check, &err), 0);
    assert_int_equal(check.tier, SANDBOX_STRONG);
    for (int layer = 0; layer < LAYERS; layer++) {
        bool required = check.layer[layer].need[SANDBOX_TOOL] == NEED_REQUIRED;
        if (required && !check.layer[layer].effective)
            fail_msg("%s: %s", sandbox_layer_words[layer], check.layer[layer].detail);
        if (layer == LAYER_OWN_UID && !check.layer[layer].effective)
            fail_msg("own uid: %s", check.layer[layer].detail);
        assert_true(check.layer[layer].present || !check.layer[layer].effective);
        assert_true(check.layer[layer].detail[0]);
    }
}

static void every_word_is_there(void **state)
{
    (void)state;
    for (int layer = 0; layer < LAYERS; layer++)
        assert_int_equal(sandbox_layer_of(str_of(sandbox_layer_words[layer])), layer);
    assert_int_equal(sandbox_layer_of(STR("landlok")), -1);
    assert_int_equal(sandbox_layer_of(STR("")), -1);
    for (int i = 0; i <= LIMIT_PROCESSES; i++)
        assert_non_null(sandbox_limit_words[i]);
}

static const struct row {
    enum sandbox_profile profile;
    const char *says[6];
} rows[] = {
    { SANDBOX_COMPILE, { "/usr/include", "landlock", "memory     1024 MiB", "execve", "EPERM" } },
    { SANDBOX_WORKER,
        { "none: the program locks itself", "mmap (not executable)", "ends the process" } },
    { SANDBOX_TOOL, { "/proc", ".git/hooks", "socketpair (AF_UNIX)", "cgroup" } },
    { SANDBOX_PROPOSE, { "/program", "/scratch", "landlock" } },
};

static void the_policy_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        sandbox_explain(rows[i].profile, &out);
        for (size_t j = 0; j < COUNT_OF(rows[i].says) && rows[i].says[j]; j++)
            if (!strstr(out.at, rows[i].says[j]))
                fail_msg("%s: no \"%s\" in:\n%s", sandbox_profile_words[rows[i].profile],
                    rows[i].says[j], out.at);
    }
}

/* The reference page names every layer, limit and guard that there is. */
static void the_page_names_everything(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf page = { 0 };
    assert_int_equal(
        file_read(MOULT_SOURCE_DIR "/docs/reference/sandbox.md", &page, 1 << 20, NULL), 0);
    for (int i = 0; i < LAYERS + LIMIT_PROCESSES; i++) {
        const char *word =
            i < LAYERS ? sandbox_layer_words[i] : sandbox_limit_words[i - LAYERS + 1];
        CLEANUP(mem_freep) char *quoted = mem_format("`%s`", word);
        if (!strstr(page.at, quoted))
            fail_msg("the page does not name %s", word);
    }
}

/* Last: this process cannot make namespaces after it. */
static void what_lacks_is_shown(void **state)
{
    (void)state;
    struct sandbox_check check;
    struct err err = { 0 };
    without_namespaces();
    assert_int_equal(sandbox_check(&check, &err), 0);
    assert_int_equal(check.tier, SANDBOX_CONTAINER);
    for (int layer = 0; layer < LAYERS; layer++) {
        bool gone = namespaces & LAYER_BIT(layer);
        if (gone && (check.layer[layer].present || check.layer[layer].effective))
            fail_msg("%s: %s", sandbox_layer_words[layer], check.layer[layer].detail);
    }
    assert_true(check.layer[LAYER_LANDLOCK].effective);
    assert_true(check.layer[LAYER_SECCOMP].effective);
    assert_true(check.layer[LAYER_RLIMITS].effective);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_has_what_is_required),
        cmocka_unit_test(every_word_is_there),
        cmocka_unit_test(the_policy_is_told),
        cmocka_unit_test(the_page_names_everything),
        cmocka_unit_test(what_lacks_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
