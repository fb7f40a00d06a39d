import EventLoop

/// Takes part in answers that need no task: asked once, before the answer is sent.
public protocol HTTPAnswerObserver: AnyObject {
    /// Completes an answer, and takes note of it.
    func complete(_ response: inout HTTPResponse, of exchange: HTTPExchange)
}

/// One request, and where its answer goes. Lives on one loop; answered exactly once.
public final class HTTPExchange {
    /// What is asked.
    public let request: HTTPRequest
    /// Whether the client wants the connection to go on.
    let keepsAlive: Bool
    let isHTTP11: Bool
    /// Until it is answered.
    var connection: HTTPConnection?
    /// Told of the answer before it is sent.
    public var observer: (any HTTPAnswerObserver)?
    /// What a layer in front of the handler lets it know.
    public var attachment: AnyObject?
    /// Headers that are sent behind the answer's own, as they are sent: each line begins with CR LF.
    public var lines: [UInt8] = []

    init(_ request: HTTPRequest, keepsAlive: Bool, isHTTP11: Bool) {
        self.request = request
        self.keepsAlive = keepsAlive
        self.isHTTP11 = isHTTP11
    }

    /// What layers keep with the connection for all of its requests; `nil` at first.
    public var companion: AnyObject? {
        get { connection?.companion }
        set { connection?.companion = newValue }
    }

    /// Answers it by a task, which begins after the present callback.
    ///
    /// - Parameter body: runs on the connection's loop.
    public func later(_ body: nonisolated(nonsending) @escaping (HTTPRequest) async -> HTTPResponse) {
        guard let connection else { preconditionFailure("a request is answered once") }
        connection.loop.spawn { [self] in answer(await body(request)) }
    }

    /// Answers it, from whatever callback on the connection's loop. The client may be gone.
    public func answer(_ response: consuming HTTPResponse) {
        guard let connection else { preconditionFailure("a request is answered once") }
        if let observer {
            self.observer = nil
            observer.complete(&response, of: self)
        }
        self.connection = nil
        connection.answered(self, response)
    }
}
