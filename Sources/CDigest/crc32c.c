#include "CDigest.h"

// Castagnoli's polynomial, its bits the other way round; the remainders of four bits.
static const uint32_t remainders[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t plainly(uint32_t value, const uint8_t *bytes, size_t count) {
    for (; count > 0; count--) {
        value ^= *bytes++;
        value = value >> 4 ^ remainders[value & 15];
        value = value >> 4 ^ remainders[value & 15];
    }
    return value;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <string.h>

// The processor has an instruction for just this polynomial.
__attribute__((target("sse4.2"))) static uint32_t by_processor(uint32_t value, const uint8_t *bytes, size_t count) {
    uint64_t wide = value;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    value = (uint32_t)wide;
    for (; count > 0; count--) value = _mm_crc32_u8(value, *bytes++);
    return value;
}

uint32_t sky_crc32c(uint32_t before, const void *bytes, size_t count) {
    return ~(__builtin_cpu_supports("sse4.2") ? by_processor : plainly)(~before, bytes, count);
}
#else
uint32_t sky_crc32c(uint32_t before, const void *bytes, size_t count) { return ~plainly(~before, bytes, count); }
#endif
