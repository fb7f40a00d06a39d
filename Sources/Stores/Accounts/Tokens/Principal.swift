package import BoxOffice

/// The authenticated caller of a request.
package struct Principal: Sendable, Equatable {
    /// How a principal was authenticated.
    package enum Source: Sendable {
        /// By one of Usher's own access tokens.
        case own
        /// By a token of an outside identity provider.
        case outside
        /// By an API key.
        case service
    }

    /// The user's id, or the service's name.
    package let id: UserID
    /// How the principal was authenticated.
    package let source: Source
    /// The roles: `customer`, `admin`, `service`.
    package let roles: [String]
    /// The e-mail address, if the token contains it.
    package let email: String?
    /// The name, if the token contains it.
    package let name: String?

    /// The ids by which the token can be revoked.
    package let grant: TokenGrant

    package init(
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

    /// Whether the principal has the role `admin`.
    package var isAdmin: Bool { roles.contains("admin") }
    /// Whether the principal was authenticated by an API key.
    package var isService: Bool { source == .service }
}
