import BoxOffice
import Foundation
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// `usher show event|booking|partition ID`: prints what Redis stores, decoded, next to what PostgreSQL stores.
/// Read-only; works while one of the stores is unavailable.
struct Show {
    /// What can be shown.
    private enum Subject: String, CaseIterable {
        case event, booking, partition
    }

    private let settings: Settings
    private let subject: Subject
    private let name: String

    /// - Parameter arguments: the arguments after `show`.
    init(_ settings: Settings, _ arguments: [String]) throws {
        self.settings = settings
        let subjects = Subject.allCases.map(\.rawValue)
        if let option = arguments.first(where: { $0.hasPrefix("--") }) {
            throw Failure("\(option) is not an option of this command.", code: .misused)
        }
        guard let word = arguments.first else {
            throw Failure("Name what to show: usher show event ID, booking ID or partition N.", code: .misused)
        }
        guard let subject = Subject(rawValue: word) else {
            let meant = Suggestion.nearest(to: word, among: subjects)
            throw Failure(
                "\(word) cannot be shown\(meant.map { "; did you mean \($0)?" } ?? ": event, booking and partition can.")",
                code: .misused)
        }
        guard arguments.count == 2 else {
            let sentence =
                arguments.count == 1
                ? "Which \(word)? usher show \(word) \(subject == .partition ? "N" : "ID")."
                : "usher show takes one \(word) at a time."
            throw Failure(sentence, code: .misused)
        }
        self.subject = subject
        name = arguments[1]
    }

    func run() async throws {
        let loop = try EventLoop(name: "show")
        defer { loop.stop() }
        print(try await loop.run { loop in try await self.text(loop) })
    }

    private func text(_ loop: EventLoop) async throws -> String {
        let postgres = await postgres(loop)
        defer { postgres.value?.close() }
        let partitions = try await count(postgres.value)
        let redis = await redis(loop, KeySpace(partitions: partitions))
        defer { redis.value?.connection.close() }
        guard redis.value != nil || postgres.value != nil else {
            throw Failure([redis.absence, postgres.absence].compactMap(\.self).joined(separator: " "))
        }
        let shown: String
        do {
            shown = try await text(ShowStores(inventory: redis.value, pool: postgres.value), partitions)
        } catch let error as InventoryError {
            throw Failure("Redis (REDIS_URL) cannot be read: \(error.detail).")
        } catch let error as PostgresError {
            throw Failure("PostgreSQL (DATABASE_URL) cannot be read: \(error.message ?? "its reply was lost").")
        }
        return ([redis.absence, postgres.absence].compactMap(\.self) + [shown]).joined(separator: "\n")
    }

    private func text(_ stores: ShowStores, _ partitions: Int) async throws -> String {
        switch subject {
        case .event: return try await stores.event(name)
        case .booking:
            guard let id = BookingID(name, partitions: partitions) else {
                throw Failure("“\(name)” is not a booking id of an installation with \(partitions) partitions.")
            }
            return try await stores.booking(id)
        case .partition:
            guard let number = UInt16(name), Int(number) < partitions else {
                throw Failure("The partition must be a number from 0 to \(partitions - 1), not “\(name)”.")
            }
            return try await stores.partition(Partition(number))
        }
    }

    // MARK: - The stores

    /// A store, or the reason why it is unavailable.
    private struct Reached<Store> {
        var value: Store?
        var absence: String?
    }

    private func redis(_ loop: EventLoop, _ keys: KeySpace) async -> Reached<Inventory> {
        do {
            let connection = RedisConnection(loop: loop, configuration: try settings.redis())
            try connection.start()
            do {
                try await Stores.reach(connection)
            } catch {
                connection.close()
                throw error
            }
            return Reached(value: Inventory(loop: loop, connection: connection, keys: keys, channel: ""))
        } catch {
            return Reached(absence: Self.sentence(error, "Redis (REDIS_URL) cannot be reached."))
        }
    }

    private func postgres(_ loop: EventLoop) async -> Reached<PostgresPool> {
        do {
            var configuration = try settings.postgres()
            configuration.poolSize = 1
            do throws(PostgresError) {
                try await PostgresConnection.connect(on: loop, configuration: configuration).close()
            } catch {
                throw Failure("PostgreSQL (DATABASE_URL) cannot be reached: \(error.message ?? "no answer").")
            }
            return Reached(value: PostgresPool(loop: loop, configuration: configuration))
        } catch {
            return Reached(absence: Self.sentence(error, "PostgreSQL (DATABASE_URL) cannot be reached."))
        }
    }

    private static func sentence(_ error: any Error, _ other: String) -> String {
        (error as? Failure)?.sentence ?? other
    }

    /// The number of partitions: from PostgreSQL or, if it is unavailable, from the setting.
    private func count(_ pool: PostgresPool?) async throws -> Int {
        let rows = try? await pool?.query("SELECT value FROM settings WHERE name = 'partitions'")
        if let count = try? rows?.first.flatMap({ Int(try $0.string("value")) }) { return count }
        return try settings.partitions()
    }
}
