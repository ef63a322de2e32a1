// What stores compare (SHA-256 of FIPS 180-4, MD5 of RFC 1321, CRC-32C of RFC 3720), for programs that cannot load libcrypto.
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

typedef struct {
    uint32_t state[4];
    uint64_t length;
    uint8_t block[64];
} sky_md5;

void sky_md5_begin(sky_md5 *hash);
void sky_md5_update(sky_md5 *hash, const void *bytes, size_t count);
/// Writes the 16 bytes of the digest. The hash must be begun anew before it is used again.
void sky_md5_end(sky_md5 *hash, uint8_t digest[16]);

/// Of what came before and these; of nothing it is 0.
uint32_t sky_crc32c(uint32_t before, const void *bytes, size_t count);
