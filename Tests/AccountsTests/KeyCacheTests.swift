import Cryptography
import Dispatch
import Loops
import Synchronization
import Testing

@testable import Accounts

@Suite("The cache of an issuer's keys")
struct KeyCacheTests {
    private static let second: Int64 = 1_000_000_000
    private static var set: KeySet? { KeySet(keySetJSON([SigningKey.rsa.published, SigningKey.p256.published])) }

    @Test("the first caller fetches, other callers wait, and an unknown name is fetched again after 12 s")
    func asks() {
        var cache = KeyCache()
        #expect(cache.ask("rsa-1", now: 5) == (.wait, true))
        #expect(cache.ask("rsa-1", now: 6) == (.wait, false))
        #expect(cache.ask("other", now: 7) == (.wait, false))
        cache.fetched(Self.set, now: Self.second)
        #expect(cache.ask("rsa-1", now: Self.second) == (.known, false))
        #expect(cache.ask("other", now: Self.second) == (.unknown, false))
        #expect(cache.ask("other", now: 4 + KeyCache.pause) == (.unknown, false))
        #expect(cache.ask("other", now: 5 + KeyCache.pause) == (.wait, true))
        #expect(cache.ask("rsa-1", now: 6 + KeyCache.pause) == (.known, false))
        cache.fetched(nil, now: 7 + KeyCache.pause)
        #expect(cache.ask("rsa-1", now: 8 + KeyCache.pause) == (.known, false))
        #expect(cache.ask("other", now: 8 + KeyCache.pause) == (.unknown, false))
    }

    @Test("a cached key is refreshed after ten minutes while it stays usable, and expires without a refresh")
    func ages() {
        var cache = KeyCache()
        _ = cache.ask("rsa-1", now: 0)
        cache.fetched(Self.set, now: 0)
        #expect(cache.ask("rsa-1", now: KeyCache.freshFor - 1) == (.known, false))
        #expect(cache.ask("rsa-1", now: KeyCache.freshFor) == (.known, true))
        #expect(cache.ask("rsa-1", now: KeyCache.freshFor + 1) == (.known, false))
        cache.fetched(nil, now: KeyCache.freshFor + 2)
        #expect(cache.key("rsa-1", now: KeyCache.usableFor - 1) != nil)
        #expect(cache.key("rsa-1", now: KeyCache.usableFor) == nil)
        #expect(cache.ask("rsa-1", now: KeyCache.usableFor) == (.wait, true))
        cache.fetched(KeySet(keySetJSON([SigningKey.p256.published])), now: KeyCache.usableFor)
        #expect(cache.key("rsa-1", now: KeyCache.usableFor) == nil)
        #expect(cache.key("ec-1", now: KeyCache.usableFor) != nil)
    }

    @Test("fifty parallel callers cause one fetch, and all resume even if it fails")
    func onlyOneFetch() async throws {
        for result in [keySetJSON([SigningKey.p256.published]), nil] {
            let fetches = Atomic<Int>(0)
            let gate = DispatchSemaphore(value: 0)
            let keys = IssuerKeys(
                fetch: {
                    fetches.add(1, ordering: .relaxed)
                    gate.wait()
                    return result
                }, clock: { 0 })
            let loop = try EventLoop(name: "keys")
            defer { loop.stop() }
            await loop.run { loop in
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 { group.addTask { await keys.find("ec-1") } }
                    group.addTask { gate.signal() }
                }
            }
            #expect(fetches.load(ordering: .relaxed) == 1)
            #expect((keys["ec-1"] != nil) == (result != nil))
            #expect(keys["other"] == nil)
            // During the pause there is no fetch, and callers do not wait.
            await keys.find("other")
            #expect(fetches.load(ordering: .relaxed) == 1)
        }
    }

    @Test("unusable keys of a set are skipped")
    func sets() {
        func usable(_ change: [String: String?], of key: SigningKey = .p256) -> Int {
            let members = key.published.merging(change.compactMapValues { $0 }) { $1 }
                .filter { change[$0.key] ?? "kept" != nil }
            return KeySet(keySetJSON([members]))?.count ?? -1
        }
        #expect(usable([:]) == 1)
        #expect(usable([:], of: .rsa) == 1)
        #expect(usable(["alg": nil]) == 1)
        #expect(usable(["use": nil]) == 1)
        for change: [String: String?] in [
            ["kid": nil], ["kid": ""], ["kty": "oct"], ["kty": "RSA"], ["kty": nil], ["use": "enc"], ["alg": "RS256"],
            ["alg": "ES384"], ["alg": "HS256"], ["alg": "none"], ["crv": "P-384"], ["crv": nil], ["x": nil],
            ["x": SigningKey.p256.published["y"]], ["x": "AA"], ["x": "A=="],
        ] {
            #expect(usable(change) == 0, "\(change)")
        }
        for change: [String: String?] in [
            ["n": nil], ["n": ""], ["n": "AQAB"], ["e": nil], ["e": ""], ["e": "AQ"], ["e": "Ag"], ["e": "AQAAAAE"],
            ["alg": "HS256"], ["alg": "PS256"], ["kty": "EC"],
        ] {
            #expect(usable(change, of: .rsa) == 0, "\(change)")
        }
        #expect(usable([:], of: SigningKey("weak", .rsa(bits: 1024))) == 0)
    }

    @Test("malformed sets are rejected, and of two keys with one name the first counts")
    func malformed() {
        for text in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]", "{\"keys\":[],\"keys\":[]}"] {
            #expect(KeySet(Array(text.utf8)) == nil, "\(text)")
        }
        #expect(KeySet(Array("{\"keys\":[]}".utf8))?.count == 0)
        #expect(KeySet(Array("{\"keys\":[7,null,{}],\"more\":1}".utf8))?.count == 0)
        let second = SigningKey.rsa.published.merging(["kid": "ec-1"]) { $1 }
        let set = KeySet(keySetJSON([SigningKey.p256.published, second]))
        #expect(set?.count == 1)
        #expect(set?["ec-1"]?.algorithm == .es256)
        #expect(KeySet(keySetJSON(Array(repeating: SigningKey.p256.published, count: 101))) == nil)
    }
}
