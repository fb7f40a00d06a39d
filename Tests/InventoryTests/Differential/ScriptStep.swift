import RedisClient

@testable import Inventory

/// One thing done to Redis, and what the model says it answers.
struct ScriptStep {
    /// The script's name, or what else was done.
    let name: String
    /// The whole command; `clockArgument` stands for Redis's own clock where a script compares with that.
    let command: [String]
    /// nil when it is no script.
    var reply: [ModelReply]?
    /// What takes the place of arguments that are no text, by place.
    private var bytes: [Int: [UInt8]] = [:]

    static let clockArgument = "<clock>"

    /// Whether it can only be sent when it is its turn.
    var needsClock: Bool { command.contains(Self.clockArgument) }

    /// A script's call.
    init(
        _ script: RedisScriptName, keys: [String], arguments: [String], bytes: [Int: [UInt8]] = [:],
        _ reply: [ModelReply]
    ) {
        name = script.rawValue
        for (place, value) in bytes { self.bytes[3 + keys.count + place] = value }
        command = ["EVALSHA", script.digest, String(keys.count)] + keys + arguments
        self.reply = reply
    }

    /// What happens to Redis without a script.
    init(_ name: String, _ command: [String]) {
        self.name = name
        self.command = command
    }

    /// The command as it is sent.
    func command(clock: String = "") -> RedisCommand {
        var sent = RedisCommand(argumentCount: command.count)
        for (index, text) in command.enumerated() {
            if let value = bytes[index] {
                sent.append(value)
            } else {
                sent.append(text == Self.clockArgument ? clock : text)
            }
        }
        return sent
    }

    /// What it is answered with, each as its name and a word.
    var answers: [String] {
        let words = (reply ?? []).enumerated().filter { $0.offset == 0 || name == "reserve" && $0.offset > 1 }
        return words.compactMap { _, part in
            switch part {
            case .text(let text), .ending(let text, _, _): "\(name) \(text.prefix { $0 != "|" })"
            case .number, .null, .entry, .time: nil
            }
        }
    }

    /// As one line of a report.
    var line: String {
        let words = command.first == "EVALSHA" ? command.dropFirst(2) : command[...]
        return "\(name) " + words.map { $0.isEmpty ? "''" : $0 }.joined(separator: " ")
    }
}

/// The scripts by name.
enum RedisScriptName: String, CaseIterable {
    case availability, beginPayment, block, cancel, cancelItems, close, confirm, expire, extend, failPayment,
        loadBooking, loadEvent, loadFields, open, refunded, remember, reserve, seatMap, unblock, updateEvent

    static let digests = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.script.sha1) })

    var digest: String { Self.digests[self] ?? "" }

    var source: String { script.source }

    private var script: RedisScript {
        let scripts = Scripts.shared
        return switch self {
        case .availability: scripts.availability
        case .beginPayment: scripts.beginPayment
        case .block: scripts.block
        case .cancel: scripts.cancel
        case .cancelItems: scripts.cancelItems
        case .close: scripts.close
        case .confirm: scripts.confirm
        case .expire: scripts.expire
        case .extend: scripts.extend
        case .failPayment: scripts.failPayment
        case .loadBooking: scripts.loadBooking
        case .loadEvent: scripts.loadEvent
        case .loadFields: scripts.loadFields
        case .open: scripts.open
        case .refunded: scripts.refunded
        case .remember: scripts.remember
        case .reserve: scripts.reserve
        case .seatMap: scripts.seatMap
        case .unblock: scripts.unblock
        case .updateEvent: scripts.updateEvent
        }
    }
}
