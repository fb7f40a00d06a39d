import Foundation
import Loops
import PlantedBugs
import RedisClient
import Support
import Testing

@testable import LuaLibrary
@testable import SeatInventory

@Suite("Function library")
struct LibraryTests {
    private static let day: Int64 = 24 * 3_600_000

    /// On a separate Redis, since a library is visible to all clients.
    private static func withRedis(
        _ arguments: [String] = [], _ body: @Sendable (EventLoop, RedisConnection) async throws -> Void
    ) async throws {
        var options = RedisServerProcess.Options()
        options.extraArguments = arguments
        try await withOwnRedis(options) { loop, connection, _ in
            try await body(loop, connection)
        }
    }

    /// Parses a reply of alternating names and values.
    private static func fields(_ value: RedisValue) -> [String: RedisValue] {
        let parts = value.array ?? []
        let pairs = stride(from: 0, to: parts.count - 1, by: 2).map { (parts[$0].string ?? "", parts[$0 + 1]) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private static func libraries(_ connection: RedisConnection) async throws -> [[String: RedisValue]] {
        try await connection.send(RedisCommand("FUNCTION", "LIST")).array?.map(fields) ?? []
    }

    private static func names(_ connection: RedisConnection) async throws -> Set<String> {
        Set(try await libraries(connection).compactMap { $0["library_name"]?.string })
    }

    @Test("contains all files of lua")
    func files() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../lua").standardizedFileURL.path
        let files = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
            .filter { $0.hasSuffix(".lua") }
        #expect(files.count > 30)
        for file in files {
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            #expect(Functions.library.source.contains(text), "\(file)")
        }
    }

    @Test("Redis lists one library, named after its text, with each function that Usher calls and its description")
    func list() async throws {
        try await Self.withRedis { _, connection in
            _ = try await connection.call(Functions.shared.tryRights, keys: ["{p0}:check"], arguments: [])
            let libraries = try await Self.libraries(connection)
            #expect(libraries.count == 1)
            let library = try #require(libraries.first)
            #expect(library["library_name"]?.string?.wholeMatch(of: /usher_[0-9a-f]{16}/) != nil)
            let functions = (library["functions"]?.array ?? []).map(Self.fields)
            let names = functions.compactMap { $0["name"]?.string }
            #expect(Set(names) == Set(Functions.shared.all.map(\.fullName)))
            #expect(functions.allSatisfy { ($0["description"]?.string?.count ?? 0) > 10 })
            let left = try await connection.send(RedisCommand("DBSIZE")).integer
            #expect(left == 0)
        }
    }

    @Test("survives FLUSHALL, and a restart with the append-only file")
    func survival() async throws {
        try await Self.withRedis { _, connection in
            _ = try await connection.call(Functions.shared.tryRights, keys: ["{p0}:check"], arguments: [])
            _ = try await connection.send(RedisCommand("FLUSHALL"))
            let names = try await Self.names(connection)
            #expect(names == [Functions.library.name])
        }
        var options = RedisServerProcess.Options()
        options.appendOnly = true
        let redis = try RedisServerProcess(options)
        let loop = try EventLoop(name: "test")
        defer { loop.stop() }
        let configuration = try RedisConfiguration(url: redis.socketURL)
        for isFirst in [true, false] {
            try await loop.run { loop in
                let connection = RedisConnection(loop: loop, configuration: configuration)
                try connection.start()
                defer { connection.close() }
                if isFirst {
                    _ = try await connection.call(Functions.shared.tryRights, keys: ["{p0}:check"], arguments: [])
                }
                let names = try await Self.names(connection)
                #expect(names == [Functions.library.name])
            }
            if isFirst { try redis.restart() }
        }
    }

    @Test("a full Redis refuses functions that need memory before they start, and runs those that release units")
    func full() async throws {
        try await Self.withRedis { _, connection in
            _ = try await connection.call(Functions.shared.tryRights, keys: ["{p0}:check"], arguments: [])
            _ = try await connection.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            let (functions, arguments) = (Functions.shared, Array(repeating: "1", count: 10))
            for function in [functions.apply, functions.remember, functions.rateLimit] {
                let error = await #expect(throws: RedisError.self) {
                    try await connection.call(function, keys: ["{p0}:meta", "k", "k"], arguments: arguments)
                }
                #expect(error?.isServerError(.outOfMemory) == true, "\(function.name)")
                #expect(error?.provesNothingWritten == true)
            }
            let reply = try await connection.call(
                functions.applyFull, keys: ["{p0}:meta", "k"], arguments: arguments)
            #expect(reply.array?.first?.string == "RECOVERING")
        }
    }

    @Test("loading the library into a full Redis reports that it is full")
    func fullBefore() async throws {
        try await Self.withRedis(["--maxmemory", "1"]) { _, connection in
            let error = await #expect(throws: RedisError.self) {
                try await connection.call(Functions.shared.applyFull, keys: ["{p0}:meta"], arguments: ["1", "1", "e"])
            }
            #expect(error?.isServerError(.outOfMemory) == true)
        }
    }

    @Test("each planted bug finds the text that it replaces")
    func plantedBugs() {
        for bug in PlantedBug.allCases {
            for change in bug.changes { #expect(Functions.library.source.contains(change.right), "\(bug)") }
        }
    }

    // MARK: - Old versions

    @Test("other versions' libraries are outdated after a day without an announcement; foreign libraries never are")
    func outdated() {
        let (own, other, third) = (
            "usher_" + String(repeating: "0", count: 16), "usher_00000000000000aa", "usher_ff00000000000000"
        )
        let now: Int64 = 1_800_000_000_000
        let announced = [
            own: now - 3 * Self.day, other: now - Self.day - 1, third: now - Self.day, "usher_backup": 0, "mine": 0,
            "usher_00000000000000AA": 0,
        ]
        #expect(LibraryKeeper.outdated(announced, own: own, now: now) == [other])
        #expect(LibraryKeeper.outdated(announced, own: own, now: now + 1) == [other, third])
    }

    @Test("a reconciler deletes an old version's library a day after its last copy, and no other")
    func deletion() async throws {
        try await Self.withRedis { loop, connection in
            let old = RedisLibrary(
                prefix: "usher", text: "redis.register_function(library_name .. '_f', function() return 1 end)")
            let foreign = "#!lua name=usher_backup\nredis.register_function('f', function() return 1 end)"
            _ = try await connection.call(old.function("f"), keys: [], arguments: [])
            _ = try await connection.send(RedisCommand("FUNCTION", "LOAD", foreign))
            let all: Set = [old.name, "usher_backup", Functions.library.name]
            let keeper = LibraryKeeper(loop: loop, connection: connection, deletes: true)
            var deleted: [String] = []
            keeper.onDelete = { deleted.append($0) }

            func age(_ name: String, by milliseconds: Int64) async throws {
                let time = try await connection.send(RedisCommand("HGET", LibraryKeeper.key, name)).integer ?? 0
                _ = try await connection.send(RedisCommand("HSET", LibraryKeeper.key, name, "\(time - milliseconds)"))
            }

            // The library was never announced: its day starts now.
            try await keeper.work()
            let loaded1 = try await Self.names(connection)
            #expect(loaded1 == all)
            try await age(old.name, by: Self.day - 60_000)
            try await age(Functions.library.name, by: 2 * Self.day)
            try await keeper.work()
            let loaded2 = try await Self.names(connection)
            #expect(loaded2 == all)
            try await age(old.name, by: 60_000)
            // A copy that only announces deletes nothing.
            try await LibraryKeeper(loop: loop, connection: connection, deletes: false).work()
            let loaded3 = try await Self.names(connection)
            #expect(loaded3 == all)
            try await keeper.work()
            let loaded4 = try await Self.names(connection)
            #expect(loaded4 == all.subtracting([old.name]))
            #expect(deleted == [old.name])
            let left = try await connection.send(RedisCommand("HKEYS", LibraryKeeper.key)).array?.compactMap(\.string)
            #expect(left == [Functions.library.name])
            // A late copy of the old version loads its library again.
            let again = try await connection.call(old.function("f"), keys: [], arguments: []).integer
            #expect(again == 1)
        }
    }
}
