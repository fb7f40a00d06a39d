package import Loops
import LuaLibrary
package import RedisClient

/// Announces in Redis which function library this replica calls; one per process. A reconciler's keeper also deletes
/// the libraries of versions that no replica has announced for a day.
///
/// Deleting a library that is still in use does no harm: its replica loads it again. Lives on one loop.
package final class LibraryKeeper {
    /// Hash: library → when it was last announced, in milliseconds of Redis's clock.
    package static let key = "usher:libraries"
    /// A library that was announced within this time is kept.
    static let keptMilliseconds: Int64 = 24 * 3_600_000

    /// Interval of announcements: many within the time that a library is kept.
    private static let pause = Duration.seconds(3600)
    /// Delay of a retry.
    private static let retryPause = Duration.seconds(60)

    private let loop: EventLoop
    private let connection: RedisConnection
    private let deletes: Bool
    private var timer: LoopTimer?

    /// Called with the name of each deleted library.
    package var onDelete: (String) -> Void = { _ in }

    /// A keeper that is not started yet. On the loop's thread only.
    ///
    /// - Parameter deletes: whether it deletes libraries that no replica calls any more.
    package init(loop: EventLoop, connection: RedisConnection, deletes: Bool) {
        self.loop = loop
        self.connection = connection
        self.deletes = deletes
    }

    /// Announces now, and every hour until it is deallocated.
    package func start() {
        loop.spawn { [weak self] in
            var isDone = false
            do {
                try await self?.work()
                isDone = true
            } catch {}
            self?.rest(isDone ? Self.pause : Self.retryPause)
        }
    }

    private func rest(_ time: Duration) {
        // Without memory for a timer, this was the last announcement; if the library is deleted, it is loaded again.
        timer = try? LoopTimer(loop: loop, after: time, repeats: false) { [weak self] in self?.start() }
    }

    /// Announces once, and deletes outdated libraries.
    func work() async throws(RedisError) {
        let loaded = deletes ? try await loadedLibraries() : []
        let own = Functions.library.name
        let reply = try await connection.call(Functions.shared.announce, keys: [Self.key], arguments: [own] + loaded)
        let texts = reply.array?.compactMap(\.string) ?? []
        guard deletes, let now = texts.first.flatMap({ Int64($0) }) else { return }
        var announced: [String: Int64] = [:]
        for index in stride(from: 1, to: texts.count - 1, by: 2) { announced[texts[index]] = Int64(texts[index + 1]) }
        for name in Self.outdated(announced, own: own, now: now) {
            if loaded.contains(name) {
                _ = try await connection.send(RedisCommand("FUNCTION", "DELETE", name))
                onDelete(name)
            }
            _ = try await connection.send(RedisCommand("HDEL", Self.key, name))
        }
    }

    /// The libraries in Redis of any version of Usher; none of other applications.
    private func loadedLibraries() async throws(RedisError) -> [String] {
        let reply = try await connection.send(
            RedisCommand("FUNCTION", "LIST", "LIBRARYNAME", Functions.prefix + "_*"))
        return (reply.array ?? []).compactMap { library in
            let fields = library.array ?? []
            guard let label = fields.firstIndex(where: { $0.string == "library_name" }), label + 1 < fields.count,
                let name = fields[label + 1].string, RedisLibrary.isName(name, prefix: Functions.prefix)
            else { return nil }
            return name
        }
    }

    /// The libraries that no replica has announced for a day, in order.
    static func outdated(_ announced: [String: Int64], own: String, now: Int64) -> [String] {
        announced.filter { name, time in
            name != own && time < now - keptMilliseconds && RedisLibrary.isName(name, prefix: Functions.prefix)
        }.map(\.key).sorted()
    }
}
