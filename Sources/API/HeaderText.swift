/// Pieces of header values (RFC 9110, section 5.6).
extension StringProtocol where SubSequence == Substring {
    /// The parts between separators that stand outside quoted strings.
    ///
    /// - Parameter hasEscapes: whether a backslash escapes a quote, as it does in everything but entity tags.
    func unquotedParts(separatedBy separator: Character, hasEscapes: Bool = true) -> [Substring] {
        var isQuoted = false
        var isEscaped = false
        return split(omittingEmptySubsequences: false) { character in
            defer { isEscaped = hasEscapes && isQuoted && !isEscaped && character == "\\" }
            if character == "\"", !isEscaped { isQuoted.toggle() }
            return character == separator && !isQuoted
        }
    }

    /// Without spaces and tabs around it.
    var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { start[...$0] } ?? ""
    }
}
