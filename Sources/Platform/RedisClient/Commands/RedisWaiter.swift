/// The caller that gets a command's result.
@safe enum RedisWaiter {
    case continuation(UnsafeContinuation<Result<RedisValue, RedisError>, Never>)
    case callback((Result<RedisValue, RedisError>) -> Void)

    func resume(_ result: Result<RedisValue, RedisError>) {
        switch self {
        case .continuation(let continuation): unsafe continuation.resume(returning: result)
        case .callback(let callback): callback(result)
        }
    }
}
