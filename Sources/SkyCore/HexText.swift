extension String {
    /// `0a1f…`, two digits for each byte.
    public init(hexOf bytes: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef".utf8)
        self.init(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
