import Cryptography
import JSON
import Text

/// The public keys of an outside identity provider (RFC 7517), by name.
struct KeySet: Sendable {
    private let keys: [ExactText: VerificationKey]

    /// Ten times as many as large providers publish.
    private static let maximumKeys = 100
    private static let maximumNameBytes = 256

    /// Parses a key set; `nil` if malformed. Unsupported keys are skipped, as section 5 requires.
    init?(_ json: [UInt8]) {
        guard case .object(let members)? = try? JSONReader.read(json),
            case .array(let values)? = members.first(where: { $0.name.isSame(as: "keys") })?.value,
            values.count <= Self.maximumKeys
        else { return nil }
        var keys: [ExactText: VerificationKey] = [:]
        for case .object(let members) in values {
            guard let (name, key) = Self.key(members), keys[ExactText(name)] == nil else { continue }
            keys[ExactText(name)] = key
        }
        self.keys = keys
    }

    subscript(name: String) -> VerificationKey? { keys[ExactText(name)] }

    /// The number of usable keys.
    var count: Int { keys.count }

    /// Parses a key: RSA keys use RS256, P-256 keys use ES256. A key that declares another algorithm is skipped.
    private static func key(_ members: [(name: String, value: JSONValue)]) -> (String, VerificationKey)? {
        var texts: [ExactText: String] = [:]
        for case (let name, .string(let text)) in members { texts[ExactText(name)] = text }
        guard let name = texts["kid"], (1...maximumNameBytes).contains(name.utf8.count),
            (texts["use"] ?? "sig") == "sig",
            isForVerifying(members.first { $0.name.isSame(as: "key_ops") }?.value)
        else { return nil }
        func number(_ name: String) -> [UInt8]? { texts[ExactText(name)].flatMap { base64URLDecode($0) } }
        var key: VerificationKey?
        switch texts["kty"] {
        case "RSA":
            if let modulus = number("n"), let exponent = number("e") {
                key = VerificationKey(rsaModulus: modulus, exponent: exponent)
            }
        case "EC" where texts["crv"] == "P-256":
            if let x = number("x"), let y = number("y") { key = VerificationKey(p256X: x, y: y) }
        default: break
        }
        guard let key, (texts["alg"] ?? key.algorithm.rawValue) == key.algorithm.rawValue else { return nil }
        return (name, key)
    }

    private static func isForVerifying(_ operations: JSONValue?) -> Bool {
        guard let operations else { return true }
        guard case .array(let names) = operations else { return false }
        return names.contains { if case .string("verify") = $0 { true } else { false } }
    }
}
