import Text

/// Identifies a user: a text that is compared, hashed and ordered by its UTF-8 bytes, as in both stores, and never by
/// canonical equivalence.
///
/// Ids come from our own accounts, from external issuers and from services. External ids go through the validating
/// initialisers; ids from before these rules exist in the stores and stay as they are.
package struct UserID: ExactlyCompared {
    package let text: String

    /// Maximum number of scalars in an id.
    package static let maximumScalars = 128

    /// The rule for ids, to complete "It must be …".
    package static let rule =
        "1 to 128 characters in Unicode normalization form NFC, at least one of them visible, "
        + "and none of them a control or invisible character"

    /// Validates an external id.
    ///
    /// - Returns: `nil` unless it is in NFC, has 1 to 128 scalars, at least one of them visible, and none of them is a
    ///   control or hidden; U+200C and U+200D are allowed.
    package init?(_ text: String) {
        guard Self.isValid(text) else { return nil }
        self.text = text
    }

    /// Validates bytes, without repairing them.
    package init?(utf8 bytes: some Collection<UInt8>) {
        // A scalar has at most 4 bytes.
        guard bytes.count <= 4 * Self.maximumScalars, let text = String(validating: bytes, as: UTF8.self) else {
            return nil
        }
        self.init(text)
    }

    /// Takes an id read from one of our stores, without validation.
    package init(stored text: String) { self.text = text }

    private static func isValid(_ text: String) -> Bool {
        // ASCII without controls is in NFC, and visible unless it is all spaces: the fast path for nearly every id.
        if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) {
            return text.utf8.count <= maximumScalars && text.utf8.contains { $0 != 0x20 }
        }
        let scalars = text.unicodeScalars
        return scalars.count <= maximumScalars && scalars.contains(where: \.isVisible)
            && scalars.allSatisfy { !$0.isControl && (!$0.isHidden || $0.isJoiner) } && text.isNormalised
    }
}
