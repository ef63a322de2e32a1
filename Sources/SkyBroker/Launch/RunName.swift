public import SkyCore

extension RunID {
    /// `support-tickets-7k2m`: the pipeline's name and four letters that tell its runs apart. No vowels, so no words;
    /// no `0 1 l o`, so nothing to misread.
    public static func random(
        for pipeline: String, using generator: inout some RandomNumberGenerator
    ) -> RunID? {
        let letters = Array("23456789bcdfghjkmnpqrstvwxz")
        let suffix = String((0..<4).map { _ in letters[Int.random(in: letters.indices, using: &generator)] })
        return RunID("\(pipeline.prefix(40))-\(suffix)")
    }
}
