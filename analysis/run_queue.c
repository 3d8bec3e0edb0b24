#include "analysis/run_queue.h"

#include "analysis/must.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

void run_queue_add(struct run_queue *queue, int64_t t_ns, int64_t value)
{
    if (queue->count > 0 && queue->points[queue->count - 1].t_ns == t_ns) {
        queue->points[queue->count - 1].value = value; /* the last sample of an instant counts */
        return;
    }
    queue->points =
        must_grow(queue->points, queue->count, &queue->capacity, sizeof queue->points[0]);
    queue->points[queue->count++] = (struct run_point){.t_ns = t_ns, .value = value};
}

/* Rows come by entity, then time. Columns: entity, t_ns, value, name of the entity. */
static void take_sample(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    int64_t entity = sqlite3_column_int64(statement, 0);
    int64_t t_ns = sqlite3_column_int64(statement, 1);
    int64_t value = sqlite3_column_int64(statement, 2);
    if (entity == -1) {
        run_queue_add(&run->queue_total, t_ns, value);
        return;
    }
    if (run->queue_count == 0 || run->queues[run->queue_count - 1].entity != entity) {
        run->queues =
            must_grow(run->queues, run->queue_count, &run->queue_capacity, sizeof run->queues[0]);
        char *name = database_copy_text(statement, 3);
        run->queues[run->queue_count++] = (struct run_queue){
            .entity = entity, .name = name != NULL ? name : must_print("%" PRId64, entity)};
    }
    run_queue_add(&run->queues[run->queue_count - 1], t_ns, value);
}

/* Columns: t_ns, change of the number of shards of a workchain. */
static void take_shards(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    struct run_queue *shards = &run->shards;
    int64_t before = shards->count > 0 ? shards->points[shards->count - 1].value : 0;
    run_queue_add(shards, sqlite3_column_int64(statement, 0),
                  before + sqlite3_column_int64(statement, 1));
}

struct step { /* a change of the total */
    int64_t t_ns, delta;
};

static int compare_steps(const void *left, const void *right)
{
    const struct step *a = left, *b = right;
    if (a->t_ns != b->t_ns)
        return a->t_ns < b->t_ns ? -1 : 1;
    return (a->delta > b->delta) - (a->delta < b->delta); /* a sum does not mind the order */
}

static void sum_queues(struct run_data *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->queue_count; i++)
        count += run->queues[i].count;
    struct step *steps = must_alloc(count * sizeof steps[0]);
    size_t n = 0;
    for (size_t i = 0; i < run->queue_count; i++) {
        const struct run_queue *queue = &run->queues[i];
        for (size_t k = 0; k < queue->count; k++) {
            int64_t before = k > 0 ? queue->points[k - 1].value : 0;
            steps[n++] = (struct step){.t_ns = queue->points[k].t_ns,
                                       .delta = queue->points[k].value - before};
        }
    }
    MUST(n == count);
    qsort(steps, count, sizeof steps[0], compare_steps);
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += steps[i].delta;
        run_queue_add(&run->queue_total, steps[i].t_ns, total);
    }
    free(steps);
}

int run_queue_load(sqlite3 *database, struct run_data *run, struct database_error *ret_error)
{
    static const char sql[] = "SELECT s.entity, s.t_ns, s.value, e.name FROM sample s"
                              " LEFT JOIN entity e ON e.entity_id = s.entity"
                              " WHERE s.name = 'queue' ORDER BY s.entity, s.t_ns, s.rowid";
    if (database_each(database, run->path, sql, take_sample, run, ret_error) != 0)
        return -1;
    /* By time: the numbers of several workchains are added up as they change. */
    static const char shards[] =
        "SELECT s.t_ns, s.value - coalesce(lag(s.value) OVER (PARTITION BY s.entity"
        " ORDER BY s.t_ns, s.rowid), 0) FROM sample s WHERE s.name = 'shards'"
        " ORDER BY s.t_ns, s.rowid";
    if (database_each(database, run->path, shards, take_shards, run, ret_error) != 0)
        return -1;
    run->queue_total.entity = -1;
    run->queue_total.name = must_copy("all chains");
    if (run->queue_total.count == 0)
        sum_queues(run);
    return 0;
}

void run_queue_free(struct run_data *run)
{
    for (size_t i = 0; i < run->queue_count; i++) {
        free(run->queues[i].name);
        free(run->queues[i].points);
    }
    free(run->queues);
    free(run->queue_total.name);
    free(run->queue_total.points);
    free(run->shards.points);
}

/* The index of the first point later than t_ns. */
static size_t point_after(const struct run_queue *queue, int64_t t_ns)
{
    size_t low = 0, high = queue->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (queue->points[middle].t_ns <= t_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t run_queue_at(const struct run_queue *queue, int64_t t_ns)
{
    size_t after = point_after(queue, t_ns);
    return after > 0 ? queue->points[after - 1].value : 0;
}

double run_queue_mean(const struct run_queue *queue, int64_t from_ns, int64_t to_ns)
{
    if (queue->count == 0 || queue->points[0].t_ns >= to_ns || from_ns >= to_ns)
        return NAN;
    double area = 0;
    int64_t at = from_ns, value = run_queue_at(queue, from_ns);
    for (size_t i = point_after(queue, from_ns); i < queue->count; i++) {
        if (queue->points[i].t_ns >= to_ns)
            break;
        area += (double)value * (double)(queue->points[i].t_ns - at);
        at = queue->points[i].t_ns;
        value = queue->points[i].value;
    }
    area += (double)value * (double)(to_ns - at);
    return area / (double)(to_ns - from_ns);
}

int64_t run_queue_peak(const struct run_queue *queue, int64_t from_ns)
{
    int64_t peak = run_queue_at(queue, from_ns);
    for (size_t i = 0; i < queue->count; i++)
        if (queue->points[i].t_ns >= from_ns && queue->points[i].value > peak)
            peak = queue->points[i].value;
    return peak;
}

double run_queue_drain_s(const struct run_queue *queue)
{
    size_t peak = 0;
    for (size_t i = 0; i < queue->count; i++)
        if (queue->points[i].value >= queue->points[peak].value)
            peak = i;
    for (size_t i = peak + 1; i < queue->count; i++)
        if (queue->points[i].value == 0)
            return (double)(queue->points[i].t_ns - queue->points[peak].t_ns) / 1e9;
    return NAN;
}

struct growth run_queue_growth(const struct run_queue *queue, int64_t warmup_ns, int64_t end_ns,
                               double alpha)
{
    int64_t from_ns = warmup_ns > end_ns / 2 ? warmup_ns : end_ns / 2;
    if (from_ns >= end_ns)
        return interval_growth(NULL, NULL, 0, alpha, 1);
    size_t samples = queue->count - point_after(queue, from_ns);
    size_t batches = samples < RUN_QUEUE_BATCHES ? samples : RUN_QUEUE_BATCHES;
    double x[RUN_QUEUE_BATCHES] = {0}, y[RUN_QUEUE_BATCHES] = {0};
    for (size_t i = 0; i < batches; i++) {
        int64_t span = end_ns - from_ns, n = (int64_t)batches;
        int64_t a = from_ns + span / n * (int64_t)i, b = from_ns + span / n * (int64_t)(i + 1);
        x[i] = (double)(a + b) / 2e9;
        y[i] = run_queue_mean(queue, a, b);
        if (isnan(y[i]))
            y[i] = 0;
    }
    /* A queue that gains less than one entry over half a run does not matter. */
    return interval_growth(x, y, batches, alpha, 1);
}
