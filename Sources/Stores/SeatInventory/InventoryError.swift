/// Why a call of Redis failed, or its reply could not be understood. A refusal (sold out, …) is not an error.
package struct InventoryError: Error, Sendable, CustomStringConvertible {
    package struct Code: Sendable, Equatable {
        private enum Base: String { case unavailable, recovering, outcomeUnknown, overloaded, scriptFailed }
        private let base: Base

        /// Redis was not reached; nothing was done.
        package static let unavailable = Code(base: .unavailable)
        /// The partition is closed until the reconciler has validated this Redis's data; nothing was done.
        package static let recovering = Code(base: .recovering)
        /// The answer was lost: the operation may or may not have been done.
        package static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// Redis refuses writes because memory or disk is full; nothing was done.
        package static let overloaded = Code(base: .overloaded)
        /// A function raised an error or returned an invalid reply. If it had written, it closed its event, and only a
        /// recovery of the partition reopens it.
        package static let scriptFailed = Code(base: .scriptFailed)

        fileprivate var name: String { base.rawValue }
    }

    package let code: Code
    /// For the log; contains no user data.
    package let detail: String

    package init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Safe to log.
    package var description: String { "inventory: \(code.name)\(detail.isEmpty ? "" : ": \(detail)")" }
}
