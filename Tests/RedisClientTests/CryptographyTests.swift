import Cryptography
import Testing

@Suite("Cryptography")
struct CryptographyTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("SHA-256 and SHA-1 produce the digests of FIPS 180-4")
    func digests() {
        #expect(
            hexEncode(sha256(bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hexEncode(sha256([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(sha1Hex(bytes("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(sha1Hex([]) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    }

    @Test("HMAC-SHA-256 produces the codes of RFC 4231, and accepts an empty key")
    func codes() {
        #expect(
            hexEncode(hmacSHA256(key: bytes("Jefe"), message: bytes("what do ya want for nothing?")))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            hexEncode(
                hmacSHA256(
                    key: [UInt8](repeating: 0xaa, count: 131),
                    message: bytes("Test Using Larger Than Block-Size Key - Hash Key First")))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        #expect(
            hexEncode(hmacSHA256(key: [], message: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test("equality of secrets", arguments: [("", "", true), ("a", "a", true), ("a", "b", false), ("a", "ab", false)])
    func equality(left: String, right: String, equal: Bool) {
        #expect(constantTimeEquals(bytes(left), bytes(right)) == equal)
    }

    @Test("base64 encodes and decodes the vectors of RFC 4648")
    func base64() {
        let vectors = ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "foobar": "Zm9vYmFy"]
        for (plain, encoded) in vectors {
            #expect(base64Encode(bytes(plain)) == encoded)
            #expect(base64Decode(encoded) == bytes(plain))
            let unpadded = encoded.filter { $0 != "=" }
            #expect(base64URLEncode(bytes(plain)) == unpadded)
            #expect(base64URLDecode(unpadded) == bytes(plain))
        }
        #expect(base64URLEncode([0xfb, 0xff]) == "-_8")
        #expect(base64URLDecode("-_8") == [0xfb, 0xff])
    }

    @Test(
        "non-canonical base64 is refused", arguments: ["A", "Zh", "Zm9", "Zg==", "+/8", "Zm 9v", "é", "Zm9v\n"])
    func base64Canonical(text: String) {
        #expect(base64URLDecode(text) == nil)
    }

    @Test("padded base64 without its padding is refused", arguments: ["Zg", "Zg=", "====", "Zh==", "Z===", "Zg==Zg=="])
    func base64Padding(text: String) {
        #expect(base64Decode(text) == nil)
    }

    @Test("random bytes survive base64 and hexadecimal")
    func roundTrips() {
        let source = RandomSource()
        for count in 0..<200 {
            let bytes = source.bytes(count)
            #expect(bytes.count == count)
            #expect(base64URLDecode(base64URLEncode(bytes)) == bytes)
            #expect(base64Decode(base64Encode(bytes)) == bytes)
            #expect(hexDecode(hexEncode(bytes)) == bytes)
        }
        #expect(hexDecode("0") == nil && hexDecode("0g") == nil)
        #expect(hexDecode("AbCd") == [0xab, 0xcd])
    }

    @Test("random numbers do not repeat across refills")
    func randomness() {
        let source = RandomSource()
        #expect(Set((0..<2_000).map { _ in source.next() }).count == 2_000)
        #expect(randomBytes(16) != randomBytes(16))
        #expect(randomBytes(0).isEmpty)
        #expect(source.bytes(4_096).count == 4_096)
    }
}
