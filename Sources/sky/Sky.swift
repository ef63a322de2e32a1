import SkyCLI

@main
enum Sky {
    static func main() { SkyCommandLine.main() }
}
