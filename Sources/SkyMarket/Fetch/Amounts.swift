import SkyCore

extension Money {
    /// Reads an amount as price lists write it: any number of decimals (`0.0960000000`), a sign, an exponent (`5E-05`). Rounded
    /// to a nanodollar. Nil for what is no number.
    init?(listed text: String) {
        if let exact = Money(text) {
            self = exact
            return
        }
        guard let value = Double(text) else { return nil }
        self.init(dollars: value)
    }

    /// Of a JSON number, whose decimals survive: prices have far fewer digits than a Double.
    init?(dollars value: Double) {
        guard value.isFinite, abs(value) < 1e9 else { return nil }
        self.init(nanodollars: Int64((value * 1e9).rounded()))
    }
}

/// `8` for 8, `3.75` for 3.75.
func plainNumber(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
}
