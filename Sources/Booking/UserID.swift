public import Text

/// Names a user: a text that is its UTF-8 bytes, compared, hashed and ordered by them and never by canonical
/// equivalence, as both stores do.
///
/// Ids come from our own accounts, from outside issuers and from services. What comes from outside goes through the
/// validating initialisers; those of before there were rules are in the stores and stay as they are.
public struct UserID: ExactlyCompared {
    /// The id.
    public let text: String

    /// Scalars of the longest id.
    public static let maximumScalars = 128

    /// What an id is, to complete "It must be …".
    public static let rule =
        "1 to 128 characters in Unicode's form NFC, at least one of them visible, "
        + "and none that is a control or cannot be seen"

    /// Takes an id from outside.
    ///
    /// - Returns: `nil` unless it is in NFC, of 1 to 128 scalars, at least one of them visible, none of them a control
    ///   or hidden; U+200C and U+200D are allowed.
    public init?(_ text: String) {
        guard Self.isValid(text) else { return nil }
        self.text = text
    }

    /// The same of bytes, which are not repaired.
    public init?(utf8 bytes: some Collection<UInt8>) {
        // No scalar has more than 4 bytes.
        guard bytes.count <= 4 * Self.maximumScalars, let text = String(validating: bytes, as: UTF8.self) else {
            return nil
        }
        self.init(text)
    }

    /// Takes an id that a store of ours gave back, whatever it is.
    public init(stored text: String) { self.text = text }

    private static func isValid(_ text: String) -> Bool {
        // ASCII without controls is in NFC, and visible unless it is all spaces: nearly every id.
        if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) {
            return text.utf8.count <= maximumScalars && text.utf8.contains { $0 != 0x20 }
        }
        let scalars = text.unicodeScalars
        return scalars.count <= maximumScalars && scalars.contains(where: \.isVisible)
            && scalars.allSatisfy { !$0.isControl && (!$0.isHidden || $0.isJoiner) } && text.isNormalised
    }
}
