/// Splitting header values (RFC 9110, section 5.6) by scalars: in a `Character` a combining mark would hide the
/// separator before it.
extension StringProtocol {
    /// The parts between separators, ignoring separators inside quoted strings.
    ///
    /// - Parameter hasEscapes: whether a backslash escapes a quote, as everywhere except in entity tags.
    func unquotedParts(separatedBy separator: Unicode.Scalar, hasEscapes: Bool = true) -> [Substring] {
        var isQuoted = false
        var isEscaped = false
        return Substring(self).unicodeScalars.split(omittingEmptySubsequences: false) { scalar in
            defer { isEscaped = hasEscapes && isQuoted && !isEscaped && scalar == "\\" }
            if scalar == "\"", !isEscaped { isQuoted.toggle() }
            return scalar == separator && !isQuoted
        }.map { Substring($0) }
    }

    /// The text without leading and trailing spaces and tabs.
    var trimmed: Substring {
        let start = Substring(self).unicodeScalars.drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { Substring(start[...$0]) } ?? ""
    }
}
