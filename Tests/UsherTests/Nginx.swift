import Foundation
import Support

/// nginx with the configuration of `deploy/nginx`, in front of local copies.
enum Nginx {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL.path

    /// Starts nginx with our configuration, on other ports.
    static func start(_ directory: TemporaryDirectory, _ port: UInt16, _ copies: [UInt16]) throws -> Program {
        var text = try String(contentsOfFile: "\(root)/deploy/nginx/nginx.conf", encoding: .utf8)
            .replacing("listen 8080;", with: "listen 127.0.0.1:\(port);")
            .replacing("access_log /dev/stdout main;", with: "access_log \(directory.path)/access main;")
        for index in 1...2 {
            let copy = copies[min(index, copies.count) - 1]
            text = text.replacing("server serve-\(index):8080", with: "server 127.0.0.1:\(copy)")
        }
        let path = "\(directory.path)/nginx.conf"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try Program(
            "/usr/sbin/nginx",
            ["-p", directory.path, "-c", path, "-e", "stderr", "-g", "daemon off; pid \(directory.path)/pid;"])
    }
}
