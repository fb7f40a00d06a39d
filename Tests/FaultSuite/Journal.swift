import Support
import Synchronization

/// What customers asked, and every answer that they got.
final class Journal: Sendable {
    /// One answer.
    struct Entry: Sendable {
        /// `claim`, `pay`, `extend`, `cancel`, `read`, or `soldOut` for a claim that can never succeed.
        let action: Action
        /// Nanoseconds of the monotonic clock.
        let asked: Int64
        let answered: Int64
        /// User, event and idempotency key of a claim; empty without a key.
        let key: String
        /// Whether the request repeats a key with another body.
        let isOther: Bool
        let status: Int
        let code: String
        let isReplay: Bool
        let body: String
        /// The booking of a 2xx answer.
        let booking: Told?
    }

    enum Action: Sendable {
        case claim, pay, extend, cancel, read, soldOut
    }

    /// A booking as an answer showed it.
    struct Told: Sendable {
        let id: String
        let event: String
        let status: String
        let version: Int
        let isPersisted: Bool
        let quantity: Int
        let seats: [String]
    }

    private struct State {
        var entries: [Entry] = []
        var lost = 0
        /// Bookings that a customer tried to cancel, answered or not.
        var cancelled: Set<String> = []
        var liveness: [String] = []
    }

    private let state = Mutex(State())

    var entries: [Entry] { state.withLock { $0.entries } }
    var lost: Int { state.withLock { $0.lost } }
    var cancelled: Set<String> { state.withLock { $0.cancelled } }

    func willCancel(_ booking: String) { state.withLock { _ = $0.cancelled.insert(booking) } }
    func lose() { state.withLock { $0.lost += 1 } }
    func note(_ entry: Entry) { state.withLock { $0.entries.append(entry) } }
}

extension Journal.Entry {
    init(
        _ action: Journal.Action, _ answer: HTTPClient.Answer, asked: Int64, key: String = "", isOther: Bool = false
    ) {
        let json = answer.json
        self.init(
            action: action, asked: asked, answered: monotonicNanoseconds(), key: key, isOther: isOther,
            status: answer.status, code: json["code"] as? String ?? "",
            isReplay: answer["idempotent-replayed"] == "true", body: answer.text,
            booking: (200...202).contains(answer.status) ? Journal.Told(json) : nil)
    }
}

extension Journal.Told {
    fileprivate init?(_ json: [String: Any]) {
        guard let id = json["id"] as? String, let event = json["eventId"] as? String,
            let status = json["status"] as? String, let version = json["version"] as? Int
        else { return nil }
        let items = json["items"] as? [[String: Any]] ?? []
        let seats = items.flatMap { $0["seats"] as? [[String: Any]] ?? [] }
        self.init(
            id: id, event: event, status: status, version: version, isPersisted: json["persisted"] as? Bool ?? false,
            quantity: items.compactMap { $0["quantity"] as? Int }.reduce(0, +),
            seats: seats.compactMap { $0["id"] as? String })
    }
}
