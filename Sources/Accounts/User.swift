/// An account's owner, as told to clients.
public struct User: Sendable, Equatable {
    /// A UUID; the `sub` of access tokens.
    public let id: String
    /// As its owner spells it.
    public let email: String
    /// What its owner wants to be called.
    public let name: String
    /// `customer`, `admin`.
    public let roles: [String]
    /// Access tokens of an earlier one are refused.
    public let generation: Int64
    /// Whether it may neither log in nor refresh.
    public let isDisabled: Bool
    /// When it was made, Unix milliseconds.
    public let createdAt: Int64

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

/// A session of an account: a login, and all that followed from it.
public struct SessionRecord: Sendable {
    /// A UUID; the `sid` of its access tokens.
    public let id: String
    /// When its owner logged in, Unix milliseconds.
    public let createdAt: Int64
    /// When its refresh token was last exchanged, Unix milliseconds.
    public let lastUsedAt: Int64
}

/// What a login gives.
public struct Session: Sendable {
    /// Who logged in.
    public let user: User
    /// Good for `expiresIn`.
    public let accessToken: String
    /// To be exchanged once for the next session.
    public let refreshToken: String
    /// Seconds.
    public let expiresIn: Int64
}
