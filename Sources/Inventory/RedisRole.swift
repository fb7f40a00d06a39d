import Cryptography
import LuaLibrary
import RedisClient

/// A process's account in Redis (ACL), and the least that it needs there.
public enum RedisRole: String, CaseIterable, Sendable {
    /// Of `usher serve`.
    case serve = "usher_serve"
    /// Of `usher reconcile` and `verify`: nothing of logins.
    case reconcile = "usher_reconcile"

    /// What is sent beside what functions do.
    static let sentCommands = [
        "client|setname", "del", "exists", "fcall", "function|load", "get", "getrange", "hdel", "hget", "hgetall",
        "hlen",
        "hmget", "hset", "hsetnx", "info", "llen", "mget", "pexpire", "ping", "pttl", "publish", "renamenx", "scan",
        "select", "set", "subscribe", "time", "unlink", "unsubscribe", "xinfo|stream", "xlen", "xrange", "xread",
        "xrevrange", "xtrim", "zcard", "zrange", "zrangebyscore", "zrem", "zscore",
    ]

    /// Functions run with the rights of who calls them: these are the commands that `lua/` names.
    static let functionCommands: Set<String> = {
        let calls = Functions.library.source.matches(of: /call\(\s*'(\w+)'(?:\s*,\s*'(STREAM)')?/)
        return Set(calls.map { ($0.1 + ($0.2.map { "|\($0)" } ?? "")).lowercased() })
    }()

    /// The keys and channels that it may name.
    private var places: [String] {
        switch self {
        // Counting logins and requests belongs to no partition; the simulated provider keeps its books at `sim:`.
        case .serve: ["~{p*", "~usher:*", "~sim:*", "&usher:*"]
        case .reconcile: ["~{p*", "~sim:*", "~\(LibraryKeeper.key)", "%R~\(Self.settingsKey)", "&usher:*"]
        }
    }

    /// What `ACL SETUSER`, or a line `user` of `redis.conf`, says of it after its name: this, and nothing else.
    ///
    /// - Parameter password: is told by its digest.
    public func rules(password: String) -> [String] {
        let commands = Self.functionCommands.union(Self.sentCommands).union(keeperCommands).sorted()
        return ["reset", "on", "#" + hexEncode(sha256(Array(password.utf8)))] + places + commands.map { "+" + $0 }
    }

    /// What deletes libraries that no copy calls any more.
    private var keeperCommands: [String] { self == .reconcile ? ["function|delete", "function|list"] : [] }

    /// Where `migrate --roles`, as Redis's administrator, notes how Redis syncs its log (`appendfsync`), and of which run
    /// of Redis that is known: these accounts may not read Redis's configuration, for its passwords stand there.
    public static let settingsKey = "usher:redis:appendfsync"
}
