/* elf_image - what the files of elf share: an image under check, and reading it. Inside this folder
 * only. */
#pragma once

#include "sandbox/elf.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

enum { ELF_PAGE = 4096, ELF_SEGMENTS_MAX = 32, ELF_DYNAMIC_MAX = 64, ELF_ADDRESS_MAX = 1 << 26 };

struct elf_image {
    struct str bytes;
    enum elf_profile profile;
    struct elf_findings *found;
    Elf64_Phdr segments[ELF_SEGMENTS_MAX];
    unsigned segments_count;
    Elf64_Dyn dynamic[ELF_DYNAMIC_MAX]; /* each tag once */
    unsigned dynamic_count;
    const Elf64_Phdr *dynamic_segment;
};

void elf_find(struct elf_image *image, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Copies `size` bytes at a file offset. False beyond the image. */
bool elf_copy(const struct elf_image *image, uint64_t offset, void *to, size_t size);
/* The loaded segment that holds an address, for `size` bytes; NULL: none does. */
const Elf64_Phdr *elf_loaded(const struct elf_image *image, uint64_t address, uint64_t size);
/* The file offset of a table that the loader reads: from the file, and in memory that no relocation
 * can change. */
bool elf_table(const struct elf_image *image, uint64_t address, uint64_t size, uint64_t *ret);
/* 0: the tag is not there. */
uint64_t elf_dynamic(const struct elf_image *image, int64_t tag);

/* In this order; each false: what stands behind it cannot be read, or need not be. */
bool elf_check_segments(struct elf_image *image);
bool elf_check_dynamic(struct elf_image *image);
void elf_check_symbols(struct elf_image *image);
void elf_check_relocations(struct elf_image *image);
void elf_check_notes(struct elf_image *image);
/* The linker marks an object that has unique or chosen symbols: last, so that these are told first.
 */
void elf_check_abi(struct elf_image *image);
