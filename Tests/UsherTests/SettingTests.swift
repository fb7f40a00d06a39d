import Foundation
import Support
import Testing

@testable import usher

/// The catalogue of settings against what else knows their names.
@Suite("Settings")
struct SettingTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let names = Set(Setting.all.map(\.name))

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Names of settings that stand as they are in string literals of a text.
    private func literals(_ text: String) -> Set<String> {
        Set(text.matches(of: /"((?:USHER|OTEL)_[A-Z0-9_]+|PORT|REDIS_URL|DATABASE_URL)"/).map { String($0.1) })
    }

    @Test("the code reads what the catalogue has, and nothing else")
    func code() throws {
        let sources = Self.root.appendingPathComponent("Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var read: Set<String> = []
        for case let file as URL in files
        where file.pathExtension == "swift" && file.lastPathComponent != "Setting.swift" {
            read.formUnion(literals(try String(contentsOf: file, encoding: .utf8)))
        }
        #expect(
            read.subtracting(Self.names) == ["USHER_PLANTED_BUG", "USHER_LIBRARY_VARIANT"],
            "read, but not in Setting.all")
        #expect(Self.names.subtracting(read) == [], "in Setting.all, but not read")
        #expect(Self.names.count == Setting.all.count, "one of them is in Setting.all twice")
    }

    @Test("the README's table has each of them, by its whole name")
    func readme() throws {
        let rows = try text("README.md").split(separator: "\n").drop { !$0.hasPrefix("| variable |") }.dropFirst(2)
            .prefix { $0.hasPrefix("|") }
        let told = rows.flatMap { row in
            row.split(separator: "|")[0].matches(of: /`([A-Z_]+)`/).map { String($0.1) }
        }
        #expect(Set(told).subtracting(Self.names) == [], "in the README, but not in Setting.all")
        #expect(Self.names.subtracting(told) == [], "in Setting.all, but not in the README")
        #expect(told.count == Set(told).count, "one of them is in the README twice")
    }

    @Test("the README names all that may stand in files")
    func secrets() throws {
        let paragraph = try text("README.md").split(separator: "\n\n").first { $0.hasPrefix("Every secret (") }
        let told = Set(try #require(paragraph).matches(of: /`([A-Z_]+)`/).map { String($0.1) }).subtracting([
            "_FILE", "USHER_",
        ])
        #expect(told == Set(Setting.all.filter(\.isSecret).map(\.name)))
    }

    @Test(
        "a name that is no setting is told, with the one that is meant",
        arguments: [
            ("USHER_RATELIMIT", "USHER_RATELIMIT is no setting; USHER_RATE_LIMIT?"),
            ("USHER_PORT", "USHER_PORT is no setting; PORT?"),
            ("USHER_JWT_SECRTE", "USHER_JWT_SECRTE is no setting; USHER_JWT_SECRET?"),
            ("USHER_CORS_ORIGIN", "USHER_CORS_ORIGIN is no setting; USHER_CORS_ORIGINS?"),
            ("USHER_API_KEY_FILE", "USHER_API_KEY_FILE is no setting; USHER_API_KEYS_FILE?"),
            ("USHER_LOG_FILE", "USHER_LOG_FILE is no setting."),
            ("USHER_ZEBRA", "USHER_ZEBRA is no setting."),
        ])
    func unknown(_ name: String, _ sentence: String) {
        #expect(Setting.unknown(in: [name]) == [sentence])
    }

    @Test("names that exist, those of files, and other programs' are not told")
    func known() {
        #expect(Setting.unknown(in: Setting.all.map(\.name) + ["USHER_JWT_SECRET_FILE", "PATH", "PGHOST"]) == [])
    }

    @Test("what is wrong with an API key names its service, and two services cannot have the same key")
    func apiKeys() throws {
        func refusal(_ keys: String) -> String? {
            do {
                _ = try Settings(["USHER_API_KEYS": keys]).apiKeys()
                return nil
            } catch { return (error as? Failure)?.sentence }
        }
        let (first, second) = (String(repeating: "a", count: 16), String(repeating: "b", count: 16))
        #expect(refusal("partner:short") == "USHER_API_KEYS: the key of partner must have at least 16 bytes.")
        #expect(
            refusal("partner:\(first),shop:\(second),kiosk:\(first)")
                == "USHER_API_KEYS: partner and kiosk have the same key; each needs its own.")
        // A service may have two keys while it changes from one to the other.
        #expect(refusal("partner:\(first),partner:\(second)") == nil)
    }

    @Test(
        "distances count a slip as one",
        arguments: [
            ("serve", "serve", 0), ("srve", "serve", 1), ("sevre", "serve", 1), ("", "abc", 3),
            ("kitten", "sitting", 3),
        ])
    func distance(_ first: String, _ second: String, _ expected: Int) {
        #expect(Suggestion.distance(first, second) == expected)
        #expect(Suggestion.distance(second, first) == expected)
    }
}
