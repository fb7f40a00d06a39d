import Cryptography
import Testing

@testable import Accounts

@Suite("Refresh tokens")
struct RefreshVerdictTests {
    private func verdict(
        expired: Bool = false, revoked: Bool = false, used: Int64? = nil, successor: Bool = true
    ) -> RefreshVerdict {
        .of(isExpired: expired, isRevoked: revoked, usedMilliseconds: used, hasSuccessor: successor)
    }

    @Test("the verdict on a presented token")
    func verdicts() {
        #expect(verdict() == .exchange)
        #expect(verdict(revoked: true) == .refused)
        #expect(verdict(used: 0) == .again)
        #expect(verdict(used: 29_999) == .again)
        #expect(verdict(used: 30_000) == .reused)
        #expect(verdict(revoked: true, used: 10) == .refused)
        #expect(verdict(revoked: true, used: 30_000) == .reused)
        #expect(verdict(expired: true, used: 30_000) == .refused)
        #expect(verdict(expired: true) == .refused)
        // The server's key has changed: the successor that was issued differs from the one under the current key.
        #expect(verdict(used: 10, successor: false) == .refused)
    }

    @Test("a token has one encoding, and one successor under a key")
    func successors() throws {
        let token = RefreshToken(random: RandomSource())
        #expect(token.text.utf8.count == 43)
        let read = try #require(RefreshToken(token.text))
        #expect(read.hash == token.hash)
        #expect(read.successor(key: [1]).text == token.successor(key: [1]).text)
        #expect(token.successor(key: [2]).text != token.successor(key: [1]).text)
        #expect(token.successor(key: [1]).text != token.text)
        #expect(RefreshToken(token.text + "=") == nil)
        #expect(RefreshToken(String(token.text.dropLast())) == nil)
        #expect(RefreshToken("") == nil)
        // 43 digits encode two bits more than 32 bytes: these must be zero.
        #expect(RefreshToken(String(repeating: "A", count: 42) + "B") == nil)
    }
}
