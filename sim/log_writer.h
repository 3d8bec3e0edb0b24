#ifndef SIM_LOG_WRITER_H
#define SIM_LOG_WRITER_H

/* The thread that owns the result database from the first byte to the rename. Private to the log.
 *
 * All of SQLite and all writing happens in this one thread, with every signal blocked, so that an
 * interrupt goes to the simulating thread and a file-size limit is an error and not the end of the
 * process. After an error it goes on emptying the ring, so the producer never hangs. */

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/log.h"
#include "sim/log_file.h"
#include "sim/log_pages.h"
#include "sim/log_ring.h"
#include "sim/log_rows.h"

enum { LOG_ERROR_BYTES = 1024 };

struct log_writer {
    struct log_ring ring;
    atomic_bool failed;        /* the database could not be written; the reason is in `error` */
    atomic_bool out_of_memory; /* set by the producer: a text could not be copied */
    pthread_t thread;
    sem_t opened;
    const struct log_run *run; /* until `opened` */
    const struct log_end *end; /* from log_writer_stop on; NULL = give the run up */
    uint64_t n_logged;         /* rows in `event`, set with `end` */
    /* the thread's own, readable before it starts and after it ended */
    struct log_file file;
    sqlite3 *database;
    struct log_statements statements;
    struct log_pages *events;
    uint64_t pending_rows, pending_since_ns; /* rows since the last commit */
    bool in_transaction;                     /* of the library: rows of the other tables */
    uint64_t file_bytes;
    char error[LOG_ERROR_BYTES];
};

/* log_writer_start starts the thread on a writer whose `file` is initialised, and returns when the
 * .partial is there: 0, or -1 with the reason in writer->error. */
int log_writer_start(struct log_writer *writer, const struct log_run *run);

/* log_writer_stop lets the thread write what is queued and the end of the run, and waits for it.
 * 0 when PATH is there (or `end` is NULL and nothing is), or -1 with the reason in writer->error.
 * Nothing may be queued after it. */
int log_writer_stop(struct log_writer *writer, const struct log_end *end, uint64_t n_logged);

#endif
