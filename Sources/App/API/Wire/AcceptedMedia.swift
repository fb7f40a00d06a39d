import HTTP

/// The media types that a client accepts (RFC 9110, section 12.5.1).
struct AcceptedMedia {
    private struct Range {
        let type: Substring
        let subtype: Substring
        /// Thousandths.
        let quality: Int
        let position: Int
    }

    private var ranges: [Range] = []

    /// Parses a request's `Accept` headers.
    init(_ request: HTTPRequest) { self.init(request.headers("accept")) }

    /// Parses the headers' values; ignores what is malformed.
    init(_ values: [String]) {
        for part in values.flatMap({ $0.unquotedParts(separatedBy: ",") }) {
            let parameters = part.unquotedParts(separatedBy: ";").map { String($0.trimmed) }
            let names = (parameters.first ?? "").lowercased().split(separator: "/", omittingEmptySubsequences: false)
            guard names.count == 2, let quality = Self.quality(parameters.dropFirst()) else { continue }
            ranges.append(
                Range(type: names[0], subtype: names[1], quality: quality, position: ranges.count))
        }
    }

    private static func quality(_ parameters: ArraySlice<String>) -> Int? {
        for parameter in parameters {
            let part = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard part.count == 2, part[0].trimmed.lowercased() == "q" else { continue }
            return thousandths(String(part[1].trimmed))
        }
        return 1000
    }

    /// `0`, `1` or up to three decimals; `nil` for anything else.
    private static func thousandths(_ text: String) -> Int? {
        let part = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = part.first, whole == "0" || whole == "1" else { return nil }
        let decimals = part.count == 2 ? part[1] : ""
        guard decimals.utf8.count <= 3, decimals.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        let rest = Int(decimals + String(repeating: "0", count: 3 - decimals.utf8.count)) ?? 0
        return min(1000, (whole == "1" ? 1000 : 0) + rest)
    }

    /// The quality of a type, by the most specific range that matches it.
    private func match(_ media: (type: String, subtype: String)) -> (quality: Int, specificity: Int, position: Int)? {
        ranges.compactMap { range -> (quality: Int, specificity: Int, position: Int)? in
            if range.type == media.type, range.subtype == media.subtype { return (range.quality, 2, range.position) }
            if range.type == media.type, range.subtype == "*" { return (range.quality, 1, range.position) }
            return range.type == "*" && range.subtype == "*" ? (range.quality, 0, range.position) : nil
        }.max { $0.specificity < $1.specificity }
    }

    /// The quality of a type, in thousandths; 0 if no range matches it.
    func quality(_ type: String, _ subtype: String) -> Int { match((type, subtype))?.quality ?? 0 }

    /// Whether a type is preferred to JSON: its quality is higher, or equal and the type is named rather than covered
    /// by a wildcard, or named first.
    func prefers(_ type: String, _ subtype: String) -> Bool {
        guard let wanted = match((type, subtype)), wanted.quality > 0 else { return false }
        guard let json = match(("application", "json")) else { return true }
        if wanted.quality != json.quality { return wanted.quality > json.quality }
        if wanted.specificity != json.specificity { return wanted.specificity > json.specificity }
        return wanted.specificity > 0 && wanted.position < json.position
    }
}
