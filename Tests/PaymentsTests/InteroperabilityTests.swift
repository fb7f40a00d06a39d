import Foundation
import Payments
import Support
import Testing

/// Python's `standardwebhooks`, which `make test` installs (`deploy/dev/install-standardwebhooks`).
@Suite("Signatures are compatible with the Python library of Standard Webhooks")
struct InteroperabilityTests {
    private static let python = ".build/standardwebhooks/bin/python"

    /// Reads our messages, verifies each, and signs each itself.
    private static let script = """
        import datetime, json, sys, standardwebhooks
        for message in json.load(open(sys.argv[1])):
            webhook = standardwebhooks.Webhook(message["secret"])
            headers = {"webhook-" + name: message[name] for name in ("id", "timestamp", "signature")}
            try:
                webhook.verify(message["body"], headers, json_parse=False)
                accepted = True
            except standardwebhooks.WebhookVerificationError:
                accepted = False
            time = datetime.datetime.fromtimestamp(int(message["timestamp"]), tz=datetime.timezone.utc)
            print(json.dumps([accepted, webhook.sign(message["id"], time, message["body"])]))
        """

    private struct Message: Codable {
        var secret: String
        var id: String
        var timestamp: String
        var body: String
        var signature: String
    }

    private func answers(_ messages: [Message]) throws -> [(accepted: Bool, signature: String)] {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/messages"
        try JSONEncoder().encode(messages).write(to: URL(fileURLWithPath: path))
        let python = FileManager.default.currentDirectoryPath + "/" + Self.python
        let lines = try Program(python, ["-c", Self.script, path]).readToEnd().split(separator: "\n")
        return try lines.map { line in
            let pair = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any], "\(line)")
            return (try #require(pair[0] as? Bool), try #require(pair[1] as? String))
        }
    }

    @Test("each side accepts the other's signatures, and neither accepts a changed message")
    func bothWays() throws {
        var generator = SeededGenerator.fromEnvironment()
        var messages: [Message] = []
        for index in 0..<200 {
            let secret =
                "whsec_"
                + Data((0..<(24 + index % 41)).map { _ in UInt8.random(in: 0...255, using: &generator) })
                .base64EncodedString()
            let scalars = (0..<(index * 7)).map { _ in "{\"é€😀\u{0}\n.: }aZ9".randomElement(using: &generator) ?? "x" }
            let now = Int64(Date().timeIntervalSince1970) + Int64.random(in: -60...60, using: &generator)
            var message = Message(
                secret: secret, id: "msg_\(index).x", timestamp: String(now), body: String(scalars), signature: "")
            let signer = try #require(WebhookSignature(secrets: [secret]))
            message.signature = signer.sign(id: message.id, timestamp: now, body: Array(message.body.utf8))
            if index % 2 == 1 { message.body += " " }
            messages.append(message)
        }
        let answers = try answers(messages)
        try #require(answers.count == messages.count)
        for (index, (message, answer)) in zip(messages, answers).enumerated() {
            #expect(answer.accepted == (index % 2 == 0))
            let verifier = try #require(WebhookSignature(secrets: [message.secret]))
            let now = try #require(Int64(message.timestamp))
            func isTaken(_ body: String) -> Bool {
                verifier.verify(
                    id: message.id, timestamp: message.timestamp, body: Array(body.utf8),
                    signatures: answer.signature, now: now)
            }
            #expect(isTaken(message.body))
            #expect(!isTaken(message.body + " "))
        }
    }
}
