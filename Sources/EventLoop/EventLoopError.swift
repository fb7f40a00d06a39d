/// Why an event loop, a timer or a readiness watch could not be made.
public struct EventLoopError: Error, Sendable, CustomStringConvertible {
    /// What failed.
    public struct Code: Sendable, Equatable {
        private enum Base: String { case noLoop, noEvent, noThread }
        private let base: Base

        /// The operating system gave no event loop (descriptors used up).
        public static let noLoop = Code(base: .noLoop)
        /// An event could not be registered with the loop.
        public static let noEvent = Code(base: .noEvent)
        /// The loop's thread could not be started.
        public static let noThread = Code(base: .noThread)

        fileprivate var name: String { base.rawValue }
    }

    /// What failed.
    public let code: Code

    init(_ code: Code) { self.code = code }

    /// Safe to log.
    public var description: String { "event loop: \(code.name)" }
}
