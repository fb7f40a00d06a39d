/// Classes of characters that decide what a name may be made of.
extension Unicode.Scalar {
    /// U+200C and U+200D, without which Persian, the languages of India and emoji cannot be written.
    public var isJoiner: Bool { value == 0x200c || value == 0x200d }

    /// Whether it steers instead of being seen: control characters, separators of lines and paragraphs, and those that
    /// never stand in a text (noncharacters).
    public var isControl: Bool {
        switch properties.generalCategory {
        case .control, .surrogate, .lineSeparator, .paragraphSeparator: true
        default: properties.isNoncharacterCodePoint
        }
    }

    /// Whether it is drawn as nothing, or turns around what is beside it: two texts that differ in such characters
    /// only look the same.
    public var isHidden: Bool { properties.isBidiControl || properties.isDefaultIgnorableCodePoint }

    /// Whether something is drawn for it. U+2800, the empty pattern of Braille, is a symbol and yet blank.
    public var isVisible: Bool { !properties.isWhitespace && !isControl && !isHidden && value != 0x2800 }
}
