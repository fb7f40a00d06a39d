import Foundation
import Glibc
import Support
import Testing

/// Many listeners on one copy of the real program.
@Suite("Listeners", .serialized)
struct ListenerTests {
    /// Listeners on all loops together.
    private static let count = 5000

    @Test("5,000 listeners on one copy take about 100 MB at most and one subscription, and all are notified")
    func many() throws {
        // This process needs one descriptor a listener; the server's ends are in another process.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let cluster = try Cluster(copies: 1, environment: ["USHER_LOOPS": "2"])
        let port = cluster.ports[0]
        let server = try #require(cluster.copy("serve-0"))
        let event = try cluster.makeEvent(capacity: 100)
        let path = "/v1/events/\(event.id)/stream"
        _ = try EventStream(port: port, path).next()
        let before = try Self.megabytes(server)
        let listeners = try (0..<Self.count).map { _ in try EventStream(port: port, path) }
        for listener in listeners { #expect(try listener.next()?.name == "snapshot") }
        let booked = try HTTPClient(port: port).send(
            "POST", "/v1/bookings", headers: bearer(try cluster.token("somebody")),
            body: "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":1}]}")
        #expect(booked.status == 201)
        for listener in listeners { #expect(try listener.next()?.name == "availability") }
        let after = try Self.megabytes(server)
        print("\(Self.count) listeners: \(before) MB before, \(after) MB with them")
        // 69 MB in a release build, much of it task frames between a connection and its route; code and frames of a
        // debug build are larger.
        #expect(after - before < 115)
        let clients = try Program("redis-cli", ["-u", cluster.redis.url, "CLIENT", "LIST", "TYPE", "pubsub"])
        // One subscription a loop for acknowledgements, one for changes, and the reconciler's for changes.
        #expect(clients.readToEnd().split(separator: "\n").count == 4)
        #expect(cluster.stop("serve-0") == 0)
        for listener in listeners {
            #expect(try listener.next() == nil)
            #expect(listener.isWhole)
        }
    }

    /// Resident memory.
    private static func megabytes(_ program: Program) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(program.processID)/status", encoding: .utf8)
        return (status.firstMatch(of: /VmRSS:\s+(\d+) kB/).flatMap { Int($0.1) } ?? 0) / 1024
    }
}
