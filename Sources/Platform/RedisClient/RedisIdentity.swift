/// Identifies a server and its data history: differs after anything that may have lost data.
package struct RedisIdentity: Sendable, Hashable {
    /// Generated at every server start: 40 hexadecimal digits (`run_id`).
    package let runID: String
    /// Generated when the history forks, as in a fail-over (`master_replid`).
    package let replicationID: String
    /// Whether it accepts writes.
    package let isMaster: Bool

    package init(runID: String, replicationID: String, isMaster: Bool) {
        self.runID = runID
        self.replicationID = replicationID
        self.isMaster = isMaster
        token = "\(runID):\(replicationID):\(isMaster ? "master" : "replica")"
    }

    /// The identity as one string for storing and comparing: `run_id:master_replid:role`.
    package let token: String

    /// The query for the identity (Redis 7 and later). The third section shows whether data is still being loaded.
    static let question = RedisCommand("INFO", "server", "replication", "persistence")

    /// Parses the reply to `question`; nil if a part is missing or the server is still loading its data.
    init?(info: [UInt8]) {
        var runID: String?
        var replicationID: String?
        var role: String?
        var loading: String?
        // Every connection queries twice a second, so only four of about a hundred lines are converted to strings.
        var start = 0
        while start < info.count {
            let end = info[start...].firstIndex { $0 == Self.carriageReturn || $0 == Self.lineFeed } ?? info.count
            let line = info[start..<end]
            start = end + 1
            switch line.first {
            case UInt8(ascii: "r"):
                runID = Self.value(of: Self.runIDName, in: line) ?? runID
                role = Self.value(of: Self.roleName, in: line) ?? role
            case UInt8(ascii: "m"): replicationID = Self.value(of: Self.replicationIDName, in: line) ?? replicationID
            case UInt8(ascii: "l"): loading = Self.value(of: Self.loadingName, in: line) ?? loading
            default: break
            }
        }
        guard let runID, let replicationID, let role, loading ?? "0" == "0" else { return nil }
        self.init(runID: runID, replicationID: replicationID, isMaster: role == "master")
    }

    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let runIDName = Array("run_id:".utf8)
    private static let roleName = Array("role:".utf8)
    private static let replicationIDName = Array("master_replid:".utf8)
    private static let loadingName = Array("loading:".utf8)

    /// The value of a line that starts with the name.
    private static func value(of name: [UInt8], in line: ArraySlice<UInt8>) -> String? {
        line.starts(with: name) ? String(decoding: line.dropFirst(name.count), as: UTF8.self) : nil
    }
}
