#ifndef SIM_JSON_WRITE_H
#define SIM_JSON_WRITE_H

struct cJSON;

/* json_write_canonical writes a tree in its one canonical form: keys sorted by their bytes, no
 * white space, numbers in the shortest form that reads back. Members of the root that `skip`
 * (NULL-terminated; NULL = none) names are left out. The caller frees the text. No recursion;
 * depth at most 160. */
char *json_write_canonical(const struct cJSON *root, const char *const *skip);

enum { JSON_NUMBER_BYTES = 40 };

/* json_write_number writes a number in the shortest form that reads back as the same double. */
void json_write_number(double number, char ret_text[JSON_NUMBER_BYTES]);

#endif
