import EventLoop
import PostgresClient
import Records

/// `usher migrate [--down-to N]`.
struct Migrate {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run(downTo number: Int?) async throws {
        guard let number else {
            try await Stores.prepare(settings)
            print("The schema is that of this binary.")
            return
        }
        let postgres = try settings.postgres()
        let loop = try EventLoop(name: "migrate")
        defer { loop.stop() }
        try await loop.run { loop in
            try await Stores.waitForPostgres(loop, postgres)
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            let taken = try await Migrator(migrations: Schema.migrations).down(to: number, on: pool)
            print("Taken back: \(taken.isEmpty ? "nothing" : taken.map { "\($0)" }.joined(separator: ", ")).")
        }
    }
}
