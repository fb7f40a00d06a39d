public import Booking

/// Who asks.
public struct Principal: Sendable, Equatable {
    /// Who says so.
    public enum Source: Sendable {
        /// We ourselves: an access token of our own.
        case own
        /// An outside identity provider.
        case outside
        /// An API key.
        case service
    }

    /// The user's id, or the service's name.
    public let id: UserID
    /// Who says so.
    public let source: Source
    /// What it may do: `customer`, `admin`, `service`.
    public let roles: [String]
    /// Its address, where a token tells.
    public let email: String?
    /// Its name, where a token tells.
    public let name: String?

    /// By what its token can be revoked.
    public let grant: TokenGrant

    /// A principal.
    public init(
        id: UserID, source: Source, roles: [String], email: String? = nil, name: String? = nil,
        grant: TokenGrant = .none
    ) {
        self.id = id
        self.source = source
        self.roles = roles
        self.email = email
        self.name = name
        self.grant = grant
    }

    /// Whether it may do what only administrators may.
    public var isAdmin: Bool { roles.contains("admin") }
    /// Whether it came with an API key.
    public var isService: Bool { source == .service }
}
