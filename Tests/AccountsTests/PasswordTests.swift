import Cryptography
import Testing

@testable import Accounts

@Suite("Passwords")
struct PasswordTests {
    @Test("a hash is salted argon2id with 19 MiB, two passes and one lane, and matches only its password")
    func hashes() throws {
        let hash = try #require(PasswordHash.make("correct horse 1"))
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(PasswordHash.isCurrent(hash))
        #expect(PasswordHash.matches("correct horse 1", hash))
        #expect(!PasswordHash.matches("correct horse 2", hash))
        #expect(!PasswordHash.matches("", hash))
        #expect(!PasswordHash.matches("correct horse 1\0", hash))
        #expect(PasswordHash.make("correct horse 1") != hash)
    }

    @Test(
        "published bcrypt hashes match (Openwall's crypt_blowfish)",
        arguments: [
            ("U*U", "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U*", "CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
            ("U*U*U", "XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ])
    func bcrypt(password: String, hash: String) {
        for kind in ["2a", "2b"] {
            let hash = "$\(kind)$05$\(hash)"
            #expect(PasswordHash.isSupported(hash))
            #expect(!PasswordHash.isCurrent(hash))
            #expect(PasswordHash.matches(password, hash))
            #expect(!PasswordHash.matches(password + "x", hash))
            #expect(!PasswordHash.matches(password + "\0", hash))
        }
    }

    @Test("passwords longer than bcrypt reads do not match")
    func longBcrypt() {
        // Also from Openwall: a hash of the first 72 bytes.
        let whole = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
        let published = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        #expect(PasswordHash.matches(published, whole))
        #expect(!PasswordHash.matches(published + "chars after 72 are ignored", whole))
    }

    @Test(
        "hashes of other kinds, or with too high a cost, are refused at once",
        arguments: [
            "", "$", "plain", "$1$salt$hash", "$6$salt$hash",
            "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=19456,t=1000,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=19456,t=2,p=64$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=19456,t=2$c2FsdHNhbHQ$aGFzaGhhc2g",
        ])
    func unsupported(hash: String) {
        #expect(!PasswordHash.isSupported(hash))
        #expect(!PasswordHash.matches("U*U", hash))
    }

    @Test("a decoy has the cost of a current hash, and matches no password")
    func decoy() throws {
        let decoy = PasswordHash.decoy()
        let real = try #require(PasswordHash.make("x"))
        #expect(PasswordHash.isCurrent(decoy) && PasswordHash.isSupported(decoy))
        #expect(decoy.utf8.count == real.utf8.count)
        #expect(!PasswordHash.matches("", decoy))
        #expect(PasswordHash.decoy() != decoy)
    }

    @Test("valid and invalid new passwords")
    func rule() {
        for good in ["abcdefg1", "пароль12", "１２３４５６７ä", "a1" + String(repeating: "ä", count: 35)] {
            #expect(PasswordRule.violation(good) == nil, "\(good)")
        }
        for bad in ["", "abcdef1", "abcdefgh", "12345678", "a1" + String(repeating: "ä", count: 36), "abcdefg1\0"] {
            #expect(PasswordRule.violation(bad) != nil, "\(bad)")
        }
    }

    @Test("addresses are compared in lower case; invalid ones are rejected")
    func addresses() {
        #expect(EmailAddress("Ann@Example.COM")?.normalised == "ann@example.com")
        #expect(EmailAddress("Ann@Example.COM")?.text == "Ann@Example.COM")
        #expect(EmailAddress("o'neil+tag@xn--mnchen-3ya.example") != nil)
        let long = String(repeating: "x", count: 64)
        #expect(EmailAddress("\(long)@example.com") != nil)
        for bad in [
            "", "@", "a@", "@b.c", "a b@c.d", "a@b@c.d", "a@b..c", "a@.b", "a@b.", "a@b\n.c", "a\0@b.c", "<a@b.c>",
            "a,b@c.d", "\"a\"@b.c", "a@b.c\u{200b}", "x\(long)@example.com",
            "a@\(Array(repeating: long, count: 4).joined(separator: "."))",
        ] {
            #expect(EmailAddress(bad) == nil, "\(bad)")
        }
    }

    @Test(
        "an address is measured, compared and stored in NFC, and compared by bytes",
        arguments: [
            ("jos\u{e9}@example.com", "jose\u{301}@example.com"),
            ("ann@m\u{fc}nchen.example", "ann@mu\u{308}nchen.example"), ("\u{c5}@example.com", "\u{212b}@example.com"),
        ])
    func normalAddresses(normal: String, other: String) throws {
        let (left, right) = try (#require(EmailAddress(normal)), #require(EmailAddress(other)))
        #expect(left.normalised.utf8.elementsEqual(right.normalised.utf8))
        #expect(left.text.utf8.elementsEqual(right.text.utf8) && left.text.utf8.elementsEqual(normal.utf8))
        // 64 bytes before the @ in NFC, 96 as typed.
        #expect(EmailAddress(String(repeating: "e\u{301}", count: 32) + "@example.com") != nil)
        // A combining mark after the @ does not hide the @.
        #expect(EmailAddress("a@\u{301}b.example") != nil && EmailAddress("a@\u{301}b@c.example") == nil)
    }

    @Test("the password rule measures passwords in NFC, the form that is hashed")
    func normalRule() {
        #expect(PasswordRule.violation("a1" + String(repeating: "a\u{308}", count: 35)) == nil)
        #expect(PasswordRule.violation("a1" + String(repeating: "a\u{308}", count: 36)) != nil)
    }

    @Test("valid and invalid names")
    func names() {
        for good in [
            "A", "Łukasz Żak", "👩‍👧", String(repeating: "x", count: 100),
            "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}",
            "O'Neil-Smith 3rd", "\u{915}\u{94d}\u{200d}\u{937}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "\u{2764}\u{fe0f}", "Jose\u{301}", "\u{600}\u{661}", "A\u{a0}B",
        ] {
            #expect(PersonName.cleaned(good)?.utf8.elementsEqual(good.utf8) == true, "\(good)")
        }
        for (typed, kept) in [
            ("\u{5d3}\u{5df}\u{200f}", "\u{5d3}\u{5df}"), ("Mar\u{ad}tin", "Martin"), ("A\u{2060}B\u{feff}", "AB"),
            ("\u{200e}A\u{61c}", "A"),
        ] {
            #expect(PersonName.cleaned(typed)?.utf8.elementsEqual(kept.utf8) == true, "\(typed)")
        }
        for bad in [
            "", " ", "\n", "A\u{202e}B", "A\u{2066}B", "A\u{202a}", "A\0", "A\u{85}", "A\u{2028}B", "A\u{e001}",
            "A\u{fffe}", "A\u{200b}B", "\u{200f}", "\u{200d}", "A\u{e0067}", "A\u{fff9}B", "\u{3164}",
            String(repeating: "x", count: 101),
        ] {
            #expect(PersonName.cleaned(bad) == nil, "\(bad)")
        }
        #expect(PersonName.cleaned(String(repeating: "x\u{ad}", count: 100)) != nil, "measured without what is dropped")
    }
}
