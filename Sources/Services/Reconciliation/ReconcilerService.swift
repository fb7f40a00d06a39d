/// A part of a reconciler that runs for as long as the reconciler does.
protocol ReconcilerService: AnyObject {
    /// Runs until `stop`.
    func run() async

    /// Ends `run`, without waiting for it.
    func stop()
}
