import Foundation
import Support
import Testing

@Suite("Secrets in files")
struct SecretFileTests {
    private func run(_ environment: [String: String]) throws -> (said: String, code: Int32) {
        let program = try Program(Cluster.binary, ["token", "--sub", "ann"], environment: environment)
        return (program.readToEnd(), program.wait())
    }

    @Test("every secret may come from a file; both at once, a missing file and an empty file are reported")
    func files() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/secret"
        try "a secret of 32 bytes, from a file\n".write(toFile: path, atomically: true, encoding: .utf8)
        let made = try run(["USHER_JWT_SECRET_FILE": path])
        #expect(made.code == 0 && made.said.split(separator: ".").count == 3, "\(made.said)")
        // The trailing newline is ignored.
        let direct = try run(["USHER_JWT_SECRET": "a secret of 32 bytes, from a file"])
        #expect(direct.code == 0)
        for name in [
            "REDIS_URL", "DATABASE_URL", "USHER_JWT_SECRET", "USHER_API_KEYS", "USHER_WEBHOOK_SECRETS",
            "USHER_PAYMENT_GATEWAY", "USHER_SERVE_PASSWORD", "OTEL_EXPORTER_OTLP_HEADERS",
        ] {
            let both = try run([name: "x", "\(name)_FILE": path])
            #expect(both.code == 1 && both.said == "\(name) and \(name)_FILE are both set; set one of them.\n")
        }
        let nowhere = try run(["USHER_JWT_SECRET_FILE": "\(directory.path)/nowhere"])
        #expect(nowhere.said == "USHER_JWT_SECRET_FILE: “\(directory.path)/nowhere” cannot be read.\n")
        try "\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try run(["USHER_JWT_SECRET_FILE": path]).said == "USHER_JWT_SECRET_FILE: “\(path)” is empty.\n")
    }
}
