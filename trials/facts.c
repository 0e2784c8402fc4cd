/* facts - see facts.h. */
#include "trials/facts.h"

#include "base/mem.h"
#include "base/fd.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void facts_add_call(struct facts *facts, struct facts_making *making, const struct facts_call *call)
{
    if (facts->calls_count == making->calls_room) {
        uint32_t room = making->calls_room ? 2 * making->calls_room : 16;
        making->calls = arena_grow(making->arena, making->calls,
            making->calls_room * sizeof *making->calls, room * sizeof *making->calls);
        making->calls_room = room;
        facts->calls = making->calls;
    }
    making->calls[facts->calls_count++] = *call;
}

void facts_add_text(struct facts *facts, struct facts_making *making, const struct facts_text *text)
{
    if (facts->texts_count == making->texts_room) {
        uint32_t room = making->texts_room ? 2 * making->texts_room : 16;
        making->texts = arena_grow(making->arena, making->texts,
            making->texts_room * sizeof *making->texts, room * sizeof *making->texts);
        making->texts_room = room;
        facts->texts = making->texts;
    }
    making->texts[facts->texts_count++] = *text;
}

/* --- of a step replay */

static void end_of(struct facts *facts, const struct effects *last)
{
    static const int8_t ends[] = {
        [EFFECTS_ANSWERED] = CASE_END_ANSWERED,
        [EFFECTS_HANDED] = CASE_END_HANDED,
        [EFFECTS_ASKED] = -1, /* the recording has no answer to that */
        [EFFECTS_REFUSED] = CASE_END_REFUSED,
        [EFFECTS_FAILED] = CASE_END_FAILED,
        [EFFECTS_ABNORMAL] = -1,
    };
    if (ends[last->end] < 0)
        return;
    facts->end = (uint8_t)ends[last->end];
    facts->known |= FACTS_END;
}

void facts_of_steps(struct facts *ret, const struct run *run, uint32_t first,
    const struct effects *steps, struct arena *arena)
{
    struct facts_making making = { .arena = arena };
    *ret = (struct facts){
        .known = FACTS_ASKED | FACTS_TEXTS | FACTS_STEPS, .run = run, .steps = steps, .first = first
    };
    for (uint32_t i = first; i < run->steps_count; i++) {
        const struct effects *step = &steps[i];
        bool handed = step->end == EFFECTS_ANSWERED || step->end == EFFECTS_HANDED;
        for (uint32_t k = 0; k < step->calls_count; k++)
            facts_add_call(ret, &making,
                &(struct facts_call){ .tool = step->calls[k].name,
                    .args = step->calls[k].args,
                    .denied = step->calls[k].denied || !handed });
        if (handed && !step->error && step->text.size > 0)
            facts_add_text(ret, &making, &(struct facts_text){ .text = step->text });
        if (step->end == EFFECTS_ABNORMAL && !ret->abnormal) {
            ret->abnormal = true;
            ret->why = step->why;
        }
    }
    if (run->steps_count > first)
        end_of(ret, &steps[run->steps_count - 1]);
}

/* --- digests */

struct digest facts_state_digest(const struct json *state)
{
    CLEANUP(buf_done) struct buf form = { 0 };
    if (state)
        json_canonical(&form, state);
    return hash_of(buf_view(&form));
}

enum { FILES_MAX = 10000, BYTES_MAX = 256 << 20, DEPTH_MAX = 32 };
struct walk {
    struct hash_state hash;
    uint32_t files;
    uint64_t bytes;
};

static void add_sized(struct hash_state *hash, const char *at, size_t size)
{
    uint64_t length = size;
    hash_add(hash, &length, sizeof length);
    hash_add(hash, at, size);
}

static int add_file(struct walk *walk, int folder, const char *name, struct err *err)
{
    CLEANUP(fd_closep)
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char block[1 << 14];
    uint64_t size = 0;
    ssize_t got = 0;
    if (fd < 0)
        return err_sys(err, "open %.100s of the workspace", name);
    while ((got = read(fd, block, sizeof block)) > 0 || (got < 0 && errno == EINTR)) {
        if (got < 0)
            continue;
        hash_add(&walk->hash, block, (size_t)got);
        size += (uint64_t)got;
        if ((walk->bytes += (uint64_t)got) > BYTES_MAX)
            return err_set(err, ERR_LIMIT, "a workspace of more than %d bytes", BYTES_MAX);
    }
    hash_add(&walk->hash, &size, sizeof size);
    return got < 0 ? err_sys(err, "read %.100s of the workspace", name) : 0;
}

static int add_folder(struct walk *walk, int fd, unsigned depth, struct err *err);

static int add_entry(
    struct walk *walk, int folder, const char *name, unsigned depth, struct err *err)
{
    struct stat stat;
    char target[4096];
    if (++walk->files > FILES_MAX)
        return err_set(err, ERR_LIMIT, "a workspace of more than %d files", FILES_MAX);
    if (fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(err, "look at %.100s of the workspace", name);
    uint8_t kind[2] = { (uint8_t)((stat.st_mode & S_IFMT) >> 12), (stat.st_mode & S_IXUSR) != 0 };
    add_sized(&walk->hash, name, strlen(name));
    hash_add(&walk->hash, kind, sizeof kind);
    if (S_ISREG(stat.st_mode))
        return add_file(walk, folder, name, err);
    if (S_ISLNK(stat.st_mode)) {
        ssize_t size = readlinkat(folder, name, target, sizeof target);
        add_sized(&walk->hash, target, size < 0 ? 0 : (size_t)size);
    }
    if (!S_ISDIR(stat.st_mode))
        return 0;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "open %.100s of the workspace", name);
    return add_folder(walk, fd, depth + 1, err);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void free_names(char **names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* The names of a folder, sorted: the kernel's order is no fact. */
static int read_names(DIR *dir, char ***ret, uint32_t *ret_count, struct err *err)
{
    uint32_t count = 0, room = 0;
    char **names = NULL;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (count == FILES_MAX) {
            free_names(names, count);
            return err_set(err, ERR_LIMIT, "a folder of more than %d files", FILES_MAX);
        }
        if (count == room) {
            room = room ? 2 * room : 64;
            names = mem_grow(names, room, sizeof *names);
        }
        names[count++] = mem_format("%s", entry->d_name);
    }
    if (count > 0)
        qsort(names, count, sizeof *names, by_name);
    *ret = names;
    *ret_count = count;
    return 0;
}

/* Takes fd. */
static int add_folder(struct walk *walk, int fd, unsigned depth, struct err *err)
{
    char **names = NULL;
    uint32_t count = 0;
    DIR *dir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!dir) {
        close(fd);
        return err_set(err, ERR_LIMIT, "folders in the workspace nest too deep");
    }
    int rc = read_names(dir, &names, &count, err);
    if (rc == 0) {
        hash_add(&walk->hash, &count, sizeof count);
        for (uint32_t i = 0; i < count && rc == 0; i++)
            rc = add_entry(walk, dirfd(dir), names[i], depth, err);
        free_names(names, count);
    }
    closedir(dir);
    return rc;
}

int facts_workspace_digest(struct digest *ret, const char *folder, struct err *err)
{
    struct walk walk = { 0 };
    hash_begin(&walk.hash);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "open the workspace");
    int rc = add_folder(&walk, fd, 0, err);
    struct digest digest = hash_end(&walk.hash);
    if (rc == 0)
        *ret = digest;
    return rc;
}
