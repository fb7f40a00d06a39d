import CUTF8Proc
import Glibc

/// Normalisation Form C (Unicode Standard Annex 15): a single spelling of canonically equal texts.
///
/// Uses libutf8proc, which is small and maintained: the normaliser of Swift's standard library is internal, and
/// Foundation is too large for this purpose.
extension String {
    /// The text in NFC; unchanged if it is normalised already.
    ///
    /// The corresponding C function is `utf8proc_map`.
    package var normalised: String {
        if isPlainlyNormalised { return self }
        var text = self
        return text.withUTF8 { bytes in
            var made: UnsafeMutablePointer<UInt8>?
            let options = utf8proc_option_t(UTF8PROC_STABLE.rawValue | UTF8PROC_COMPOSE.rawValue)
            let count = unsafe utf8proc_map(bytes.baseAddress, bytes.count, &made, options)
            defer { unsafe free(made) }
            // Only running out of memory can fail here: a Swift string is always valid.
            guard count >= 0, let made = unsafe made else { preconditionFailure("out of memory while normalising") }
            return unsafe String(decoding: UnsafeBufferPointer(start: made, count: count), as: UTF8.self)
        }
    }

    /// Whether this text is in NFC.
    package var isNormalised: Bool { isPlainlyNormalised || isSame(as: normalised) }

    /// Whether all scalars are below U+0300, where nothing composes or decomposes in NFC. A cheap test that most texts
    /// pass: in UTF-8 those scalars start with a byte below 0xCC.
    private var isPlainlyNormalised: Bool { utf8.allSatisfy { $0 < 0xcc } }
}
