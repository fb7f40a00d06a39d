import CCrypto

/// A public key that verifies signatures of one fixed algorithm: a message cannot select another.
///
/// A different type from the secrets of `hmacSHA256`, so that a public key cannot be used as a secret.
@safe package final class VerificationKey: @unchecked Sendable {
    // SAFETY of @unchecked: the key is immutable after `init`, and libcrypto allows concurrent reads.
    private let key: OpaquePointer
    package let algorithm: Algorithm

    /// A signature algorithm (RFC 7518, section 3.1).
    package enum Algorithm: String, Sendable {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rs256 = "RS256"
        /// ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each (RFC 7518, section 3.4).
        case es256 = "ES256"
    }

    /// Smaller keys are weak (RFC 7518, section 3.3); with larger ones a verification takes milliseconds on the loop.
    private static let rsaBits: ClosedRange<Int32> = 2048...8192
    /// All exponents in use are shorter; a longer one makes verification slow.
    private static let exponentBytes = 4
    private static let coordinateBytes = 32

    /// An RSA key; nil if it is invalid or its size is out of bounds.
    ///
    /// - Parameters:
    ///   - modulus: big-endian.
    ///   - exponent: big-endian, at most 4 bytes.
    package convenience init?(rsaModulus modulus: [UInt8], exponent: [UInt8]) {
        guard modulus.count <= Int(Self.rsaBits.upperBound) / 8, exponent.count <= Self.exponentBytes,
            let last = exponent.last, last & 1 == 1, exponent != [1]
        else { return nil }
        let made = unsafe Self.build("RSA") { builder in
            guard let modulus = unsafe BN_bin2bn(modulus, Int32(modulus.count), nil) else { return nil }
            defer { unsafe BN_free(modulus) }
            guard let exponent = unsafe BN_bin2bn(exponent, Int32(exponent.count), nil) else { return nil }
            defer { unsafe BN_free(exponent) }
            guard unsafe OSSL_PARAM_BLD_push_BN(builder, name("n"), modulus) == 1,
                unsafe OSSL_PARAM_BLD_push_BN(builder, name("e"), exponent) == 1
            else { return nil }
            return unsafe OSSL_PARAM_BLD_to_param(builder)
        }
        guard let key = unsafe made else { return nil }
        unsafe self.init(key, .rs256)
        guard unsafe Self.rsaBits.contains(EVP_PKEY_get_bits(key)) else { return nil }
    }

    /// A key on the curve P-256; nil if the point is not on the curve.
    ///
    /// - Parameters:
    ///   - x: 32 bytes, big-endian.
    ///   - y: 32 bytes, big-endian.
    package convenience init?(p256X x: [UInt8], y: [UInt8]) {
        guard x.count == Self.coordinateBytes, y.count == Self.coordinateBytes else { return nil }
        // Uncompressed (SEC 1, section 2.3.3).
        let point = [4] + x + y
        let made = unsafe Self.build("EC") { builder in
            unsafe point.withUnsafeBytes { point in
                guard
                    unsafe OSSL_PARAM_BLD_push_utf8_string(builder, name("group"), name("prime256v1"), 0) == 1,
                    unsafe OSSL_PARAM_BLD_push_octet_string(builder, name("pub"), point.baseAddress, point.count)
                        == 1
                else { return nil }
                return unsafe OSSL_PARAM_BLD_to_param(builder)
            }
        }
        guard let key = unsafe made else { return nil }
        unsafe self.init(key, .es256)
    }

    private init(_ key: OpaquePointer, _ algorithm: Algorithm) {
        unsafe self.key = key
        self.algorithm = algorithm
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Uses `EVP_PKEY_fromdata` and `EVP_PKEY_public_check`.
    private static func build(
        _ type: String, _ parameters: (OpaquePointer) -> UnsafeMutablePointer<OSSL_PARAM>?
    ) -> OpaquePointer? {
        guard let builder = unsafe OSSL_PARAM_BLD_new() else { return nil }
        defer { unsafe OSSL_PARAM_BLD_free(builder) }
        guard let parameters = unsafe parameters(builder) else { return nil }
        defer { unsafe OSSL_PARAM_free(parameters) }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_fromdata_init(context) == 1,
            unsafe EVP_PKEY_fromdata(context, &key, usher_public_key, parameters) == 1, let key = unsafe key
        else { return nil }
        guard let check = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(check) }
        guard unsafe EVP_PKEY_public_check(check) == 1 else {
            unsafe EVP_PKEY_free(key)
            return nil
        }
        return unsafe key
    }

    /// Whether `signature` is this key's signature of `message`. The corresponding C function is `EVP_DigestVerify`.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let signature = algorithm == .es256 ? Self.der(signature) : signature,
            let context = unsafe EVP_MD_CTX_new()
        else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1 else { return false }
        return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// Encodes r and s in DER for libcrypto. The corresponding C functions are `ECDSA_SIG_set0` and `i2d_ECDSA_SIG`.
    private static func der(_ raw: [UInt8]) -> [UInt8]? {
        guard raw.count == 2 * coordinateBytes, let signature = unsafe ECDSA_SIG_new() else { return nil }
        defer { unsafe ECDSA_SIG_free(signature) }
        let numbers = unsafe raw.withUnsafeBufferPointer { raw in
            unsafe (
                BN_bin2bn(raw.baseAddress, Int32(coordinateBytes), nil),
                BN_bin2bn(raw.baseAddress.map { unsafe $0 + coordinateBytes }, Int32(coordinateBytes), nil)
            )
        }
        guard unsafe numbers.0 != nil && numbers.1 != nil && ECDSA_SIG_set0(signature, numbers.0, numbers.1) == 1 else {
            unsafe BN_free(numbers.0)
            unsafe BN_free(numbers.1)
            return nil
        }
        // Two integers of at most 33 bytes with a two-byte header each, and a two-byte header for both.
        return unsafe [UInt8](unsafeUninitializedCapacity: 72) { buffer, count in
            var end = buffer.baseAddress
            count = max(0, Int(unsafe i2d_ECDSA_SIG(signature, &end)))
        }
    }
}

/// A string that outlives the call: a parameter builder stores pointers to names and values and reads them at the end.
private func name(_ text: StaticString) -> UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
