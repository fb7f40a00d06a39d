import Foundation
import Glibc
import Support
import Synchronization
import Testing

/// A recording of requests and responses.
struct Recording {
    /// A request with an idempotency key, and its response.
    struct Request {
        let user: String
        let method: String
        let path: String
        let body: String?
        let key: String
        let status: Int
        let answer: String

        /// The members of the response.
        var answered: [String: Any] { Recording.members(answer) }
    }

    /// The response to a GET at the end of the recording.
    struct Seen {
        let user: String
        let path: String
        let answer: [String: Any]

        /// Whether PostgreSQL had the booking: the reconciler was killed before the last requests.
        var isPersisted: Bool { answer["persisted"] as? Bool == true }
    }

    let events: [String: String]
    let requests: [Request]
    let seen: [Seen]

    init(_ data: Data) throws {
        let all = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        events = try #require(all["events"] as? [String: String])
        requests = try #require(all["requests"] as? [[String: Any]]).map { request in
            func text(_ name: String) -> String { request[name] as? String ?? "" }
            return Request(
                user: text("user"), method: text("method"), path: text("path"), body: request["body"] as? String,
                key: text("key"), status: request["status"] as? Int ?? 0, answer: text("answer"))
        }
        seen = try #require(all["seen"] as? [[String: Any]]).map { seen in
            Seen(
                user: seen["user"] as? String ?? "", path: seen["path"] as? String ?? "",
                answer: seen["answer"] as? [String: Any] ?? [:])
        }
    }

    static func members(_ text: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }
}

/// Both stores of a recorded installation, and this version's processes on them.
final class RecordedInstallation {
    let recording: Recording
    private let redis: RedisServerProcess
    private let postgres: PostgresServerProcess
    private let environment: [String: String]
    private let port: UInt16
    private var reconciler: Program?
    private var server: Program?

    /// Restores both stores; no process of Usher runs yet.
    init() throws {
        let folder = try #require(
            Bundle.module.resourceURL?.appendingPathComponent("Recordings/first-form"), "no recording")
        recording = try Recording(Data(contentsOf: folder.appendingPathComponent("answers.json")))
        redis = try Self.restoredRedis(folder.appendingPathComponent("redis.rdb"))
        postgres = try PostgresServerProcess()
        let dump = try String(contentsOf: folder.appendingPathComponent("postgres.sql"), encoding: .utf8)
        try postgres.query(dump, database: "postgres")
        port = try freePort()
        environment = [
            "REDIS_URL": redis.url, "DATABASE_URL": postgres.url, "USHER_LOOPS": "1", "USHER_PARTITIONS": "4",
            "USHER_JWT_SECRET": "the secret of a recorded installation", "USHER_RATE_LIMIT": "off",
            "USHER_DECLINE_LIMIT": "off", "USHER_PAYMENT_GATEWAY": "simulated", "USHER_SIM_CALLBACK_MS": "off",
            "PORT": "\(port)",
        ]
    }

    /// Starts a Redis from a dump, then turns its append-only file on.
    private static func restoredRedis(_ dump: URL) throws -> RedisServerProcess {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "usher-recorded-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: dump, to: directory.appendingPathComponent("dump.rdb"))
        var options = RedisServerProcess.Options()
        options.dataDirectory = directory.path
        let redis = try RedisServerProcess(options)
        // The dump is in memory now: from here on the directory is used only for this server's append-only file.
        _ = try Self.command(redis, "CONFIG", "SET", "appendfsync", "always")
        _ = try Self.command(redis, "CONFIG", "SET", "appendonly", "yes")
        return redis
    }

    /// Upgrades the installation as in `docs/operations.md`, and waits until it is ready.
    func start() throws {
        try migrate()
        try startReconciler()
        server = try Program(UsherProgram.path, ["serve"], environment: environment)
        try waitUntilReady()
    }

    func migrate() throws {
        let migrated = try run("migrate")
        #expect(migrated.code == 0, "\(migrated.said)")
    }

    func startReconciler() throws {
        reconciler = try Program(UsherProgram.path, ["reconcile"], environment: environment)
    }

    func killReconciler() {
        reconciler?.kill()
        reconciler = nil
    }

    func waitUntilReady() throws {
        try eventually("the upgraded installation is ready") {
            guard server?.isRunning == true, reconciler?.isRunning == true else {
                throw SupportError("a process ended: \(server?.output ?? "") \(reconciler?.output ?? "")")
            }
            return (try? HTTPClient(port: port).send("GET", "/readyz"))?.status == 200
        }
    }

    func run(_ words: String...) throws -> (said: String, code: Int32) {
        let program = try Program(UsherProgram.path, words, environment: environment)
        return (program.readToEnd(), program.wait())
    }

    func redisCommand(_ words: String...) throws -> String {
        try Self.command(redis, words)
    }

    private static func command(_ redis: RedisServerProcess, _ words: String...) throws -> String {
        try command(redis, words)
    }

    private static func command(_ redis: RedisServerProcess, _ words: [String]) throws -> String {
        let program = try Program("redis-cli", ["-s", redis.socketPath] + words)
        return program.readToEnd().trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: - Asking

    private func headers(_ user: String) throws -> [(String, String)] {
        let role = user == "admin" ? "admin" : "customer"
        return bearer(try UsherProgram.token(user, role: role, environment: environment))
    }

    /// Sends a recorded request again.
    func send(_ request: Recording.Request) throws -> HTTPClient.Answer {
        try HTTPClient(port: port).send(
            request.method, request.path, headers: headers(request.user) + [("Idempotency-Key", request.key)],
            body: request.body)
    }

    func send(_ method: String, _ path: String, user: String, body: String? = nil) throws -> HTTPClient.Answer {
        try HTTPClient(port: port).send(method, path, headers: headers(user), body: body)
    }

    /// Whether PostgreSQL had the booking of a request's response.
    func isPersisted(_ request: Recording.Request) -> Bool { seen(request)?.isPersisted == true }

    /// Whether the booking of a request's response is being paid for.
    func isBeingPaid(_ request: Recording.Request) -> Bool {
        seen(request)?.answer["status"] as? String == "PENDING_PAYMENT"
    }

    private func seen(_ request: Recording.Request) -> Recording.Seen? {
        let id = request.answered["id"] as? String ?? "-"
        return recording.seen.first { $0.path == "/v1/bookings/\(id)" }
    }

    // MARK: - Comparing

    /// Expects that every recorded response still holds.
    func expectEverything() throws {
        try expectBookings { _ in true }
        try expectInventory()
        try expectReplays()
        try expectLimits()
        try expectHoldsAreAlive()
    }

    /// Expects unchanged bookings, with the same expiry; due refunds may have been made in the meantime.
    func expectBookings(_ isMeant: (Recording.Seen) -> Bool) throws {
        for seen in recording.seen where seen.path.hasPrefix("/v1/bookings/") && isMeant(seen) {
            let answer = try send("GET", seen.path, user: seen.user)
            let payment = seen.answer["payment"] as? [String: Any]
            let isDue = payment?["status"] as? String == "REFUND_DUE"
            let ignored: Set = isDue ? ["persisted", "payment", "version", "updatedAt"] : ["persisted"]
            #expect(answer.status == 200)
            #expect(
                Self.difference(seen.answer, answer.json, ignoring: ignored) == nil,
                "\(seen.user) \(seen.path): \(answer.text)")
        }
    }

    /// Expects unchanged counters and seats.
    private func expectInventory() throws {
        for seen in recording.seen where seen.path.hasPrefix("/v1/events/") {
            let answer = try send("GET", seen.path, user: seen.user)
            #expect(
                Self.difference(seen.answer, answer.json, ignoring: ["seq", "asOf"]) == nil,
                "\(seen.path): \(answer.text)")
        }
    }

    /// Expects that requests with keys replay their responses.
    private func expectReplays() throws {
        for request in recording.requests {
            let again = try send(request)
            #expect(
                again.status == request.status && again["idempotent-replayed"] == "true",
                "\(request.key): \(again.status) \(again.text)")
            #expect(
                Self.difference(request.answered, again.json, ignoring: []) == nil,
                "\(request.key): \(again.text) instead of \(request.answer)")
        }
    }

    /// Expects that a user's tickets still count: Ann has four of twelve allowed tickets, in two of six allowed
    /// bookings.
    private func expectLimits() throws {
        let concert = try #require(recording.events["concert"])
        let request = try #require(recording.requests.first { $0.key == "ann-1" })
        let items = try #require(Recording.members(request.body ?? "")["items"] as? [[String: Any]])
        let tier = try #require(items.first?["tierId"] as? String)
        func claim(_ quantity: Int) throws -> HTTPClient.Answer {
            try send(
                "POST", "/v1/bookings", user: "ann",
                body: #"{"eventId":"\#(concert)","items":[{"tierId":"\#(tier)","quantity":\#(quantity)}]}"#)
        }
        let tooMany = try claim(9)
        #expect(tooMany.status == 409 && tooMany.json["code"] as? String == "ticket-limit", "\(tooMany.text)")
        let allowed = try claim(8)
        #expect(allowed.status == 201, "\(allowed.text)")
    }

    /// Expects that holds can be paid for, including one that was declined once.
    private func expectHoldsAreAlive() throws {
        for key in ["ivy-1", "fay-1", "jan-1", "hal-1"] {
            let request = try #require(recording.requests.first { $0.key == key })
            let id = try #require(request.answered["id"] as? String)
            let paid = try send(
                "POST", "/v1/bookings/\(id)/payments", user: request.user, body: #"{"cardNumber":"4242424242424242"}"#)
            #expect(paid.json["status"] as? String == "CONFIRMED", "\(key): \(paid.status) \(paid.text)")
        }
    }

    /// Sorts tiers by id: older versions returned them in no particular order.
    private static func inOrder(_ values: [Any]) -> [Any] {
        func tier(_ value: Any) -> String { (value as? [String: Any])?["tierId"] as? String ?? "" }
        return values.contains { ($0 as? [String: Any])?["available"] != nil }
            ? values.sorted { tier($0) < tier($1) } : values
    }

    /// The difference between an old and a new value, ignoring new members; `nil` if there is none.
    private static func difference(_ old: Any, _ new: Any?, ignoring: Set<String>) -> String? {
        switch (old, new) {
        case (let old as [String: Any], let new as [String: Any]):
            for (name, value) in old where !ignoring.contains(name) {
                if let found = difference(value, new[name], ignoring: []) { return "\(name): \(found)" }
            }
            return nil
        case (let old as [Any], let new as [Any]):
            guard old.count == new.count else { return "\(new.count) instead of \(old.count)" }
            return zip(inOrder(old), inOrder(new)).lazy.compactMap { difference($0, $1, ignoring: []) }.first
        case (let old as NSObject, let new as NSObject):
            return old == new ? nil : "\(new) instead of \(old)"
        default:
            return "nothing instead of \(old)"
        }
    }
}
