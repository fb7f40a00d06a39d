import Support
import Testing

/// Copies with different versions of the Redis function library, and Redis losing libraries, under load.
@Suite("Several versions of the functions", .serialized)
struct FunctionVersionTests {
    private func ask(_ cluster: Cluster, _ words: String...) throws -> String {
        try Program("redis-cli", ["-u", cluster.redis.url] + words).readToEnd()
    }

    /// The libraries in Redis.
    private func libraries(_ cluster: Cluster) throws -> Set<String> {
        Set(try ask(cluster, "FUNCTION", "LIST").matches(of: /usher_[0-9a-f]{16}\b(?!_)/).map { String($0.0) })
    }

    @Test("two versions sell the same event in parallel, no request fails, and each has its own library")
    func versions() async throws {
        let cluster = try Cluster(copies: 2)
        #expect(cluster.stop("serve-1") == 0)
        try cluster.startServer(1, ["USHER_LIBRARY_VARIANT": "another version"])
        try cluster.waitUntilReady()
        #expect(try libraries(cluster).count == 2)
        let load = try Load(cluster)
        let customers = load.start(threads: 8)
        try eventually("customers book on both copies") { load.confirmed >= 300 }
        load.stop()
        await customers.join()
        #expect(load.refusals.isEmpty && load.lost == 0, "\(load.refusals), \(load.lost) lost")
        try load.verify()
        #expect(try libraries(cluster).count == 2)
        // Both are registered as in use.
        #expect(try ask(cluster, "HLEN", "usher:libraries").hasPrefix("2"))
    }

    @Test("functions flushed under load are loaded again, and requests fail only with 503")
    func flushes() async throws {
        let cluster = try Cluster(copies: 2)
        #expect(cluster.stop("serve-1") == 0)
        try cluster.startServer(1, ["USHER_LIBRARY_VARIANT": "another version"])
        try cluster.waitUntilReady()
        let load = try Load(cluster)
        let customers = load.start(threads: 8)
        for round in 1...20 {
            try eventually("customers book") { load.confirmed >= 15 * round }
            #expect(try ask(cluster, "FUNCTION", "FLUSH") == "OK\n")
        }
        try eventually("customers book after the last flush") { load.confirmed >= 330 }
        load.stop()
        await customers.join()
        #expect(load.lost == 0 && load.refusals.keys.allSatisfy { $0.hasPrefix("503") }, "\(load.refusals)")
        try load.verify()
        #expect(try libraries(cluster).count == 2)
    }
}
