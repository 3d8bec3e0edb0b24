#ifndef SIM_STORED_COMPARE_H
#define SIM_STORED_COMPARE_H

/* A stored run's rows against those of the same run made again. The result hash covers events as
 * they happened; this covers what the file says of them, and the tables that are made of them. */

#include <stdbool.h>
#include <stddef.h>

enum stored_verdict { STORED_SAME, STORED_DIFFERENT, STORED_NOT_COMPARED };

/* stored_compare names the first event that differs, else the first row of another table, in
 * ret_text. `fresh_path` holds the run made again with all events. A run that was cut short
 * (`is_part`) ended for a reason that is not repeated, so what is reported at its end is not
 * compared. Cost: one walk through both files. */
enum stored_verdict stored_compare(const char *stored_path, const char *fresh_path, bool is_part,
                                   char *ret_text, size_t text_bytes);

#endif
