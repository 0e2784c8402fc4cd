/* names - the words for the numbers of sandbox.h. */
#include "sandbox/sandbox.h"

const char *const sandbox_limit_words[LIMIT_PROCESSES + 1] = { "none", "wall", "cpu", "memory",
    "disk", "output", "files", "processes" };
const char *const sandbox_tier_words[2] = { "strong", "container" };
const char *const sandbox_profile_words[SANDBOX_PROFILES] = { "compile", "worker", "tool",
    "propose" };
const char *const sandbox_layer_words[LAYERS] = { "user_ns", "mount_ns", "pid_ns", "net_ns",
    "ipc_ns", "uts_ns", "root", "landlock", "seccomp", "no_new_privs", "caps", "rlimits", "cgroup",
    "own_uid" };

const char *const sandbox_contact_words[CONTACT_FAILED + 1] = { "reached", "refused", "failed" };

int sandbox_layer_of(struct str word)
{
    for (int layer = 0; layer < LAYERS; layer++)
        if (str_equal(word, str_of(sandbox_layer_words[layer])))
            return layer;
    return -1;
}
