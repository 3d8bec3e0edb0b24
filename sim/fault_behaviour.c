/* Byzantine behaviours: which layer of a run has the one that a fault names. */

#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine_private.h"

enum { BEHAVIOURS_LISTED = 32 };

static void unknown(const struct world *world, const struct fault_spec *spec,
                    struct diagnostics *diagnostics)
{
    const char *names[BEHAVIOURS_LISTED + 1] = {NULL};
    char place[sizeof spec->pointer + 16], expected[512] = "", correction[64] = "";
    uint32_t count = 0;
    size_t used = 0;
    for (uint8_t slot = 0; slot < SLOT_MAX; slot++) {
        const struct model *model = world->model[slot];
        const struct model_behaviour *row = model != NULL ? model->behaviours : NULL;
        for (; row != NULL && row->name != NULL && count < BEHAVIOURS_LISTED; row++) {
            names[count] = row->name;
            if (used + 1 < sizeof expected)
                used +=
                    (size_t)snprintf(expected + used, sizeof expected - used, "%s%s (%s)",
                                     count > 0 ? ", " : "one of: ", row->name, model->layer_name);
            count++;
        }
    }
    if (count == 0)
        snprintf(expected, sizeof expected, "a scenario whose layers have such behaviours");
    const char *near = suggest_word(spec->behaviour, names);
    if (near != NULL)
        snprintf(correction, sizeof correction, "\"%s\"", near);
    snprintf(place, sizeof place, "%s/behaviour", spec->pointer);
    diagnostics_add(diagnostics, "E401", place, AT_VALUE, "unknown behaviour", expected, NULL,
                    near != NULL ? correction : NULL);
}

const struct model *fault_find_behaviour(const struct world *world, const struct fault_spec *spec,
                                         struct diagnostics *diagnostics, uint32_t *ret_index)
{
    for (uint8_t slot = 0; slot < SLOT_MAX; slot++) {
        const struct model *model = world->model[slot];
        if (model == NULL || model->behaviours == NULL)
            continue;
        for (uint32_t i = 0; model->behaviours[i].name != NULL; i++) {
            if (strcmp(model->behaviours[i].name, spec->behaviour) != 0)
                continue;
            if (ret_index != NULL)
                *ret_index = i;
            return model;
        }
    }
    if (diagnostics != NULL)
        unknown(world, spec, diagnostics);
    return NULL;
}
