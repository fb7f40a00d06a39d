import Foundation
import Glibc
import Support
import Synchronization

/// A Redis and its replica, on small disks; either may become the other.
final class RedisPair: Sendable {
    let disks: [SmallDisk]
    /// Between the replica and its primary.
    let link: FaultProxy
    private let nodes: [RedisServerProcess]
    private let first = Mutex(0)

    init(seed: UInt64, diskMegabytes: Int) throws {
        disks = try (0..<2).map { _ in try SmallDisk(megabytes: diskMegabytes) }
        nodes = try disks.map { disk in
            var options = RedisServerProcess.Options()
            options.appendOnly = true
            options.appendFsync = "always"
            options.dataDirectory = disk.path
            options.extraArguments = ["--repl-diskless-sync-delay", "0", "--repl-timeout", "5"]
            return try RedisServerProcess(options)
        }
        link = try FaultProxy(target: nodes[0].port, seed: seed)
    }

    private var index: Int { first.withLock { $0 } }
    /// Who is written to.
    var primary: RedisServerProcess { nodes[index] }
    var replica: RedisServerProcess { nodes[1 - index] }
    var disk: SmallDisk { disks[index] }
    var port: UInt16 { primary.port }

    /// The replica begins to follow the primary, or goes on with it.
    func follow() throws {
        link.retarget(primary.port)
        order(primary, "REPLICAOF NO ONE")
        order(replica, "REPLICAOF 127.0.0.1 \(link.port)")
        try eventually("the replica is in step") { [self] in isInStep(replica) }
    }

    /// The replica becomes the primary; the old one is not told.
    func promote() {
        order(replica, "REPLICAOF NO ONE")
        first.withLock { $0 = 1 - $0 }
    }

    /// The replica becomes the primary, what was the primary follows it, and then they change back.
    func failBack() throws {
        let (old, new) = (primary, replica)
        order(new, "REPLICAOF NO ONE")
        order(old, "REPLICAOF 127.0.0.1 \(new.port)")
        try eventually("the old primary follows") { [self] in isInStep(old) }
        order(old, "REPLICAOF NO ONE")
    }

    /// Both run, one follows the other.
    func heal() throws {
        for disk in disks { disk.free() }
        for node in nodes {
            node.resume()
            if !node.isRunning { node.kill() }
            try node.start()
        }
        try follow()
    }

    /// What a server says to a command without blanks in its arguments.
    @discardableResult
    func order(_ node: RedisServerProcess, _ line: String) -> String? { ask(port: node.port, line + "\r\n") }

    /// What a script says, line by line.
    func evaluate(_ script: String, _ arguments: [String]) throws -> [String] {
        let program = try Program("redis-cli", ["-u", primary.url, "--raw", "EVAL", script, "0"] + arguments)
        let text = program.readToEnd()
        guard program.wait() == 0, !text.hasPrefix("ERR") else { throw SupportError("redis-cli: \(text.prefix(200))") }
        return text.split(separator: "\n").map(String.init)
    }

    private func isInStep(_ node: RedisServerProcess) -> Bool {
        let said = order(node, "INFO replication") ?? ""
        return said.contains("role:slave") && said.contains("master_link_status:up")
    }
}
