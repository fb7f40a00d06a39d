import Foundation
import Support
import Testing

@testable import usher

/// Compares `Setting.all` with the code and the documents.
@Suite("Settings")
struct SettingTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let names = Set(Setting.all.map(\.name))

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Names of settings in string literals of a text.
    private func literals(_ text: String) -> Set<String> {
        Set(text.matches(of: /"((?:USHER|OTEL)_[A-Z0-9_]+|PORT|REDIS_URL|DATABASE_URL)"/).map { String($0.1) })
    }

    @Test("the code reads exactly the settings in Setting.all")
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
        #expect(Self.names.count == Setting.all.count, "a setting is in Setting.all twice")
    }

    @Test("the table of docs/settings.md lists every setting by its full name")
    func document() throws {
        let rows = try text("docs/settings.md").split(separator: "\n").drop { !$0.hasPrefix("| variable |") }.dropFirst(
            2
        )
        .prefix { $0.hasPrefix("|") }
        let told = rows.flatMap { row in
            row.split(separator: "|")[0].matches(of: /`([A-Z_]+)`/).map { String($0.1) }
        }
        #expect(Set(told).subtracting(Self.names) == [], "in docs/settings.md, but not in Setting.all")
        #expect(Self.names.subtracting(told) == [], "in Setting.all, but not in docs/settings.md")
        #expect(told.count == Set(told).count, "a setting is in docs/settings.md twice")
    }

    @Test("docs/settings.md lists all settings that may come from files")
    func secrets() throws {
        let paragraph = try text("docs/settings.md").split(separator: "\n\n").first { $0.hasPrefix("Every secret (") }
        let told = Set(try #require(paragraph).matches(of: /`([A-Z_]+)`/).map { String($0.1) }).subtracting([
            "_FILE", "USHER_",
        ])
        #expect(told == Set(Setting.all.filter(\.isSecret).map(\.name)))
    }

    @Test(
        "an unknown setting is reported with a suggestion",
        arguments: [
            ("USHER_RATELIMIT", "USHER_RATELIMIT is not a setting; did you mean USHER_RATE_LIMIT?"),
            ("USHER_PORT", "USHER_PORT is not a setting; did you mean PORT?"),
            ("USHER_JWT_SECRTE", "USHER_JWT_SECRTE is not a setting; did you mean USHER_JWT_SECRET?"),
            ("USHER_CORS_ORIGIN", "USHER_CORS_ORIGIN is not a setting; did you mean USHER_CORS_ORIGINS?"),
            ("USHER_API_KEY_FILE", "USHER_API_KEY_FILE is not a setting; did you mean USHER_API_KEYS_FILE?"),
            ("USHER_LOG_FILE", "USHER_LOG_FILE is not a setting."),
            ("USHER_ZEBRA", "USHER_ZEBRA is not a setting."),
        ])
    func unknown(_ name: String, _ sentence: String) {
        #expect(Setting.unknown(in: [name]) == [sentence])
    }

    @Test("known names, names of files, and other programs' variables are not reported")
    func known() {
        #expect(Setting.unknown(in: Setting.all.map(\.name) + ["USHER_JWT_SECRET_FILE", "PATH", "PGHOST"]) == [])
    }

    @Test("errors in API keys name the service, and two services cannot have the same key")
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
        // A service may have two keys during a rotation.
        #expect(refusal("partner:\(first),partner:\(second)") == nil)
    }

    @Test(
        "each typing error counts as a distance of one",
        arguments: [
            ("serve", "serve", 0), ("srve", "serve", 1), ("sevre", "serve", 1), ("", "abc", 3),
            ("kitten", "sitting", 3),
        ])
    func distance(_ first: String, _ second: String, _ expected: Int) {
        #expect(Suggestion.distance(first, second) == expected)
        #expect(Suggestion.distance(second, first) == expected)
    }
}
