#ifndef ANALYSIS_PDF_EDIT_H
#define ANALYSIS_PDF_EDIT_H

/* The last touches to a PDF made by cairo: a fixed creation date, so that the same figure has the
 * same bytes each time, and an Info entry that says which runs it shows. The entry is appended as
 * an incremental update (PDF 1.7, section 7.5.6), so the file stays valid and its pages untouched.
 */

#include <stdbool.h>
#include <stddef.h>

struct pdf_info {
    const char *title, *subject, *keywords; /* UTF-8; what is not ASCII becomes '?' */
};

/* pdf_finish edits the file in place. Returns 0, or -1 with a sentence in ret_error. */
int pdf_finish(const char *path, const struct pdf_info *info, char *ret_error, size_t error_bytes);

struct pdf_facts {
    double width_in, height_in; /* of the page */
    size_t fonts, embedded;     /* font descriptors, and how many of them hold their font */
    bool all_liberation;
};

/* pdf_inspect reads what a publisher checks first. Returns 0, or -1 with a sentence. */
int pdf_inspect(const char *path, struct pdf_facts *ret_facts, char *ret_error, size_t error_bytes);

#endif
