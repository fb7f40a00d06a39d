import HTTPServer

/// How long a confirming call waits until it is written down (RFC 7240).
struct Preference {
    /// The longest wait a client may ask for.
    private static let maximumSeconds: Int64 = 30

    /// How long to wait.
    let wait: Duration
    /// What to say in `Preference-Applied`; `nil` when nothing was preferred.
    let applied: String?

    /// Reads `respond-async` and `wait=N`; the first of them counts, others are ignored.
    init(_ request: HTTPRequest, usual: Duration) {
        for header in request.headers("prefer") {
            for part in header.split(separator: ",") {
                let preference = part.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\"" }.lowercased()
                if preference == "respond-async" {
                    self.init(wait: .zero, applied: "respond-async")
                    return
                }
                if preference.hasPrefix("wait="), let seconds = Int64(preference.dropFirst(5)), seconds >= 0 {
                    let bounded = min(seconds, Self.maximumSeconds)
                    self.init(wait: .seconds(bounded), applied: "wait=\(bounded)")
                    return
                }
            }
        }
        self.init(wait: usual, applied: nil)
    }

    private init(wait: Duration, applied: String?) {
        self.wait = wait
        self.applied = applied
    }

    var headers: [(name: String, value: String)] { applied.map { [("Preference-Applied", $0)] } ?? [] }
}
