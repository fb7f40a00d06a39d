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
        var fields: [Substring: Substring] = [:]
        for line in String(decoding: info, as: UTF8.self).split(whereSeparator: { $0 == "\r\n" || $0 == "\n" }) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        guard let runID = fields["run_id"], let replicationID = fields["master_replid"], let role = fields["role"],
            fields["loading"] ?? "0" == "0"
        else { return nil }
        self.init(runID: String(runID), replicationID: String(replicationID), isMaster: role == "master")
    }
}
