import Cryptography
import JSON
import Text

/// A JWS in compact serialization (RFC 7515, section 7.1), parsed but not verified.
///
/// The header only names the key to look up. The key determines the algorithm, never the header (RFC 8725, section
/// 3.1), and headers that contain or reference keys are refused.
struct JSONWebSignature {
    let algorithm: String
    /// The name of the key; used only to look it up among known keys.
    let keyID: String?
    let type: String?
    let payload: [UInt8]
    private let signed: [UInt8]
    private let signature: [UInt8]

    /// Longer tokens are refused without parsing them.
    static let maximumBytes = 8192
    /// Header members that contain or reference a key (CVE-2018-0114), or require extensions (RFC 7515, 4.1.11).
    private static let refused: Set<ExactText> = ["jwk", "jku", "x5c", "x5u", "crit"]

    /// Header members that are read.
    private static let read: Set<ExactText> = ["alg", "kid", "typ"]

    /// Parses a token; `nil` unless its encoding is canonical.
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

    /// Whether the token is signed with this secret, using HS256.
    func isSigned(with secret: HMACKey) -> Bool {
        algorithm == "HS256" && constantTimeEquals(signature, secret.code(of: signed))
    }

    /// Whether the token is signed with this key, using the key's own algorithm.
    func isSigned(by key: VerificationKey) -> Bool {
        algorithm == key.algorithm.rawValue && key.verifies(signature, of: signed)
    }
}
