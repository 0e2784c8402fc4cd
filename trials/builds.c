/* builds - see builds.h. */
#include "trials/builds.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <glob.h>
#include <string.h>

enum { BUILD_MAX = 16 << 20 };

static struct replay_build *place_of(struct builds *builds, char *name)
{
    for (unsigned i = 0; i < builds->count; i++)
        if (strcmp(builds->list[i].name, name) == 0)
            return &builds->list[i];
    builds->list = mem_grow(builds->list, builds->count + 1, sizeof *builds->list);
    builds->list[builds->count] = (struct replay_build){ .fd = -1 };
    return &builds->list[builds->count++];
}

static void build_done(struct replay_build *build)
{
    fd_closep(&build->fd);
    mem_freep(&build->name);
}

int builds_add_image(struct builds *builds, const char *name, struct str image, struct err *err)
{
    int fd = fd_seal("build", image, err);
    if (fd < 0)
        return fd;
    char *kept = mem_string(name);
    struct replay_build *place = place_of(builds, kept);
    build_done(place);
    *place = (struct replay_build){ kept, hash_of(image), fd };
    if (builds->count <= WIRE_PLUGINS_MAX)
        return 0;
    return err_set(err, ERR_LIMIT, "more than %d builds", WIRE_PLUGINS_MAX);
}

int builds_add(struct builds *builds, const char *path, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    size_t size = strlen(file);
    if (size <= 3 || strcmp(file + size - 3, ".so") != 0)
        return err_set(err, ERR_USAGE, "%s is not named PLUGIN.so", path);
    int rc = file_read(path, &image, BUILD_MAX, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *name = mem_format("%.*s", (int)size - 3, file);
    return builds_add_image(builds, name, buf_view(&image), err);
}

int builds_read(struct builds *ret, const char *folder, struct err *err)
{
    CLEANUP(mem_freep) char *pattern = mem_format("%s/*.so", folder);
    CLEANUP(builds_done) struct builds builds = { 0 };
    glob_t files = { 0 };
    int rc = 0;
    if (glob(pattern, 0, NULL, &files) != 0)
        rc = err_set(err, ERR_MISSING, "no builds in %s", folder);
    for (size_t i = 0; rc == 0 && i < files.gl_pathc; i++)
        rc = builds_add(&builds, files.gl_pathv[i], err);
    globfree(&files);
    if (rc < 0)
        return rc;
    *ret = builds;
    builds = (struct builds){ 0 };
    return 0;
}

void builds_done(struct builds *builds)
{
    for (unsigned i = 0; i < builds->count; i++)
        build_done(&builds->list[i]);
    mem_freep(&builds->list);
    builds->count = 0;
}
