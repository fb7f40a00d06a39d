/// What is said of a route where it is added: who may call it, how it is counted and admitted, how long its body may be
/// and what caches may do with its answers. Whoever decides anything by route asks the matched route for this, never
/// the path: one route has several spellings.
public struct RoutePolicy: Sendable, Equatable {
    /// Who may call.
    public enum Callers: Sendable {
        /// Everybody, without credentials too.
        case anyone
        /// A user by access token, or a service by API key.
        case authenticated
        /// Administrators.
        case administrators
        /// Services, by API key.
        case services
        /// Whoever signs the body; the handler checks that.
        case signed
    }

    /// How much it matters that a request gets through when there is too much to do.
    public enum Admission: Sendable {
        /// Reports how the process is.
        case health
        /// Pays, releases, or reports what a provider did: somebody has a hold already, and units or money depend on it.
        case essential
        /// Wants units.
        case claim
        /// Reads, accounts, administration.
        case other
    }

    /// Whether requests count for the rate limit of their principal or address.
    public enum Rate: Sendable {
        /// As reads or writes, by their method.
        case counted
        /// Not at all.
        case exempt
    }

    /// What caches may do with answers.
    public enum Caching: Sendable {
        /// Nothing: answers are about a person.
        case noStore
        /// Keep it, and ask by its `ETag` whether it is still so before each use.
        case revalidate
        /// The handler says it.
        case own
    }

    /// The form of the errors that are answered in front of the handler.
    public enum ErrorForm: Sendable {
        /// RFC 9457.
        case problem
        /// As clients of older services know them.
        case dropIn
    }

    /// Who may call.
    public var callers: Callers
    /// How much it matters that a request gets through.
    public var admission: Admission
    /// Whether requests count for a rate limit.
    public var rate: Rate
    /// What caches may do with answers.
    public var caching: Caching
    /// How long a body may be, when that is more than `HTTPLimits.bodyBytes`. More is read only for those who may call.
    public var bodyBytes: Int?
    /// The form of errors.
    public var errors: ErrorForm

    /// A policy. The defaults are the strictest ones that most routes can have.
    public init(
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

    /// Callers with credentials, about themselves.
    public static let authenticated = RoutePolicy()
    /// Everybody; answers are not to be kept.
    public static let anyone = RoutePolicy(.anyone)
    /// Administrators.
    public static let administrators = RoutePolicy(.administrators)
    /// Services.
    public static let services = RoutePolicy(.services)
    /// The catalogue: everybody, and caches revalidate.
    public static let catalogue = RoutePolicy(.anyone, caching: .revalidate)
    /// Callers with credentials who want units.
    public static let claim = RoutePolicy(admission: .claim)
    /// Callers with credentials who pay, extend or release.
    public static let essential = RoutePolicy(admission: .essential)
    /// Reports of the process's health.
    public static let health = RoutePolicy(.anyone, admission: .health, rate: .exempt)
    /// Documents and pages, which cost next to nothing: everybody, uncounted, so that an office whose people all open the
    /// page at once has its limit for booking. They say themselves how long they may be kept.
    public static let document = RoutePolicy(.anyone, rate: .exempt, caching: .own)

    /// The same with a longer body.
    public func accepting(bodyBytes: Int) -> RoutePolicy {
        var policy = self
        policy.bodyBytes = bodyBytes
        return policy
    }

    /// The same for clients of older services.
    public var dropIn: RoutePolicy {
        var policy = self
        policy.errors = .dropIn
        return policy
    }
}
