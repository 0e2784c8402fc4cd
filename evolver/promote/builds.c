/* builds - see builds.h. */
#include "promote/builds.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <limits.h>

enum { BUILD_MAX = 16 << 20 };

static char *path_of(const struct home *home, const struct digest *build)
{
    char hex[DIGEST_HEX];
    return mem_format("%s/builds/sha256/%s.so", home->path, hash_hex(hex, build));
}

int builds_put(const struct home *home, struct str image, struct digest *ret, struct err *err)
{
    char folder[PATH_MAX];
    struct digest build = hash_of(image);
    int rc = file_mkdirs(home_path(folder, home, "builds/sha256"), 0755, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *path = path_of(home, &build);
    rc = file_create(path, image, 0444, err);
    if (rc == -ERR_STATE) {
        err_set(err, ERR_VERIFY, "%s does not hold what its name says", path);
        rc = err_hint(err, "move it away: it will be built again");
    }
    *ret = build;
    return rc;
}

int builds_get(
    const struct home *home, const struct digest *build, struct buf *ret, struct err *err)
{
    CLEANUP(mem_freep) char *path = path_of(home, build);
    int rc = file_read(path, ret, BUILD_MAX, err);
    if (rc < 0)
        return err_while(err, "build");
    struct digest have = hash_of(buf_view(ret));
    if (!hash_equal(&have, build)) {
        err_set(err, ERR_VERIFY, "%s does not hold what its name says", path);
        return err_hint(err, "move it away; moult rebuild makes it again from its commit");
    }
    return 0;
}

int builds_open(const struct home *home, const struct digest *build, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    int rc = builds_get(home, build, &image, err);
    return rc < 0 ? rc : fd_seal("plugin", buf_view(&image), err);
}
