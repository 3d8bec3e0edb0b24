#include "sim/swarm_coverage.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "sim/param_parse.h"
#include "sim/quantity.h"
#include "sim/sim_assert.h"

void swarm_coverage_make(const struct swarm_plan *plan, struct swarm_coverage *ret_coverage)
{
    *ret_coverage = (struct swarm_coverage){.plan = plan};
    ret_coverage->slots = calloc(plan->slot_count + 1, sizeof *ret_coverage->slots);
    SIM_ASSERT(ret_coverage->slots != NULL);
}

void swarm_coverage_free(struct swarm_coverage *coverage)
{
    free(coverage->slots);
    *coverage = (struct swarm_coverage){0};
}

/* The name of a row's choice, or NULL after the last one. */
static const char *choice_name(const struct param *row, uint32_t index)
{
    static const char *const truths[] = {"false", "true", NULL};
    if (index >= SWARM_CHOICES_MAX)
        return NULL;
    if (row->kind == PARAM_CHOICE)
        return row->choices[index];
    if (row->kind == PARAM_VARIANT)
        return row->variants[index].type;
    if (row->kind == PARAM_DISTRIBUTION)
        return distribution_keys[index].type;
    return row->kind == PARAM_BOOL ? truths[index] : NULL;
}

static const char *choice_text(const struct param *row, const cJSON *value)
{
    if (row->kind == PARAM_BOOL)
        return cJSON_IsTrue(value) ? "true" : "false";
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(value, "type");
    const cJSON *text = row->kind == PARAM_CHOICE ? value : type;
    return cJSON_IsString(text) ? text->valuestring : "";
}

static void add_value(struct swarm_cover *cover, const struct param *row, const cJSON *value)
{
    int64_t number = 0;
    for (uint32_t i = 0; choice_name(row, i) != NULL; i++)
        cover->choices[i] += strcmp(choice_name(row, i), choice_text(row, value)) == 0;
    if (!swarm_number(row, value, &number))
        return;
    cover->low = cover->numbers == 0 || number < cover->low ? number : cover->low;
    cover->high = cover->numbers == 0 || number > cover->high ? number : cover->high;
    cover->numbers++;
}

void swarm_coverage_add(struct swarm_coverage *coverage, const cJSON *document)
{
    coverage->runs++;
    for (uint32_t i = 0; i < coverage->plan->slot_count; i++) {
        const struct swarm_slot *slot = &coverage->plan->slots[i];
        const cJSON *value = swarm_find(document, slot->pointer);
        if (value != NULL)
            add_value(&coverage->slots[i], slot->row, value);
    }
    bool seen[SWARM_FAULT_KINDS] = {false};
    const cJSON *faults = swarm_find(document, "/faults");
    for (const cJSON *fault = faults ? faults->child : NULL; fault != NULL; fault = fault->next) {
        const cJSON *type = cJSON_GetObjectItemCaseSensitive(fault, "type");
        for (int i = 0; i < SWARM_FAULT_KINDS && cJSON_IsString(type); i++)
            seen[i] = seen[i] || strcmp(fault_type_names[i], type->valuestring) == 0;
    }
    for (int i = 0; i < SWARM_FAULT_KINDS; i++)
        coverage->faults[i] += seen[i];
}

static void print_slot(const struct swarm_slot *slot, const struct swarm_cover *cover, FILE *out)
{
    char low[QUANTITY_TEXT_BYTES], high[QUANTITY_TEXT_BYTES];
    const char *comma = "";
    fprintf(out, "  %-36s", slot->pointer + 1);
    if (cover->numbers > 0) {
        quantity_print(slot->row->kind, cover->low, low);
        quantity_print(slot->row->kind, cover->high, high);
        fprintf(out, " %s to %s", low, high);
    }
    for (uint32_t i = 0; choice_name(slot->row, i) != NULL; i++) {
        /* Not all shapes of distribution are drawn; a choice that never was is worth seeing. */
        if (cover->choices[i] == 0 && slot->row->kind == PARAM_DISTRIBUTION)
            continue;
        fprintf(out, "%s %s %u", comma, choice_name(slot->row, i), cover->choices[i]);
        comma = ",";
    }
    fputc('\n', out);
}

void swarm_coverage_print(const struct swarm_coverage *coverage, FILE *out)
{
    fprintf(out, "drawn in %u runs:\n", coverage->runs);
    for (uint32_t i = 0; i < coverage->plan->slot_count; i++)
        print_slot(&coverage->plan->slots[i], &coverage->slots[i], out);
    fprintf(out, "  %-36s", "faults");
    for (int i = 0; i < SWARM_FAULT_KINDS; i++)
        fprintf(out, "%s %s %u", i ? "," : "", fault_type_names[i], coverage->faults[i]);
    fputc('\n', out);
}

cJSON *swarm_coverage_json(const struct swarm_coverage *coverage)
{
    cJSON *all = cJSON_CreateObject();
    SIM_ASSERT(all != NULL);
    for (uint32_t i = 0; i < coverage->plan->slot_count; i++) {
        const struct swarm_slot *slot = &coverage->plan->slots[i];
        const struct swarm_cover *cover = &coverage->slots[i];
        cJSON *one = cJSON_AddObjectToObject(all, slot->pointer);
        for (uint32_t k = 0; choice_name(slot->row, k) != NULL; k++)
            cJSON_AddNumberToObject(one, choice_name(slot->row, k), cover->choices[k]);
        if (cover->numbers == 0)
            continue;
        cJSON_AddNumberToObject(one, "low", quantity_number(slot->row->kind, cover->low));
        cJSON_AddNumberToObject(one, "high", quantity_number(slot->row->kind, cover->high));
    }
    cJSON *faults = cJSON_AddObjectToObject(all, "/faults");
    for (int i = 0; i < SWARM_FAULT_KINDS; i++)
        cJSON_AddNumberToObject(faults, fault_type_names[i], coverage->faults[i]);
    return all;
}
