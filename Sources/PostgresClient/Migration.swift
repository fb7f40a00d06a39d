import Cryptography

/// One change of the schema, and how to undo it.
public struct Migration: Sendable, Hashable {
    /// From 1, in the order of application.
    public let number: Int
    /// A verb and what it changes, such as `create_bookings`.
    public let name: String
    /// The SQL that makes the change: any number of statements, without BEGIN and COMMIT.
    public let up: String
    /// The SQL that undoes it.
    public let down: String
    /// SHA-256 of `up`, in lower-case hexadecimal.
    public let checksum: String

    /// Describes a migration.
    public init(number: Int, name: String, up: String, down: String) {
        self.number = number
        self.name = name
        self.up = up
        self.down = down
        self.checksum = hexEncode(sha256(Array(up.utf8)))
    }

    /// Pairs files up, and orders them by number.
    ///
    /// - Parameter files: names `NNNN_verb_noun.up.sql` and `NNNN_verb_noun.down.sql`, each with its text.
    /// - Throws: `.invalid` when a name is none of these, a half is missing, or a number is used twice or left out.
    public static func pair(_ files: [(name: String, text: String)]) throws(MigrationError) -> [Migration] {
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

/// Why migrations were not applied.
public struct MigrationError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Sendable, Hashable {
        /// The files themselves are wrong.
        case invalid
        /// A migration that was applied reads differently now.
        case changed
        /// The database has a migration that this program does not know, or lacks one before its last.
        case unknown
        /// The SQL of a migration failed; it was rolled back, the ones before it stay.
        case failed
    }

    /// What kind of failure it is.
    public let code: Code
    /// What exactly; safe to log.
    public let reason: String
    /// The server's error of a `.failed` migration.
    public let underlying: PostgresError?

    init(_ code: Code, _ reason: String, underlying: PostgresError? = nil) {
        self.code = code
        self.reason = reason
        self.underlying = underlying
    }

    /// Safe to log.
    public var description: String { "migrations: \(reason)" + (underlying.map { ": \($0)" } ?? "") }
}
