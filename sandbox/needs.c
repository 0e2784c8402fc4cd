/* needs - see needs.h. */
#include "sandbox/needs.h"

#include "base/fd.h"
#include "base/mem.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { SEGMENTS_MAX = 64, TAGS_MAX = 512 };

struct file {
    int fd;
    const char *path;
    Elf64_Phdr segments[SEGMENTS_MAX];
    unsigned segments_count;
    uint64_t strings, strings_size; /* of the dynamic section: file offset and bytes */
};

static int strange(const struct file *file, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "%.100s: %s", file->path, what);
}

static bool read_at(const struct file *file, uint64_t offset, void *to, size_t size)
{
    return offset <= INT64_MAX - size && pread(file->fd, to, size, (off_t)offset) == (ssize_t)size;
}

static int read_segments(struct file *file, struct err *err)
{
    Elf64_Ehdr head;
    if (!read_at(file, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof *file->segments)
        return strange(file, "is no 64-bit ELF file", err);
    if (head.e_phnum > SEGMENTS_MAX)
        return err_set(err, ERR_LIMIT, "%.100s has %u segments", file->path, head.e_phnum);
    file->segments_count = head.e_phnum;
    return read_at(file, head.e_phoff, file->segments, head.e_phnum * sizeof *file->segments)
               ? 0
               : strange(file, "ends before its segments", err);
}

static const Elf64_Phdr *find_segment(const struct file *file, uint32_t type)
{
    for (unsigned i = 0; i < file->segments_count; i++)
        if (file->segments[i].p_type == type)
            return &file->segments[i];
    return NULL;
}

/* False: no loaded segment has that address in the file. */
static bool find_offset(const struct file *file, uint64_t address, uint64_t *ret)
{
    for (unsigned i = 0; i < file->segments_count; i++) {
        const Elf64_Phdr *segment = &file->segments[i];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
            address - segment->p_vaddr >= segment->p_filesz)
            continue;
        *ret = segment->p_offset + (address - segment->p_vaddr);
        return true;
    }
    return false;
}

/* A text with its end in it. */
static int read_text(
    const struct file *file, uint64_t offset, uint64_t most, char *to, size_t size, struct err *err)
{
    if (offset > INT64_MAX - size)
        return strange(file, "names what it does not hold", err);
    ssize_t got = pread(file->fd, to, most < size ? most : size, (off_t)offset);
    if (got <= 0)
        return strange(file, "names what it does not hold", err);
    return memchr(to, 0, (size_t)got) ? 0
                                      : err_set(err, ERR_LIMIT, "%.100s: a long name", file->path);
}

static int read_string(const struct file *file, uint64_t at, char *to, size_t size, struct err *err)
{
    if (at >= file->strings_size)
        return strange(file, "names what it does not hold", err);
    return read_text(file, file->strings + at, file->strings_size - at, to, size, err);
}

static int take_tag(
    struct needs *ret, const struct file *file, const Elf64_Dyn *tag, struct err *err)
{
    uint64_t at = tag->d_un.d_val;
    if (tag->d_tag == DT_RUNPATH || tag->d_tag == DT_RPATH)
        return read_string(file, at, ret->folders, sizeof ret->folders, err);
    if (tag->d_tag != DT_NEEDED)
        return 0;
    if (ret->count == NEEDS_NAMES_MAX)
        return err_set(err, ERR_LIMIT, "%.100s needs too many libraries", file->path);
    return read_string(file, at, ret->names[ret->count++], NEEDS_NAME_MAX, err);
}

static int read_dynamic(
    struct needs *ret, struct file *file, const Elf64_Phdr *segment, struct err *err)
{
    Elf64_Dyn tags[TAGS_MAX];
    uint64_t strings = 0;
    size_t count = segment->p_filesz / sizeof *tags;
    int rc = 0;
    if (count > TAGS_MAX)
        return err_set(err, ERR_LIMIT, "%.100s: a large dynamic section", file->path);
    if (!read_at(file, segment->p_offset, tags, count * sizeof *tags))
        return strange(file, "ends before its dynamic section", err);
    for (size_t i = 0; i < count; i++)
        if (tags[i].d_tag == DT_NULL)
            count = i;
        else if (tags[i].d_tag == DT_STRTAB)
            strings = tags[i].d_un.d_ptr;
        else if (tags[i].d_tag == DT_STRSZ)
            file->strings_size = tags[i].d_un.d_val;
    if (count > 0 && !find_offset(file, strings, &file->strings))
        return strange(file, "has no names", err);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = take_tag(ret, file, &tags[i], err);
    return rc;
}

/* execve(2): "#!", blanks, a path without any. False: it is no script. */
static bool read_script(struct needs *ret, const struct file *file)
{
    char line[NEEDS_PATH_MAX];
    ssize_t size = pread(file->fd, line, sizeof line - 1, 0);
    line[size > 0 ? size : 0] = 0;
    if (strncmp(line, "#!", 2) != 0)
        return false;
    const char *path = line + 2 + strspn(line + 2, " \t");
    size_t length = strcspn(path, " \t\n");
    memcpy(ret->interpreter, path, length);
    ret->interpreter[length] = 0;
    return true;
}

int needs_read(struct needs *ret, const char *path, struct err *err)
{
    struct file file = { .path = path };
    ret->interpreter[0] = ret->loader[0] = ret->folders[0] = 0;
    ret->count = 0;
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_sys(err, "%.100s", path);
    file.fd = fd;
    if (read_script(ret, &file))
        return 0;
    int rc = read_segments(&file, err);
    const Elf64_Phdr *loader = find_segment(&file, PT_INTERP);
    const Elf64_Phdr *dynamic = find_segment(&file, PT_DYNAMIC);
    if (rc == 0 && loader)
        rc = read_text(
            &file, loader->p_offset, loader->p_filesz, ret->loader, sizeof ret->loader, err);
    if (rc == 0 && dynamic)
        rc = read_dynamic(ret, &file, dynamic, err);
    return rc;
}
