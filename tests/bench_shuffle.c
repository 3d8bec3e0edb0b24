/* What turbine's tree of one shred costs among 2,000 validators, beside the plain list that the
 * rule describes (running sums added up anew for each draw). Processor time; rounds alternate;
 * medians are printed.
 * `--json`: one object a line; ratio > 1 means that the tree of running sums is better. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/spread/turbine_tree.h"

enum { ROUNDS = 5, VALIDATORS = 2000, SHREDS = 200, PLAIN_SHREDS = 2 };

static struct turbine_node nodes[VALIDATORS];
static uint32_t ranks[VALIDATORS];
static uint64_t weights[VALIDATORS], checksum;

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double tree_ns(struct turbine_cluster *cluster, bool whole)
{
    double begun_ns = now_ns();
    for (uint32_t i = 0; i < SHREDS; i++) {
        struct shred_id shred = {i / 64, i % 64, SHRED_DATA};
        if (whole)
            turbine_order(cluster, &shred, i, ranks);
        else
            ranks[0] = turbine_root(cluster, &shred, i);
        checksum += ranks[0];
    }
    return (now_ns() - begun_ns) / SHREDS;
}

static double plain_ns(void)
{
    double begun_ns = now_ns();
    for (uint32_t i = 0; i < PLAIN_SHREDS; i++) {
        struct chacha chacha;
        unsigned char seed[CHACHA_KEY_BYTES] = {(unsigned char)i};
        uint64_t total = 0;
        chacha_init(&chacha, seed, CHACHA_ROUNDS_8);
        for (uint32_t k = 0; k < VALIDATORS; k++)
            total += weights[k] = nodes[k].stake;
        for (uint32_t place = 0; total > 0; place++) {
            uint64_t x = chacha_below(&chacha, total), running = 0;
            uint32_t at = 0;
            while ((running += weights[at]) <= x)
                at++;
            total -= weights[at];
            weights[at] = 0;
            ranks[place] = at;
        }
        checksum += ranks[0];
    }
    return (now_ns() - begun_ns) / PLAIN_SHREDS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof values[0], compare);
    return values[ROUNDS / 2];
}

static void print_row(bool json, const char *name, double value_ns, double against_ns)
{
    if (json)
        printf("{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"ns\", \"against\": \"plain "
               "list\", \"against_value\": %.4g, \"ratio\": %.3f}\n",
               name, value_ns, against_ns, against_ns / value_ns);
    else
        printf("%-24s %12.4g ns        plain list %12.4g   ratio %.2f\n", name, value_ns,
               against_ns, against_ns / value_ns);
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    double whole[ROUNDS], root[ROUNDS], plain[ROUNDS];
    struct memory memory = {0};
    struct turbine_cluster cluster;

    for (uint32_t i = 0; i < VALIDATORS; i++) {
        nodes[i] = (struct turbine_node){.stake = 1 + UINT64_C(400000000000000) / (i + 1), .id = i};
        memcpy(nodes[i].key, &i, sizeof i);
    }
    turbine_sort(nodes, VALIDATORS);
    turbine_cluster_init(&cluster, &memory, nodes, VALIDATORS, TURBINE_FANOUT_DEPLOYED,
                         CHACHA_ROUNDS_8);
    for (int round = 0; round < ROUNDS; round++) {
        whole[round] = tree_ns(&cluster, true);
        root[round] = tree_ns(&cluster, false);
        plain[round] = plain_ns();
    }
    turbine_cluster_destroy(&cluster);
    print_row(json, "turbine, whole tree", median(whole), median(plain));
    print_row(json, "turbine, root alone", median(root), median(plain));
    return checksum == 0; /* the work cannot be left out */
}
