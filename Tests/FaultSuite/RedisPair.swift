import Foundation
import Glibc
import Support
import Synchronization

/// A Redis and its replica, on small disks; their roles can be swapped.
final class RedisPair: Sendable {
    let disks: [SmallDisk]
    /// The replica's connection to its primary.
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
    /// The node that takes writes.
    var primary: RedisServerProcess { nodes[index] }
    var replica: RedisServerProcess { nodes[1 - index] }
    var disk: SmallDisk { disks[index] }
    var port: UInt16 { primary.port }

    /// Makes the replica follow the primary, and waits until it is in sync.
    func follow() throws {
        link.retarget(primary.port)
        order(primary, "REPLICAOF NO ONE")
        order(replica, "REPLICAOF 127.0.0.1 \(link.port)")
        try eventually("the replica is in sync") { [self] in isInSync(replica) }
    }

    /// Promotes the replica; the old primary stays a primary.
    func promote() {
        order(replica, "REPLICAOF NO ONE")
        first.withLock { $0 = 1 - $0 }
    }

    /// Promotes the replica, makes the old primary follow it, and then swaps them back.
    func failBack() throws {
        let (old, new) = (primary, replica)
        order(new, "REPLICAOF NO ONE")
        order(old, "REPLICAOF 127.0.0.1 \(new.port)")
        try eventually("the old primary follows") { [self] in isInSync(old) }
        order(old, "REPLICAOF NO ONE")
    }

    /// Runs both nodes, with one following the other.
    func heal() throws {
        for disk in disks { disk.free() }
        for node in nodes {
            node.resume()
            if !node.isRunning { node.kill() }
            try node.start()
        }
        try follow()
    }

    /// A server's reply to a command without blanks in its arguments.
    @discardableResult
    func order(_ node: RedisServerProcess, _ line: String) -> String? { ask(port: node.port, line + "\r\n") }

    /// A script's reply, line by line.
    func evaluate(_ script: String, _ arguments: [String]) throws -> [String] {
        let program = try Program("redis-cli", ["-u", primary.url, "--raw", "EVAL", script, "0"] + arguments)
        let text = program.readToEnd()
        guard program.wait() == 0, !text.hasPrefix("ERR") else { throw SupportError("redis-cli: \(text.prefix(200))") }
        return text.split(separator: "\n").map(String.init)
    }

    private func isInSync(_ node: RedisServerProcess) -> Bool {
        let said = order(node, "INFO replication") ?? ""
        return said.contains("role:slave") && said.contains("master_link_status:up")
    }
}
