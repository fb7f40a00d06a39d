#pragma once
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
