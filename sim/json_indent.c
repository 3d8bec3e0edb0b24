#include "sim/json_indent.h"

#include "sim/sim_assert.h"
#include "sim/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static void print_line_break(FILE *out, uint32_t depth)
{
    fputc('\n', out);
    for (uint32_t i = 0; i < depth; i++)
        fputs("  ", out);
}

void json_indent_print(FILE *out, const char *text)
{
    uint32_t depth = 0;
    bool quoted = false;
    for (const char *at = text; *at; at++) {
        char c = *at;
        bool empty = (c == '{' && at[1] == '}') || (c == '[' && at[1] == ']');
        if (quoted || empty || strchr("{}[],:\"", c) == NULL) {
            fputc(c, out);
            if (quoted && c == '\\')
                fputc(*++at, out);
            else if (quoted && c == '"')
                quoted = false;
            else if (empty)
                fputc(*++at, out);
            continue;
        }
        if (c == '}' || c == ']')
            print_line_break(out, --depth);
        fputc(c, out);
        if (c == '{' || c == '[')
            print_line_break(out, ++depth);
        if (c == ',')
            print_line_break(out, depth);
        if (c == ':')
            fputc(' ', out);
        quoted = c == '"';
    }
    fputc('\n', out);
}

void json_line_print(cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);
    SIM_ASSERT(text);
    utf8_mend(text);
    puts(text);
    cJSON_free(text);
    cJSON_Delete(tree);
}
