#include "analysis/explain.h"

#include "analysis/database.h"
#include "analysis/must.h"
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_key { OPTION_MESSAGE = 256, OPTION_TX, OPTION_JSON };

const struct argp_option explain_options[] = {
    {"message", OPTION_MESSAGE, "ID", 0, "the life of this message", 0},
    {"tx", OPTION_TX, "ID", 0, "the life of this transaction", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line for each step", 0},
    {0}};

struct explain {
    const char *path;
    int64_t id;
    bool has_id, of_tx, json;
    sqlite3 *database;
    struct database_error error;
    double last_s; /* time of the step before */
    size_t steps;
    bool found;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct explain *explain = state->input;
    char *end = NULL;
    switch (key) {
    case OPTION_MESSAGE:
    case OPTION_TX:
        if (explain->has_id)
            argp_error(state, "one --message or one --tx");
        errno = 0;
        explain->id = strtoll(argument, &end, 10);
        if (end == argument || *end != '\0' || errno != 0)
            argp_error(state, "%s: an id is a whole number, as in the tables message and tx",
                       argument);
        explain->has_id = true;
        explain->of_tx = key == OPTION_TX;
        return 0;
    case OPTION_JSON:
        explain->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (explain->path)
            argp_error(state, "one database at a time; \"%s\" is a second one", argument);
        explain->path = argument;
        return 0;
    case ARGP_KEY_END:
        if (!explain->path || !explain->has_id)
            argp_error(state, "explain DB --message ID, or DB --tx ID");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What a row of the log says of a message. %E entity, %P peer, %C name of the chain in `value`, %B
 * bytes, %V the value itself. Rows of other names are told as "layer.kind at entity". A packet that
 * arrives may have the name of what a block does: " arrives" tells them apart. */
struct wording {
    const char *kind; /* layer.kind */
    int64_t value;    /* this value only; WORDING_ANY = any */
    const char *text;
};
#define WORDING_ANY INT64_MIN

static const struct wording wordings[] = {
    {"messaging.emit", WORDING_ANY, "made for %C; the block of %E that holds it is final"},
    {"messaging.enqueue", WORDING_ANY, "stands in the output queue of %E, next hop %C"},
    {"messaging.defer", WORDING_ANY, "%E puts it off: it waits behind others of its sender"},
    {"messaging.dispatch", WORDING_ANY, "%E takes it from those that it had put off"},
    {"messaging.storage", WORDING_ANY, "%E charges it %V for its time in queues"},
    {"messaging.forward", WORDING_ANY,
     "hop %V: %E has imported it and forwards it, in a block that is now final"},
    {"messaging.deliver", 1, "DELIVERED by %E over the slow path, in a block that is now final"},
    {"messaging.deliver", 2, "DELIVERED by %E over the instant path, in a block that is now final"},
    {"messaging.deliver", 3, "DELIVERED by %E within the shard, in a block that is now final"},
    {"messaging.deliver", WORDING_ANY, "DELIVERED by %E, in a block that is now final"},
    {"messaging.proof arrives", 0,
     "the instant copy reaches %E from %P with its Merkle proof, %B bytes"},
    {"messaging.proof arrives", WORDING_ANY,
     "the instant copy reaches %E from %P again, sent for the %N time, %B bytes"},
    {"messaging.sent", WORDING_ANY, "leaves %E, in a block that is now final"},
    {"messaging.delivered", WORDING_ANY, "DELIVERED by %E, in a block that is now final"},
    {"messaging.letter arrives", WORDING_ANY, "the message reaches %E from %P"},
    {"messaging.receipt arrives", WORDING_ANY, "%E learns from %P that it has arrived"},
    {"messaging.confirm arrives", WORDING_ANY, "the confirmation of its delivery reaches %E"},
    {"messaging.confirm", WORDING_ANY, "%E keeps in mind that its delivery is proven"},
    {"messaging.discard", 2, "%E ignores the instant copy: it has the message already"},
    {"messaging.discard", 1, "%E imports the slow copy and discards it: delivered already"},
    {"messaging.discard", 0, "%E discards the slow copy on its way: delivery is proven"},
    {"messaging.dequeue", WORDING_ANY, "%E removes it from its output queue: the next hop has it"},
    {"messaging.stop", 1, "%E stops the slow copy in its output queue: delivery is proven"},
    {"messaging.stop", 0, "%E stops sending it: delivery is proven"},
    {"messaging.refuse", WORDING_ANY, "%E REFUSES it: its proof is wrong"},
    {"messaging.stopped arrives", WORDING_ANY, "%E learns that no more copies will come"},
    {"messaging.stopped_receipt arrives", WORDING_ANY, "%E learns that this is known"},
    {"network.packet_dropped", WORDING_ANY, "a packet from %P to %E is lost (%D)"},
    {"atomic.submit arrives", WORDING_ANY, "reaches its home shard %E, %B bytes"},
    {"atomic.outcome arrives", WORDING_ANY, "%E learns the outcome from %P"},
    {"atomic.receipt arrives", WORDING_ANY, "%E learns that %P has its packet"},
    {"ledger.debit", WORDING_ANY, "%E executes it: the sender is debited %V"},
    {"ledger.credit", WORDING_ANY, "%E credits the recipient %V"},
    {"ledger.call", WORDING_ANY, "%E runs the contract that it is for, with %V"},
    {"ledger.bounce", WORDING_ANY, "the contract at %E does not take it: its %V bounces"},
    {"ledger.log", WORDING_ANY, "%E writes it into the log, where it ends"},
    {"ledger.dropped", WORDING_ANY, "%E DROPS it: no block may hold it"},
    {"ledger.refused", WORDING_ANY, "%E REFUSES it: its %V stays with the sender"}};

static const char *text_or(sqlite3_stmt *statement, int column, const char *otherwise)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : otherwise;
}

/* Columns of a step: t_s, layer.kind, entity, peer, bytes, value, chain named by value, drop
 * reason, slot of the block that was made final. */
enum column { T, KIND, ENTITY, PEER, BYTES, VALUE, VALUE_CHAIN, DROP, SLOT, CHAIN };

static const char *find_wording(const char *kind, int64_t value)
{
    for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++)
        if (strcmp(wordings[i].kind, kind) == 0 &&
            (wordings[i].value == WORDING_ANY || wordings[i].value == value))
            return wordings[i].text;
    return NULL;
}

static void say_field(FILE *out, char letter, sqlite3_stmt *row)
{
    switch (letter) {
    case 'E':
        fputs(text_or(row, ENTITY, "?"), out);
        break;
    case 'P':
        fputs(text_or(row, PEER, "?"), out);
        break;
    case 'C':
        fputs(text_or(row, VALUE_CHAIN, "its own shard"), out);
        break;
    case 'D':
        fputs(text_or(row, DROP, "?"), out);
        break;
    case 'B':
        fprintf(out, "%lld", (long long)sqlite3_column_int64(row, BYTES));
        break;
    case 'V':
        fprintf(out, "%lld", (long long)sqlite3_column_int64(row, VALUE));
        break;
    case 'N': /* attempts count from 0 */
        fprintf(out, "%lld.", (long long)sqlite3_column_int64(row, VALUE) + 1);
        break;
    default:
        fputc(letter, out);
    }
}

/* The sentence of one step, to be freed. */
static char *sentence(sqlite3_stmt *row)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    MUST(out != NULL);
    const char *kind = text_or(row, KIND, "?");
    const char *wording = find_wording(kind, sqlite3_column_int64(row, VALUE));
    if (wording == NULL)
        fprintf(out, "%s at %s", kind, text_or(row, ENTITY, "?"));
    for (const char *at = wording; at && *at; at++) {
        if (*at == '%' && at[1] != '\0')
            say_field(out, *++at, row);
        else
            fputc(*at, out);
    }
    fclose(out);
    return text;
}

static void print_step(struct explain *explain, double t_s, const char *text)
{
    if (explain->json)
        printf("{\"t_s\":%.9f,\"text\":\"%s\"}\n", t_s, text);
    else if (explain->steps == 0)
        printf("  %14.6f s               %s\n", t_s, text);
    else
        printf("  %14.6f s  %+10.6f   %s\n", t_s, t_s - explain->last_s, text);
    explain->last_s = t_s;
    explain->steps++;
}

static void step(void *self, sqlite3_stmt *row)
{
    struct explain *explain = self;
    double t_s = sqlite3_column_double(row, T);
    /* A step of a final block: say first when that block's slot was, if it is news. */
    if (sqlite3_column_type(row, SLOT) != SQLITE_NULL) {
        double slot_s = sqlite3_column_double(row, SLOT);
        if (explain->steps == 0 || slot_s > explain->last_s) {
            char *text = must_print("slot of %s (%s): its block is made", text_or(row, ENTITY, "?"),
                                    text_or(row, CHAIN, "?"));
            print_step(explain, slot_s, text);
            free(text);
        }
    }
    char *text = sentence(row);
    print_step(explain, t_s, text);
    free(text);
}

static void message_head(void *self, sqlite3_stmt *row)
{
    struct explain *explain = self;
    explain->found = true;
    if (explain->json)
        return;
    printf("message %" PRId64 ": %lld bytes from %s to %s, %s", explain->id,
           (long long)sqlite3_column_int64(row, 0), text_or(row, 1, "?"), text_or(row, 2, "?"),
           text_or(row, 3, "?"));
    if (sqlite3_column_type(row, 4) == SQLITE_NULL)
        printf(", not delivered when the run ended\n\n");
    else
        printf(" by the %s path, %lld %s, %.6f s from its creation\n\n", text_or(row, 5, "?"),
               (long long)sqlite3_column_int64(row, 6),
               sqlite3_column_int64(row, 6) == 1 ? "hop" : "hops", sqlite3_column_double(row, 4));
}

static void tx_head(void *self, sqlite3_stmt *row)
{
    struct explain *explain = self;
    explain->found = true;
    if (explain->json)
        return;
    printf("transaction %" PRId64 " (%s): from %s, %lld %s, %s", explain->id, text_or(row, 0, "?"),
           text_or(row, 1, "?"), (long long)sqlite3_column_int64(row, 2),
           sqlite3_column_int64(row, 2) == 1 ? "chain" : "chains", text_or(row, 3, "?"));
    if (sqlite3_column_type(row, 5) != SQLITE_NULL)
        printf(" (%s)", text_or(row, 5, "?"));
    /* What is dropped before any block ends without one. */
    bool aborted = strcmp(text_or(row, 3, ""), "aborted") == 0;
    if (sqlite3_column_type(row, 4) != SQLITE_NULL)
        printf(", %.6f s from submission to %s", sqlite3_column_double(row, 4),
               aborted ? "its end" : "the last final block");
    printf("; submitted at %.6f s\n\n", sqlite3_column_double(row, 6));
}

static void tx_phase(void *self, sqlite3_stmt *row)
{
    struct explain *explain = self;
    if (!explain->json)
        printf("  %-10s %-10s %12.6f s  %5.1f %%\n", text_or(row, 0, "?"), text_or(row, 1, "?"),
               sqlite3_column_double(row, 2), sqlite3_column_double(row, 3));
}

static int each(struct explain *explain, const char *sql, void (*row)(void *, sqlite3_stmt *))
{
    char *filled = sqlite3_mprintf(sql, explain->id, explain->id);
    int status =
        database_each(explain->database, explain->path, filled, row, explain, &explain->error);
    sqlite3_free(filled);
    return status;
}

/* What a block does is traced when it is final, behind the row chain.final that names the block and
 * has the same cause; chain.block with that name stands at the block's slot. Of kinds, the low byte
 * is below 64 for packets, from 128 on for what is traced, and between for timers, which are about
 * no message. Packets that carry many messages (entries, processed, their receipts) are about a
 * block, whose number may equal a message's: they are no steps of one message. Of a lost one the
 * kind is not known, only that it left when the block of that number became final, that an arrival
 * of entries caused it, or that it went from validator to validator. */
static const char steps_sql[] =
    "WITH final AS (SELECT kind_id FROM kind WHERE layer = 'chain' AND name = 'final'"
    " AND (kind_id & 255) >= 128), made AS (SELECT kind_id FROM kind WHERE layer = 'chain'"
    " AND name = 'block' AND (kind_id & 255) >= 128)"
    " SELECT e.t_ns / 1e9, k.layer || '.' || k.name || iif((e.kind_id & 255) < 64, ' arrives', ''),"
    " n.name, p.name, e.bytes, e.value, v.name, d.name, (SELECT b.t_ns / 1e9 FROM event b"
    " WHERE b.seq < f.seq AND b.kind_id IN made AND b.subject = f.subject"
    " ORDER BY b.seq DESC LIMIT 1), c.name"
    " FROM event e JOIN kind k USING (kind_id)"
    " LEFT JOIN entity n ON n.entity_id = e.entity LEFT JOIN entity p ON p.entity_id = e.peer"
    " LEFT JOIN entity v ON v.entity_id = e.value << 4 AND v.type = 'chain'"
    " LEFT JOIN entity c ON c.entity_id = e.chain << 4"
    " LEFT JOIN code d ON d.column_name = 'event.drop_reason' AND d.code = e.value"
    " LEFT JOIN event f ON (e.kind_id & 255) >= 128 AND f.seq = (SELECT max(x.seq) FROM event x"
    " WHERE x.seq > e.cause AND x.seq < e.seq AND x.cause = e.cause AND x.chain = e.chain"
    " AND x.kind_id IN final)"
    " WHERE e.subject = %lld AND k.layer IN (%s) AND (e.kind_id & 255) NOT BETWEEN 64 AND 127"
    " AND (k.layer <> 'network' OR k.name = 'packet_dropped')"
    " AND NOT (k.layer = 'messaging' AND (k.name IN"
    " ('entries', 'processed') OR (k.name = 'receipt' AND EXISTS (SELECT 1 FROM kind WHERE"
    " layer = 'messaging' AND name = 'entries'))))"
    " AND NOT (k.layer = 'network' AND (n.type = 'validator' AND p.type = 'validator'"
    " OR EXISTS (SELECT 1 FROM event x JOIN kind y USING (kind_id) WHERE x.seq = e.cause"
    " AND y.layer = 'messaging' AND y.name = 'entries')"
    " OR EXISTS (SELECT 1 FROM event x WHERE x.seq > e.cause AND x.seq < e.seq"
    " AND x.cause = e.cause AND x.subject = e.subject AND x.kind_id IN final)"
    " AND NOT EXISTS (SELECT 1 FROM event x JOIN kind y USING (kind_id) WHERE x.seq > e.cause"
    " AND x.seq < e.seq AND x.cause = e.cause AND x.subject = e.subject"
    " AND y.layer = 'messaging' AND y.name = 'emit'))) ORDER BY e.seq";

static int tell_steps(struct explain *explain, const char *layers)
{
    char *sql = sqlite3_mprintf(steps_sql, explain->id, layers);
    int status =
        database_each(explain->database, explain->path, sql, step, explain, &explain->error);
    sqlite3_free(sql);
    if (status == 0 && explain->steps == 0 && explain->found)
        fprintf(stderr,
                "shardsim explain: the run logged no events of it; run it with --log all to see "
                "its steps\n");
    return status;
}

static int explain_message(struct explain *explain)
{
    int status = each(explain,
                      "SELECT bytes, src_chain, dst_chain, outcome, latency_s, path, hops"
                      " FROM message_v WHERE message_id = %lld",
                      message_head);
    if (status == 0 && explain->found)
        status = tell_steps(explain, "'messaging', 'network'");
    return status;
}

static int explain_tx(struct explain *explain)
{
    int status =
        each(explain,
             "SELECT type, src_chain, n_chains, outcome, latency_s, reason, submit_s FROM tx_v"
             " WHERE tx_id = %lld",
             tx_head);
    if (status == 0 && explain->found)
        status = each(explain,
                      "SELECT layer, phase, ns / 1e9, 100.0 * ns / (SELECT max(1, sum(ns))"
                      " FROM tx_phase WHERE tx_id = %lld) FROM tx_phase WHERE tx_id = %lld",
                      tx_phase);
    if (status == 0 && explain->found && !explain->json)
        printf("\n");
    if (status == 0 && explain->found)
        status = tell_steps(explain, "'atomic', 'ledger', 'network'");
    return status;
}

int explain_run(int argc, char **argv)
{
    struct explain explain = {0};
    const struct argp argp = {
        explain_options,
        parse_option,
        "DB --message ID | DB --tx ID",
        "The life of one message or transaction in words.\v"
        "Each line gives the time of a step, what it took since the step before, and what "
        "happened. Exit codes: 0 fine, 2 no such message or transaction, 7 a file that cannot be "
        "read.",
        NULL,
        NULL,
        NULL};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &explain) != 0)
        return EXIT_USAGE;
    int code = EXIT_FINE;
    if (database_open(explain.path, true, &explain.database, &explain.error) != 0 ||
        (explain.of_tx ? explain_tx(&explain) : explain_message(&explain)) != 0) {
        fprintf(stderr, "shardsim explain: %s\n", explain.error.text);
        code = EXIT_IO;
    } else if (!explain.found) {
        fprintf(stderr,
                "shardsim explain: %s has no %s %" PRId64 "; ids are in column %s of its table "
                "%s: sqlite3 %s 'select * from %s_v limit 5'\n",
                explain.path, explain.of_tx ? "transaction" : "message", explain.id,
                explain.of_tx ? "tx_id" : "message_id", explain.of_tx ? "tx" : "message",
                explain.path, explain.of_tx ? "tx" : "message");
        code = EXIT_USAGE;
    }
    sqlite3_close(explain.database);
    return code;
}
