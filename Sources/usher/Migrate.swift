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
            let connection = try await Stores.connect(loop, postgres)
            let taken = try await Migrator(Schema.migrations).down(to: number, connection)
            print("Taken back: \(taken.isEmpty ? "nothing" : taken.joined(separator: ", ")).")
        }
    }
}
