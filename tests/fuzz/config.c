/* Any bytes as moult.json, with the words that other layers read: refused with a reason, or within
 * bounds. */
#include "wire/config.h"

#include "base/mem.h"
#include "sandbox/proxy/reach.h"
#include "sandbox/waive.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_grant(const struct config_grant *grant)
{
    struct err err = { 0 };
    struct reach reach = { 0 };
    for (uint32_t i = 0; i < grant->mounts_count; i++)
        assert(grant->mounts[i].path.size > 0 && grant->mounts[i].path.at[0] == '/');
    for (uint32_t i = 0; i < grant->network_count; i++)
        if (reach_add(&reach, grant->network[i], &err) < 0)
            assert(err.code == ERR_INPUT || err.code == ERR_LIMIT);
    assert(reach.count <= REACH_RULES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct config config;
    struct err err = { 0 };
    uint32_t waived = 0;
    struct str text = { (const char *)data, size };
    if (config_parse(&config, text, &arena, &err) < 0) {
        assert(err.code > ERR_NONE && err.code < ERR_CODES && err.text[0]);
        return 0;
    }
    assert(config.tier == SANDBOX_STRONG || config.tier == SANDBOX_CONTAINER);
    read_grant(&config.shell);
    for (uint32_t i = 0; i < config.servers_count; i++)
        read_grant(&config.servers[i].grant);
    if (sandbox_waive(config.waived, config.waived_count, &waived, &err) < 0)
        assert(err.code == ERR_INPUT && err.where[0]);
    assert((waived & (LAYER_BIT(LAYER_SECCOMP) | LAYER_BIT(LAYER_ROOT))) == 0);
    return 0;
}
