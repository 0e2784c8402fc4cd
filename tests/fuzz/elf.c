/* Any bytes as a shared object: to the ELF gate, and to the reader of hooks, which comes after it
 * and sees what the gate let through, but is asked here without it. */
#include "admission/hooks.h"
#include "sandbox/elf.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str image = { (const char *)data, size };
    static const enum elf_profile profiles[] = { ELF_RELEASE, ELF_TRIAL, ELF_ASAN };
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        struct elf_findings found;
        int rc = elf_check(image, profiles[i], &found, NULL);
        assert((rc == 0) == (found.count == 0) && found.count <= ELF_FINDINGS_MAX);
    }
    uint32_t hooks;
    hooks_of(&hooks, image, NULL);
    return 0;
}
