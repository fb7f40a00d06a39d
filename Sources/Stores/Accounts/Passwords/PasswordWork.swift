/// Determines the order of hashing: addresses take turns, and registrations come last.
package struct PasswordWork: Sendable, Equatable {
    /// The client's address, which is the lane.
    let address: String
    let isRegistration: Bool

    /// A login, a change of the password, or another check of it.
    ///
    /// - Parameter address: the client's address, in the form of `HTTPRequest.subscriber`.
    package static func login(from address: String) -> PasswordWork {
        PasswordWork(address: address, isRegistration: false)
    }

    /// A registration.
    package static func registration(from address: String) -> PasswordWork {
        PasswordWork(address: address, isRegistration: true)
    }

    /// An operator's command.
    package static let command = PasswordWork(address: "", isRegistration: false)
}
