import Support
import Testing

/// Copies whose libraries of Redis functions have different texts, and Redis losing them, under load.
@Suite("Versions of the functions side by side", .serialized)
struct FunctionVersionTests {
    private func ask(_ cluster: Cluster, _ words: String...) throws -> String {
        try Program("redis-cli", ["-u", cluster.redis.url] + words).readToEnd()
    }

    /// The libraries that Redis has.
    private func libraries(_ cluster: Cluster) throws -> Set<String> {
        Set(try ask(cluster, "FUNCTION", "LIST").matches(of: /usher_[0-9a-f]{16}\b(?!_)/).map { String($0.0) })
    }

    @Test("two versions sell the same event at once, and no request fails; each has its own library")
    func versions() async throws {
        let cluster = try Cluster(copies: 2)
        #expect(cluster.stop("serve-1") == 0)
        try cluster.startServer(1, ["USHER_LIBRARY_VARIANT": "another version"])
        try cluster.waitUntilReady()
        #expect(try libraries(cluster).count == 2)
        let load = try Load(cluster)
        let customers = load.start(threads: 8)
        try eventually("people buy from both") { load.confirmed >= 300 }
        load.stop()
        await customers.join()
        #expect(load.refusals.isEmpty && load.lost == 0, "\(load.refusals), \(load.lost) lost")
        try load.verify()
        #expect(try libraries(cluster).count == 2)
        // Both say that they are used.
        #expect(try ask(cluster, "HLEN", "usher:libraries").hasPrefix("2"))
    }

    @Test("functions that are flushed under load are loaded again, and no request fails but by 503")
    func flushes() async throws {
        let cluster = try Cluster(copies: 2)
        #expect(cluster.stop("serve-1") == 0)
        try cluster.startServer(1, ["USHER_LIBRARY_VARIANT": "another version"])
        try cluster.waitUntilReady()
        let load = try Load(cluster)
        let customers = load.start(threads: 8)
        for round in 1...20 {
            try eventually("people buy") { load.confirmed >= 15 * round }
            #expect(try ask(cluster, "FUNCTION", "FLUSH") == "OK\n")
        }
        try eventually("people buy after the last") { load.confirmed >= 330 }
        load.stop()
        await customers.join()
        #expect(load.lost == 0 && load.refusals.keys.allSatisfy { $0.hasPrefix("503") }, "\(load.refusals)")
        try load.verify()
        #expect(try libraries(cluster).count == 2)
    }
}
