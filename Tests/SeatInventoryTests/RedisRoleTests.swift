import Foundation
import SeatInventory
import Testing

@Suite("Redis users")
struct RedisRoleTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources").standardizedFileURL.path

    /// Where Swift sends commands from.
    private static let places = [
        "Platform/RedisClient/", "Stores/SeatInventory/", "Stores/Accounts/", "Services/Reconciliation/",
        "Services/Settlement/", "Services/Audit/", "App/API/", "App/usher/RedisCheck", "App/usher/Commands/Doctor",
    ]
    /// Names that look like commands but are not.
    private static let others: Set = ["auth", "pending", "rsa", "noperm", "config|get"]

    /// The commands that Swift sends by name, with the subcommand where permissions depend on it.
    private func sent() throws -> Set<String> {
        let files = try #require(FileManager.default.enumerator(atPath: Self.sources)).compactMap { $0 as? String }
        for place in Self.places { #expect(files.contains { $0.hasPrefix(place) }, "\(place) is not there") }
        var commands: Set<String> = []
        for file in files where file.hasSuffix(".swift") && Self.places.contains(where: file.hasPrefix) {
            let text = try String(contentsOfFile: "\(Self.sources)/\(file)", encoding: .utf8)
            for match in text.matches(of: /(?:RedisCommand\(|append\(|ask\(|\[)\s*"([A-Z]{3,})"(?:, "([A-Z]+)")?/) {
                let (name, next) = (match.1.lowercased(), match.2?.lowercased())
                let isContainer = ["client", "config", "function", "script", "xinfo"].contains(name)
                commands.insert(isContainer ? "\(name)|\(next ?? "")" : name)
            }
        }
        return commands
    }

    @Test("may run the commands that Usher sends, and none that destroy, spy or administer")
    func commands() throws {
        let sent = try sent()
        #expect(sent.isSuperset(of: ["xread", "fcall", "subscribe", "xinfo|stream", "config|get"]), "\(sent)")
        let rules = RedisRole.allCases.flatMap { $0.rules(password: "secret") }
        let allowed = Set(rules.map { String($0.dropFirst()) })
        #expect(sent.subtracting(allowed).subtracting(Self.others) == [])
        for role in RedisRole.allCases {
            let rules = role.rules(password: "secret")
            #expect(rules.prefix(2) == ["reset", "on"] && !rules.contains { $0.hasPrefix(">") })
            for bad in [
                "flushall", "flushdb", "keys", "config|set", "config|get", "shutdown", "acl", "debug", "script|flush",
                "function|flush", "eval", "evalsha",
                "swapdb",
            ] {
                #expect(!rules.contains("+\(bad)") && !rules.contains { $0.hasPrefix("+@") }, "\(bad)")
            }
            #expect(rules.contains("+fcall") && rules.contains("+function|load"))
            #expect(rules.contains("+function|delete") == (role == .reconcile))
        }
    }
}
