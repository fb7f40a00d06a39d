import Cryptography

/// Signs callbacks and checks their signatures (Standard Webhooks 1.0, symmetric scheme `v1`): HMAC-SHA-256 over
/// `id.timestamp.body`, the body byte for byte as it was sent.
public struct WebhookSignature: Sendable {
    /// How far a sender's clock may be from ours, in seconds: the tolerance that Standard Webhooks recommends. What is
    /// older may be a replay.
    public static let toleranceSeconds: Int64 = 300

    private static let prefix = "whsec_"
    private static let version = "v1,"
    private let keys: [[UInt8]]

    /// The secrets that sender and receiver share; several while one takes the place of another.
    ///
    /// - Parameter secrets: `whsec_` and base64, at least one; the first signs, all verify.
    /// - Returns: `nil` when there is none or one is malformed.
    public init?(secrets: [String]) {
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

    /// The value of `webhook-signature` for a message, by the first secret.
    ///
    /// - Parameters:
    ///   - id: the value of `webhook-id`.
    ///   - timestamp: the value of `webhook-timestamp`, Unix seconds.
    ///   - body: what is sent.
    public func sign(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let message = Self.message(id: id, timestamp: timestamp, body: body)
        return Self.version + base64Encode(hmacSHA256(key: keys[0], message: message))
    }

    /// Whether one of `signatures` is that of the message by one of the secrets, and the message is of about now. Takes
    /// a time that tells nothing about how much of a signature was right.
    ///
    /// - Parameters:
    ///   - id: the value of `webhook-id`.
    ///   - timestamp: the value of `webhook-timestamp`.
    ///   - body: as it arrived, before anything has parsed it.
    ///   - signatures: the value of `webhook-signature`: one or several, between them a space; those of other versions
    ///     do not count.
    ///   - now: Unix seconds.
    public func verify(id: String, timestamp: String, body: [UInt8], signatures: String, now: Int64) -> Bool {
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

    /// Digits alone, as they are spelt when signed; twelve last for thirty thousand years.
    private static func seconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 12, let seconds = Int64(text), seconds >= 0, String(seconds) == text else {
            return nil
        }
        return seconds
    }
}
