/// Properties of a route that are declared where it is added: its callers, rate limiting, admission, maximum body and
/// caching. Code that decides by route reads this from the matched route, never from the path: a route has several
/// spellings.
package struct RoutePolicy: Sendable, Equatable {
    package enum Callers: Sendable {
        /// Everyone, including callers without credentials.
        case anyone
        /// Users by access token, or services by API key.
        case authenticated
        /// Administrators.
        case administrators
        /// Services, by API key.
        case services
        /// Senders of a signed body; the handler checks the signature.
        case signed
    }

    /// The priority of a request under overload.
    package enum Admission: Sendable {
        /// Health checks.
        case health
        /// Pays, releases, or reports a provider's outcome: the caller already has a hold, and units or money depend on
        /// the request.
        case essential
        /// Claims units.
        case claim
        /// Reads, account and administration requests.
        case other
    }

    /// Whether requests count for the rate limit of their principal or address.
    package enum Rate: Sendable {
        /// Counted as reads or writes, by method.
        case counted
        /// Not counted.
        case exempt
    }

    /// What caches may do with responses.
    package enum Caching: Sendable {
        /// Nothing: responses are personal.
        case noStore
        /// Store them, and revalidate by `ETag` before each use.
        case revalidate
        /// The handler sets the header.
        case own
    }

    /// The format of errors that are answered before the handler.
    package enum ErrorForm: Sendable {
        /// RFC 9457.
        case problem
        /// The format of the services that Usher replaces.
        case dropIn
    }

    package var callers: Callers
    /// The priority under overload.
    package var admission: Admission
    /// Whether requests count for a rate limit.
    package var rate: Rate
    /// What caches may do with responses.
    package var caching: Caching
    /// Maximum body, if more than `HTTPLimits.bodyBytes`. Longer bodies are read only for permitted callers.
    package var bodyBytes: Int?
    package var errors: ErrorForm

    /// The defaults are the strictest that most routes can have.
    package init(
        _ callers: Callers = .authenticated, admission: Admission = .other, rate: Rate = .counted,
        caching: Caching = .noStore, bodyBytes: Int? = nil, errors: ErrorForm = .problem
    ) {
        self.callers = callers
        self.admission = admission
        self.rate = rate
        self.caching = caching
        self.bodyBytes = bodyBytes
        self.errors = errors
    }

    /// Callers with credentials, for their own resources.
    package static let authenticated = RoutePolicy()
    /// Everyone; responses are not cached.
    package static let anyone = RoutePolicy(.anyone)
    /// Administrators.
    package static let administrators = RoutePolicy(.administrators)
    /// Services.
    package static let services = RoutePolicy(.services)
    /// The catalogue: everyone; caches revalidate.
    package static let catalogue = RoutePolicy(.anyone, caching: .revalidate)
    /// Callers with credentials who claim units.
    package static let claim = RoutePolicy(admission: .claim)
    /// Callers with credentials who pay, extend or release.
    package static let essential = RoutePolicy(admission: .essential)
    /// Health checks.
    package static let health = RoutePolicy(.anyone, admission: .health, rate: .exempt)
    /// Documents and pages, which cost next to nothing: everyone, not rate-limited, so that an office whose staff open
    /// the page at the same moment keeps its limit for booking. The handler sets their caching.
    package static let document = RoutePolicy(.anyone, rate: .exempt, caching: .own)

    /// A copy with a longer maximum body.
    package func accepting(bodyBytes: Int) -> RoutePolicy {
        var policy = self
        policy.bodyBytes = bodyBytes
        return policy
    }

    /// A copy for clients of the services that Usher replaces.
    package var dropIn: RoutePolicy {
        var policy = self
        policy.errors = .dropIn
        return policy
    }
}
