/* parts - see parts.h. */
#include "sandbox/parts.h"

#include "base/mem.h"
#include "sandbox/needs.h"

#include <dlfcn.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAMS "/usr/bin"
enum { HOPS_MAX = 8, ANSWER_MAX = 1 << 16, ASK_MS = 20000 };

/* How a compiler of C is called. */
static const char *const compilers[] = { "gcc", "gcc-[0-9]*", "*-gcc", "*-gcc-[0-9]*", "clang",
    "clang-[0-9]*" };

/* Folders that are one compiler's own: what it has beside its programs, and its headers. The ones
 * that it shares with the system are searched for programs only. */
static const char *const folders[] = { "/usr/lib*/gcc/*/*", "/usr/libexec/gcc/*/*",
    "/usr/lib*/clang/*", "/usr/lib*/llvm*/lib*/clang/*" };

/* Its stages, looked for where it says and then where every program is. */
static const char *const stages[] = { "cc1", "collect2", "as", "ld" };

struct finding {
    struct parts *parts;
    struct toolchain *toolchain;
};

static bool is_one_of(const char *const *patterns, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(patterns[i], path, FNM_PATHNAME) == 0)
            return true;
    return false;
}

static bool begins(const char *path, const char *with)
{
    return strncmp(path, with, strlen(with)) == 0;
}

/* Whoever names a folder as a program or a library shows none. */
static bool is_file(const char *path, int mode)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, mode) == 0;
}

/* In a part that is there already, too. */
static bool has_part(const struct toolchain *toolchain, const char *path)
{
    for (unsigned i = 0; i < toolchain->parts_count; i++) {
        size_t size = strlen(toolchain->parts[i].to);
        if (begins(path, toolchain->parts[i].to) && (path[size] == 0 || path[size] == '/'))
            return true;
    }
    return false;
}

static int add_part(struct finding *finding, const char *path, struct err *err)
{
    struct toolchain *toolchain = finding->toolchain;
    if (has_part(toolchain, path))
        return 0;
    if (toolchain->parts_count == TOOLCHAIN_PARTS_MAX)
        return err_set(err, ERR_LIMIT, "a compiler or program with too many libraries");
    const char *kept = arena_string(&finding->parts->arena, path, strlen(path));
    toolchain->parts[toolchain->parts_count++] = (struct sandbox_mount){ kept, kept, false, true };
    return 0;
}

static int add_link(struct finding *finding, const char *at, const char *to, struct err *err)
{
    struct toolchain *toolchain = finding->toolchain;
    struct arena *arena = &finding->parts->arena;
    for (unsigned i = 0; i < toolchain->links_count; i++)
        if (strcmp(toolchain->links[i].at, at) == 0)
            return 0;
    if (toolchain->links_count == TOOLCHAIN_LINKS_MAX)
        return err_set(err, ERR_LIMIT, "too many links lead to a program");
    toolchain->links[toolchain->links_count++] =
        (struct root_link){ arena_string(arena, at, strlen(at)),
            arena_string(arena, to, strlen(to)) };
    return 0;
}

/* The folder's plain name, and the file's own name in it. False: there is no such folder. */
static bool name_plainly(char ret[PATH_MAX], const char *path)
{
    char copy[PATH_MAX], folder[PATH_MAX];
    if (strlen(path) >= sizeof copy || *path != '/')
        return false;
    strcpy(copy, path);
    char *slash = strrchr(copy, '/');
    *slash = 0;
    if (!realpath(*copy ? copy : "/", folder) || strlen(folder) + strlen(slash + 1) + 2 > PATH_MAX)
        return false;
    strcat(strcat(strcpy(ret, folder), "/"), slash + 1);
    return true;
}

/* Where a library of the system stands, by its name. Empty: nowhere. */
static bool in_folder(char ret[PATH_MAX], const char *folder, const char *name)
{
    char plain[PATH_MAX];
    if (!realpath(folder, plain) || !begins(plain, "/usr/lib") ||
        strlen(plain) + strlen(name) + 2 > PATH_MAX)
        return false;
    strcat(strcat(strcpy(ret, plain), "/"), name);
    return is_file(ret, R_OK);
}

/* A list of the file's own; $ORIGIN is the folder that it is in. */
static bool in_own_folders(char ret[PATH_MAX], const char *list, const char *file, const char *name)
{
    static const char origin[] = "$ORIGIN";
    char plain[PATH_MAX], folder[2 * PATH_MAX];
    if (!realpath(file, plain))
        return false;
    *strrchr(plain, '/') = 0;
    for (size_t size; *list; list += size + (list[size] == ':')) {
        size = strcspn(list, ":");
        bool own = begins(list, origin);
        size_t skip = own ? sizeof origin - 1 : 0;
        if (size >= PATH_MAX || size < skip)
            continue;
        *folder = 0;
        strncat(strcat(folder, own ? plain : ""), list + skip, size - skip);
        if (in_folder(ret, folder, name))
            return true;
    }
    return false;
}

/* The loader's own list, which it has without its cache, too: a run has none. What its environment
 * adds here stands before that, so it is read from the end. */
static bool in_system_folders(char ret[PATH_MAX], const char *name)
{
    Dl_serinfo head;
    Dl_info unused;
    void *self; /* this program's own map, which is its handle: nothing here can open another */
    bool found = false;
    if (dladdr1((void *)(uintptr_t)in_system_folders, &unused, &self, RTLD_DL_LINKMAP) == 0 ||
        dlinfo(self, RTLD_DI_SERINFOSIZE, &head) < 0)
        return false;
    CLEANUP(mem_freep) Dl_serinfo *list = mem_zero(1, head.dls_size);
    list->dls_size = head.dls_size;
    list->dls_cnt = head.dls_cnt;
    if (dlinfo(self, RTLD_DI_SERINFO, list) == 0)
        for (unsigned i = list->dls_cnt; i > 0 && !found; i--)
            found = in_folder(ret, list->dls_serpath[i - 1].dls_name, name);
    return found;
}

/* A file may be anybody's: what it names is a library, or it is not looked for. */
static int add_library(struct finding *finding, const struct needs *needs, const char *file,
    const char *name, struct err *err)
{
    char place[PATH_MAX];
    if (strchr(name, '/') || !begins(name, "lib"))
        return 0;
    if (!in_own_folders(place, needs->folders, file, name) && !in_system_folders(place, name))
        return 0; /* the loader inside says it better */
    return add_part(finding, place, err);
}

static void watch(struct finding *finding, const char *path)
{
    struct parts *parts = finding->parts;
    if (parts->programs_count == PARTS_PROGRAMS_MAX)
        return;
    struct parts_program *program = &parts->programs[parts->programs_count++];
    program->path = arena_string(&parts->arena, path, strlen(path));
    if (stat(path, &program->st) < 0)
        program->st = (struct stat){ 0 };
}

/* The links that lead to it are links inside, too: by their names a program may know what it is. */
static int add_program(struct finding *finding, const char *path, struct err *err)
{
    char place[PATH_MAX], next[PATH_MAX], target[PATH_MAX];
    int rc = 0;
    watch(finding, path);
    if (!name_plainly(place, path))
        return 0;
    for (int hop = 0; rc == 0 && hop < HOPS_MAX; hop++) {
        bool system = begins(place, "/usr/");
        ssize_t size = readlink(place, target, sizeof target - 1);
        if (size < 0)
            return system && is_file(place, X_OK) ? add_part(finding, place, err) : 0;
        target[size] = 0;
        CLEANUP(mem_freep)
        char *whole = *target == '/' ? mem_string(target)
                                     : mem_format("%.*s/%s", (int)(strrchr(place, '/') - place),
                                           place, target);
        if ((!system && !begins(place, "/etc/alternatives/")) || !name_plainly(next, whole))
            return 0;
        rc = add_link(finding, place, next, err);
        strcpy(place, next);
    }
    return rc;
}

/* What is no program at all needs nothing that can be told. */
static int add_needs(struct finding *finding, const char *file, struct err *err)
{
    struct needs needs;
    char loader[PATH_MAX];
    int rc = needs_read(&needs, file, err);
    if (rc < 0)
        return rc == -ERR_LIMIT ? rc : 0;
    if (*needs.interpreter)
        return add_program(finding, needs.interpreter, err);
    if (name_plainly(loader, needs.loader) && begins(loader, "/usr/lib") && is_file(loader, R_OK))
        rc = add_part(finding, loader, err);
    for (unsigned i = 0; rc == 0 && i < needs.count; i++)
        rc = add_library(finding, &needs, file, needs.names[i], err);
    return rc;
}

/* What a compiler says of itself: "install: FOLDER", "programs: =LIST", "libraries: =LIST". */
static int ask(
    struct buf *ret, const char *compiler, const struct sandbox_run *run, struct err *err)
{
    const char *argv[] = { compiler, "-print-search-dirs", NULL };
    struct sandbox_result result;
    const struct sandbox_run asking = { .profile = SANDBOX_TOOL,
        .tier = run->tier,
        .waived = run->waived,
        .argv = argv,
        .cwd = "/",
        .limits = { .wall_ms = ASK_MS, .output = ANSWER_MAX } };
    int rc = sandbox_run(&asking, &result, err);
    if (rc < 0)
        return rc;
    if (result.exit_code == 0)
        buf_str(ret, buf_view(&result.out));
    else
        rc = err_set(
            err, ERR_PEER, "%.100s -print-search-dirs ends with %d", compiler, result.exit_code);
    sandbox_result_done(&result);
    return rc;
}

/* Of a list by colons; the compiler's words end here. */
static char *next_folder(char **list)
{
    char *folder;
    while ((folder = strsep(list, " :=\n")))
        if (*folder == '/')
            return folder;
    return NULL;
}

static int add_folders(struct finding *finding, const char *answer, struct err *err)
{
    CLEANUP(mem_freep) char *copy = mem_string(answer);
    char plain[PATH_MAX], *rest = copy, *folder;
    int rc = 0;
    while (rc == 0 && (folder = next_folder(&rest)))
        if (realpath(folder, plain) && is_one_of(folders, COUNT_OF(folders), plain))
            rc = add_part(finding, plain, err);
    return rc;
}

static int add_stage(
    struct finding *finding, const char *answer, const char *stage, struct err *err)
{
    CLEANUP(mem_freep) char *copy = mem_format("%s\n" PROGRAMS, answer);
    char path[PATH_MAX], *rest = copy, *folder;
    while ((folder = next_folder(&rest))) {
        if (strlen(folder) + strlen(stage) + 2 > sizeof path)
            continue;
        strcat(strcat(strcpy(path, folder), "/"), stage);
        if (!is_file(path, X_OK))
            continue;
        int rc = add_needs(finding, path, err);
        return rc < 0 ? rc : add_program(finding, path, err);
    }
    return 0;
}

static int add_compiler(
    struct finding *finding, const char *compiler, const struct sandbox_run *run, struct err *err)
{
    CLEANUP(buf_done) struct buf answer = { 0 };
    int rc = add_program(finding, compiler, err);
    if (rc < 0 || access(compiler, X_OK) < 0)
        return rc;
    if ((rc = ask(&answer, compiler, run, err)) < 0)
        return err_while(err, "find the compiler's parts");
    if (!answer.at)
        return 0;
    rc = add_folders(finding, answer.at, err);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(stages); i++)
        rc = add_stage(finding, answer.at, stages[i], err);
    return rc;
}

static bool is_compiler(const char *program)
{
    char plain[PATH_MAX];
    return realpath(program, plain) && begins(plain, "/usr/") &&
           is_one_of(compilers, COUNT_OF(compilers), strrchr(plain, '/') + 1);
}

int parts_find(struct parts *ret, struct toolchain *toolchain, const struct sandbox_run *run,
    const char *from, struct err *err)
{
    struct finding finding = { ret, toolchain };
    const char *program = run->argv[0];
    bool asked = !from && is_compiler(program);
    if (from)
        watch(&finding, from);
    int rc = from ? add_needs(&finding, from, err) : add_program(&finding, program, err);
    if (rc == 0)
        rc = add_compiler(&finding, asked ? program : SANDBOX_COMPILER, run, err);
    /* The list grows by what is found; a folder is no ELF file. */
    for (unsigned i = 0; rc == 0 && i < toolchain->parts_count; i++)
        rc = add_needs(&finding, toolchain->parts[i].from, err);
    return rc;
}

bool parts_same(const struct parts *parts)
{
    for (unsigned i = 0; i < parts->programs_count; i++) {
        const struct stat *was = &parts->programs[i].st;
        struct stat st;
        if (stat(parts->programs[i].path, &st) < 0)
            st = (struct stat){ 0 };
        if (st.st_dev != was->st_dev || st.st_ino != was->st_ino || st.st_size != was->st_size ||
            st.st_mtim.tv_sec != was->st_mtim.tv_sec || st.st_mtim.tv_nsec != was->st_mtim.tv_nsec)
            return false;
    }
    return true;
}

void parts_done(struct parts *parts)
{
    arena_done(&parts->arena);
}
