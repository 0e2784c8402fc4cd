/* elf - what a plugin's shared object may contain, as an allow-list. Takes any bytes.
 *
 * What is checked is what the dynamic loader acts on (program headers, the dynamic section,
 * relocations, symbols), not the section headers, which it never reads. So nothing of a plugin runs
 * at dlopen, nothing is imported, and nothing is writable after RELRO. Source: System V ABI, AMD64
 * supplement. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum elf_profile {
    ELF_RELEASE, /* admitted */
    ELF_TRIAL,   /* .bss, and one more export: never admitted */
    ELF_ASAN     /* imports __asan_load and _store only: never admitted */
};
enum { ELF_FINDINGS_MAX = 32 };
struct elf_finding {
    const char *rule; /* of a closed list */
    char message[160];
};
struct elf_findings {
    struct elf_finding list[ELF_FINDINGS_MAX];
    unsigned count; /* 0: nothing was found */
};
/* Fills *ret. Returns 0 when nothing was found, else -ERR_DENIED with the first finding as text. */
int elf_check(
    struct str image, enum elf_profile profile, struct elf_findings *ret, struct err *err);
