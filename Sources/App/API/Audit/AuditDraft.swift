import BoxOffice
import HTTP
import JSON
import Records

/// An unfinished audit log entry; routes may add what it is about.
// SAFETY of @unchecked: made, changed and read on the loop of its request only.
final class AuditDraft: @unchecked Sendable {
    let id: UUIDBytes
    let at: Int64
    let action: String
    let address: String
    let requestID: String
    /// Who acts.
    var actor: AuditEntry.Actor
    /// What the action changes.
    var subject: AuditEntry.Subject?
    /// The subject before the change, JSON.
    var before: [UInt8]?
    /// The subject after the change, JSON.
    var after: [UInt8]?
    /// The reason that the actor gave.
    var reason: String?

    /// Longer states are left out: entries are meant to be read by people.
    private static let stateBytes = 64 * 1024
    private static let reasonCharacters = 1000

    init(
        id: UUIDBytes, at: Int64, action: String, actor: AuditEntry.Actor, subject: AuditEntry.Subject?,
        _ request: HTTPRequest
    ) {
        self.id = id
        self.at = at
        self.action = action
        self.actor = actor
        self.subject = subject
        address = request.client
        requestID = request.id
    }

    /// The entry that announces the action before it runs.
    var intent: AuditEntry { entry(.unknown, nil) }

    /// Records an event's state before the change.
    func describe(_ event: EventRecord) {
        subject = AuditEntry.Subject("event", event.id.description)
        before = EventJSON.bytes(event, nil)
    }

    /// The entry for a response.
    func entry(_ response: HTTPResponse) -> AuditEntry {
        if subject == nil || response.status == 201, let made = Self.made(response) { subject = made }
        guard response.status >= 400 else { return entry(.done, reason) }
        let code = Self.code(response)
        // Of the 5xx answers only these guarantee that nothing was done.
        let isUnknown = response.status >= 500 && code != "overloaded" && code != "inventory-recovering"
        return entry(isUnknown ? .unknown : .refused, [code, reason].compactMap(\.self).joined(separator: ": "))
    }

    private func entry(_ outcome: AuditEntry.Outcome, _ reason: String?) -> AuditEntry {
        AuditEntry(
            id: id, at: at, actor: actor, address: address, action: action, subject: subject,
            before: Self.text(before), after: outcome == .refused ? nil : Self.text(after), outcome: outcome,
            reason: reason.map { String($0.unicodeScalars.filter { $0.value != 0 }.prefix(Self.reasonCharacters)) },
            requestID: requestID)
    }

    private static func text(_ json: [UInt8]?) -> String? {
        guard let json else { return nil }
        guard json.count <= stateBytes else { return "{\"omitted\":\"\(json.count) bytes\"}" }
        return String(decoding: json, as: UTF8.self)
    }

    /// The subject that a `Location` header names: `/v1/events/{id}` is an event.
    private static func made(_ response: HTTPResponse) -> AuditEntry.Subject? {
        guard let location = response.headers.first(where: { $0.name == "Location" })?.value else { return nil }
        let segments = location.split(separator: "/")
        guard segments.count >= 2, let id = segments.last else { return nil }
        return AuditEntry.Subject(AuditAction.singular(segments[segments.count - 2]), String(id))
    }

    /// The code of a refusal.
    private static func code(_ response: HTTPResponse) -> String? {
        guard case .object(let members)? = try? JSONReader.read(response.body) else { return nil }
        for name in ["code", "message"] {
            if case .string(let code)? = members.first(where: { $0.name == name })?.value { return code }
        }
        return nil
    }
}

extension HTTPRequest {
    /// The audit log entry that this request will leave, if any.
    var audit: AuditDraft? { attachment as? AuditDraft }
}
