import Payments
import Testing

@Suite("Signatures of callbacks")
struct WebhookSignatureTests {
    /// The test vector that the libraries of Standard Webhooks share.
    private enum Vector {
        static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
        static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        static let timestamp: Int64 = 1_614_265_330
        static let body = [UInt8](#"{"test": 2432232314}"#.utf8)
        static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    }
    private static let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

    private func verify(
        _ signature: WebhookSignature, id: String = Vector.id, timestamp: String = "1614265330",
        body: [UInt8] = Vector.body, signatures: String = Vector.signature, now: Int64 = Vector.timestamp
    ) -> Bool {
        signature.verify(id: id, timestamp: timestamp, body: body, signatures: signatures, now: now)
    }

    @Test("the published test vector is signed and verified")
    func vector() throws {
        let signature = try #require(WebhookSignature(secrets: [Vector.secret]))
        #expect(signature.sign(id: Vector.id, timestamp: Vector.timestamp, body: Vector.body) == Vector.signature)
        #expect(verify(signature))
    }

    @Test("any other id, time, body, secret or signature is refused")
    func refusals() throws {
        let signature = try #require(WebhookSignature(secrets: [Vector.secret]))
        #expect(!verify(signature, id: "msg_p5jXN8AQM9LWM0D4loKWxJeK"))
        #expect(!verify(signature, id: ""))
        #expect(!verify(signature, timestamp: "1614265331"))
        #expect(!verify(signature, body: Vector.body + [10]))
        #expect(!verify(signature, body: []))
        #expect(!verify(try #require(WebhookSignature(secrets: [Self.other]))))
        for index in 3..<Vector.signature.utf8.count {
            var bytes = Array(Vector.signature.utf8)
            bytes[index] ^= 1
            #expect(!verify(signature, signatures: String(decoding: bytes, as: UTF8.self)), "byte \(index)")
        }
        let digest = String(Vector.signature.dropFirst(3))
        for text in ["", "v1", "v1,", digest, "v1a,\(digest)", "v2,\(digest)", "V1,\(digest)", "v1,v1,\(digest)"] {
            #expect(!verify(signature, signatures: text), "\(text)")
        }
    }

    @Test("a timestamp may differ by 300 seconds in either direction")
    func tolerance() throws {
        let signature = try #require(WebhookSignature(secrets: [Vector.secret]))
        for (offset, isTaken) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
            #expect(verify(signature, now: Vector.timestamp + Int64(offset)) == isTaken, "\(offset) s")
        }
    }

    @Test("a timestamp that is not a plain number is refused")
    func malformedTimes() throws {
        let signature = try #require(WebhookSignature(secrets: [Vector.secret]))
        for text in [
            "", " 1614265330", "+1614265330", "01614265330", "1614265330.0", "-1", "9223372036854775807",
            "-9223372036854775808", "99999999999999999999",
        ] {
            #expect(!verify(signature, timestamp: text), "\(text)")
        }
    }

    @Test("one valid signature among several is enough")
    func severalSignatures() throws {
        let signature = try #require(WebhookSignature(secrets: [Vector.secret]))
        let wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
        #expect(!verify(signature, signatures: wrong))
        #expect(verify(signature, signatures: "\(wrong) v1a,xyz \(Vector.signature)"))
        #expect(verify(signature, signatures: "\(Vector.signature) \(wrong)"))
    }

    @Test("during a rotation the first secret signs and all verify")
    func rotation() throws {
        let old = try #require(WebhookSignature(secrets: [Vector.secret]))
        let both = try #require(WebhookSignature(secrets: [Self.other, Vector.secret]))
        let new = try #require(WebhookSignature(secrets: [Self.other]))
        let signed = both.sign(id: Vector.id, timestamp: Vector.timestamp, body: Vector.body)
        #expect(verify(both))
        #expect(verify(both, signatures: signed))
        #expect(verify(new, signatures: signed))
        #expect(!verify(old, signatures: signed))
    }

    @Test("a secret is whsec_ followed by base64")
    func secrets() {
        #expect(WebhookSignature(secrets: []) == nil)
        for secret in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64", "whsec_MfKQ9r8"] {
            #expect(WebhookSignature(secrets: [secret]) == nil, "\(secret)")
            #expect(WebhookSignature(secrets: [Vector.secret, secret]) == nil, "\(secret)")
        }
    }
}
