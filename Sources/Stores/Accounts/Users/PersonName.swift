import Text

/// Validation of people's names.
package enum PersonName {
    private static let maximumScalars = 100

    /// The requirement, as a message for users.
    package static let rule = "It must be a name of 1 to 100 characters that can be read."

    /// Removes invisible characters that keyboards insert: direction marks, soft hyphens, word joiners.
    ///
    /// - Returns: `nil` unless the rest is 1 to 100 letters, marks, digits, signs, symbols, spaces and joiners, at
    ///   least one of them visible.
    package static func cleaned(_ name: String) -> String? {
        let scalars = name.unicodeScalars.filter { !isDropped($0) }
        guard (1...maximumScalars).contains(scalars.count), scalars.contains(where: \.isVisible) else { return nil }
        var isInFlag = false
        for scalar in scalars {
            isInFlag = scalar == blackFlag || isInFlag && isTag(scalar)
            guard isAllowed(scalar) || isInFlag else { return nil }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Whether `cleaned` accepts the name.
    package static func isGood(_ name: String) -> Bool { cleaned(name) != nil }

    private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // Right-to-left keyboards insert direction marks; word processors insert the others.
        case 0x200e, 0x200f, 0x61c, 0xad, 0x2060, 0xfeff: true
        default: false
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.isControl else { return false }
        switch scalar.properties.generalCategory {
        case .privateUse, .unassigned: return false
        // This category includes visible Arabic number signs. U+FFF9 to U+FFFB are annotation characters.
        case .format: return scalar.isJoiner || !scalar.isHidden && !(0xfff9...0xfffb).contains(scalar.value)
        default: return true
        }
    }

    /// The flags of England, Scotland and Wales are a black flag followed by tags (Unicode Technical Standard 51).
    private static let blackFlag: Unicode.Scalar = "\u{1f3f4}"

    private static func isTag(_ scalar: Unicode.Scalar) -> Bool { (0xe0020...0xe007f).contains(scalar.value) }
}
