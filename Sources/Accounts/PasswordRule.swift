import Cryptography
import Text

/// What a new password must be like.
public enum PasswordRule {
    private static let leastCharacters = 8

    /// What is wrong with a password, for people; nil when it is good.
    public static func violation(_ typed: String) -> String? {
        // As it will be hashed.
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
