import BoxOffice
import Support
import Testing

@Suite("User ids")
struct UserIDTests {
    static let good = [
        "a", "7", "auth0|64f", "demo user", "jos\u{e9}", "\u{d55c}\u{ae00}", "Nguy\u{1ec5}n", "\u{3c3}\u{3c2}",
        "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}", "\u{915}\u{94d}\u{200d}\u{937}",
        "\u{1f469}\u{200d}\u{1f680}", "\u{661}\u{662}", "\u{ff11}", "\u{fffd}", "{p1}:x|y%41",
        String(repeating: "\u{1f680}", count: 128), String(repeating: "a", count: 128),
    ]

    static let bad = [
        "", " ", "\u{a0}\u{3000}", "\u{200d}", "\u{200c} ", "\u{2800}", "\u{3164}", "a\u{0}", "a\nb", "\u{7f}x",
        "a\u{85}b", "a\u{ad}b", "adm\u{202e}in", "adm\u{2066}in", "x\u{200e}", "x\u{200f}", "x\u{61c}", "a\u{200b}b",
        "a\u{2060}b", "a\u{feff}b", "a\u{fe0f}", "a\u{e0041}", "a\u{115f}b", "a\u{34f}b", "a\u{2028}b", "a\u{fffe}",
        "a\u{180e}", "jose\u{301}", "\u{212b}", "\u{212a}", "\u{1112}\u{1161}\u{11ab}", "\u{f900}", "q\u{307}\u{323}",
        String(repeating: "a", count: 129), String(repeating: "\u{1f680}", count: 129),
    ]

    @Test("Ids that people and identity providers use are accepted, as text and as bytes", arguments: good)
    func taken(_ text: String) throws {
        #expect(try #require(UserID(text)).text.utf8.elementsEqual(text.utf8))
        #expect(try #require(UserID(utf8: Array(text.utf8))).text.utf8.elementsEqual(text.utf8))
    }

    @Test("Ids that are not normalized, not visible, or too long are refused", arguments: bad)
    func refused(_ text: String) {
        #expect(UserID(text) == nil)
        #expect(UserID(utf8: Array(text.utf8)) == nil)
        #expect(UserID(stored: text).text.utf8.elementsEqual(text.utf8), "a store's id is taken as it is")
    }

    @Test(
        "Bytes that are not UTF-8 are refused, not repaired",
        arguments: [[0x72, 0xe9], [0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]
            as [[UInt8]])
    func malformed(_ bytes: [UInt8]) { #expect(UserID(utf8: bytes) == nil) }

    @Test("Stored ids that are canonically equal are two users in every collection and in escaped text")
    func stored() throws {
        let left = UserID(stored: "jos\u{e9}")
        let right = UserID(stored: "jose\u{301}")
        #expect(left != right && Set([left, right]).count == 2 && [left: 1, right: 2].count == 2)
        #expect((left < right) != (right < left))
        let escaped = [left, right].map { EscapedText.encode($0.text) }
        #expect(escaped == ["jos%C3%A9", "jose%CC%81"])
        for (text, user) in zip(escaped, [left, right]) {
            #expect(EscapedText.decode(Array(text.utf8)[...]).map(UserID.init(stored:)) == user)
        }
    }
}
