#ifndef MODELS_ATOMIC_NONE_H
#define MODELS_ATOMIC_NONE_H

/* Layer "atomic", implementer "none": no commit protocol. A transaction goes to a node of its home
 * chain, where the ledger takes it; what becomes of it goes back to its client. A transfer to
 * another shard is a debit here and a message that credits there, and there is no way back. */

#include "sim/model.h"

extern const struct model atomic_none_model;

#endif
