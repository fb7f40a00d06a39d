import Text

/// A syntactically valid e-mail address.
package struct EmailAddress: Sendable {
    /// The address as its owner spells it, in NFC (RFC 6532, section 3.1).
    package let text: String
    /// The address in lower case, for comparison.
    package let normalised: String
    /// The address in lower case, without normalisation: accounts that are older than normalisation may be stored so.
    let typed: String

    /// RFC 5321, section 4.5.3.1: at most 64 bytes before the @, 254 in total.
    private static let maximumBytes = 254
    private static let maximumLocalBytes = 64

    /// Parses an address; `nil` if it is invalid. Quoted local parts are rejected, since they are not used in practice.
    package init?(_ typed: String) {
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
