/* One figure: builds its texts, writes the files, runs gnuplot and checks what came out. */

#include "analysis/gnuplot_run.h"
#include "analysis/must.h"
#include "analysis/pdf_edit.h"
#include "analysis/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct texts { /* what a builder wrote */
    char *data, *script, *caption;
    size_t data_bytes, script_bytes, caption_bytes;
};

static void texts_free(struct texts *texts)
{
    free(texts->data);
    free(texts->script);
    free(texts->caption);
}

static enum figure_result build(const struct figure_kind *kind, struct figure *figure,
                                struct texts *ret_texts)
{
    figure->data = open_memstream(&ret_texts->data, &ret_texts->data_bytes);
    figure->script = open_memstream(&ret_texts->script, &ret_texts->script_bytes);
    figure->caption = open_memstream(&ret_texts->caption, &ret_texts->caption_bytes);
    MUST(figure->data != NULL && figure->script != NULL && figure->caption != NULL);
    enum figure_result result = kind->build(figure);
    fclose(figure->data);
    fclose(figure->script);
    fclose(figure->caption);
    return result;
}

static bool write_file(const char *folder, const char *id, const char *ending, const char *text,
                       char *ret_note, size_t note_bytes)
{
    char *path = must_print("%s/%s%s", folder, id, ending);
    FILE *file = fopen(path, "w");
    bool good = file != NULL && fputs(text, file) >= 0;
    good = file != NULL && fclose(file) == 0 && good;
    if (!good)
        snprintf(ret_note, note_bytes, "%s: %s; write elsewhere with -o DIR", path,
                 strerror(errno));
    free(path);
    return good;
}

static bool write_files(const struct figure *figure, const struct texts *texts,
                        const struct plot_request *request, char *ret_note, size_t note_bytes)
{
    char *script = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&script, &bytes);
    MUST(file != NULL);
    figure_head(figure, request->formats, file);
    fputs(texts->script, file);
    figure_tail(file);
    fclose(file);
    const char *folder = request->folder, *id = figure->id;
    bool good = write_file(folder, id, ".tsv", texts->data, ret_note, note_bytes) &&
                write_file(folder, id, ".gp", script, ret_note, note_bytes) &&
                write_file(folder, id, ".caption.txt", texts->caption, ret_note, note_bytes);
    free(script);
    return good;
}

/* "run 4d1e... result 9be0...; run ...". */
static char *keywords_of(const struct grouping *grouping)
{
    char *words = must_copy("");
    for (size_t g = 0; g < grouping->count; g++)
        for (size_t r = 0; r < grouping->groups[g].count; r++) {
            const struct run_data *run = grouping->groups[g].runs[r];
            char *longer =
                must_print("%s%srun %s result %s", words, words[0] != '\0' ? "; " : "",
                           run->run_key, run->result_hash != NULL ? run->result_hash : "-");
            free(words);
            words = longer;
        }
    return words;
}

/* What publishers refuse: fonts that are not in the file, another width than the column's. */
static void lint_pdf(const struct figure *figure, const char *path, char *ret_note,
                     size_t note_bytes)
{
    struct pdf_facts facts;
    if (pdf_inspect(path, &facts, ret_note, note_bytes) != 0)
        return;
    if (facts.fonts == 0 || facts.embedded < facts.fonts)
        snprintf(ret_note, note_bytes, "%zu of %zu fonts are embedded in %s", facts.embedded,
                 facts.fonts, path);
    else if (!facts.all_liberation)
        snprintf(ret_note, note_bytes,
                 "%s uses another font than Liberation Sans: install "
                 "fonts-liberation for the intended look",
                 path);
    else if (fabs(facts.width_in - figure->style->width_in) > 0.02)
        snprintf(ret_note, note_bytes, "%s is %.2f in wide, not %.2f in", path, facts.width_in,
                 figure->style->width_in);
}

static void finish_pdf(const struct figure *figure, const struct figure_kind *kind,
                       const struct plot_request *request, const char *ending, bool lint,
                       char *ret_note, size_t note_bytes)
{
    char *path = must_print("%s/%s%s", request->folder, figure->id, ending);
    char *keywords = keywords_of(figure->grouping);
    const struct pdf_info info = {
        .title = figure->id, .subject = kind->summary, .keywords = keywords};
    if (pdf_finish(path, &info, ret_note, note_bytes) == 0 && lint)
        lint_pdf(figure, path, ret_note, note_bytes);
    free(keywords);
    free(path);
}

enum figure_result plot_figure(const struct figure_kind *kind, const struct grouping *grouping,
                               const struct plot_request *request, char *ret_note,
                               size_t note_bytes)
{
    struct figure figure = {
        .id = kind->id, .grouping = grouping, .style = request->style, .level = request->level};
    struct texts texts = {0};
    ret_note[0] = '\0';
    enum figure_result result = build(kind, &figure, &texts);
    figure.height_in *= figure.style->scale;
    if (result != FIGURE_DRAWN)
        snprintf(ret_note, note_bytes, "%s", figure.error);
    else if (!write_files(&figure, &texts, request, ret_note, note_bytes))
        result = FIGURE_FAILED;
    texts_free(&texts);
    if (result != FIGURE_DRAWN || request->data_only)
        return result;
    char *script = must_print("%s.gp", figure.id);
    int code = gnuplot_run(request->folder, script);
    free(script);
    if (code != 0) {
        snprintf(ret_note, note_bytes, "gnuplot ended with code %d on %s/%s.gp", code,
                 request->folder, figure.id);
        return FIGURE_FAILED;
    }
    if (strstr(request->formats, "pdf") != NULL)
        finish_pdf(&figure, kind, request, ".pdf", true, ret_note, note_bytes);
    if (strstr(request->formats, "tex") != NULL)
        finish_pdf(&figure, kind, request, "_tex.pdf", false, ret_note, note_bytes);
    return FIGURE_DRAWN;
}
