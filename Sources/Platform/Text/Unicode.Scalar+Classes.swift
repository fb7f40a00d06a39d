/// Character classes that decide which characters a name may contain.
extension Unicode.Scalar {
    /// U+200C and U+200D, which Persian, the languages of India and emoji need.
    package var isJoiner: Bool { value == 0x200c || value == 0x200d }

    /// Whether it controls the text instead of being displayed: control characters, line and paragraph separators, and
    /// noncharacters.
    package var isControl: Bool {
        switch properties.generalCategory {
        case .control, .surrogate, .lineSeparator, .paragraphSeparator: true
        default: properties.isNoncharacterCodePoint
        }
    }

    /// Whether it is invisible or reverses adjacent text: texts that differ only in such characters look the same.
    package var isHidden: Bool { properties.isBidiControl || properties.isDefaultIgnorableCodePoint }

    /// Whether it has a visible glyph. U+2800, the empty Braille pattern, is a symbol but blank.
    package var isVisible: Bool { !properties.isWhitespace && !isControl && !isHidden && value != 0x2800 }
}
