/// Pairs of texts that a person or some code may confuse.
package enum ConfusableTexts {
    /// Canonically equal: Swift's `==` is true, the bytes differ. The first of each pair is in NFC.
    package static let equivalents: [(String, String)] = [
        ("jos\u{e9}", "jose\u{301}"), ("\u{c5}ngstr\u{f6}m", "\u{212b}ngstr\u{f6}m"), ("Kelvin", "\u{212a}elvin"),
        ("\u{d55c}\u{ae00}", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
        ("Nguy\u{1ec5}n", "Nguye\u{302}\u{303}n"), ("Nguy\u{1ec7}t", "Nguye\u{323}\u{302}t"),
        ("\u{3a9}mega", "\u{2126}mega"),
        ("\u{8c48}", "\u{f900}"), ("a;b", "a\u{37e}b"), ("a`b", "a\u{1fef}b"), ("\u{b7}", "\u{387}"),
        ("q\u{323}\u{307}", "q\u{307}\u{323}"), ("\u{1e69}", "s\u{307}\u{323}"), ("\u{f42}\u{fb7}", "\u{f43}"),
        ("\u{ac00}x", "\u{1100}\u{1161}x"), ("\u{3b0}", "\u{1fe3}"), ("\u{e7}", "c\u{327}"),
    ]

    /// Look alike, or are equal under a rule of case or compatibility; each is in NFC and a distinct id.
    package static let lookalikes: [(String, String)] = [
        ("\u{3c3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c3}", "\u{3c3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}"),
        ("user1", "user\u{661}"), ("user1", "user\u{ff11}"), ("strasse", "stra\u{df}e"), ("paypal", "p\u{430}ypal"),
        ("I", "\u{131}"), ("i", "\u{130}"), ("\u{fb01}sh", "fish"), ("a b", "a\u{a0}b"), ("Ann", "ann"),
        ("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{1f468}\u{1f469}\u{1f467}"),
        ("\u{639}\u{644}\u{6cc}\u{200c}\u{631}", "\u{639}\u{644}\u{6cc}\u{631}"), ("\u{6cc}", "\u{64a}"),
        ("a%C3%A9", "a\u{e9}"), ("a%25", "a%"), ("x|y", "x%7Cy"), ("\u{2011}", "\u{2010}"), ("\u{1d400}", "A"),
        ("{p1}:u", "{p2}:u"), ("\u{4e00}", "\u{2f00}"),
    ]

    /// All pairs, as rows older than the rules for ids may contain them.
    package static var all: [(String, String)] { equivalents + lookalikes }
}
