import Foundation

/// Lines on standard error: text on a terminal, else JSON.
enum Log {
    static func info(_ message: String) { write("info", message) }
    static func warn(_ message: String) { write("warning", message) }

    private static let isTerminal = isatty(2) == 1

    private static func write(_ level: String, _ message: String) {
        if isTerminal {
            Usher.complain("\(level): \(message)")
            return
        }
        let escaped = message.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ")
        let time = ISO8601DateFormatter().string(from: Date())
        Usher.complain("{\"time\":\"\(time)\",\"level\":\"\(level)\",\"message\":\"\(escaped)\"}")
    }
}
