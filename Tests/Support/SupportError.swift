/// Why a test server could not be started or asked.
public struct SupportError: Error, CustomStringConvertible {
    /// What happened.
    public let description: String

    /// Says what happened.
    public init(_ description: String) { self.description = description }
}
