#ifndef SIM_LOG_SCHEMA_H
#define SIM_LOG_SCHEMA_H

/* Layout 1 of the result database as SQL. The writer executes it; analysis/ relies on the names and
 * never on this file. Integer keys and codes; text only in small tables; times in *_ns; views give
 * names and seconds. */

#define LOG_APPLICATION_ID 0x73687264 /* "shrd" */
#define LOG_USER_VERSION 1

/* LOG_SCHEMA_TABLES before the first row, LOG_SCHEMA_VIEWS right after it, LOG_SCHEMA_INDICES when
 * the run has ended. */
#define LOG_SCHEMA_TABLES                                                                          \
    "CREATE TABLE run (run_id INTEGER PRIMARY KEY, run_key TEXT NOT NULL, config_hash TEXT"        \
    " NOT NULL, result_hash TEXT, experiment TEXT, measurement TEXT,"                              \
    " replication INTEGER NOT NULL,"                                                               \
    " seed INTEGER NOT NULL, status TEXT NOT NULL, sim_end_ns INTEGER, warmup_ns INTEGER,"         \
    " n_events INTEGER, n_logged INTEGER, wall_s REAL, cpu_s REAL, max_rss_kib INTEGER,"           \
    " started_utc TEXT, finished_utc TEXT, program_version TEXT, model_version TEXT,"              \
    " git_rev TEXT, compiler TEXT, libraries TEXT, host TEXT, argv TEXT,"                          \
    " scenario_json TEXT) STRICT;"                                                                 \
    "CREATE TABLE param (run_id INTEGER NOT NULL, path TEXT NOT NULL, text TEXT, num REAL,"        \
    " unit TEXT, swept INTEGER NOT NULL, origin TEXT) STRICT;"                                     \
    "CREATE TABLE kind (kind_id INTEGER PRIMARY KEY, name TEXT NOT NULL, layer TEXT NOT NULL,"     \
    " value_unit TEXT, doc TEXT) STRICT;"                                                          \
    "CREATE TABLE entity (entity_id INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL,"  \
    " parent INTEGER) STRICT;"                                                                     \
    "CREATE TABLE event (seq INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, kind_id INTEGER"          \
    " NOT NULL, entity INTEGER, peer INTEGER, chain INTEGER, subject INTEGER, cause INTEGER,"      \
    " bytes INTEGER, value INTEGER) STRICT;"                                                       \
    "CREATE TABLE message (message_id INTEGER NOT NULL, src_chain INTEGER, dst_chain INTEGER,"     \
    " created_ns INTEGER, first_committed_ns INTEGER, delivered_ns INTEGER, path INTEGER,"         \
    " hops INTEGER, bytes INTEGER, fee_total INTEGER, outcome INTEGER) STRICT;"                    \
    "CREATE TABLE tx (tx_id INTEGER NOT NULL, type INTEGER, src_chain INTEGER, n_chains INTEGER,"  \
    " submit_ns INTEGER, prepared_ns INTEGER, decided_ns INTEGER, final_ns INTEGER,"               \
    " outcome INTEGER, reason INTEGER) STRICT;"                                                    \
    "CREATE TABLE tx_phase (tx_id INTEGER NOT NULL, layer TEXT NOT NULL, phase TEXT NOT NULL,"     \
    " ns INTEGER NOT NULL) STRICT;"                                                                \
    "CREATE TABLE code (column_name TEXT NOT NULL, code INTEGER NOT NULL, name TEXT NOT NULL)"     \
    " STRICT;"                                                                                     \
    "CREATE TABLE fault (fault_id INTEGER PRIMARY KEY, type TEXT NOT NULL, target TEXT,"           \
    " from_ns INTEGER NOT NULL, to_ns INTEGER, detail TEXT) STRICT;"                               \
    "CREATE TABLE violation (property TEXT NOT NULL, seq INTEGER, t_ns INTEGER NOT NULL,"          \
    " text TEXT NOT NULL) STRICT;"                                                                 \
    "CREATE TABLE sample (name TEXT NOT NULL, entity INTEGER NOT NULL, t_ns INTEGER NOT NULL,"     \
    " value INTEGER NOT NULL) STRICT;"                                                             \
    "CREATE TABLE metric (name TEXT NOT NULL, entity INTEGER NOT NULL, value REAL, unit TEXT,"     \
    " n INTEGER) STRICT;"

/* code.column_name is "message.path", "message.outcome", "tx.type", "tx.outcome", "tx.reason",
 * "event.drop_reason". Chain numbers are entity_id >> 4 of the chain's entity (role 0). */
#define LOG_SCHEMA_VIEWS                                                                           \
    "CREATE VIEW run_v AS SELECT *, sim_end_ns / 1e9 AS sim_end_s, warmup_ns / 1e9 AS warmup_s"    \
    " FROM run;"                                                                                   \
    "CREATE VIEW event_v AS SELECT e.seq, e.t_ns / 1e9 AS t_s, k.layer, k.name AS kind,"           \
    " n.name AS entity, p.name AS peer, c.name AS chain, e.subject, e.cause, e.bytes, e.value,"    \
    " k.value_unit FROM event e JOIN kind k USING (kind_id)"                                       \
    " LEFT JOIN entity n ON n.entity_id = e.entity LEFT JOIN entity p ON p.entity_id = e.peer"     \
    " LEFT JOIN entity c ON c.entity_id = e.chain << 4;"                                           \
    "CREATE VIEW message_v AS SELECT m.message_id, s.name AS src_chain, d.name AS dst_chain,"      \
    " m.created_ns / 1e9 AS created_s, m.first_committed_ns / 1e9 AS first_committed_s,"           \
    " m.delivered_ns / 1e9 AS delivered_s, (m.delivered_ns - m.created_ns) / 1e9 AS latency_s,"    \
    " p.name AS path, m.hops, m.bytes, m.fee_total, o.name AS outcome FROM message m"              \
    " LEFT JOIN entity s ON s.entity_id = m.src_chain << 4"                                        \
    " LEFT JOIN entity d ON d.entity_id = m.dst_chain << 4"                                        \
    " LEFT JOIN code p ON p.column_name = 'message.path' AND p.code = m.path"                      \
    " LEFT JOIN code o ON o.column_name = 'message.outcome' AND o.code = m.outcome;"               \
    "CREATE VIEW tx_v AS SELECT t.tx_id, y.name AS type, s.name AS src_chain, t.n_chains,"         \
    " t.submit_ns / 1e9 AS submit_s, t.prepared_ns / 1e9 AS prepared_s,"                           \
    " t.decided_ns / 1e9 AS decided_s, t.final_ns / 1e9 AS final_s,"                               \
    " (t.final_ns - t.submit_ns) / 1e9 AS latency_s, o.name AS outcome, r.name AS reason"          \
    " FROM tx t LEFT JOIN entity s ON s.entity_id = t.src_chain << 4"                              \
    " LEFT JOIN code y ON y.column_name = 'tx.type' AND y.code = t.type"                           \
    " LEFT JOIN code o ON o.column_name = 'tx.outcome' AND o.code = t.outcome"                     \
    " LEFT JOIN code r ON r.column_name = 'tx.reason' AND r.code = t.reason;"                      \
    "CREATE VIEW metric_v AS SELECT m.name, coalesce(e.name, 'all') AS entity, m.value, m.unit,"   \
    " m.n FROM metric m LEFT JOIN entity e ON e.entity_id = m.entity;"

#define LOG_SCHEMA_INDICES                                                                         \
    "CREATE INDEX message_id ON message (message_id); CREATE INDEX tx_id ON tx (tx_id); ANALYZE;"

#endif
