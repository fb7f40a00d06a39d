import Text

/// An address that mail can be sent to.
public struct EmailAddress: Sendable {
    /// As its owner spells it, in NFC (RFC 6532, section 3.1).
    public let text: String
    /// As addresses are compared: in lower case.
    public let normalised: String
    /// In lower case as it was typed: accounts of before addresses were normalised may have it.
    let typed: String

    /// RFC 5321, section 4.5.3.1: 64 bytes before the @, 254 in all.
    private static let maximumBytes = 254
    private static let maximumLocalBytes = 64

    /// Reads an address; nil for what cannot be one. Quoted local parts are not taken: nobody has one.
    public init?(_ typed: String) {
        let text = typed.normalised
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.maximumBytes, parts.count == 2, !parts[0].isEmpty,
            parts[0].count <= Self.maximumLocalBytes,
            parts[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                .allSatisfy({ !$0.isEmpty }),
            text.unicodeScalars.allSatisfy(Self.isAllowed)
        else { return nil }
        self.text = text
        normalised = text.lowercased().normalised
        self.typed = typed.lowercased()
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.isControl, !scalar.isHidden, !scalar.properties.isWhitespace,
            !"\"(),:;<>[\\]".unicodeScalars.contains(scalar)
        else { return false }
        switch scalar.properties.generalCategory {
        case .format, .privateUse, .unassigned: return false
        default: return true
        }
    }
}
