import Foundation
import Loops
import LuaLibrary
import RedisClient
import SeatInventory

/// Checks Redis at start-up. An unsafe configuration prevents the start; a configuration that may lose data is
/// reported.
struct RedisCheck {
    /// A problem and its remedy.
    struct Fault {
        let sentence: String
        let remedy: String
    }

    struct Finding {
        /// Faults that prevent the start; the first one is reported.
        var refusals: [Fault] = []
        /// Faults that are only reported.
        var warnings: [Fault] = []
        /// Whether an acknowledged write survives a power failure.
        var isDurable = false
    }

    /// The most that this clock may differ from Redis's, in milliseconds; beyond, customers get wrong times.
    static let clockTolerance = 5_000.0

    private let connection: RedisConnection

    init(_ connection: RedisConnection) { self.connection = connection }

    /// The run id of Redis.
    static func run(_ connection: RedisConnection) async throws -> String? {
        try await info("server", connection)["run_id"]
    }

    private static func info(_ section: String, _ connection: RedisConnection) async throws -> [String: String] {
        let text = try await connection.send(RedisCommand(["INFO", section])).string ?? ""
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let part = line.split(separator: ":", maxSplits: 1)
            if part.count == 2 { fields[String(part[0])] = String(part[1]) }
        }
        return fields
    }

    func run() async throws -> Finding {
        var finding = Finding()
        try await checkVersion(&finding)
        try await checkSettings(&finding)
        try await checkRights(&finding)
        try await checkClock(&finding)
        return finding
    }

    private func checkVersion(_ finding: inout Finding) async throws {
        let info = try await ask("INFO", "server")?.string ?? ""
        let version = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("redis_version:") }?.dropFirst(14)
        guard let version, let major = version.split(separator: ".").first.flatMap({ Int($0) }) else { return }
        if major < 7 {
            finding.refusals.append(
                Fault(sentence: "Redis \(version) is too old; Usher needs Redis 7.0 or later.", remedy: ""))
        }
    }

    private func checkSettings(_ finding: inout Finding) async throws {
        let policy = try await info("memory")["maxmemory_policy"]
        if let policy, policy != "noeviction" {
            finding.refusals.append(
                Fault(
                    sentence: "Redis runs maxmemory-policy \(policy), which evicts holds; set it to noeviction.",
                    remedy: Self.cure("maxmemory-policy", "noeviction")))
        }
        let append = try await info("persistence")["aof_enabled"]
        if append == "0" {
            finding.refusals.append(
                Fault(
                    sentence: "Redis runs without an append-only file and loses every hold; set appendonly yes.",
                    remedy: Self.cure("appendonly", "yes")))
        }
        let sync = try await sync()
        if sync == nil {
            finding.warnings.append(
                Fault(
                    sentence:
                        "It is unknown whether Redis runs appendfsync always, so payments are refused while PostgreSQL "
                        + "is unavailable.",
                    remedy:
                        "Run usher migrate --roles as Redis's administrator after each start of Redis, then restart "
                        + "Usher."))
        } else if let sync, sync != "always" {
            finding.warnings.append(
                Fault(
                    sentence: "Redis runs appendfsync \(sync): a power failure may lose the holds of its last second; "
                        + "persisted bookings are not lost.",
                    remedy: Self.cure("appendfsync", "always")))
        }
        if policy == nil || append == nil {
            finding.warnings.append(
                Fault(
                    sentence: "Redis does not report its settings (INFO).",
                    remedy: "Make sure that maxmemory-policy is noeviction, appendonly yes and appendfsync always."))
        }
        finding.isDurable = append == "1" && sync == "always"
    }

    /// Runs each kind of command that Usher uses once, on a key of its own.
    private func checkRights(_ finding: inout Finding) async throws {
        let key = "{p0}:check:\(UUID().uuidString)"
        do throws(RedisError) {
            _ = try await connection.call(Functions.shared.tryRights, keys: [key], arguments: [])
        } catch {
            finding.refusals.append(try functionFault(error))
        }
        let commands = [
            ["PUBLISH", "usher:ack:check", "-"], ["SCAN", "0", "MATCH", key, "COUNT", "1"], ["EXISTS", key],
        ]
        for command in commands {
            do throws(RedisError) {
                _ = try await connection.send(RedisCommand(command))
            } catch {
                guard error.code == .server else { throw unreachable(error) }
                finding.refusals.append(lacks(command[0], error))
            }
        }
    }

    /// Explains why Usher's functions cannot be loaded or called.
    private func functionFault(_ error: RedisError) throws -> Fault {
        guard let reply = error.serverError else { throw unreachable(error) }
        if reply.kind == .outOfMemory {
            return Fault(
                sentence: "Redis is full (maxmemory) and has no room for Usher's functions.",
                remedy: "Give it more memory (config set maxmemory), then restart Usher.")
        }
        if Self.denials.contains(where: reply.message.contains) {
            return lacks("FUNCTION LOAD, FCALL and what functions call", error)
        }
        return Fault(
            sentence: "Redis rejects Usher's functions (FUNCTION LOAD, FCALL): \(reply.message)",
            remedy: "Usher needs Redis 7.0 or later, or Valkey.")
    }

    /// Redis's error texts for a missing permission: of a command, and of a command in a function (7.0; 7.2 and later).
    private static let denials = ["NOPERM", "user executing the script", "ACL failure in script"]

    private func lacks(_ command: String, _ error: RedisError) -> Fault {
        Fault(
            sentence: "Redis's user lacks a permission that Usher needs (\(command)): "
                + (error.serverError?.message ?? error.reason),
            remedy: "Use the accounts that usher migrate --roles creates.")
    }

    private func checkClock(_ finding: inout Finding) async throws {
        let before = Date().timeIntervalSince1970 * 1000
        guard let part = try await ask("TIME")?.array, let seconds = part.first?.integer else { return }
        let here = (before + Date().timeIntervalSince1970 * 1000) / 2
        let difference = here - Double(seconds * 1000 + (part.last?.integer ?? 0) / 1000)
        if abs(difference) > Self.clockTolerance {
            finding.warnings.append(
                Fault(
                    sentence: "This machine's clock is \(Int(abs(difference) / 1000)) s "
                        + "\(difference > 0 ? "ahead of" : "behind") Redis's: deadlines use Redis's clock, but retry "
                        + "times sent to customers use this machine's.",
                    remedy: "Run NTP on both machines."))
        }
    }

    /// The remedy for the running server and for its next start.
    private static func cure(_ name: String, _ value: String) -> String {
        "As Redis's administrator, run redis-cli config set \(name) \(value), and add “\(name) \(value)” to redis.conf "
            + "for the next start (deploy/redis/redis.conf has all required settings)."
    }

    /// Redis's `appendfsync` setting: from Redis if this account may read it, otherwise as `usher migrate --roles`
    /// stored it during this run of Redis; `nil` if unknown.
    private func sync() async throws -> String? {
        if let said = try await ask("CONFIG", "GET", "appendfsync")?.array?.last?.string { return said }
        guard let run = try await Self.run(connection),
            let noted = try await ask("GET", RedisRole.settingsKey)?.string?.split(separator: " "),
            noted.count == 2, noted[0] == run
        else { return nil }
        return String(noted[1])
    }

    private func info(_ section: String) async throws -> [String: String] {
        do {
            return try await Self.info(section, connection)
        } catch let error as RedisError {
            if error.code == .server { return [:] }
            throw unreachable(error)
        }
    }

    /// The reply; `nil` if Redis returns an error.
    private func ask(_ words: String...) async throws -> RedisValue? {
        do throws(RedisError) {
            return try await connection.send(RedisCommand(words))
        } catch {
            if error.code == .server { return nil }
            throw unreachable(error)
        }
    }

    private func unreachable(_ error: RedisError) -> Failure {
        Failure("Redis (REDIS_URL) cannot be reached: \(error.reason)")
    }
}
