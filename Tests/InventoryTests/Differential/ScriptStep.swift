import LuaLibrary
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
        _ script: FunctionName, keys: [String], arguments: [String], bytes: [Int: [UInt8]] = [:],
        _ reply: [ModelReply]
    ) {
        name = script.rawValue
        for (place, value) in bytes { self.bytes[3 + keys.count + place] = value }
        command = ["FCALL", script.fullName, String(keys.count)] + keys + arguments
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
        let words = command.first == "FCALL" ? command.dropFirst(2) : command[...]
        return "\(name) " + words.map { $0.isEmpty ? "''" : $0 }.joined(separator: " ")
    }
}

/// The functions by name.
enum FunctionName: String, CaseIterable {
    case availability, beginPayment, block, cancel, cancelItems, close, confirm, expire, extend, failPayment,
        loadBooking, loadEvent, loadFields, open, refunded, remember, reserve, seatMap, unblock, updateEvent

    var fullName: String { function.fullName }

    private var function: RedisFunction {
        let functions = Functions.shared
        return switch self {
        case .availability: functions.availability
        case .beginPayment: functions.beginPayment
        case .block: functions.block
        case .cancel: functions.cancel
        case .cancelItems: functions.cancelItems
        case .close: functions.close
        case .confirm: functions.confirm
        case .expire: functions.expire
        case .extend: functions.extend
        case .failPayment: functions.failPayment
        case .loadBooking: functions.loadBooking
        case .loadEvent: functions.loadEvent
        case .loadFields: functions.loadFields
        case .open: functions.open
        case .refunded: functions.refunded
        case .remember: functions.remember
        case .reserve: functions.reserve
        case .seatMap: functions.seatMap
        case .unblock: functions.unblock
        case .updateEvent: functions.updateEvent
        }
    }
}
