import HTTPServer
import Records

/// What the audit log calls a route, and what it has to know of it.
struct AuditAction {
    /// `POST /v1/events/{id}/publish` is `events.publish`, `POST /v1/events` is `events.create`.
    let name: String
    /// Whether it changes anything.
    let isWrite: Bool
    /// Whether only administrators may do it.
    let isAdministrative: Bool
    /// Whether it is a claim: hot, and possible without PostgreSQL.
    let isClaim: Bool
    /// Whether it asks for a password of somebody who is not known yet.
    let isLogin: Bool
    /// Whether it changes what proves who somebody is: on record also when its owner does it.
    let isPersonal: Bool
    /// The path parameter that names the subject, and what that is.
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

    /// What a request's path names, when that is an id or a number.
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
            // A POST to a collection makes one of it; any other names itself what it does.
            case .post: segments.last?.hasSuffix("s") == true ? "create" : nil
            case .put, .patch: "update"
            case .delete: "delete"
            default: "read"
            }
        if let verb { parts.append(verb) }
        return parts.joined(separator: ".")
    }

    /// `events` is of events.
    static func singular(_ name: Substring) -> String { String(name.hasSuffix("s") ? name.dropLast() : name) }
}
