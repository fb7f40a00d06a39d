import HTTP
import Records

/// A route's name in the audit log, and its properties that matter there.
struct AuditAction {
    /// `POST /v1/events/{id}/publish` is `events.publish`, `POST /v1/events` is `events.create`.
    let name: String
    /// Whether the route changes anything.
    let isWrite: Bool
    /// Whether the route is for administrators only.
    let isAdministrative: Bool
    /// Whether the route is a claim: frequent, and possible without PostgreSQL.
    let isClaim: Bool
    /// Whether the route checks the password of a caller who is not authenticated yet.
    let isLogin: Bool
    /// Whether the route changes credentials or the account itself: logged even if its owner does it.
    let isPersonal: Bool
    /// The path parameter that identifies the subject, and the subject's kind.
    private let subject: (parameter: String, kind: String)?

    init(_ route: Router.Route) {
        var segments = route.path.split(separator: "/").dropFirst()
        if segments.first == "admin" { segments.removeFirst() }
        isWrite = route.method != .get && route.method != .head
        isAdministrative = route.policy.callers == .administrators
        isClaim = route.policy.admission == .claim
        isLogin = route.path.hasSuffix("/auth/login")
        isPersonal = isWrite && ["/v1/auth/password", "/v1/auth/me"].contains(route.path)
        name = Self.name(route.method, segments)
        let parameter = segments.firstIndex { $0.hasPrefix("{") }
        subject = parameter.flatMap { index in
            guard index > segments.startIndex else { return nil }
            return (String(segments[index].dropFirst().dropLast()), Self.singular(segments[index - 1]))
        }
    }

    /// The subject in a request's path, if it is an id or a number.
    func subject(of request: HTTPRequest) -> AuditEntry.Subject? {
        guard let subject, let id = request.parameters[subject.parameter], (1...64).contains(id.utf8.count),
            id.utf8.allSatisfy(Self.isOfID)
        else { return nil }
        return AuditEntry.Subject(subject.kind, id)
    }

    private static func isOfID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func name(_ method: HTTPMethod, _ segments: ArraySlice<Substring>) -> String {
        var parts = segments.filter { !$0.hasPrefix("{") }.map(String.init)
        let verb: String? =
            switch method {
            // A POST to a collection creates an element; any other POST path ends in its own verb.
            case .post: segments.last?.hasSuffix("s") == true ? "create" : nil
            case .put, .patch: "update"
            case .delete: "delete"
            default: "read"
            }
        if let verb { parts.append(verb) }
        return parts.joined(separator: ".")
    }

    /// Turns `events` into `event`.
    static func singular(_ name: Substring) -> String { String(name.hasSuffix("s") ? name.dropLast() : name) }
}
