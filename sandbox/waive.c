/* waive - layers that an operator does without. */
#include "sandbox/waive.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdatomic.h>

/* The others cannot be had one by one: for namespaces there is the tier, and without the filter
 * nothing is left that would be a sandbox. */
static const uint32_t can_be_waived =
    LAYER_BIT(LAYER_LANDLOCK) | LAYER_BIT(LAYER_CAPS) | LAYER_BIT(LAYER_RLIMITS);
static atomic_uint waived;

static int refuse(struct str word, uint32_t place, int layer, struct err *err)
{
    char shown[40];
    err_set(err, ERR_INPUT, layer < 0 ? "no layer %s" : "layer %s cannot be waived",
        str_printable(shown, sizeof shown, word, false));
    err_where(err, "moult.json: $.sandbox.waive[%u]", place);
    return err_hint(
        err, layer >= 0 && layer <= LAYER_ROOT
                 ? "a machine without namespaces: \"sandbox\": {\"tier\": \"container\"}"
                 : "landlock, caps and rlimits can be");
}

int sandbox_waive(const struct str *words, uint32_t count, uint32_t *ret, struct err *err)
{
    uint32_t layers = 0;
    for (uint32_t i = 0; i < count; i++) {
        int layer = sandbox_layer_of(words[i]);
        if (layer < 0 || !(can_be_waived & LAYER_BIT(layer)))
            return refuse(words[i], i, layer, err);
        layers |= LAYER_BIT(layer);
    }
    atomic_store(&waived, layers);
    *ret = layers;
    return 0;
}

uint32_t sandbox_waived(void)
{
    return atomic_load(&waived);
}

void sandbox_layers_json(struct buf *out, uint32_t layers)
{
    const char *comma = "";
    buf_char(out, '[');
    for (int layer = 0; layer < LAYERS; layer++) {
        if (!(layers & LAYER_BIT(layer)))
            continue;
        buf_format(out, "%s\"%s\"", comma, sandbox_layer_words[layer]);
        comma = ",";
    }
    buf_char(out, ']');
}

static uint32_t layers_of(struct str text)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    uint32_t layers = 0;
    const struct json *root = text.size ? json_read(&arena, text, NULL, NULL) : NULL;
    JSON_EACH(word, json_get(root, "layers"))
    {
        int layer = sandbox_layer_of(json_string(&arena, word));
        layers |= layer < 0 ? 0 : LAYER_BIT(layer);
    }
    return layers;
}

bool sandbox_waiver(struct buf *out, struct str last, uint32_t number, uint32_t layers)
{
    if (layers_of(last) == layers)
        return false;
    buf_format(out, "{\"schema\":1,\"number\":%u,\"layers\":", number);
    sandbox_layers_json(out, layers);
    buf_char(out, '}');
    return true;
}
