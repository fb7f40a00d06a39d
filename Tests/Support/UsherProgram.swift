import Foundation

/// Usher's own binary, built beside the tests.
package enum UsherProgram {
    package static let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("usher").path

    /// A token that a copy with these settings accepts.
    ///
    /// - Parameter environment: contains `USHER_JWT_SECRET`.
    package static func token(
        _ user: String, role: String = "customer", seconds: Int = 3600, environment: [String: String]
    ) throws -> String {
        let made = try Program(
            path, ["token", "--sub", user, "--role", role, "--ttl", "\(seconds)"], environment: environment)
        return made.readToEnd().trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// The `Authorization` header for a token.
package func bearer(_ token: String) -> [(String, String)] { [("Authorization", "Bearer \(token)")] }
