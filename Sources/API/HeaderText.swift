/// Pieces of header values (RFC 9110, section 5.6), told apart by scalars: in a `Character` a combining mark would hide
/// the separator that it stands behind.
extension StringProtocol {
    /// The parts between separators that stand outside quoted strings.
    ///
    /// - Parameter hasEscapes: whether a backslash escapes a quote, as it does in everything but entity tags.
    func unquotedParts(separatedBy separator: Unicode.Scalar, hasEscapes: Bool = true) -> [Substring] {
        var isQuoted = false
        var isEscaped = false
        return Substring(self).unicodeScalars.split(omittingEmptySubsequences: false) { scalar in
            defer { isEscaped = hasEscapes && isQuoted && !isEscaped && scalar == "\\" }
            if scalar == "\"", !isEscaped { isQuoted.toggle() }
            return scalar == separator && !isQuoted
        }.map { Substring($0) }
    }

    /// Without spaces and tabs around it.
    var trimmed: Substring {
        let start = Substring(self).unicodeScalars.drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { Substring(start[...$0]) } ?? ""
    }
}
