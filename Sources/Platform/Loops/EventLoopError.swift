/// Why an event loop, a timer or a descriptor watch could not be created.
package struct EventLoopError: Error, Sendable, CustomStringConvertible {
    /// What failed.
    package struct Code: Sendable, Equatable {
        private enum Base: String { case noLoop, noEvent, noThread }
        private let base: Base

        /// The system could not create an event loop (out of descriptors).
        package static let noLoop = Code(base: .noLoop)
        /// An event could not be registered with the loop.
        package static let noEvent = Code(base: .noEvent)
        /// The loop's thread could not be started.
        package static let noThread = Code(base: .noThread)

        fileprivate var name: String { base.rawValue }
    }

    /// What failed.
    package let code: Code

    init(_ code: Code) { self.code = code }

    /// Safe to log.
    package var description: String { "event loop: \(code.name)" }
}
