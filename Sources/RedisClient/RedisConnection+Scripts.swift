import EventLoop

extension RedisConnection {
    /// Calls a script and waits for its reply; a script that the server does not have is loaded and called again.
    /// On the loop's thread only.
    ///
    /// - Throws: as `send` does. Calling again is safe: NOSCRIPT proves that nothing was executed.
    public func evaluate(_ call: RedisScriptCall) async throws(RedisError) -> RedisValue {
        guard let onScript, let cause = ScriptCause.record else { return try await loadedAndCalled(call) }
        let start = monotonicNanoseconds()
        do throws(RedisError) {
            let value = try await loadedAndCalled(call)
            onScript(call.script.name, cause, monotonicNanoseconds() - start, false)
            return value
        } catch {
            onScript(call.script.name, cause, monotonicNanoseconds() - start, true)
            throw error
        }
    }

    private func loadedAndCalled(_ call: RedisScriptCall) async throws(RedisError) -> RedisValue {
        do {
            return try await send(call.command)
        } catch {
            guard error.isServerError(.noScript) else { throw error }
        }
        load(call.script)
        return try await send(call.command)
    }

    /// Calls a script and calls back with its reply, without a task; a script that the server does not have is loaded
    /// and called again. On the loop's thread only.
    ///
    /// - Parameter completion: called once, on the loop; before this returns when the call cannot even be queued.
    public func evaluate(_ call: RedisScriptCall, completion: @escaping (Result<RedisValue, RedisError>) -> Void) {
        send(call.command) { [weak self] result in
            guard case .failure(let error) = result, error.isServerError(.noScript), let self else {
                return completion(result)
            }
            load(call.script)
            send(call.command, completion: completion)
        }
    }

    /// Calls a script with keys and arguments that are text; see `evaluate(_:)`.
    public func evaluate(
        _ script: RedisScript, keys: [String], arguments: [String]
    ) async throws(RedisError) -> RedisValue {
        var call = RedisScriptCall(script, keyCount: keys.count, argumentCount: arguments.count)
        for key in keys { call.append(key) }
        for argument in arguments { call.append(argument) }
        return try await evaluate(call)
    }

    /// Sends the source, unless that is under way: the many calls in a pipeline that find a script gone load it once.
    private func load(_ script: RedisScript) {
        guard scriptsBeingLoaded.insert(script.sha1).inserted else { return }
        // No waiting for the reply: it comes before that of the repeated call, and if loading failed that one tells.
        send(RedisCommand("SCRIPT", "LOAD", script.source)) { [weak self] _ in
            self?.scriptsBeingLoaded.remove(script.sha1)
        }
    }
}
