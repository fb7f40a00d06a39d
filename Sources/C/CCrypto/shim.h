#pragma once
// SHA256_Init and its like are deprecated for the sake of providers. They are meant here: see usher_sha256.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <string.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

/// A macro over macros, which Swift does not import.
static const int usher_public_key = EVP_PKEY_PUBLIC_KEY;

/// SHA-256 without looking the algorithm up and without memory of libcrypto's own: for a short text both cost more than
/// the digest. It is libcrypto's own code whatever providers are configured.
static inline void usher_sha256(const void *bytes, size_t count, unsigned char *digest) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, count);
    SHA256_Final(digest, &context);
}

/// A key of HMAC-SHA-256 (RFC 2104) whose two blocks are digested already.
typedef struct {
    SHA256_CTX inner, outer;
} usher_hmac_key;

static inline void usher_hmac_prepare(usher_hmac_key *key, const void *bytes, size_t count) {
    unsigned char block[SHA256_CBLOCK] = {0}, pad[SHA256_CBLOCK];
    if (count > SHA256_CBLOCK) usher_sha256(bytes, count, block);
    else if (count > 0) memcpy(block, bytes, count);
    for (size_t index = 0; index < SHA256_CBLOCK; index++) pad[index] = block[index] ^ 0x36;
    SHA256_Init(&key->inner);
    SHA256_Update(&key->inner, pad, SHA256_CBLOCK);
    for (size_t index = 0; index < SHA256_CBLOCK; index++) pad[index] = block[index] ^ 0x5c;
    SHA256_Init(&key->outer);
    SHA256_Update(&key->outer, pad, SHA256_CBLOCK);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(pad, sizeof pad);
}

static inline void usher_hmac(const usher_hmac_key *key, const void *bytes, size_t count, unsigned char *code) {
    SHA256_CTX context = key->inner;
    SHA256_Update(&context, bytes, count);
    SHA256_Final(code, &context);
    context = key->outer;
    SHA256_Update(&context, code, SHA256_DIGEST_LENGTH);
    SHA256_Final(code, &context);
}
