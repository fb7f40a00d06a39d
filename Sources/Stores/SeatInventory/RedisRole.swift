import Cryptography
import LuaLibrary
import RedisClient

/// A process's account in Redis (ACL), with the least rights that it needs.
package enum RedisRole: String, CaseIterable, Sendable {
    /// For `usher serve`.
    case serve = "usher_serve"
    /// For `usher reconcile` and `verify`: no rights on logins.
    case reconcile = "usher_reconcile"

    /// Commands that are sent besides those in functions.
    static let sentCommands = [
        "client|setname", "del", "exists", "fcall", "function|load", "get", "getrange", "hdel", "hget", "hgetall",
        "hlen",
        "hmget", "hset", "hsetnx", "info", "llen", "mget", "pexpire", "ping", "pttl", "publish", "renamenx", "scan",
        "select", "set", "subscribe", "time", "unlink", "unsubscribe", "xinfo|stream", "xlen", "xrange", "xread",
        "xrevrange", "xtrim", "zcard", "zrange", "zrangebyscore", "zrem", "zscore",
    ]

    /// Functions run with the rights of their caller: these are the commands in `lua/`.
    static let functionCommands: Set<String> = {
        let calls = Functions.library.source.matches(of: /call\(\s*'(\w+)'(?:\s*,\s*'(STREAM)')?/)
        return Set(calls.map { ($0.1 + ($0.2.map { "|\($0)" } ?? "")).lowercased() })
    }()

    /// The keys and channels that it may use.
    private var places: [String] {
        switch self {
        // Login and rate limits belong to no partition; the simulated provider stores its data under `sim:`.
        case .serve: ["~{p*", "~usher:*", "~sim:*", "&usher:*"]
        case .reconcile: ["~{p*", "~sim:*", "~\(LibraryKeeper.key)", "%R~\(Self.settingsKey)", "&usher:*"]
        }
    }

    /// The rules for `ACL SETUSER`, or a line `user` of `redis.conf`, after the account's name: these rights, and no
    /// others.
    ///
    /// - Parameter password: passed on as its digest.
    package func rules(password: String) -> [String] {
        let commands = Self.functionCommands.union(Self.sentCommands).union(keeperCommands).sorted()
        return ["reset", "on", "#" + hexEncode(sha256(Array(password.utf8)))] + places + commands.map { "+" + $0 }
    }

    /// Commands that delete libraries which no replica calls any more.
    private var keeperCommands: [String] { self == .reconcile ? ["function|delete", "function|list"] : [] }

    /// The key in which `migrate --roles`, as Redis's administrator, stores how Redis syncs its log (`appendfsync`),
    /// and for which run of Redis: these accounts may not read Redis's configuration, because it contains passwords.
    package static let settingsKey = "usher:redis:appendfsync"
}
