import Booking
import HTTPServer
import JSON
import Records

/// An entry of the audit log that is not finished yet: routes may say what it is about.
// SAFETY of @unchecked: made, changed and read on the loop of its request only.
final class AuditDraft: @unchecked Sendable {
    let id: UUIDBytes
    let at: Int64
    let action: String
    let address: String
    let requestID: String
    /// Who acts.
    var actor: AuditEntry.Actor
    /// What is acted upon.
    var subject: AuditEntry.Subject?
    /// The subject as it was, JSON.
    var before: [UInt8]?
    /// The subject as it is now, JSON.
    var after: [UInt8]?
    /// The actor's own words.
    var reason: String?

    /// Longer states are left out: an entry is for a person to read.
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

    /// What announces it, before anything is done.
    var intent: AuditEntry { entry(.unknown, nil) }

    /// Takes note of an event as it is before the change.
    func describe(_ event: EventRecord) {
        subject = AuditEntry.Subject("event", event.id.description)
        before = EventJSON.bytes(event, nil)
    }

    /// The entry, given what was answered.
    func entry(_ response: HTTPResponse) -> AuditEntry {
        if subject == nil || response.status == 201, let made = Self.made(response) { subject = made }
        guard response.status >= 400 else { return entry(.done, reason) }
        let code = Self.code(response)
        // Only these of the server's faults say that nothing was done.
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

    /// What a `Location` names: `/v1/events/{id}` is an event.
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
    /// The entry that this request will leave in the audit log, if it leaves one.
    var audit: AuditDraft? { attachment as? AuditDraft }
}
