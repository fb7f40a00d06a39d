import Foundation
import Logging
import PostgresClient
import RedisClient

/// Environment variables. An invalid value throws a failure with one sentence that names the variable.
struct Settings: Sendable {
    var variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    /// These settings with the values of `_FILE` variables read from their files, without trailing newlines.
    func withFiles() throws -> Settings {
        var settings = self
        for name in Setting.all.filter(\.isSecret).map(\.name) {
            guard let path = text("\(name)_FILE") else { continue }
            guard text(name) == nil else { throw Failure("\(name) and \(name)_FILE are both set; set one of them.") }
            guard let content = FileManager.default.contents(atPath: path),
                let text = String(validating: content, as: UTF8.self)
            else { throw Failure("\(name)_FILE: “\(path)” cannot be read.") }
            guard let end = text.lastIndex(where: { !$0.isNewline }) else {
                throw Failure("\(name)_FILE: “\(path)” is empty.")
            }
            settings.variables[name] = String(text[...end])
        }
        return settings
    }

    func text(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    func integer(_ name: String, _ range: ClosedRange<Int>, usual: Int) throws -> Int {
        guard let text = text(name) else { return usual }
        guard let number = Int(text), range.contains(number) else {
            throw Failure("\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not “\(text)”.")
        }
        return number
    }

    func flag(_ name: String) throws -> Bool {
        switch text(name) {
        case nil, "0": return false
        case "1": return true
        case let other?: throw Failure("\(name) must be 0 or 1, not “\(other)”.")
        }
    }

    /// The minimum level of log messages.
    func logLevel() throws -> LogLevel {
        guard let text = text("USHER_LOG") else { return .info }
        guard let level = LogLevel(text) else {
            throw Failure("USHER_LOG must be debug, info, warning or error, not “\(text)”.")
        }
        return level
    }

    var host: String { text("USHER_HOST") ?? "127.0.0.1" }

    func port() throws -> Int { try integer("PORT", 1...65535, usual: 8080) }

    /// The separate port of metrics; `nil` if they have none.
    func metricsPort() throws -> Int? {
        let port = try integer("USHER_METRICS_PORT", 0...65535, usual: 0)
        return port == 0 ? nil : port
    }

    func partitions() throws -> Int { try integer("USHER_PARTITIONS", 1...4096, usual: 64) }

    func redis() throws -> RedisConfiguration {
        guard let url = text("REDIS_URL") else { throw Failure("REDIS_URL is missing.") }
        do throws(RedisError) {
            return try RedisConfiguration(url: url)
        } catch {
            throw Failure("REDIS_URL: \(error.reason).")
        }
    }

    func postgres() throws -> PostgresConfiguration {
        guard let url = text("DATABASE_URL") else { throw Failure("DATABASE_URL is missing.") }
        // libpq would treat an address with another scheme as the name of a database.
        if let scheme = url.firstRange(of: "://").map({ url[..<$0.lowerBound] }),
            !scheme.contains(where: { "@=/ ".contains($0) }),
            !["postgresql", "postgres"].contains(scheme)
        {
            throw Failure("DATABASE_URL must begin with postgresql://, not with \(scheme)://.")
        }
        return PostgresConfiguration(uri: url)
    }

    /// The secret that signs Usher's own tokens.
    func secret() throws -> [UInt8] {
        guard let secret = text("USHER_JWT_SECRET") else { throw Failure("USHER_JWT_SECRET is missing.") }
        guard secret.utf8.count >= 32 else { throw Failure("USHER_JWT_SECRET must have at least 32 bytes.") }
        return Array(secret.utf8)
    }

    /// The passwords of the roles that `migrate --roles` creates.
    func rolePasswords() throws -> (serve: String, reconcile: String, migrate: String) {
        let names = ["USHER_SERVE_PASSWORD", "USHER_RECONCILE_PASSWORD", "USHER_MIGRATE_PASSWORD"]
        let passwords = try names.map { name in
            guard let password = text(name) else { throw Failure("\(name) is missing.") }
            guard password.utf8.count >= 16 else { throw Failure("\(name) must have at least 16 bytes.") }
            return password
        }
        return (passwords[0], passwords[1], passwords[2])
    }

    /// Origins that CORS allows, in the form that browsers send.
    func corsOrigins() throws -> [String] {
        try (text("USHER_CORS_ORIGINS") ?? "").split(separator: ",").map { part in
            let host =
                part.hasPrefix("https://") ? part.dropFirst(8) : part.hasPrefix("http://") ? part.dropFirst(7) : ""
            guard !host.isEmpty, !host.contains(where: { "/ *".contains($0) }) else {
                throw Failure("USHER_CORS_ORIGINS must be origins such as https://shop.example, separated by commas.")
            }
            return String(part)
        }
    }

    /// Shorter keys can be guessed or found by brute force.
    private static let leastKeyBytes = 16

    func apiKeys() throws -> [(name: String, key: String)] {
        // Compared by bytes, as at each request.
        var owners: [[UInt8]: String] = [:]
        return try (text("USHER_API_KEYS") ?? "").split(separator: ",").map { pair in
            guard let colon = pair.firstIndex(of: ":"), colon > pair.startIndex,
                pair.index(after: colon) < pair.endIndex
            else { throw Failure("USHER_API_KEYS must be name:key pairs, separated by commas.") }
            let name = String(pair[..<colon])
            let key = String(pair[pair.index(after: colon)...])
            guard key.utf8.count >= Self.leastKeyBytes else {
                throw Failure("USHER_API_KEYS: the key of \(name) must have at least 16 bytes.")
            }
            // A shared key could not be attributed to one of the two.
            if let owner = owners.updateValue(name, forKey: Array(key.utf8)), owner != name {
                throw Failure("USHER_API_KEYS: \(owner) and \(name) have the same key; each needs its own.")
            }
            return (name, key)
        }
    }
}
