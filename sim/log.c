#include "sim/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/log_writer.h"
#include "sim/model.h"
#include "sim/sim_assert.h"

struct log {
    struct log_writer writer;
    enum log_level level;
    uint64_t n_logged;
    char *layer[SLOT_KERNEL + 1]; /* constant texts of tx_phase rows */
};

static const enum log_weight weight_min[] = {
    [LOG_ALL] = LOG_PACKET, [LOG_PROTOCOL] = LOG_STEP, [LOG_TX] = LOG_MILESTONE};

struct log *log_open(const char *path, bool force, enum log_level level, const struct log_run *run,
                     char *ret_error, size_t error_bytes)
{
    struct log *log = calloc(1, sizeof *log);

    if (log == NULL) {
        snprintf(ret_error, error_bytes, "cannot write %s: out of memory", path);
        return NULL;
    }
    struct log_writer *writer = &log->writer;
    log->level = level;
    if (log_file_init(&writer->file, path, force, writer->error, sizeof writer->error) == 0 &&
        log_writer_start(writer, run) == 0)
        return log;
    snprintf(ret_error, error_bytes, "%s", writer->error);
    log_file_free(&writer->file);
    free(log);
    return NULL;
}

/* One record under construction: columns in order, then put(). */
struct row {
    struct log *log;
    struct log_record *record;
    int columns;
};

static struct row row_begin(struct log *log, enum log_row type)
{
    struct row row = {.log = log, .record = log_ring_claim(&log->writer.ring)};

    row.record->row = type;
    row.record->nulls = 0;
    return row;
}

static void row_null(struct row *row)
{
    SIM_ASSERT(row->columns < LOG_COLUMNS_MAX);
    row->record->nulls |= UINT32_C(1) << row->columns++;
}

static void row_integer(struct row *row, int64_t value)
{
    SIM_ASSERT(row->columns < LOG_COLUMNS_MAX);
    row->record->column[row->columns++] = value;
}

/* Two's complement above INT64_MAX: SQLite has no unsigned integers. */
static void row_unsigned(struct row *row, uint64_t value)
{
    row_integer(row, (int64_t)value);
}

static void row_unsigned_or_null(struct row *row, uint64_t value, uint64_t null)
{
    if (value == null)
        row_null(row);
    else
        row_unsigned(row, value);
}

static void row_real(struct row *row, double value)
{
    int64_t bits;

    if (isnan(value)) {
        row_null(row);
        return;
    }
    memcpy(&bits, &value, sizeof bits);
    row_integer(row, bits);
}

static void row_constant(struct row *row, const char *text)
{
    if (text == NULL)
        row_null(row);
    else
        row_integer(row, (int64_t)(intptr_t)text);
}

static void row_text(struct row *row, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;

    if (text != NULL && copy == NULL)
        atomic_store(&row->log->writer.out_of_memory, true);
    row_constant(row, copy);
}

static void row_put(struct row *row)
{
    log_ring_publish(&row->log->writer.ring);
}

void log_layer(struct log *log, uint32_t slot, const char *layer)
{
    if (log == NULL)
        return;
    SIM_ASSERT(slot <= SLOT_KERNEL);
    SIM_ASSERT(log->layer[slot] == NULL);
    log->layer[slot] = strdup(layer);
    if (log->layer[slot] == NULL)
        atomic_store(&log->writer.out_of_memory, true);
}

void log_kind(struct log *log, uint32_t kind_id, const char *name, const char *layer,
              const char *value_unit, const char *doc)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_KIND);
    row_unsigned(&row, kind_id);
    row_text(&row, name);
    row_text(&row, layer);
    row_text(&row, value_unit);
    row_text(&row, doc);
    row_put(&row);
}

void log_entity(struct log *log, uint64_t entity_id, const char *type, const char *name,
                uint64_t parent)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_ENTITY);
    row_unsigned(&row, entity_id);
    row_text(&row, type);
    row_text(&row, name);
    row_unsigned_or_null(&row, parent, 0);
    row_put(&row);
}

void log_code(struct log *log, const char *table_column, int64_t code, const char *name)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_CODE);
    row_text(&row, table_column);
    row_integer(&row, code);
    row_text(&row, name);
    row_put(&row);
}

void log_param(struct log *log, const char *path, const char *text, double number, const char *unit,
               bool swept, const char *origin)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_PARAM);
    row_text(&row, path);
    row_text(&row, text);
    row_real(&row, number);
    row_text(&row, unit);
    row_integer(&row, swept);
    row_text(&row, origin);
    row_put(&row);
}

void log_event(struct log *log, const struct log_event *event)
{
    if (log == NULL || log->level == LOG_NONE || event->weight < weight_min[log->level])
        return;
    log->n_logged++;

    struct log_record *record = log_ring_claim(&log->writer.ring);
    record->row = LOG_ROW_EVENT;
    record->nulls = (uint32_t)(event->entity == 0) << 3 | (uint32_t)(event->peer == 0) << 4 |
                    (uint32_t)(event->chain == 0) << 5 |
                    (uint32_t)(event->subject == UINT64_MAX) << 6 |
                    (uint32_t)(event->cause == 0) << 7 | (uint32_t)(event->bytes == LOG_NULL) << 8 |
                    (uint32_t)(event->value == LOG_NULL) << 9;
    record->column[0] = (int64_t)event->seq;
    record->column[1] = (int64_t)event->t_ns;
    record->column[2] = event->kind_id;
    record->column[3] = (int64_t)event->entity;
    record->column[4] = (int64_t)event->peer;
    record->column[5] = event->chain;
    record->column[6] = (int64_t)event->subject;
    record->column[7] = (int64_t)event->cause;
    record->column[8] = event->bytes;
    record->column[9] = event->value;
    log_ring_publish(&log->writer.ring);
}

static void put_integers(struct log *log, enum log_row type, const int64_t *column, int columns)
{
    struct row row = row_begin(log, type);

    for (int i = 0; i < columns; i++) {
        if (column[i] == LOG_NULL)
            row_null(&row);
        else
            row_integer(&row, column[i]);
    }
    row_put(&row);
}

void log_message(struct log *log, const int64_t column[11])
{
    if (log != NULL)
        put_integers(log, LOG_ROW_MESSAGE, column, 11);
}

void log_tx(struct log *log, const int64_t column[10])
{
    if (log != NULL)
        put_integers(log, LOG_ROW_TX, column, 10);
}

void log_tx_phase(struct log *log, uint64_t tx_id, uint32_t slot, const char *phase, uint64_t ns)
{
    if (log == NULL)
        return;
    SIM_ASSERT(slot <= SLOT_KERNEL);
    SIM_ASSERT(log->layer[slot] != NULL || atomic_load(&log->writer.out_of_memory));
    struct row row = row_begin(log, LOG_ROW_TX_PHASE);
    row_unsigned(&row, tx_id);
    row_constant(&row, log->layer[slot]);
    row_constant(&row, phase);
    row_unsigned(&row, ns);
    row_put(&row);
}

void log_fault(struct log *log, uint32_t index, const char *type, const char *target,
               uint64_t from_ns, uint64_t to_ns, const char *detail)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_FAULT);
    row_unsigned(&row, index);
    row_text(&row, type);
    row_text(&row, target);
    row_unsigned(&row, from_ns);
    row_unsigned_or_null(&row, to_ns, UINT64_MAX);
    row_text(&row, detail);
    row_put(&row);
}

void log_violation(struct log *log, const char *property, uint64_t seq, uint64_t t_ns,
                   const char *text)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_VIOLATION);
    row_text(&row, property);
    row_unsigned_or_null(&row, seq, 0);
    row_unsigned(&row, t_ns);
    row_text(&row, text);
    row_put(&row);
}

void log_sample(struct log *log, const char *name, int64_t entity, uint64_t t_ns, int64_t value)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_SAMPLE);
    row_constant(&row, name);
    row_integer(&row, entity);
    row_unsigned(&row, t_ns);
    row_integer(&row, value);
    row_put(&row);
}

void log_metric(struct log *log, const char *name, int64_t entity, double value, const char *unit,
                uint64_t n)
{
    if (log == NULL)
        return;
    struct row row = row_begin(log, LOG_ROW_METRIC);
    row_text(&row, name);
    row_integer(&row, entity);
    row_real(&row, value);
    row_text(&row, unit);
    row_unsigned(&row, n);
    row_put(&row);
}

bool log_failed(const struct log *log)
{
    return log != NULL && (atomic_load_explicit(&log->writer.failed, memory_order_relaxed) ||
                           atomic_load_explicit(&log->writer.out_of_memory, memory_order_relaxed));
}

int log_close(struct log *log, const struct log_end *end, char *ret_error, size_t error_bytes,
              uint64_t *ret_file_bytes)
{
    if (log == NULL)
        return 0;
    int stopped = log_writer_stop(&log->writer, end, log->n_logged);
    if (stopped != 0)
        snprintf(ret_error, error_bytes, "%s", log->writer.error);
    else if (end != NULL && ret_file_bytes != NULL)
        *ret_file_bytes = log->writer.file_bytes;
    for (int slot = 0; slot <= SLOT_KERNEL; slot++)
        free(log->layer[slot]);
    log_file_free(&log->writer.file);
    free(log);
    return stopped;
}
