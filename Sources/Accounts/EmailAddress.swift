/// An address that mail can be sent to.
public struct EmailAddress: Sendable, Equatable {
    /// As its owner spells it.
    public let text: String
    /// As addresses are compared: in lower case.
    public let normalised: String

    /// RFC 5321, section 4.5.3.1: 64 bytes before the @, 254 in all.
    private static let maximumBytes = 254
    private static let maximumLocalBytes = 64

    /// Reads an address; nil for what cannot be one. Quoted local parts are not taken: nobody has one.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.maximumBytes, parts.count == 2, !parts[0].isEmpty,
            parts[0].utf8.count <= Self.maximumLocalBytes,
            parts[1].split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty }),
            text.unicodeScalars.allSatisfy(Self.isAllowed)
        else { return nil }
        self.text = text
        normalised = text.lowercased()
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isWhitespace && !scalar.isControl && !"\"(),:;<>[\\]".unicodeScalars.contains(scalar)
    }
}

extension Unicode.Scalar {
    /// Whether it is a control or format character, which cannot be seen.
    var isControl: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

/// A person's name.
public enum PersonName {
    /// Whether it is 1 to 100 characters that can be seen.
    public static func isGood(_ name: String) -> Bool {
        (1...100).contains(name.unicodeScalars.count) && !name.allSatisfy(\.isWhitespace)
            && name.unicodeScalars.allSatisfy { !$0.isControl || $0 == Self.joiner }
    }

    /// Some scripts need it (U+200D).
    private static let joiner: Unicode.Scalar = "\u{200d}"
}
