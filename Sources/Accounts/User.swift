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
