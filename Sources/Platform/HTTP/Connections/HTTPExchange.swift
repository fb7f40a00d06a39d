import Loops

/// Observes responses that are made without a task; called once, before the response is sent.
package protocol HTTPAnswerObserver: AnyObject {
    /// Completes the response, and records it.
    func complete(_ response: inout HTTPResponse, of exchange: HTTPExchange)
}

/// One request and the means to answer it. Lives on one loop; answered exactly once.
package final class HTTPExchange {
    package let request: HTTPRequest
    /// Whether the client wants to keep the connection open.
    let keepsAlive: Bool
    let isHTTP11: Bool
    /// Set until the request is answered.
    var connection: HTTPConnection?
    /// Called with the response before it is sent.
    package var observer: (any HTTPAnswerObserver)?
    /// Data that a layer in front of the handler passes to it.
    package var attachment: AnyObject?
    /// Raw header lines, sent after the response's own headers; each line starts with CR LF.
    package var lines: [UInt8] = []

    init(_ request: HTTPRequest, keepsAlive: Bool, isHTTP11: Bool) {
        self.request = request
        self.keepsAlive = keepsAlive
        self.isHTTP11 = isHTTP11
    }

    /// State that layers keep with the connection across its requests; initially `nil`.
    package var companion: AnyObject? {
        get { connection?.companion }
        set { connection?.companion = newValue }
    }

    /// Answers the request in a task, which starts after the current callback.
    ///
    /// - Parameter body: runs on the connection's loop.
    package func later(_ body: nonisolated(nonsending) @escaping (HTTPRequest) async -> HTTPResponse) {
        guard let connection else { preconditionFailure("a request is answered once") }
        connection.loop.spawn { [self] in answer(await body(request)) }
    }

    /// Answers the request; callable in any callback on the connection's loop. The client may have disconnected.
    package func answer(_ response: consuming HTTPResponse) {
        guard let connection else { preconditionFailure("a request is answered once") }
        if let observer {
            self.observer = nil
            observer.complete(&response, of: self)
        }
        self.connection = nil
        connection.answered(self, response)
    }
}
