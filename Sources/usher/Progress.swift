import Foundation

/// How far something that takes long has come: one line of standard error that is written over, for people only.
enum Progress {
    private static let isForPeople = isatty(2) == 1

    /// Says how far it is.
    static func tell(_ sentence: @autoclosure () -> String) {
        guard isForPeople else { return }
        // Back to the line's beginning, and the rest of the old line away.
        FileHandle.standardError.write(Data("\r\u{1b}[K\(sentence())".utf8))
    }

    /// Takes the line away: what is printed next is the result.
    static func end() {
        guard isForPeople else { return }
        FileHandle.standardError.write(Data("\r\u{1b}[K".utf8))
    }
}
