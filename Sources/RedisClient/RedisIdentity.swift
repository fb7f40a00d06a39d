/// Which server answers, and of which history: it differs after anything that may have lost data.
public struct RedisIdentity: Sendable, Hashable {
    /// Made anew at every start of the server: 40 hexadecimal digits (`run_id`).
    public let runID: String
    /// Made anew when the history forks, as in a fail-over (`master_replid`).
    public let replicationID: String
    /// Whether it takes writes.
    public let isMaster: Bool

    /// An identity of known parts.
    public init(runID: String, replicationID: String, isMaster: Bool) {
        self.runID = runID
        self.replicationID = replicationID
        self.isMaster = isMaster
        token = "\(runID):\(replicationID):\(isMaster ? "master" : "replica")"
    }

    /// The identity as one word, to store and to compare: `run_id:master_replid:role`.
    public let token: String

    /// What asks for it (Redis 7 and later). The third section says whether the data is still being loaded.
    static let question = RedisCommand("INFO", "server", "replication", "persistence")

    /// Reads the reply to `question`; nil when a part is missing or the server still loads its data.
    init?(info: [UInt8]) {
        var runID: String?
        var replicationID: String?
        var role: String?
        var loading: String?
        // Every connection asks twice a second: of its hundred lines only four become text.
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

    /// What follows the name in a line that begins with it.
    private static func value(of name: [UInt8], in line: ArraySlice<UInt8>) -> String? {
        line.starts(with: name) ? String(decoding: line.dropFirst(name.count), as: UTF8.self) : nil
    }
}
