import BoxOffice
import Loops
import Synchronization

/// Delivers listeners' messages to their loop, in order.
final class LiveOutlet: @unchecked Sendable {
    // SAFETY of @unchecked: `receive` is accessed on the loop only; the rest is constant or locked.
    struct Post: Sendable {
        let event: EventID
        /// Rises by one with each message about the event.
        let number: Int
        let message: LiveMessage
    }

    private let loop: EventLoop
    private let posts = Mutex<[Post]>([])
    /// Called on the loop.
    var receive: (Post) -> Void = { _ in }

    init(loop: EventLoop) { self.loop = loop }

    /// Sends from any loop.
    func send(_ post: Post) {
        let isFirst = posts.withLock { posts in
            posts.append(post)
            return posts.count == 1
        }
        // Posts that arrive before the loop runs are delivered together with the first.
        if isFirst { Task(executorPreference: loop.executor) { await self.loop.run { _ in self.deliver() } } }
    }

    private func deliver() {
        let received = posts.withLock { posts in
            defer { posts.removeAll(keepingCapacity: true) }
            return posts
        }
        for post in received { receive(post) }
    }
}
