import CCrypto
import Cryptography
import Foundation

/// The private key of an outside issuer.
// SAFETY of @unchecked: the key is never changed after `init`, and libcrypto lets any thread sign with it.
final class SigningKey: @unchecked Sendable {
    enum Kind { case rsa(bits: Int32), p256 }

    let name: String
    /// The public key, as in a key set.
    let published: [String: String]
    private let key: OpaquePointer
    private let algorithm: String

    static let rsa = SigningKey("rsa-1", .rsa(bits: 2048))
    static let p256 = SigningKey("ec-1", .p256)

    init(_ name: String, _ kind: Kind) {
        self.name = name
        let context: OpaquePointer
        switch kind {
        case .rsa(let bits):
            context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
            EVP_PKEY_keygen_init(context)
            EVP_PKEY_CTX_ctrl_str(context, "rsa_keygen_bits", "\(bits)")
            algorithm = "RS256"
        case .p256:
            context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
            EVP_PKEY_keygen_init(context)
            EVP_PKEY_CTX_set_group_name(context, "P-256")
            algorithm = "ES256"
        }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_generate(context, &key) == 1, let key else { preconditionFailure("no key was made") }
        self.key = key
        var published = ["kid": name, "use": "sig", "alg": algorithm]
        switch kind {
        case .rsa:
            published["kty"] = "RSA"
            published["n"] = Self.number(key, "n")
            published["e"] = Self.number(key, "e")
        case .p256:
            published["kty"] = "EC"
            published["crv"] = "P-256"
            published["x"] = Self.number(key, "qx", padded: 32)
            published["y"] = Self.number(key, "qy", padded: 32)
        }
        self.published = published
    }

    deinit { EVP_PKEY_free(key) }

    private static func number(_ key: OpaquePointer, _ name: String, padded: Int? = nil) -> String {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1 else { preconditionFailure("the key has no \(name)") }
        defer { BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: padded ?? Int(BN_num_bits(number) + 7) / 8)
        BN_bn2binpad(number, &bytes, Int32(bytes.count))
        return base64URLEncode(bytes)
    }

    /// Makes a token. Given members override those of a valid token; `nil` omits a member.
    func token(header: [String: Any?] = [:], _ claims: [String: Any?]) -> String {
        let usual: [String: Any?] = ["alg": algorithm, "kid": name, "typ": "JWT"]
        return sign(json: Self.json(usual.merging(header) { $1 }), Self.json(claims))
    }

    /// Makes a token from a header and claims that need not be valid JSON.
    func sign(json header: String, _ claims: String) -> String {
        let signed = "\(base64URLEncode(Array(header.utf8))).\(base64URLEncode(Array(claims.utf8)))"
        return "\(signed).\(base64URLEncode(signature(Array(signed.utf8))))"
    }

    static func json(_ members: [String: Any?]) -> String {
        let present = members.compactMapValues { $0 }
        let data = try? JSONSerialization.data(withJSONObject: present, options: .sortedKeys)
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    private func signature(_ message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var length = 1024
        var bytes = [UInt8](repeating: 0, count: length)
        EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key)
        guard EVP_DigestSign(context, &bytes, &length, message, message.count) == 1 else {
            preconditionFailure("nothing was signed")
        }
        return algorithm == "ES256" ? Self.raw(Array(bytes[..<length])) : Array(bytes[..<length])
    }

    /// Converts a DER signature to r and s, 32 bytes each.
    private static func raw(_ der: [UInt8]) -> [UInt8] {
        der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            let signature = d2i_ECDSA_SIG(nil, &start, buffer.count)
            defer { ECDSA_SIG_free(signature) }
            var bytes = [UInt8](repeating: 0, count: 64)
            BN_bn2binpad(ECDSA_SIG_get0_r(signature), &bytes, 32)
            bytes.withUnsafeMutableBufferPointer { bytes in
                _ = bytes.baseAddress.map { BN_bn2binpad(ECDSA_SIG_get0_s(signature), $0 + 32, 32) }
            }
            return bytes
        }
    }
}

/// A key set in the form that issuers publish.
func keySetJSON(_ keys: [[String: String]]) -> [UInt8] {
    Array((try? JSONSerialization.data(withJSONObject: ["keys": keys])) ?? Data())
}
