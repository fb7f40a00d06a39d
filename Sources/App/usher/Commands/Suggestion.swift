/// Suggests a known word for a misspelt one.
enum Suggestion {
    /// The nearest candidate, if its distance is at most a quarter of the word's length (at least 1).
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let most = max(1, word.utf8.count / 4)
        return candidates.map { (word: $0, distance: distance(word, $0)) }
            .filter { $0.distance <= most }.min { $0.distance < $1.distance }?.word
    }

    /// The number of insertions, deletions, replacements and swaps of neighbouring letters (the restricted
    /// Damerau–Levenshtein distance).
    static func distance(_ first: String, _ second: String) -> Int {
        let (a, b) = (Array(first.lowercased().utf8), Array(second.lowercased().utf8))
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var table = [[Int]](repeating: Array(0...b.count), count: a.count + 1)
        for i in 1...a.count {
            table[i][0] = i
            for j in 1...b.count {
                let replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, replaced)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
                }
            }
        }
        return table[a.count][b.count]
    }
}
