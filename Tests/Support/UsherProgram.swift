import Foundation

/// Our own binary, built beside the tests.
public enum UsherProgram {
    /// Its path.
    public static let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("usher").path

    /// A token that a copy with these settings takes.
    ///
    /// - Parameter environment: has `USHER_JWT_SECRET`.
    public static func token(
        _ user: String, role: String = "customer", seconds: Int = 3600, environment: [String: String]
    ) throws -> String {
        let made = try Program(
            path, ["token", "--sub", user, "--role", role, "--ttl", "\(seconds)"], environment: environment)
        return made.readToEnd().trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// The header of a token.
public func bearer(_ token: String) -> [(String, String)] { [("Authorization", "Bearer \(token)")] }
