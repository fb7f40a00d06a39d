import Foundation
import Loops
import PostgresClient
import Reconciliation

/// `usher replay-dead-letter [--id N]`: persists dead letters; exit code 1 if one still cannot be persisted.
struct ReplayDeadLetter {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run(id text: String?) async throws {
        let postgres = try settings.postgres()
        let id = try text.map { text in
            guard let id = Int64(text), id > 0 else {
                throw Failure("--id must be a dead letter's number, not “\(text)”.")
            }
            return id
        }
        let loop = try EventLoop(name: "replay")
        defer { loop.stop() }
        let left = try await loop.run { loop in
            try await Stores.waitForPostgres(loop, postgres)
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            let replay = DeadLetterReplay(pool: pool)
            let letters = try await replay.letters(id)
            if letters.isEmpty { print("There are no dead letters.") }
            var left = 0
            for letter in letters {
                let outcome = try await replay.replay(letter)
                if case .written = outcome {} else if case .superseded = outcome {} else { left += 1 }
                print("dead letter \(letter.id): \(Self.sentence(outcome))")
            }
            return left
        }
        guard left == 0 else { exit(1) }
    }

    private static func sentence(_ outcome: DeadLetterReplay.Outcome) -> String {
        switch outcome {
        case .written: "persisted."
        case .superseded: "nothing to persist, PostgreSQL has later versions."
        case .unreadable: "cannot be decoded; kept."
        case .refused(let reason): "refused again (\(reason)); kept."
        case .busy: "its partition is too busy; try again."
        }
    }
}
