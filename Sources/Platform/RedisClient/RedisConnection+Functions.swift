import Loops

extension RedisConnection {
    /// Calls a function and waits for its reply. On the loop's thread only.
    ///
    /// If the server does not have the function, loads its library and calls it again, once: nothing was executed
    /// before.
    ///
    /// - Throws: the errors of `send`; if the library could not be loaded, the reason.
    package func call(_ call: RedisFunctionCall) async throws(RedisError) -> RedisValue {
        guard let onScript, let cause = ScriptCause.record else { return try await loadedAndCalled(call) }
        let start = monotonicNanoseconds()
        do throws(RedisError) {
            let value = try await loadedAndCalled(call)
            onScript(call.function.name, cause, monotonicNanoseconds() - start, false)
            return value
        } catch {
            onScript(call.function.name, cause, monotonicNanoseconds() - start, true)
            throw error
        }
    }

    private func loadedAndCalled(_ call: RedisFunctionCall) async throws(RedisError) -> RedisValue {
        do {
            return try await send(call.command)
        } catch {
            guard error.isServerError(.noFunction) else { throw error }
        }
        let library = call.function.library
        load(library)
        do {
            return try await send(call.command)
        } catch {
            throw explained(error, library)
        }
    }

    /// Calls a function without a task.
    ///
    /// - Parameter completion: called once, on the loop; before this returns if the call cannot be queued.
    package func call(_ call: RedisFunctionCall, completion: @escaping (Result<RedisValue, RedisError>) -> Void) {
        send(call.command) { [self] result in
            guard case .failure(let error) = result, error.isServerError(.noFunction) else { return completion(result) }
            let library = call.function.library
            load(library)
            send(call.command) { [self] result in completion(result.mapError { explained($0, library) }) }
        }
    }

    /// Calls a function with text keys and arguments; see `call(_:)`.
    package func call(
        _ function: RedisFunction, keys: [String], arguments: [String]
    ) async throws(RedisError) -> RedisValue {
        var call = RedisFunctionCall(function, keyCount: keys.count, argumentCount: arguments.count)
        for key in keys { call.append(key) }
        for argument in arguments { call.append(argument) }
        return try await self.call(call)
    }

    /// Sends the library's text unless it is being loaded already: many pipelined calls that miss it load it once.
    private func load(_ library: RedisLibrary) {
        guard librariesBeingLoaded.insert(library.name).inserted else { return }
        // No need to await the reply: it arrives before that of the repeated call.
        send(RedisCommand("FUNCTION", "LOAD", library.source)) { [weak self] result in
            guard let self else { return }
            librariesBeingLoaded.remove(library.name)
            loadFailures[library.name] = nil
            guard case .failure(let error) = result, !error.isServerError(.libraryExists) else { return }
            loadFailures[library.name] = error
        }
    }

    /// For a repeated call that failed because its function is missing: why the library could not be loaded.
    private func explained(_ error: RedisError, _ library: RedisLibrary) -> RedisError {
        error.isServerError(.noFunction) ? loadFailures[library.name] ?? error : error
    }
}
