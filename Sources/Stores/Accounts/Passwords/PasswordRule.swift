import Cryptography
import Text

/// The requirements for new passwords.
package enum PasswordRule {
    private static let leastCharacters = 8

    /// The violated requirement, as a message for users; `nil` if there is none.
    package static func violation(_ typed: String) -> String? {
        // Check the form that is hashed.
        let password = typed.normalised
        if password.count < leastCharacters { return "It must have at least 8 characters." }
        if password.utf8.count > PasswordHash.maximumPasswordBytes { return "It must have at most 72 bytes." }
        if password.utf8.contains(0) { return "It must not have a NUL character." }
        guard password.contains(where: \.isLetter), password.contains(where: \.isWholeNumber) else {
            return "It must have a letter and a digit."
        }
        return nil
    }
}
