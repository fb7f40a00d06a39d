import Foundation

/// The progress of a long command: one line of standard error that is overwritten. Printed on terminals only.
enum Progress {
    private static let isForPeople = isatty(2) == 1

    /// Replaces the progress line.
    static func tell(_ sentence: @autoclosure () -> String) {
        guard isForPeople else { return }
        // Carriage return, then erase the line.
        FileHandle.standardError.write(Data("\r\u{1b}[K\(sentence())".utf8))
    }

    /// Erases the progress line before the result is printed.
    static func end() {
        guard isForPeople else { return }
        FileHandle.standardError.write(Data("\r\u{1b}[K".utf8))
    }
}
