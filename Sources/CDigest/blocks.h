// Digests that take blocks of 64 bytes: what has not filled one yet waits for more.
#pragma once
#include <stdint.h>
#include <string.h>

typedef void sky_compress(uint32_t *state, const uint8_t *blocks, size_t count);

static inline void sky_blocks_update(
    uint32_t *state, uint64_t *length, uint8_t block[64], sky_compress *compress, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    size_t held = *length % 64;
    *length += count;
    if (held > 0) {
        size_t taken = count < 64 - held ? count : 64 - held;
        memcpy(block + held, next, taken);
        if (held + taken < 64) return;
        compress(state, block, 1);
        next += taken, count -= taken;
    }
    compress(state, next, count / 64);
    next += count / 64 * 64, count %= 64;
    if (count > 0) memcpy(block, next, count);
}

// Fills the last block but for the length in bits, which is for the caller to put into its last 8 bytes.
static inline void sky_blocks_pad(uint32_t *state, uint64_t length, uint8_t block[64], sky_compress *compress) {
    size_t held = length % 64;
    block[held++] = 0x80;
    if (held > 56) {
        memset(block + held, 0, 64 - held);
        compress(state, block, 1);
        held = 0;
    }
    memset(block + held, 0, 56 - held);
}
