import Cryptography
import JSON
import Text

/// A JWS in compact form (RFC 7515, section 7.1), taken apart and not yet believed.
///
/// The header is only asked which key to look up. What that key does is said by the key, never by the header
/// (RFC 8725, section 3.1), and keys that travel in a header are refused.
struct JSONWebSignature {
    let algorithm: String
    /// Which key is meant; a name to look up among known keys, nothing else.
    let keyID: String?
    let type: String?
    let payload: [UInt8]
    private let signed: [UInt8]
    private let signature: [UInt8]

    /// Longer tokens are refused before anything is done with them.
    static let maximumBytes = 8192
    /// Members that bring a key along (CVE-2018-0114), or ask for what is not understood here (RFC 7515, 4.1.11).
    private static let refused: Set<ExactText> = ["jwk", "jku", "x5c", "x5u", "crit"]

    /// Members that are looked at.
    private static let read: Set<ExactText> = ["alg", "kid", "typ"]

    /// Takes a token apart; nil unless it has its one canonical spelling.
    init?(_ token: ArraySlice<UInt8>) {
        guard token.count <= Self.maximumBytes else { return nil }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = base64URLDecode(utf8: parts[0]),
            let payload = base64URLDecode(utf8: parts[1]), let signature = base64URLDecode(utf8: parts[2]),
            case .object(let members)? = try? JSONReader.read(header),
            !members.contains(where: { Self.refused.contains(ExactText($0.name)) })
        else { return nil }
        var texts: [ExactText: String] = [:]
        for member in members where Self.read.contains(ExactText(member.name)) {
            guard case .string(let text) = member.value else { return nil }
            texts[ExactText(member.name)] = text
        }
        guard let algorithm = texts["alg"] else { return nil }
        self.algorithm = algorithm
        keyID = texts["kid"]
        type = texts["typ"]
        self.payload = payload
        self.signature = signature
        signed = Array(token[..<parts[1].endIndex])
    }

    /// Whether it was signed with this secret, and with nothing but HS256.
    func isSigned(with secret: HMACKey) -> Bool {
        algorithm == "HS256" && constantTimeEquals(signature, secret.code(of: signed))
    }

    /// Whether it was signed by the owner of this key, and with the key's own algorithm.
    func isSigned(by key: VerificationKey) -> Bool {
        algorithm == key.algorithm.rawValue && key.verifies(signature, of: signed)
    }
}
