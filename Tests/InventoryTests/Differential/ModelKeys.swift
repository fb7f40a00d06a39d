/// The keys of the architecture's table, written down a second time: a script that writes elsewhere is found out.
enum ModelKeys {
    static func tag(_ partition: Int) -> String { "{p\(partition)}:" }
    static func meta(_ partition: Int) -> String { tag(partition) + "meta" }
    static func outbox(_ partition: Int) -> String { tag(partition) + "outbox" }
    static func due(_ partition: Int) -> String { tag(partition) + "due" }
    static func event(_ partition: Int, _ event: String) -> String { tag(partition) + "e:" + event }
    static func users(_ partition: Int, _ event: String) -> String { tag(partition) + "u:" + event }
    static func expiries(_ partition: Int, _ event: String) -> String { tag(partition) + "x:" + event }
    static func paying(_ partition: Int, _ event: String) -> String { tag(partition) + "y:" + event }
    static func seatMap(_ partition: Int, _ event: String) -> String { tag(partition) + "s:" + event }
    static func longestRuns(_ partition: Int, _ event: String) -> String { tag(partition) + "r:" + event }
    static func offsets(_ partition: Int, _ event: String) -> String { tag(partition) + "o:" + event }
    static func blocks(_ partition: Int, _ event: String) -> String { tag(partition) + "l:" + event }
    static func booking(_ partition: Int, _ booking: String) -> String { tag(partition) + "b:" + booking }
    static func record(_ partition: Int, _ digest: String) -> String { tag(partition) + "i:" + digest }
    static func keyCount(_ partition: Int, _ counter: String) -> String { tag(partition) + "k:" + counter }
}
