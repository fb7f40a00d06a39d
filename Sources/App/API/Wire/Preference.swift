import HTTP
import Text

/// How long a confirming call waits until its change is persisted (RFC 7240).
///
/// `respond-async` alone means no wait; with `wait=N` it is a wait of N seconds, as in the RFC's section 4.3. The first
/// preference of a name counts; malformed ones are ignored.
struct Preference {
    /// The longest wait a client may ask for.
    private static let maximumSeconds: Int64 = 30

    /// How long to wait.
    let wait: Duration
    /// The value for `Preference-Applied`; `nil` if nothing was preferred.
    let applied: String?

    /// A wait that no client asked for.
    init(wait: Duration) {
        self.wait = wait
        applied = nil
    }

    /// Reads the `Prefer` headers.
    init(_ request: HTTPRequest, usual: Duration) {
        guard request.has("prefer") else {
            applied = nil
            wait = usual
            return
        }
        var isAsync = false
        var seconds: Int64?
        for part in request.headers("prefer").flatMap({ $0.unquotedParts(separatedBy: ",") }) {
            let (name, value) = Self.preference(part)
            if name == "respond-async", value.isEmpty { isAsync = true }
            if name == "wait", seconds == nil { seconds = Self.seconds(value) }
        }
        let applied = [isAsync ? "respond-async" : nil, seconds.map { "wait=\($0)" }].compactMap { $0 }
        self.applied = applied.isEmpty ? nil : applied.joined(separator: ", ")
        wait = seconds.map { .seconds($0) } ?? (isAsync ? .zero : usual)
    }

    /// A preference's name and value, without its parameters.
    private static func preference(_ text: Substring) -> (name: String, value: String) {
        let bare = text.unquotedParts(separatedBy: ";").first ?? ""
        let part = bare.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        var value = part.count == 2 ? part[1].trimmed : ""
        if value.count >= 2, value.starts(withExactly: "\""), value.ends(withExactly: "\"") {
            value = value.dropFirst().dropLast()
        }
        return (part[0].trimmed.lowercased(), String(value))
    }

    private static func seconds(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let seconds = Int64(text) else { return nil }
        return min(seconds, maximumSeconds)
    }
}
