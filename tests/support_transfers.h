#ifndef TESTS_SUPPORT_TRANSFERS_H
#define TESTS_SUPPORT_TRANSFERS_H

/* A whole stack with the accounts ledger, made by hand around support_stack's chains and network:
 * transfers come from real workloads, or from a script of transactions of any form. */

#include <sqlite3.h>

#include "sim/log.h"
#include "tests/support_stack.h"

enum { TRANSFERS_SCRIPT_MAX = 512, TRANSFERS_CONFIG_BYTES = 512, TRANSFERS_WORKLOADS_MAX = 3 };
enum { TRANSFERS_MASTER = -2 }; /* instead of a shard: the masterchain */

/* A model with a config of its own: defaults of its table, then what the test sets. */
struct transfers_part {
    const struct model *model;
    _Alignas(16) unsigned char config[TRANSFERS_CONFIG_BYTES];
};

struct transfers_step {
    uint64_t at_ns;
    int32_t from_shard, to_shard; /* ordinal; -1: a workchain that does not exist */
    uint64_t from_account, to_account;
    int64_t amount;
    uint8_t parts;
    struct tx like; /* operation, constructor and all that follows from the message's head */
    bool forged;    /* its signature is not the owner's */
    /* The recipient instead of an account: a contract of to_shard (CONTRACT_NONE: none) or, with a
     * workchain and a prefix, an address. */
    enum contract_kind contract;
    struct address to;
    bool from_address; /* `to` is the home account, and the recipient is as usual */
};

struct transfers {
    struct support_stack *base;
    struct transfers_part state, ledger, atomic, messaging_part, spread;
    struct transfers_part workload[TRANSFERS_WORKLOADS_MAX];
    uint32_t workload_count;
    struct transfers_step script[TRANSFERS_SCRIPT_MAX];
    uint32_t script_count;
    const char *database; /* path, or NULL */

    struct tx_result results[TRANSFERS_SCRIPT_MAX]; /* of the script, by number; tx 0 = none */
    uint32_t outcomes;                              /* of the script */
    struct engine_result result;
};

struct transfers *transfers_new(void);
void transfers_free(struct transfers *transfers);

/* transfers_use puts a model into a part, with the defaults of its table. */
void transfers_use(struct transfers_part *part, const struct model *model);

/* transfers_workload adds a workload and returns its part. */
struct transfers_part *transfers_workload(struct transfers *transfers, const struct model *model);

/* transfers_set sets a numeric parameter, transfers_set_text one that is a text, transfers_constant
 * a distribution. Names as in the scenario. */
void transfers_set(struct transfers_part *part, const char *name, int64_t value);
void transfers_set_text(struct transfers_part *part, const char *name, const char *text);
void transfers_constant(struct transfers_part *part, const char *name, int64_t value);
/* transfers_variant picks a variant whose config the test owns. */
void transfers_variant(struct transfers_part *part, const char *name, int64_t index, void *config);

/* transfers_step adds a transaction of two parts to the script, and returns it to be changed. */
struct transfers_step *transfers_step(struct transfers *transfers, uint64_t at_ns,
                                      int32_t from_shard, uint64_t from_account, int32_t to_shard,
                                      uint64_t to_account, int64_t amount);

/* transfers_run runs it and asserts that it could start; transfers_try returns -1 if it could not.
 */
void transfers_run(struct transfers *transfers);
int transfers_try(struct transfers *transfers, struct diagnostics *diagnostics);

/* transfers_counter is engine_counter on the result. */
int64_t transfers_counter(const struct transfers *transfers, const char *layer, const char *metric);

/* transfers_assert_all_ended: every message was delivered, every transaction settled, queues are
 * empty. A failure names the seed. */
void transfers_assert_all_ended(const struct transfers *transfers, unsigned long long seed);

/* transfers_query returns one integer from the database of the last run. */
int64_t transfers_query(const struct transfers *transfers, const char *sql);

#endif
