/// For whom a password is hashed: addresses take turns, and registrations come after everything else.
public struct PasswordWork: Sendable, Equatable {
    /// Whose turn it takes.
    let address: String
    let isRegistration: Bool

    /// A login, a change of the password, or another check of it.
    ///
    /// - Parameter address: where it comes from, as `HTTPRequest.subscriber` has it.
    public static func login(from address: String) -> PasswordWork {
        PasswordWork(address: address, isRegistration: false)
    }

    /// A new account.
    public static func registration(from address: String) -> PasswordWork {
        PasswordWork(address: address, isRegistration: true)
    }

    /// An operator's command.
    public static let command = PasswordWork(address: "", isRegistration: false)
}
