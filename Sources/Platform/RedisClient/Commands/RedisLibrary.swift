import Cryptography

/// A library of Redis functions, named by the hash of its text, so that a different text is a different library.
///
/// Replicas of different versions therefore call different functions of one Redis side by side, and loading a library
/// never changes what another replica calls.
package final class RedisLibrary: Sendable {
    /// The prefix and 16 hexadecimal digits of the text's hash: `usher_0123456789abcdef`.
    package let name: String
    /// The text in the form that Redis loads.
    package let source: String

    /// Creates a library. Its text may use `library_name`, with which its functions' names must start: Redis requires
    /// them to be unique over all libraries.
    ///
    /// - Parameters:
    ///   - prefix: letters, digits and `_`.
    ///   - text: Lua that registers functions, without the line that names the library.
    package init(prefix: String, text: String) {
        name = prefix + "_" + hexEncode(sha256(Array(text.utf8))).prefix(Self.hashLength)
        source = "#!lua name=\(name)\nlocal library_name = '\(name)'\n" + text
    }

    private static let hashLength = 16

    /// A function of the library.
    ///
    /// - Parameter name: the name in logs and metrics; the library registers it as `<library>_<name>`.
    package func function(_ name: String) -> RedisFunction { RedisFunction(name, of: self) }

    /// Whether a name has the form of a library with this prefix.
    package static func isName(_ name: some StringProtocol, prefix: String) -> Bool {
        guard name.hasPrefix(prefix + "_") else { return false }
        let hash = name.utf8.dropFirst(prefix.utf8.count + 1)
        return hash.count == hashLength
            && hash.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
