/* The ELF gate on twenty thousand mutants of a real build, and some of others: it never crashes,
 * and what it lets through the loader takes without running a byte of it and without a fault. The
 * seed is fixed.
 *
 * Every byte of the mutants' code leads to an exit, so that code which runs at load shows itself.
 */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/elf.h"

#include <dlfcn.h>
#include <elf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { BATCH = 256, TABLES = 1024, RAN = 42, ROOM = 8192 };

static uint64_t seed = 88172645463325252u;

static uint64_t any(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

/* The build, with room behind it, its code made of one exit. */
struct build {
    struct buf image;
    size_t size;
    size_t dynamic, dynamic_size;
};

static Elf64_Phdr *segment_of(struct build *build, uint32_t type, uint32_t rights)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)build->image.at;
    Elf64_Phdr *segments = (Elf64_Phdr *)(build->image.at + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == type && (segments[i].p_flags & PF_X) == (rights & PF_X))
            return &segments[i];
    fail_msg("the build has no segment of type %u", type);
    return NULL;
}

static void build_make(struct build *build, const char *name)
{
    static const unsigned char leave[] = { 0xbf, RAN, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05 };
    static const char room[ROOM];
    CLEANUP(mem_freep) char *path = mem_format("%s/../plugins/%s", MOULT_BIN_DIR, name);
    struct err err;
    if (file_read(path, &build->image, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    build->size = build->image.size;
    buf_add(&build->image, room, sizeof room);
    Elf64_Phdr *code = segment_of(build, PT_LOAD, PF_X);
    char *text = build->image.at + code->p_offset;
    memset(text, 0x90, code->p_filesz);
    memcpy(text + code->p_filesz - sizeof leave, leave, sizeof leave);
    build->dynamic = segment_of(build, PT_DYNAMIC, 0)->p_offset;
    build->dynamic_size = segment_of(build, PT_DYNAMIC, 0)->p_filesz;
}

/* Where the loader's tables are, most of the time; else anywhere. */
static size_t place(const struct build *build)
{
    switch (any(8)) {
    case 0:
        return any(build->size);
    case 1:
    case 2:
        return build->dynamic + any(build->dynamic_size);
    default:
        return any(TABLES);
    }
}

/* Values that bounds are wrong about, and those that mean something in an ELF file. */
static uint64_t value(const struct build *build, const char *image)
{
    static const uint64_t values[] = { 0, 1, 2, 7, 8, 24, 37, 0x10, 0x1000, 0x2000, 0x3e60, 0x4000,
        UINT32_MAX, 1ull << 31, 1ull << 46, UINT64_MAX, INT64_MAX, DT_INIT, DT_NEEDED, DT_RELA,
        DT_SYMTAB, DT_STRTAB, DT_JMPREL, DT_GNU_HASH, DT_INIT_ARRAY, STT_GNU_IFUNC,
        STB_GNU_UNIQUE };
    uint64_t found;
    if (any(2))
        return values[any(COUNT_OF(values))] + any(3) - 1;
    memcpy(&found, image + place(build) / 8 * 8, sizeof found);
    return found;
}

static void mutate(const struct build *build, char *image, size_t *size)
{
    enum { KINDS = 5, STEP = sizeof(Elf64_Phdr) };
    size_t at = place(build), from;
    uint64_t word = value(build, image);
    switch (any(KINDS)) {
    case 0:
        image[at] ^= (char)(1 << any(8));
        break;
    case 1:
        image[at] = (char)any(256);
        break;
    case 2:
        memcpy(image + at / 8 * 8, &word, sizeof word);
        break;
    case 3:
        memcpy(image + at / 4 * 4, &word, sizeof(uint32_t));
        break;
    default:
        at = sizeof(Elf64_Ehdr) + any(7) * STEP;
        from = sizeof(Elf64_Ehdr) + any(7) * STEP + any(2) * 8;
        if (any(8) == 0)
            *size = any(build->size);
        else /* one segment over another */
            memmove(image + at, image + from, STEP);
    }
}

/* In a child: loads those of a batch, counting in shared memory which one is at hand. */
static void load_batch(const int fds[], unsigned count, volatile unsigned *at)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    for (int number = 1; number < NSIG; number++) /* cmocka's handlers would hide a fault */
        signal(number, SIG_DFL);
    for (*at = 0; *at < count; ++*at) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fds[*at]);
        void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!object)
            continue;
        dlsym(object, "moult_plugin");
        dlclose(object);
    }
    _exit(0);
}

struct batch {
    int fds[BATCH];
    unsigned seeds[BATCH]; /* the number of each mutant */
    unsigned count;
    volatile unsigned *at;
};

static void batch_run(struct batch *batch)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        load_batch(batch->fds, batch->count, batch->at);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0)
        fail_msg("mutant %u: the gate let it through, and at load it ended with %s %d",
            batch->seeds[*batch->at], WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    for (unsigned i = 0; i < batch->count; i++)
        close(batch->fds[i]);
    batch->count = 0;
}

static void batch_add(struct batch *batch, unsigned number, const char *image, size_t size)
{
    int fd = memfd_create("mutant", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, image, size) == (ssize_t)size);
    batch->fds[batch->count] = fd;
    batch->seeds[batch->count++] = number;
    if (batch->count == BATCH)
        batch_run(batch);
}

static const struct row {
    const char *build;
    enum elf_profile profile;
    unsigned mutants;
} rows[] = {
    { "naive/answers.so", ELF_RELEASE, 20000 },
    { "naive/order.so", ELF_RELEASE, 5000 },
    { "trial/candidates.so", ELF_TRIAL, 5000 },
};

/* Whether it passes; then it waits to be loaded. */
static bool try_mutant(
    const struct row *row, const struct build *build, struct batch *batch, unsigned number)
{
    struct elf_findings found;
    size_t size = build->size;
    char *image = mem_copy(build->image.at, build->image.size);
    for (uint64_t n = 1 + any(3); n > 0; n--)
        mutate(build, image, &size);
    /* A copy of exactly that size, so that a sanitizer sees every read behind the end. */
    char *exact = mem_copy(image, size);
    bool passes = elf_check((struct str){ exact, size }, row->profile, &found, NULL) == 0;
    if (passes)
        batch_add(batch, number, exact, size);
    free(exact);
    free(image);
    return passes;
}

static void what_passes_is_loaded_and_does_not_run(void **state)
{
    (void)state;
    struct batch batch = { .at = mmap(NULL, sizeof(unsigned), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0) };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct build build = { 0 };
        unsigned passed = 0;
        build_make(&build, rows[i].build);
        for (unsigned number = 0; number < rows[i].mutants; number++)
            passed += try_mutant(&rows[i], &build, &batch, number);
        batch_run(&batch);
        print_message("%s: %u of %u mutants pass, and the loader takes them\n", rows[i].build,
            passed, rows[i].mutants);
        assert_in_range(passed, rows[i].mutants / 50, rows[i].mutants / 2);
        buf_done(&build.image);
    }
    munmap((void *)batch.at, sizeof(unsigned));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_is_loaded_and_does_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
