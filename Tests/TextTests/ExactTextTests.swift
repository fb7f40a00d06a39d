import Testing
import Text

@Suite("Texts compared by their bytes")
struct ExactTextTests {
    /// Pairs that are equal for Swift's String.
    static let equivalents = [
        ("Jos\u{e9}", "Jose\u{301}"), ("\u{212b}", "\u{c5}"), ("\u{212a}", "K"), ("\u{37e}", ";"), ("\u{1fef}", "`"),
        ("\u{1ec7}", "e\u{323}\u{302}"), ("\u{d55c}", "\u{1112}\u{1161}\u{11ab}"),
        ("q\u{307}\u{323}", "q\u{323}\u{307}"),
        ("\u{2126}", "\u{3a9}"), ("\u{f900}", "\u{8c48}"),
    ]

    @Test("canonically equal texts are different keys, members and values", arguments: equivalents)
    func twoTexts(_ left: String, _ right: String) {
        #expect(left == right, "the pair is equal for Swift's String")
        #expect(ExactText(left) != ExactText(right))
        #expect(Set([ExactText(left), ExactText(right)]).count == 2)
        #expect(!left.isSame(as: right))
        #expect((ExactText(left) < ExactText(right)) != (ExactText(right) < ExactText(left)))
        #expect(!(left + "x").starts(withExactly: right))
    }

    @Test("equal bytes are equal, however the text was built")
    func sameText() {
        let built = String(["Jos", "\u{e9}", "-", String(repeating: "x", count: 40)].joined())
        let part = Substring("«\(built)»").dropFirst().dropLast()
        #expect(ExactText(built) == ExactText(part))
        #expect(ExactText(built).hashValue == ExactText(part).hashValue)
        #expect(built.isSame(as: part) && part.starts(withExactly: "Jos\u{e9}"))
    }

    @Test("normalisation gives one spelling", arguments: equivalents)
    func normalised(_ left: String, _ right: String) {
        #expect(left.normalised.isSame(as: right.normalised))
        #expect(left.normalised.isNormalised)
        #expect(!left.isNormalised || !right.isNormalised)
    }

    @Test("normalised text is unchanged, with every kind of script and emoji")
    func unchanged() {
        for text in [
            "", "plain", "Beyonc\u{e9}", "\u{d55c}\u{ad6d}", "Nguy\u{1ec5}n", "\u{639}\u{644}\u{6cc}\u{200c}\u{631}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{fb01}", "\u{ff21}", "a\u{0}b",
        ] {
            #expect(text.normalised.isSame(as: text) && text.isNormalised)
        }
    }
}
