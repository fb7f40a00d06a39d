import CUTF8Proc
import Glibc

/// Normalisation Form C (Unicode Standard Annex 15): one spelling of canonically equal texts.
///
/// By libutf8proc, which is small and kept: Swift's library keeps its own normaliser to itself, and Foundation is too
/// large a thing to bring for it.
extension String {
    /// This text in NFC; itself when it is so already.
    ///
    /// The corresponding C function is `utf8proc_map`.
    public var normalised: String {
        if isPlainlyNormalised { return self }
        var text = self
        return text.withUTF8 { bytes in
            var made: UnsafeMutablePointer<UInt8>?
            let options = utf8proc_option_t(UTF8PROC_STABLE.rawValue | UTF8PROC_COMPOSE.rawValue)
            let count = unsafe utf8proc_map(bytes.baseAddress, bytes.count, &made, options)
            defer { unsafe free(made) }
            // Only memory that is out; a Swift text is always valid.
            guard count >= 0, let made = unsafe made else { preconditionFailure("normalising needs memory") }
            return unsafe String(decoding: UnsafeBufferPointer(start: made, count: count), as: UTF8.self)
        }
    }

    /// Whether this text is in NFC.
    public var isNormalised: Bool { isPlainlyNormalised || isSame(as: normalised) }

    /// Whether nothing below U+0300, where nothing composes or decomposes in NFC, is left: most texts, found out at
    /// little cost. In UTF-8 those scalars begin with a byte below 0xCC.
    private var isPlainlyNormalised: Bool { utf8.allSatisfy { $0 < 0xcc } }
}
