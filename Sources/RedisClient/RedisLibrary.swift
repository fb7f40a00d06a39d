import Cryptography

/// A library of Redis functions that is called by the hash of its text, so that another text is another library.
///
/// Copies of different versions therefore call different functions of one Redis, side by side, and loading a library
/// never changes what anybody else calls.
public final class RedisLibrary: Sendable {
    /// The prefix, and 16 hexadecimal digits of the hash of the text: `usher_0123456789abcdef`.
    public let name: String
    /// The text as Redis loads it.
    public let source: String

    /// A library. Its text may use `library_name`, which its functions' names have to begin with: Redis wants them
    /// unique over all libraries.
    ///
    /// - Parameters:
    ///   - prefix: letters, digits and `_`.
    ///   - text: Lua that registers functions, without the line that names the library.
    public init(prefix: String, text: String) {
        name = prefix + "_" + hexEncode(sha256(Array(text.utf8))).prefix(Self.hashLength)
        source = "#!lua name=\(name)\nlocal library_name = '\(name)'\n" + text
    }

    private static let hashLength = 16

    /// One of its functions.
    ///
    /// - Parameter name: what it is called in logs and metrics; the library registers it as `<library>_<name>`.
    public func function(_ name: String) -> RedisFunction { RedisFunction(name, of: self) }

    /// Whether a library is called as one of this prefix would be.
    public static func isName(_ name: some StringProtocol, prefix: String) -> Bool {
        guard name.hasPrefix(prefix + "_") else { return false }
        let hash = name.utf8.dropFirst(prefix.utf8.count + 1)
        return hash.count == hashLength
            && hash.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
