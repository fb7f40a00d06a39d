/// An account, without its password.
package struct User: Sendable, Equatable {
    /// A UUID; the `sub` of access tokens.
    package let id: String
    /// The e-mail address as its owner spells it.
    package let email: String
    /// The owner's display name.
    package let name: String
    /// `customer`, `admin`.
    package let roles: [String]
    /// Access tokens of earlier generations are refused.
    package let generation: Int64
    /// Whether login and refresh are blocked.
    package let isDisabled: Bool
    /// Unix milliseconds.
    package let createdAt: Int64

    init(
        id: String, email: String, name: String, roles: [String], generation: Int64 = 0, isDisabled: Bool = false,
        createdAt: Int64 = 0
    ) {
        self.id = id
        self.email = email
        self.name = name
        self.roles = roles
        self.generation = generation
        self.isDisabled = isDisabled
        self.createdAt = createdAt
    }
}

/// A session of an account: a login and its refreshes.
package struct SessionRecord: Sendable {
    /// A UUID; the `sid` of its access tokens.
    package let id: String
    /// Time of the login, Unix milliseconds.
    package let createdAt: Int64
    /// Time of the last refresh, Unix milliseconds.
    package let lastUsedAt: Int64
}

/// The result of a login or refresh.
package struct Session: Sendable {
    /// The account.
    package let user: User
    /// Valid for `expiresIn`.
    package let accessToken: String
    /// Can be exchanged once for a new session.
    package let refreshToken: String
    /// Seconds.
    package let expiresIn: Int64
}
