/* Any bytes as a configuration of git: it ends, and each value has its end within its room. */
#include "sandbox/gitconfig.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gitconfig config = { .text = { (const char *)data, size } };
    struct gitconfig_value value;
    size_t left = size;
    while (gitconfig_next(&config, &value)) {
        assert(config.text.size < left);
        left = config.text.size;
        assert(strlen(value.section) < sizeof value.section);
        assert(strlen(value.name) > 0 && strlen(value.name) < sizeof value.name);
        assert(strlen(value.value) < sizeof value.value);
    }
    assert(config.text.size == 0);
    return 0;
}
