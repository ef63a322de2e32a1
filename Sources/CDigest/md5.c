#include "CDigest.h"
#include "blocks.h"

#include <string.h>

// floor(2^32 * |sin(i + 1)|)
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
static const uint8_t turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void compress(uint32_t state[4], const uint8_t *blocks, size_t count) {
    for (; count > 0; count--, blocks += 64) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        for (int i = 0; i < 64; i++) {
            uint32_t f;
            int word;
            switch (i / 16) {
                case 0: f = (b & c) | (~b & d), word = i; break;
                case 1: f = (d & b) | (~d & c), word = 5 * i + 1; break;
                case 2: f = b ^ c ^ d, word = 3 * i + 5; break;
                default: f = c ^ (b | ~d), word = 7 * i;
            }
            const uint8_t *at = blocks + 4 * (word % 16);
            f += a + sines[i] + ((uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0]);
            int bits = turns[i / 16][i % 4];
            a = d, d = c, c = b, b += f << bits | f >> (32 - bits);
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    }
}

void sky_md5_begin(sky_md5 *hash) {
    static const uint32_t start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    memcpy(hash->state, start, sizeof start);
    hash->length = 0;
}

void sky_md5_update(sky_md5 *hash, const void *bytes, size_t count) {
    sky_blocks_update(hash->state, &hash->length, hash->block, compress, bytes, count);
}

void sky_md5_end(sky_md5 *hash, uint8_t digest[16]) {
    uint64_t bits = hash->length * 8;
    sky_blocks_pad(hash->state, hash->length, hash->block, compress);
    for (int i = 0; i < 8; i++) hash->block[56 + i] = (uint8_t)(bits >> (8 * i));
    compress(hash->state, hash->block, 1);
    for (int i = 0; i < 16; i++) digest[i] = (uint8_t)(hash->state[i / 4] >> (8 * (i % 4)));
}
