#ifndef ANALYSIS_MERGE_FILE_H
#define ANALYSIS_MERGE_FILE_H

/* The file that a catalogue is written to: OUTPUT.partial, locked, until it is whole and takes its
 * name. Only catalogues and empty files are ever replaced: no other file, no link, no device. What
 * a killed merge left is begun anew; a second merge onto the same file is refused meanwhile.
 *
 * Errors are sentences without the command's name. */

#include "analysis/database.h"

struct merge_file {
    const char *output; /* the caller's */
    char *partial;
    int lock; /* descriptor of the .partial */
};

/* merge_file_open makes an empty, locked OUTPUT.partial. Returns 0, or -1 with the reason; after 0
 * one of the two below is due. */
int merge_file_open(const char *output, struct merge_file *ret_file,
                    struct database_error *ret_error);

/* merge_file_publish gives the whole file its name. Returns 0, or -1 with the reason, and the file
 * is gone. */
int merge_file_publish(struct merge_file *file, struct database_error *ret_error);

/* merge_file_abandon removes the unfinished file and its journal. */
void merge_file_abandon(struct merge_file *file);

#endif
