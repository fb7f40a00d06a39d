import Foundation
import Testing

/// Everything that documents, comments and openapi.yaml name must exist.
@Suite("Names of files, folders, commands and documents")
struct NamedPathTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL

    /// Every text file of the repository with its path, except files from builds and runs.
    private static let texts: [(path: String, text: String)] = {
        let known: Set = [
            "swift", "lua", "md", "yaml", "yml", "sql", "py", "js", "sh", "env", "conf", "toml", "service",
        ]
        let plain: Set = ["Makefile", "Dockerfile", "NOTICE", "run"]
        let hidden: Set = [".build", ".git", ".usher", "node_modules", "__pycache__"]
        var found: [(String, String)] = []
        let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
        while let file = files?.nextObject() as? URL {
            let name = file.lastPathComponent
            if hidden.contains(name) { files?.skipDescendants() }
            let isScript = file.deletingLastPathComponent().lastPathComponent == "dev"
            guard known.contains(file.pathExtension) || plain.contains(name) || isScript,
                let text = try? String(contentsOf: file, encoding: .utf8)
            else { continue }
            found.append((String(file.path.dropFirst(root.path.count + 1)), text))
        }
        return found
    }()

    private static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    /// Whether a path is a pattern, an example, or created by the operator.
    private static func isPattern(_ path: String) -> Bool {
        path.contains { "*<>{}$…?".contains($0) } || path.contains("NNNN") || path == "deploy/nginx/tls"
    }

    @Test("every path below a repository folder exists")
    func paths() {
        let folders = "Sources|Tests|docs|lua|migrations|load|deploy|\\.ci|\\.github"
        guard
            let path = try? Regex<(Substring, Substring)>("(?:^|[\\s`'\"(\\[=])((?:\(folders))/[\\w.+*<>{}$…?/-]*\\w)")
        else { return #expect(Bool(false), "the pattern is wrong") }
        var count = 0
        for (file, text) in Self.texts where file != "Tests/UsherTests/NamedPathTests.swift" {
            for match in text.matches(of: path.anchorsMatchLineEndings()) {
                let name = String(match.output.1)
                guard !Self.isPattern(name) else { continue }
                count += 1
                // A file may be named without its extension, like a type or a function.
                let isThere =
                    Self.exists(name) || Self.exists(name + ".swift") || Self.exists(name + ".lua")
                    || Self.exists(String(name.split(separator: ".").dropLast().joined(separator: ".")) + ".swift")
                #expect(isThere, "\(file) names \(name)")
            }
        }
        #expect(count > 200)
    }

    @Test("every link in a document points to a file")
    func links() {
        for (file, text) in Self.texts where file.hasSuffix(".md") {
            let folder = (file as NSString).deletingLastPathComponent
            for match in text.matches(of: /\]\(([^)#\s]+)(?:#[^)]*)?\)/) {
                let link = String(match.1)
                guard !link.contains("://"), !link.hasPrefix("mailto:") else { continue }
                #expect(Self.exists((folder as NSString).appendingPathComponent(link)), "\(file) links to \(link)")
            }
        }
    }

    @Test("every document named by its file name exists")
    func documents() {
        let names = Set(Self.texts.map { ($0.path as NSString).lastPathComponent })
        for (file, text) in Self.texts where !file.hasPrefix("CHANGELOG") {
            for match in text.matches(of: /`([\w-]+\.md)`/) {
                #expect(names.contains(String(match.1)), "\(file) names \(match.1)")
            }
        }
    }

    @Test("every `make` command and every `usher` command exists")
    func commands() throws {
        let makefile = try #require(Self.texts.first { $0.path == "Makefile" }).text
        let targets = Set(makefile.matches(of: /(?m)^([a-z0-9-]+):/).map { String($0.1) })
        let help = try #require(Self.texts.first { $0.path == "Sources/App/usher/Commands/Help.swift" }).text
        for (file, text) in Self.texts where file.hasSuffix(".md") || file == "openapi.yaml" {
            for match in text.matches(of: /`(?:[A-Z]+=\S+ )*make ([a-z][a-z0-9-]*)/) {
                #expect(targets.contains(String(match.1)), "\(file) names `make \(match.1)`")
            }
            for match in text.matches(of: /`usher ([a-z][a-z-]*)/) {
                #expect(help.contains("\(match.1)"), "\(file) names `usher \(match.1)`")
            }
        }
    }

    @Test("every referenced ADR number exists")
    func decisions() {
        let numbers = Set(
            Self.texts.compactMap { $0.path.firstMatch(of: /^docs\/adr\/(\d{4})-/).flatMap { Int($0.1) } })
        #expect(numbers == Set(1...(numbers.max() ?? 0)), "ADR numbers have a gap")
        for (file, text) in Self.texts {
            for match in text.matches(of: /\bADRs? (\d{1,2})\b/) {
                #expect(numbers.contains(Int(match.1) ?? 0), "\(file) names ADR \(match.1)")
            }
        }
    }
}
