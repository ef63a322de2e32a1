// SHA-256 (FIPS 180-4), for programs that cannot load libcrypto.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
} sky_sha256;

void sky_sha256_begin(sky_sha256 *hash);
void sky_sha256_update(sky_sha256 *hash, const void *bytes, size_t count);
/// Writes the 32 bytes of the digest. The hash must be begun anew before it is used again.
void sky_sha256_end(sky_sha256 *hash, uint8_t digest[32]);
