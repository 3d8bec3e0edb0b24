#include "analysis/run_full.h"

#include "analysis/must.h"
#include "analysis/run_queue.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Columns: entity, name, full blocks, all blocks. */
static void take_chain(void *self, sqlite3_stmt *statement)
{
    struct run_full *full = &((struct run_data *)self)->full;
    full->chains = must_grow(full->chains, full->count, &full->capacity, sizeof full->chains[0]);
    struct run_full_chain *chain = &full->chains[full->count++];
    char *name = database_copy_text(statement, 1);
    *chain = (struct run_full_chain){.entity = sqlite3_column_int64(statement, 0),
                                     .full = sqlite3_column_double(statement, 2),
                                     .blocks = sqlite3_column_double(statement, 3)};
    chain->name = name != NULL ? name : must_print("%" PRId64, chain->entity);
}

static struct run_full_chain *find_chain(struct run_full *full, int64_t entity)
{
    size_t low = 0, high = full->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (full->chains[middle].entity < entity)
            low = middle + 1;
        else
            high = middle;
    }
    return low < full->count && full->chains[low].entity == entity ? &full->chains[low] : NULL;
}

/* Columns: entity, t_ns, value. */
static void take_backlog(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    struct run_full_chain *chain = find_chain(&run->full, sqlite3_column_int64(statement, 0));
    if (chain != NULL)
        run_queue_add(&chain->backlog, sqlite3_column_int64(statement, 1),
                      sqlite3_column_int64(statement, 2));
}

static void take_waiting(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    struct run_full_chain *chain = find_chain(&run->full, sqlite3_column_int64(statement, 0));
    if (chain != NULL)
        run_queue_add(&chain->waiting, sqlite3_column_int64(statement, 1),
                      sqlite3_column_int64(statement, 2));
}

/* Columns: source, destination, count, oldest. */
static void take_pair(void *self, sqlite3_stmt *statement)
{
    struct run_full *full = &((struct run_data *)self)->full;
    full->pairs =
        must_grow(full->pairs, full->pair_count, &full->pair_capacity, sizeof full->pairs[0]);
    full->pairs[full->pair_count++] =
        (struct run_full_pair){.source = database_copy_text(statement, 0),
                               .destination = database_copy_text(statement, 1),
                               .count = sqlite3_column_double(statement, 2),
                               .oldest_ns = sqlite3_column_int64(statement, 3)};
}

/* Chains are entities; message and tx name them without the four bits of the role. */
#define CHAINS                                                                                     \
    "SELECT m.entity FROM metric m WHERE m.name = 'blocks_full' AND m.entity != -1"                \
    " AND 2 * m.value >= m.n"

int run_full_load(sqlite3 *database, struct run_data *run, struct database_error *ret_error)
{
    static const struct {
        const char *sql;
        void (*take)(void *self, sqlite3_stmt *statement);
    } tables[] = {
        {"SELECT m.entity, e.name, m.value, m.n FROM metric m LEFT JOIN entity e"
         " ON e.entity_id = m.entity WHERE m.entity IN (" CHAINS ")"
         " AND m.name = 'blocks_full' ORDER BY m.entity",
         take_chain},
        {"SELECT entity, t_ns, value FROM sample WHERE name = 'backlog' AND entity IN (" CHAINS ")"
         " ORDER BY entity, t_ns, rowid",
         take_backlog},
        {"SELECT chain, t_ns, sum(step) OVER (PARTITION BY chain ORDER BY t_ns ROWS UNBOUNDED"
         " PRECEDING) FROM (SELECT src_chain << 4 AS chain, submit_ns AS t_ns, 1 AS step FROM tx"
         " UNION ALL SELECT src_chain << 4, coalesce(decided_ns, final_ns), -1 FROM tx"
         " WHERE coalesce(decided_ns, final_ns) IS NOT NULL) WHERE chain IN (" CHAINS ")"
         " ORDER BY chain, t_ns",
         take_waiting},
        {"SELECT coalesce(s.name, m.src_chain), coalesce(d.name, m.dst_chain), count(*),"
         " min(m.created_ns) FROM message m LEFT JOIN entity s ON s.entity_id = m.src_chain << 4"
         " LEFT JOIN entity d ON d.entity_id = m.dst_chain << 4"
         " WHERE m.delivered_ns IS NULL AND m.src_chain != m.dst_chain"
         " AND 10 * m.created_ns < 9 * (SELECT sim_end_ns FROM run)"
         " GROUP BY m.src_chain, m.dst_chain ORDER BY 3 DESC, m.src_chain, m.dst_chain LIMIT 6",
         take_pair},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (database_each(database, run->path, tables[i].sql, tables[i].take, run, ret_error) != 0)
            return -1;
        if (run->full.count == 0)
            return 0; /* nobody waits for long */
    }
    return 0;
}

void run_full_free(struct run_data *run)
{
    struct run_full *full = &run->full;
    for (size_t i = 0; i < full->count; i++) {
        free(full->chains[i].name);
        free(full->chains[i].backlog.points);
        free(full->chains[i].waiting.points);
    }
    for (size_t i = 0; i < full->pair_count; i++) {
        free(full->pairs[i].source);
        free(full->pairs[i].destination);
    }
    free(full->chains);
    free(full->pairs);
}

static const struct run_queue *own_queue(const struct run_data *run, int64_t entity)
{
    for (size_t i = 0; i < run->queue_count; i++)
        if (run->queues[i].entity == entity)
            return &run->queues[i];
    return NULL;
}

struct run_full_growth run_full_growth(const struct run_data *run,
                                       const struct run_full_chain *chain, double alpha)
{
    struct growth backlog =
        run_queue_growth(&chain->backlog, run->warmup_ns, run->sim_end_ns, alpha);
    struct growth waiting =
        run_queue_growth(&chain->waiting, run->warmup_ns, run->sim_end_ns, alpha);
    const struct run_queue *queue = own_queue(run, chain->entity);
    struct run_full_growth result = {.share = chain->full / chain->blocks,
                                     .backlog_per_s = backlog.slope,
                                     .waiting_per_s = waiting.slope,
                                     .queue_per_s = NAN,
                                     .saturated = backlog.grows || waiting.grows};
    if (queue != NULL)
        result.queue_per_s = run_queue_growth(queue, run->warmup_ns, run->sim_end_ns, alpha).slope;
    return result;
}
