/* scripts - see scripts.h. */
#include "broker/scripts.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "agent/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READY_MS = 5000, LOOK_MS = 5, OUTPUT_MAX = 1 << 20 };

struct script {
    struct child *child;
    char *socket; /* NULL: the model is no script */
    bool ended;
};
struct scripts {
    uint32_t count;
    struct script list[];
};

static void on_ended(void *with, const struct child_result *result)
{
    struct script *script = with;
    (void)result;
    script->child = NULL;
    script->ended = true;
}

static int connects(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        return 0;
    memcpy(address.sun_path, path, strlen(path));
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static int await(struct script *script, uv_loop_t *loop, struct str name, struct err *err)
{
    const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
    uint64_t until = clock_mono_ns() + READY_MS * 1000000ull;
    while (!script->ended && clock_mono_ns() < until) {
        if (connects(script->socket))
            return 0;
        nanosleep(&look, NULL);
        uv_run(loop, UV_RUN_NOWAIT);
    }
    err_set(err, ERR_INPUT, "the script of model %.*s does not start", (int)name.size, name.at);
    return err_hint(err, "moult mock-model FILE says what is wrong with it");
}

static int start(struct script *script, uv_loop_t *loop, const struct home *home,
    const struct config_model *model, uint32_t i, const char *bin, struct err *err)
{
    char path[PATH_MAX], part[40], file[PATH_MAX], program[PATH_MAX + 16], listen[PATH_MAX + 8];
    snprintf(part, sizeof part, "run/script-%u.sock", i);
    script->socket = mem_string(home_path(path, home, part));
    unlink(script->socket);
    snprintf(program, sizeof program, "%s/moult-mock", bin);
    snprintf(listen, sizeof listen, "unix:%s", script->socket);
    snprintf(file, sizeof file, "%.*s", (int)model->base_url.size, model->base_url.at);
    const char *script_path = file[0] == '/' ? file : home_path(path, home, file);
    const char *argv[] = { program, "mock-model", script_path, "--listen", listen, "--with-parent",
        NULL };
    const struct child_plan plan = {
        .loop = loop, .argv = argv, .output_max = OUTPUT_MAX, .wall_ms = UINT64_MAX / 2
    };
    if (access(program, X_OK) < 0) {
        err_set(err, ERR_LACKS, "no program %s", program);
        return err_hint(err, "build it: ./dev build");
    }
    int rc = child_start(&script->child, &plan, on_ended, script, err);
    return rc < 0 ? rc : await(script, loop, model->name, err);
}

int scripts_start(struct scripts **ret, uv_loop_t *loop, const struct home *home,
    const struct config *config, const char *bin, struct err *err)
{
    struct scripts *scripts =
        mem_zero(1, sizeof *scripts + config->models_count * sizeof scripts->list[0]);
    int rc = 0;
    scripts->count = config->models_count;
    for (uint32_t i = 0; rc == 0 && i < config->models_count; i++)
        if (str_equal(config->models[i].provider, STR("script")))
            rc = start(&scripts->list[i], loop, home, &config->models[i], i, bin, err);
    if (rc < 0)
        scripts_free(scripts);
    else
        *ret = scripts;
    return rc;
}

void scripts_free(struct scripts *scripts)
{
    if (!scripts)
        return;
    for (uint32_t i = 0; i < scripts->count; i++) {
        struct script *script = &scripts->list[i];
        child_free(script->child);
        if (script->socket)
            unlink(script->socket);
        free(script->socket);
    }
    free(scripts);
}

const char *scripts_socket(const struct scripts *scripts, uint32_t i)
{
    return scripts->list[i].socket;
}
