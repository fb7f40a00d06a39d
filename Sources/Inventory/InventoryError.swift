/// Why Redis could not be asked, or what it meant is not known. A refusal (sold out, …) is not an error.
public struct InventoryError: Error, Sendable, CustomStringConvertible {
    /// What happened.
    public struct Code: Sendable, Equatable {
        private enum Base: String { case unavailable, recovering, outcomeUnknown, overloaded, scriptFailed }
        private let base: Base

        /// Redis was not reached; nothing was done.
        public static let unavailable = Code(base: .unavailable)
        /// The partition is closed until the reconciler has validated what this Redis holds; nothing was done.
        public static let recovering = Code(base: .recovering)
        /// The answer was lost: it may or may not have been done.
        public static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// Redis refuses writes for want of memory or disk; nothing was done.
        public static let overloaded = Code(base: .overloaded)
        /// A script stopped with an error or answered what it should not. If it had written, it closed its event, and
        /// only a recovery of the partition opens that again.
        public static let scriptFailed = Code(base: .scriptFailed)

        fileprivate var name: String { base.rawValue }
    }

    /// What happened.
    public let code: Code
    /// For the log; contains no user data.
    public let detail: String

    /// An error of this kind.
    public init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Safe to log.
    public var description: String { "inventory: \(code.name)\(detail.isEmpty ? "" : ": \(detail)")" }
}
