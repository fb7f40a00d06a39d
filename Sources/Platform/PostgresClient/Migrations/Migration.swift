import Cryptography

/// One schema change, with its reversal.
package struct Migration: Sendable, Hashable {
    /// Counts from 1, in order of application.
    package let number: Int
    /// A verb and its object, such as `create_bookings`.
    package let name: String
    /// The SQL that applies the change: any number of statements, without BEGIN and COMMIT.
    package let up: String
    /// The SQL that reverts it.
    package let down: String
    /// SHA-256 of `up`, in lower-case hexadecimal.
    package let checksum: String

    package init(number: Int, name: String, up: String, down: String) {
        self.number = number
        self.name = name
        self.up = up
        self.down = down
        self.checksum = hexEncode(sha256(Array(up.utf8)))
    }

    /// Pairs up and down files, and sorts them by number.
    ///
    /// - Parameter files: names `NNNN_verb_noun.up.sql` and `NNNN_verb_noun.down.sql`, each with its text.
    /// - Throws: `.invalid` if a name has another form, a file is missing, or a number is duplicated or skipped.
    package static func pair(_ files: [(name: String, text: String)]) throws(MigrationError) -> [Migration] {
        var halves: [String: (up: String?, down: String?)] = [:]
        for file in files {
            let (stem, isUp) = try parse(file.name)
            let known = isUp ? halves[stem]?.up : halves[stem]?.down
            guard known == nil else { throw MigrationError(.invalid, "\(file.name) is there twice") }
            if isUp {
                halves[stem, default: (nil, nil)].up = file.text
            } else {
                halves[stem, default: (nil, nil)].down = file.text
            }
        }
        var migrations: [Migration] = []
        for (stem, half) in halves.sorted(by: { $0.key < $1.key }) {
            guard let up = half.up else { throw MigrationError(.invalid, "\(stem).up.sql is missing") }
            guard let down = half.down else { throw MigrationError(.invalid, "\(stem).down.sql is missing") }
            let number = Int(stem.prefix(4)) ?? 0
            guard number == migrations.count + 1 else {
                throw MigrationError(.invalid, "\(stem) comes where number \(migrations.count + 1) should")
            }
            migrations.append(Migration(number: number, name: String(stem.dropFirst(5)), up: up, down: down))
        }
        return migrations
    }

    private static func parse(_ name: String) throws(MigrationError) -> (stem: String, isUp: Bool) {
        for (suffix, isUp) in [(".up.sql", true), (".down.sql", false)] where name.hasSuffix(suffix) {
            let stem = name.dropLast(suffix.count)
            let digits = stem.prefix(4)
            let words = stem.dropFirst(5)
            guard digits.utf8.count == 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                stem.dropFirst(4).first == "_", !words.isEmpty,
                words.utf8.allSatisfy({ (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f })
            else { break }
            return (String(stem), isUp)
        }
        throw MigrationError(.invalid, "\(name) is not named NNNN_verb_noun.up.sql or .down.sql")
    }
}

/// Why migrations failed.
package struct MigrationError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The files are invalid.
        case invalid
        /// An applied migration was changed afterwards.
        case changed
        /// The database has a migration that this program does not have, or has a gap.
        case unknown
        /// The SQL of a migration failed; it was rolled back, earlier migrations remain applied.
        case failed
    }

    package let code: Code
    /// Details; safe to log.
    package let reason: String
    /// The server's error of a `.failed` migration.
    package let underlying: PostgresError?

    init(_ code: Code, _ reason: String, underlying: PostgresError? = nil) {
        self.code = code
        self.reason = reason
        self.underlying = underlying
    }

    /// Safe to log.
    package var description: String { "migrations: \(reason)" + (underlying.map { ": \($0)" } ?? "") }
}
