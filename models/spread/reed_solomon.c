#include "models/spread/reed_solomon.h"

#include <string.h>

#include "sim/sim_assert.h"

typedef unsigned char square[REED_SOLOMON_DATA_MAX][REED_SOLOMON_DATA_MAX];

/* Eight shifts and additions: constant work, and no table that must be made first. */
unsigned char gf256_multiply(unsigned char a, unsigned char b)
{
    unsigned product = 0, shifted = a;
    for (unsigned bit = 0; bit < 8; bit++) {
        product ^= (b >> bit & 1U) ? shifted : 0;
        shifted <<= 1;
        shifted ^= (shifted & 0x100) ? 0x11d : 0;
    }
    return (unsigned char)product;
}

/* The inverse is the 254th power: 254 = 2 + 4 + ... + 128. */
static unsigned char inverse_of(unsigned char a)
{
    unsigned char square_power = a, product = 1;
    for (unsigned i = 0; i < 7; i++) {
        square_power = gf256_multiply(square_power, square_power);
        product = gf256_multiply(product, square_power);
    }
    return product;
}

/* row[i] += factor * other[i], by a table of the factor's multiples. */
static void add_multiple(unsigned char *row, const unsigned char *other, unsigned char factor,
                         size_t bytes)
{
    unsigned char multiple[256];
    if (factor == 0)
        return;
    for (unsigned i = 0; i < 256; i++)
        multiple[i] = gf256_multiply(factor, (unsigned char)i);
    for (size_t i = 0; i < bytes; i++)
        row[i] ^= multiple[other[i]];
}

static void scale(unsigned char *row, unsigned char factor, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        row[i] = gf256_multiply(row[i], factor);
}

/* row += factor * other over n entries of a matrix, which are too few for a table. */
static void eliminate(unsigned char *row, const unsigned char *other, unsigned char factor,
                      uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        row[i] ^= gf256_multiply(factor, other[i]);
}

/* Gauss-Jordan. The matrix has an inverse (asserted), since it is made of rows of a Vandermonde
 * matrix with distinct points; it is destroyed. */
static void invert(square matrix, square ret_inverse, uint32_t n)
{
    memset(ret_inverse, 0, sizeof(square));
    for (uint32_t i = 0; i < n; i++)
        ret_inverse[i][i] = 1;
    for (uint32_t column = 0; column < n; column++) {
        uint32_t pivot = column;
        while (pivot < n && matrix[pivot][column] == 0)
            pivot++;
        SIM_ASSERT(pivot < n);
        if (pivot != column) {
            eliminate(matrix[column], matrix[pivot], 1, n);
            eliminate(ret_inverse[column], ret_inverse[pivot], 1, n);
        }
        unsigned char factor = inverse_of(matrix[column][column]);
        scale(matrix[column], factor, n);
        scale(ret_inverse[column], factor, n);
        for (uint32_t row = 0; row < n; row++) {
            factor = matrix[row][column];
            if (row == column || factor == 0)
                continue;
            eliminate(matrix[row], matrix[column], factor, n);
            eliminate(ret_inverse[row], ret_inverse[column], factor, n);
        }
    }
}

void reed_solomon_init(struct reed_solomon *code, uint32_t data_count, uint32_t code_count)
{
    SIM_ASSERT(data_count > 0);
    SIM_ASSERT(data_count <= REED_SOLOMON_DATA_MAX);
    SIM_ASSERT(code_count <= REED_SOLOMON_SHREDS_MAX - data_count);
    unsigned char vandermonde[REED_SOLOMON_SHREDS_MAX][REED_SOLOMON_DATA_MAX] = {{0}};
    square top = {{0}}, inverse;
    for (uint32_t row = 0; row < data_count + code_count; row++) {
        unsigned char power = 1; /* 0^0 = 1 here */
        for (uint32_t column = 0; column < data_count; column++) {
            vandermonde[row][column] = power;
            power = gf256_multiply(power, (unsigned char)row);
        }
    }
    memcpy(top, vandermonde, data_count * sizeof top[0]);
    invert(top, inverse, data_count);
    *code = (struct reed_solomon){.data_count = data_count, .code_count = code_count};
    for (uint32_t row = 0; row < data_count + code_count; row++)
        for (uint32_t k = 0; k < data_count; k++)
            eliminate(code->rows[row], inverse[k], vandermonde[row][k], data_count);
}

void reed_solomon_encode(const struct reed_solomon *code, unsigned char *const *shreds,
                         size_t bytes)
{
    for (uint32_t row = code->data_count; row < code->data_count + code->code_count; row++) {
        memset(shreds[row], 0, bytes);
        for (uint32_t k = 0; k < code->data_count; k++)
            add_multiple(shreds[row], shreds[k], code->rows[row][k], bytes);
    }
}

bool reed_solomon_recover(const struct reed_solomon *code, unsigned char *const *shreds,
                          const bool *present, size_t bytes)
{
    square rows = {{0}}, inverse;
    uint32_t used[REED_SOLOMON_DATA_MAX], found = 0, n = code->data_count;
    for (uint32_t i = 0; i < n + code->code_count && found < n; i++)
        if (present[i]) {
            memcpy(rows[found], code->rows[i], n);
            used[found++] = i;
        }
    if (found < n)
        return false;
    invert(rows, inverse, n);
    for (uint32_t i = 0; i < n; i++) {
        if (present[i])
            continue;
        memset(shreds[i], 0, bytes);
        for (uint32_t k = 0; k < n; k++)
            add_multiple(shreds[i], shreds[used[k]], inverse[i][k], bytes);
    }
    for (uint32_t row = n; row < n + code->code_count; row++) {
        if (present[row])
            continue;
        memset(shreds[row], 0, bytes);
        for (uint32_t k = 0; k < n; k++)
            add_multiple(shreds[row], shreds[k], code->rows[row][k], bytes);
    }
    return true;
}
