/* layer - the layers of a sandbox, one bit each wherever they are counted. */
#pragma once

enum sandbox_layer {
    LAYER_USER_NS,
    LAYER_MOUNT_NS,
    LAYER_PID_NS,
    LAYER_NET_NS,
    LAYER_IPC_NS,
    LAYER_UTS_NS,
    LAYER_ROOT,
    LAYER_LANDLOCK,
    LAYER_SECCOMP,
    LAYER_NO_NEW_PRIVS,
    LAYER_CAPS,
    LAYER_RLIMITS,
    LAYER_CGROUP,
    LAYER_OWN_UID,
    LAYERS
};
#define LAYER_BIT(layer) (1u << (layer))
