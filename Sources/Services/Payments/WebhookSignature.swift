import Cryptography

/// Signs callbacks and verifies their signatures (Standard Webhooks 1.0, symmetric scheme `v1`): HMAC-SHA-256 over
/// `id.timestamp.body`, with the body byte for byte as sent.
package struct WebhookSignature: Sendable {
    /// The most that a timestamp may differ from this process's clock, in seconds: the tolerance that Standard Webhooks
    /// recommends. Older messages may be replays.
    package static let toleranceSeconds: Int64 = 300

    private static let prefix = "whsec_"
    private static let version = "v1,"
    private let keys: [[UInt8]]

    /// Takes the secrets that sender and receiver share; several during a rotation.
    ///
    /// - Parameter secrets: `whsec_` followed by base64, at least one. The first signs, all verify.
    /// - Returns: `nil` if there is none or one is malformed.
    package init?(secrets: [String]) {
        var keys: [[UInt8]] = []
        for secret in secrets {
            guard secret.hasPrefix(Self.prefix), let key = base64Decode(secret.dropFirst(Self.prefix.count)),
                !key.isEmpty
            else { return nil }
            keys.append(key)
        }
        guard !keys.isEmpty else { return nil }
        self.keys = keys
    }

    /// Returns the value of `webhook-signature` for a message, signed with the first secret.
    ///
    /// - Parameters:
    ///   - id: the value of `webhook-id`.
    ///   - timestamp: the value of `webhook-timestamp`, Unix seconds.
    ///   - body: the body as sent.
    package func sign(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let message = Self.message(id: id, timestamp: timestamp, body: body)
        return Self.version + base64Encode(hmacSHA256(key: keys[0], message: message))
    }

    /// Whether one of `signatures` is valid for the message under one of the secrets, and the timestamp is within the
    /// tolerance. The comparison takes constant time, so it does not reveal how much of a signature was correct.
    ///
    /// - Parameters:
    ///   - id: the value of `webhook-id`.
    ///   - timestamp: the value of `webhook-timestamp`.
    ///   - body: the body as received, unparsed.
    ///   - signatures: the value of `webhook-signature`: one or more signatures, separated by spaces; other versions
    ///     are ignored.
    ///   - now: Unix seconds.
    package func verify(id: String, timestamp: String, body: [UInt8], signatures: String, now: Int64) -> Bool {
        guard !id.isEmpty, let sent = Self.seconds(timestamp),
            (now - Self.toleranceSeconds...now + Self.toleranceSeconds).contains(sent)
        else { return false }
        let message = Self.message(id: id, timestamp: sent, body: body)
        let given = signatures.split(separator: " ").compactMap { signature in
            signature.hasPrefix(Self.version) ? base64Decode(signature.dropFirst(Self.version.count)) : nil
        }
        var isSigned = false
        for key in keys {
            let expected = hmacSHA256(key: key, message: message)
            for signature in given where constantTimeEquals(expected, signature) { isSigned = true }
        }
        return isSigned
    }

    private static func message(id: String, timestamp: Int64, body: [UInt8]) -> [UInt8] {
        Array("\(id).\(timestamp).".utf8) + body
    }

    /// Parses a timestamp in the canonical form that is signed: at most twelve digits, enough for thirty thousand
    /// years.
    private static func seconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 12, let seconds = Int64(text), seconds >= 0, String(seconds) == text else {
            return nil
        }
        return seconds
    }
}
